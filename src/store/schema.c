/* What a store consists of, and whether a file is one. */
#include <inttypes.h>

#include "store/inside.h"

enum {
	APPLICATION = 0x43476174, /* "CGat", in the file's header */
	VERSION = 1,
};

/*
 * Rows are never changed. They are deleted from the oldest on, so that `row`
 * and `added` rise together. Sums are answered by the indexes alone: most of a
 * row is its event, and to pass over those takes a hundred times as long.
 */
static const char tables[] =
	"CREATE TABLE event ("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  added INTEGER NOT NULL,"
	"  id TEXT NOT NULL UNIQUE,"
	"  time INTEGER NOT NULL,"
	"  first INTEGER NOT NULL,"
	"  last INTEGER NOT NULL,"
	"  count INTEGER NOT NULL,"
	"  pid INTEGER, uid INTEGER, nr INTEGER, arch INTEGER,"
	"  program TEXT, call TEXT, verdict TEXT, container TEXT, unit TEXT,"
	"  risk TEXT, record TEXT,"
	"  json TEXT NOT NULL"
	");"
	"CREATE INDEX event_time ON event (time, verdict, count);"
	"CREATE INDEX event_call ON event (call, count);"
	"CREATE INDEX event_program ON event (program, count);"
	"CREATE INDEX event_verdict ON event (verdict, time, count);"
	"CREATE INDEX event_container ON event (container, count)"
	"  WHERE container IS NOT NULL;"
	"CREATE INDEX event_unit ON event (unit, count)"
	"  WHERE unit IS NOT NULL;";

bool inside_fail(struct store *store, const char *doing, struct cg_error *err)
{
	const int code = sqlite3_errcode(store->db) & 0xff;

	if (code == SQLITE_NOMEM)
		return fail_nomem(err);
	if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
		return fail(err, CG_E_INPUT, "%s: %s", store->path,
			    code == SQLITE_NOTADB ? "no SQLite database"
						  : "a damaged database");
	fail_set(err, CG_E_SYSTEM, "%s: cannot %s: %s", store->path, doing,
		 sqlite3_errmsg(store->db));
	err->sys_errno = sqlite3_system_errno(store->db);
	return false;
}

bool inside_run(struct store *store, const char *sql, struct cg_error *err)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       inside_fail(store, "write to the store", err);
}

bool inside_ask(struct store *store, const char *sql, int64_t *out,
		struct cg_error *err)
{
	sqlite3_stmt *ask = NULL;
	bool ok;

	ok = sqlite3_prepare_v2(store->db, sql, -1, &ask, NULL) == SQLITE_OK &&
	     sqlite3_step(ask) == SQLITE_ROW;
	if (ok)
		*out = sqlite3_column_int64(ask, 0);
	else
		inside_fail(store, "read the store", err);
	sqlite3_finalize(ask);
	return ok;
}

bool schema_check(struct store *store, struct cg_error *err)
{
	int64_t application, version, there;

	if (!inside_ask(store, "SELECT count(*) FROM sqlite_schema", &there,
			err))
		return false;
	if (!there)
		return fail(err, CG_E_INPUT,
			    "%s: an empty database; `callgate watch --store` "
			    "makes it a store",
			    store->path);
	if (!inside_ask(store, "PRAGMA application_id", &application, err) ||
	    !inside_ask(store, "PRAGMA user_version", &version, err))
		return false;
	if (application != APPLICATION)
		return fail(err, CG_E_INPUT,
			    "%s: a database of something else, no store of "
			    "violations",
			    store->path);
	if (version != VERSION)
		return fail(err, CG_E_INPUT,
			    "%s: a store of version %" PRId64
			    "; this callgate knows version %d",
			    store->path, version, VERSION);
	return true;
}

bool schema_make(struct store *store, struct cg_error *err)
{
	char marks[96];
	int64_t there;

	if (!inside_ask(store, "SELECT count(*) FROM sqlite_schema", &there,
			err))
		return false;
	if (there)
		return true;
	sqlite3_snprintf(sizeof(marks), marks,
			 "PRAGMA application_id = %d; PRAGMA user_version = %d",
			 APPLICATION, VERSION);
	/* All of it or nothing: a file cut short is empty, and made anew. */
	return inside_run(store, "PRAGMA auto_vacuum = INCREMENTAL", err) &&
	       inside_run(store, "PRAGMA journal_mode = WAL", err) &&
	       inside_run(store, "BEGIN IMMEDIATE", err) &&
	       inside_run(store, tables, err) &&
	       inside_run(store, marks, err) &&
	       inside_run(store, "COMMIT", err);
}
