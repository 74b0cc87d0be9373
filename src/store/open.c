/* Opening and closing a store. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/inside.h"

#define DAY (UINT64_C(86400) * 1000000000)

enum {
	BYTES_LEAST = 1 << 20,
	BYTES_DEFAULT = 256 << 20,
	DAYS_DEFAULT = 30,
	PATIENCE = 5000, /* milliseconds that a reader may hold us up */
};

static const char insert[] =
	"INSERT OR IGNORE INTO event (added, id, time, first, last, count,"
	" pid, uid, nr, arch, program, call, verdict, container, unit, risk,"
	" record, json) VALUES (?1, CASE WHEN ?13 IS NULL THEN"
	" coalesce(json_extract(?14, '$.event.id'), ?2) ELSE ?2 END,"
	" ?3, ?3, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9,"
	" ?10, ?11, ?12, json_extract(?14, '$.seccomp.risk'), ?13, ?14)";

/*
 * The writer's own lock, as SQLite's would let a second one in now and then: on
 * a byte that no database reaches.
 */
static bool take_lock(struct store *store, struct cg_error *err)
{
	struct flock whole = {
		.l_type = F_WRLCK,
		.l_start = INT64_C(1) << 62,
		.l_len = 1,
	};

	/* In memory it has no file, and nobody else can open it. */
	if (strcmp(store->path, STORE_IN_MEMORY) == 0)
		return true;
	store->lock = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY,
			   0600);
	if (store->lock < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", store->path);
	if (fcntl(store->lock, F_OFD_SETLK, &whole) == 0)
		return true;
	if (errno == EAGAIN || errno == EACCES)
		return fail(err, CG_E_SYSTEM,
			    "%s: another process writes to this store",
			    store->path);
	return fail_errno(err, CG_E_SYSTEM, errno, "%s: cannot lock it",
			  store->path);
}

/* A file that somebody else made is data: nothing in it is to run. */
static bool distrust(struct store *store, struct cg_error *err)
{
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_busy_timeout(store->db, PATIENCE);
	return inside_run(store,
			  "PRAGMA trusted_schema = OFF;"
			  "PRAGMA cell_size_check = ON",
			  err);
}

static struct store *store_new(const char *path, struct cg_error *err)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store)
		store->path = strdup(path);
	if (!store || !store->path) {
		free(store);
		fail_nomem(err);
		return NULL;
	}
	store->lock = -1;
	return store;
}

static bool open_database(struct store *store, int flags, struct cg_error *err)
{
	if (sqlite3_open_v2(store->path, &store->db,
			    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    NULL) == SQLITE_OK)
		return distrust(store, err);
	if (!store->db)
		return fail_nomem(err);
	return inside_fail(store, "open it", err);
}

/* FULL: what COMMIT returned from has been written to the disk itself. */
static bool prepare_writer(struct store *store, struct cg_error *err)
{
	if (!schema_make(store, err) || !schema_check(store, err) ||
	    !inside_run(store,
			"PRAGMA synchronous = FULL;"
			"PRAGMA cache_size = -8192;"
			"PRAGMA journal_size_limit = 16777216",
			err))
		return false;
	return sqlite3_prepare_v3(store->db, insert, -1,
				  SQLITE_PREPARE_PERSISTENT, &store->insert,
				  NULL) == SQLITE_OK ||
	       inside_fail(store, "use it", err);
}

static void free_store(struct store *store)
{
	sqlite3_finalize(store->insert);
	sqlite3_close(store->db);
	/* Last: closing it lets go of SQLite's own locks on the file. */
	if (store->lock >= 0)
		close(store->lock);
	free(store->path);
	free(store);
}

enum cg_status store_open(const char *path, const struct store_limits *limits,
			  struct store **out, struct cg_error *err)
{
	struct store *store = store_new(path, err);

	if (!store)
		return err->status;
	if (limits)
		store->limits = *limits;
	if (!store->limits.bytes)
		store->limits.bytes = BYTES_DEFAULT;
	if (store->limits.bytes < BYTES_LEAST)
		store->limits.bytes = BYTES_LEAST;
	if (!store->limits.age)
		store->limits.age = DAYS_DEFAULT * DAY;
	if (!take_lock(store, err) ||
	    !open_database(store, SQLITE_OPEN_READWRITE, err) ||
	    !prepare_writer(store, err)) {
		free_store(store);
		return err->status;
	}
	*out = store;
	return CG_OK;
}

enum cg_status
store_open_reader(const char *path, struct store **out, struct cg_error *err)
{
	struct store *store = store_new(path, err);

	if (!store)
		return err->status;
	if (access(path, R_OK) != 0) {
		fail_set_errno(err, CG_E_SYSTEM, errno, "%s", path);
		free_store(store);
		return err->status;
	}
	if (!open_database(store, SQLITE_OPEN_READONLY, err) ||
	    !schema_check(store, err)) {
		free_store(store);
		return err->status;
	}
	*out = store;
	return CG_OK;
}

void store_close(struct store *store)
{
	struct cg_error err = { 0 };

	if (!store)
		return;
	/* A failure here was counted; whoever cares commits before. */
	if (store->insert)
		(void)store_commit(store, &err);
	free_store(store);
}
