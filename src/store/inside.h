/* store/inside.h - a store from within, and how SQLite's failures are said. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include <sqlite3.h>

#include "base/fail.h"
#include "store/store.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *insert; /* of a writer */
	int lock;             /* of a writer: a descriptor; else -1 */
	struct store_limits limits;
	struct store_tally tally;
	uint64_t repeated; /* of those pending */
	char *path;
};

/* What the last call on the database said, with the file's name before it. */
bool inside_fail(struct store *store, const char *doing, struct cg_error *err);

/* One or more statements without parameters, and without rows. */
bool inside_run(struct store *store, const char *sql, struct cg_error *err);

/* The one number that a statement answers with. */
bool inside_ask(struct store *store, const char *sql, int64_t *out,
		struct cg_error *err);

/* Make the tables where there is none; refuse what is not ours. */
bool schema_make(struct store *store, struct cg_error *err);
bool schema_check(struct store *store, struct cg_error *err);

/* The violation as audit would have written it; free() it. NULL: no memory. */
char *record_of(const struct cg_violation *violation);

#endif
