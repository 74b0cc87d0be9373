/*
 * view/table.h - violations folded by what they are, to be looked at.
 *
 * Rows are the same if program, call, verdict, container and unit are. The
 * table has a bound: beyond it the row that was seen longest ago goes, and is
 * counted.
 */
#ifndef VIEW_TABLE_H
#define VIEW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_MAX = 4096 };

enum table_column {
	TABLE_PROGRAM,
	TABLE_CALL,
	TABLE_VERDICT,
	TABLE_CONTAINER,
	TABLE_UNIT,
	TABLE_COLUMNS
};

enum table_sort {
	TABLE_BY_LAST,
	TABLE_BY_COUNT,
	TABLE_BY_FIRST,
	TABLE_BY_PROGRAM,
	TABLE_BY_CALL,
	TABLE_SORTS
};

struct table_row {
	char *texts[TABLE_COLUMNS];  /* never NULL */
	uint64_t hash;               /* of them all */
	uint64_t count, first, last; /* nanoseconds since 1970 */
	char *json;                  /* of the last one */
	/* As they were when the table was last arranged. */
	uint64_t shown_count, shown_last;
};

struct table {
	struct table_row *rows[TABLE_MAX];
	size_t count;
	struct table_row *shown[TABLE_MAX]; /* arranged; borrowed from rows */
	size_t shown_count;
	uint64_t events; /* all that were put */
	uint64_t gone;   /* rows that had to go */
	uint64_t missed; /* events of new rows while held and full */
	bool held;       /* what is shown stays as it is */
	enum table_sort sort;
	bool reversed;
	char *filter; /* words that must all match; NULL: none */
};

/* Take an event of the time `time`. False where memory ran out. */
bool table_put(struct table *table, uint64_t time, const char *json);

/* Choose and sort the rows to be shown, unless the table is held. */
void table_arrange(struct table *table);

/*
 * Whether a row has all words of a filter: "bind", "call=bind", "unit=ssh",
 * in either case of ASCII letters. A column's name wants the column to begin
 * with the word, or the last part of the program's path.
 */
bool table_matches(const struct table_row *row, const char *filter);

/* NULL: none. False where memory ran out. */
bool table_set_filter(struct table *table, const char *filter);

/* The line of a policy that would allow the call, or NULL; free() it. */
char *table_fix(const struct table_row *row);

void table_clear(struct table *table);

#endif
