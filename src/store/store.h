/*
 * store/store.h - violations in an SQLite database, bounded by size and age.
 *
 * One process writes; any number of handles read meanwhile (write-ahead log).
 * What store_commit() has acknowledged survives kill -9 and a loss of power.
 * A violation has one row, however often it is added: its id decides.
 *
 * A handle belongs to one thread at a time.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/error.h>
#include <callgate/watch.h>

struct store;

/* What is older, or too much, is deleted, oldest first. 0: the default. */
struct store_limits {
	uint64_t bytes; /* of the file; default 256 MiB, least 1 MiB */
	uint64_t age;   /* nanoseconds since it was added; default 30 days */
};

/* One row. Texts live until the callback returns; NULL: not known. */
struct store_row {
	int64_t row;                /* they rise in the order of adding */
	uint64_t time, first, last; /* nanoseconds since 1970 */
	uint64_t count;             /* violations that it stands for */
	char id[33];
	uint32_t pid, uid, nr, arch; /* as in cg_violation */
	const char *program;         /* executable, or else name */
	const char *call, *verdict, *container, *unit, *risk;
	const char *message; /* the sentence, safe for a terminal */
	const char *record;  /* as audit has it: cg_violation_parse() takes it;
				NULL: an event that is no violation */
	const char *json;    /* the event as it was added */
};

/* Which rows. All zeros is every one; set conditions must all hold. */
struct store_filter {
	uint64_t since, until; /* the time, from since on, before until */
	int64_t before, after; /* the row's number, for pages */
	/* Equal; a program without a slash is any path's last part, and a
	   container or unit may be the beginning of one. */
	const char *program, *call, *verdict, *container, *unit, *risk;
	const char *id;
	const char *action; /* event.action of the event */
	const char *text;   /* anywhere in the event, ASCII letters alike */
	uint32_t pid;       /* 0: any */
	size_t limit;       /* rows; 0: no limit */
	size_t skip;        /* rows before the first one; wants a limit */
	bool oldest_first;
};

/* What became of what was added by this handle:
   added == stored + repeated + lost + pending. */
struct store_tally {
	uint64_t added;
	uint64_t stored;   /* and committed */
	uint64_t repeated; /* were there already, by their id */
	uint64_t lost;     /* could not be written, and said so */
	uint64_t pending;  /* since the last commit */
	uint64_t expired;  /* deleted for age or size: no loss */
};

/*
 * Open for writing; the file is made, for its owner alone, if it is not there.
 * Fails with CG_E_SYSTEM; CG_E_INPUT for a file that is no store, or one of a
 * newer Callgate; CG_E_UNSUPPORTED where this was built without SQLite;
 * CG_E_NOMEM.
 */
#define STORE_IN_MEMORY ":memory:" /* a path: in no file at all */
enum cg_status store_open(const char *path, const struct store_limits *limits,
			  struct store **out, struct cg_error *err);

/* Open for reading alone: it must be there. Fails as store_open(). */
enum cg_status
store_open_reader(const char *path, struct store **out, struct cg_error *err);

/*
 * Add a violation and its event. It is durable after store_commit(), which is
 * called for you after STORE_BATCH of them. `violation` may be NULL for an
 * event of another kind, lost events for instance; `json` is all there is
 * then, its id that in event.id, its time when it is added.
 *
 * Fails with CG_E_SYSTEM (a full disk) or CG_E_NOMEM; then all that was
 * pending is lost, and counted so. The handle stays good.
 */
enum { STORE_BATCH = 4096 };
enum cg_status
store_add(struct store *store, const struct cg_violation *violation,
	  const char *json, struct cg_error *err);

/* Durable when it returns CG_OK; also deletes what is over a limit. */
enum cg_status store_commit(struct store *store, struct cg_error *err);

void store_counts(const struct store *store, struct store_tally *out);

/* Each row, newest first; up to the end, or until `row` returns false. */
enum cg_status
store_each(struct store *store, const struct store_filter *filter,
	   bool (*row)(void *, const struct store_row *), void *opaque,
	   struct cg_error *err);

/*
 * The `most` values of a column with the highest sums of count. `column` is
 * "program", "call", "verdict", "container", "unit", "risk", "pid" or "uid";
 * another one fails with CG_E_INPUT. Rows without a value are left out.
 */
enum cg_status store_top(struct store *store, const struct store_filter *filter,
			 const char *column, size_t most,
			 bool (*row)(void *, const char *value, uint64_t count),
			 void *opaque, struct cg_error *err);

/* Sums of count for each `bucket_ns` of time that has any, in order. */
enum cg_status
store_timeline(struct store *store, const struct store_filter *filter,
	       uint64_t bucket_ns,
	       bool (*row)(void *, uint64_t start, uint64_t count),
	       void *opaque, struct cg_error *err);

/* The sum of count. */
enum cg_status
store_count(struct store *store, const struct store_filter *filter,
	    uint64_t *out, struct cg_error *err);

/* Commits first; what that could not do is lost. NULL is fine. */
void store_close(struct store *store);

#endif
