#include "view/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/leaves.h"

/* ---------------------------------------------------------------- rows -- */

/* Which leaf of an event fills a column; the first that is there does. */
static const struct source {
	enum table_column column;
	const char *path;
} sources[] = {
	{ TABLE_PROGRAM, "process.executable" },
	{ TABLE_PROGRAM, "process.name" },
	{ TABLE_CALL, "seccomp.syscall.name" },
	{ TABLE_CALL, "seccomp.syscall.number" },
	{ TABLE_CALL, "event.action" },
	{ TABLE_VERDICT, "seccomp.action" },
	{ TABLE_CONTAINER, "container.id" },
	{ TABLE_UNIT, "seccomp.systemd.unit" },
};
enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

struct found {
	char *texts[SOURCES];
	bool failed;
};

static void take_leaf(void *context, const char *path, const char *value)
{
	struct found *found = context;

	for (size_t i = 0; i < SOURCES; i++)
		if (!found->texts[i] && strcmp(sources[i].path, path) == 0) {
			found->texts[i] = strdup(value);
			found->failed |= !found->texts[i];
		}
}

static void row_free(struct table_row *row)
{
	if (!row)
		return;
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		free(row->texts[i]);
	free(row->json);
	free(row);
}

/* FNV-1a over all columns, so that most rows differ at the first look. */
static uint64_t hash_of(const struct table_row *row)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		const char *at = row->texts[i];

		do
			hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
		while (*at++);
	}
	return hash;
}

/* The columns of an event; NULL where memory ran out. */
static struct table_row *row_of(const char *json)
{
	struct table_row *row = calloc(1, sizeof(*row));
	struct found found = { 0 };
	bool ok = row != NULL;

	/* What can be read of a damaged one is shown. */
	if (ok)
		(void)leaves_each(json, take_leaf, &found);
	for (size_t i = 0; i < SOURCES; i++) {
		if (ok && !row->texts[sources[i].column])
			row->texts[sources[i].column] = found.texts[i];
		else
			free(found.texts[i]);
	}
	for (size_t i = 0; ok && i < TABLE_COLUMNS; i++)
		if (!row->texts[i])
			ok = (row->texts[i] = strdup("")) != NULL;
	if (ok && !found.failed) {
		row->hash = hash_of(row);
		return row;
	}
	row_free(row);
	return NULL;
}

static bool same(const struct table_row *a, const struct table_row *b)
{
	if (a->hash != b->hash)
		return false;
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return true;
}

static struct table_row *find(struct table *table, const struct table_row *like)
{
	for (size_t i = 0; i < table->count; i++)
		if (same(table->rows[i], like))
			return table->rows[i];
	return NULL;
}

/* Make room: the row that was seen longest ago goes. */
static void evict(struct table *table)
{
	size_t oldest = 0;

	for (size_t i = 1; i < table->count; i++)
		if (table->rows[i]->last < table->rows[oldest]->last)
			oldest = i;
	row_free(table->rows[oldest]);
	table->rows[oldest] = table->rows[--table->count];
	table->shown_count = 0; /* until it is arranged again */
	table->gone++;
}

bool table_put(struct table *table, uint64_t time, const char *json)
{
	struct table_row *row = row_of(json), *old;
	char *copy = strdup(json);

	if (!row || !copy) {
		row_free(row);
		free(copy);
		return false;
	}
	table->events++;
	old = find(table, row);
	if (!old && table->count == TABLE_MAX && table->held) {
		/* What is shown must not go while somebody reads it. */
		table->missed++;
		row_free(row);
		free(copy);
		return true;
	}
	if (!old) {
		if (table->count == TABLE_MAX)
			evict(table);
		row->first = time;
		table->rows[table->count++] = old = row;
	} else {
		row_free(row);
	}
	free(old->json);
	old->json = copy;
	old->last = time;
	old->count++;
	return true;
}

/* -------------------------------------------------------------- filter -- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool begins(const char *text, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!text[i] || lower(text[i]) != lower(word[i]))
			return false;
	return true;
}

static bool contains(const char *text, const char *word, size_t length)
{
	for (; *text; text++)
		if (begins(text, word, length))
			return true;
	return length == 0;
}

static bool
has_word(const struct table_row *row, const char *word, size_t length)
{
	static const char *const names[] = { "program=", "call=", "verdict=",
					     "container=", "unit=" };

	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		const size_t name = strlen(names[i]);
		const char *text = row->texts[i], *slash = strrchr(text, '/');

		if (length >= name && begins(word, names[i], name))
			return begins(text, word + name, length - name) ||
			       (slash &&
				begins(slash + 1, word + name, length - name));
	}
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		if (contains(row->texts[i], word, length))
			return true;
	return false;
}

bool table_matches(const struct table_row *row, const char *filter)
{
	while (filter && *filter) {
		const size_t length = strcspn(filter, " ");

		if (length && !has_word(row, filter, length))
			return false;
		filter += length;
		filter += strspn(filter, " ");
	}
	return true;
}

bool table_set_filter(struct table *table, const char *filter)
{
	char *copy = filter && *filter ? strdup(filter) : NULL;

	if (filter && *filter && !copy)
		return false;
	free(table->filter);
	table->filter = copy;
	return true;
}

/* ---------------------------------------------------------------- order -- */

static int compare(const struct table *table, const struct table_row *a,
		   const struct table_row *b)
{
	int order = 0;

	if (table->sort == TABLE_BY_COUNT)
		order = (a->count < b->count) - (a->count > b->count);
	else if (table->sort == TABLE_BY_FIRST)
		order = (a->first < b->first) - (a->first > b->first);
	else if (table->sort == TABLE_BY_PROGRAM)
		order = strcmp(a->texts[TABLE_PROGRAM],
			       b->texts[TABLE_PROGRAM]);
	else if (table->sort == TABLE_BY_CALL)
		order = strcmp(a->texts[TABLE_CALL], b->texts[TABLE_CALL]);
	if (order == 0)
		order = (a->last < b->last) - (a->last > b->last);
	if (order == 0)
		order = strcmp(a->texts[TABLE_PROGRAM],
			       b->texts[TABLE_PROGRAM]);
	return table->reversed ? -order : order;
}

static int by_order(const void *left, const void *right, void *context)
{
	return compare(context, *(struct table_row *const *)left,
		       *(struct table_row *const *)right);
}

void table_arrange(struct table *table)
{
	if (table->held)
		return;
	table->shown_count = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct table_row *row = table->rows[i];

		if (!table_matches(row, table->filter))
			continue;
		row->shown_count = row->count;
		row->shown_last = row->last;
		table->shown[table->shown_count++] = row;
	}
	qsort_r(table->shown, table->shown_count, sizeof(table->shown[0]),
		by_order, table);
}

/* ----------------------------------------------------------------- rest -- */

static void take_fix(void *context, const char *path, const char *value)
{
	char **fix = context;

	if (!*fix && strcmp(path, "seccomp.suggestion") == 0)
		*fix = strdup(value);
}

char *table_fix(const struct table_row *row)
{
	char *fix = NULL;

	(void)leaves_each(row->json, take_fix, &fix);
	return fix;
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		row_free(table->rows[i]);
	free(table->filter);
	*table = (struct table){ .sort = table->sort,
				 .reversed = table->reversed };
}
