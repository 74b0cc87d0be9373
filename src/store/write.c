/* Adding to a store, and deleting what is old or too much. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <callgate/program.h>

#include "base/sha256.h"
#include "store/inside.h"

enum {
	ROUNDS = 64,       /* of deleting, for one commit */
	LEAST_ROWS = 64,   /* in one of them */
	SPARE_PERCENT = 5, /* more than must be, as each takes a transaction */
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static const char *verdict_of(const struct cg_violation *violation)
{
	const char *name = cg_answer_action(violation->verdict);

	if (!violation->has_verdict)
		return NULL;
	return name ? name : "unknown";
}

static const char *call_of(const struct cg_violation *violation)
{
	const struct cg_abi *abi =
		cg_abi_of_call(violation->arch, violation->nr);
	const struct cg_syscall *call =
		abi ? cg_syscall_at(abi, violation->nr) : NULL;

	return call ? call->name : NULL;
}

/* ------------------------------------------------------------- one row -- */

/* Texts outlive the statement's step, and NULL stays NULL. */
static void bind_text(sqlite3_stmt *insert, int at, const char *text)
{
	if (text)
		sqlite3_bind_text(insert, at, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(insert, at);
}

static void bind_number(sqlite3_stmt *insert, int at, uint32_t number)
{
	if (number != CG_UNSET)
		sqlite3_bind_int64(insert, at, number);
	else
		sqlite3_bind_null(insert, at);
}

static void bind_time(sqlite3_stmt *insert, int at, uint64_t time)
{
	sqlite3_bind_int64(insert, at,
			   time > INT64_MAX ? INT64_MAX : (sqlite3_int64)time);
}

static void
bind_violation(sqlite3_stmt *insert, const struct cg_violation *violation)
{
	bind_number(insert, 4, violation->pid);
	bind_number(insert, 5, violation->uid);
	if (violation->arch) {
		sqlite3_bind_int64(insert, 6, violation->nr);
		sqlite3_bind_int64(insert, 7, violation->arch);
	}
	bind_text(insert, 8,
		  violation->executable ? violation->executable
					: violation->name);
	bind_text(insert, 9, violation->arch ? call_of(violation) : NULL);
	bind_text(insert, 10, verdict_of(violation));
	bind_text(insert, 11, violation->container);
	bind_text(insert, 12, violation->unit);
}

static int put_row(struct store *store, const struct cg_violation *violation,
		   const char *json, const char *record)
{
	char id[SHA256_TEXT];
	sqlite3_stmt *insert = store->insert;
	uint64_t time = violation ? violation->time : 0;
	int code;

	if (violation)
		cg_violation_id(violation, id);
	else
		sha256_text(json, strlen(json), id);
	bind_time(insert, 1, now());
	sqlite3_bind_text(insert, 2, id, CG_VIOLATION_ID - 1, SQLITE_STATIC);
	bind_time(insert, 3, time ? time : now());
	if (violation)
		bind_violation(insert, violation);
	bind_text(insert, 13, record);
	bind_text(insert, 14, json);
	code = sqlite3_step(insert);
	sqlite3_reset(insert);
	sqlite3_clear_bindings(insert);
	return code;
}

/* ------------------------------------------------------------- batches -- */

/* Nothing of the batch is in the store, and nobody was told that it is. */
static enum cg_status
lose(struct store *store, const char *doing, struct cg_error *err)
{
	inside_fail(store, doing, err);
	/* SQLite has rolled back by itself, for some errors. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->tally.lost += store->tally.pending;
	store->tally.pending = store->repeated = 0;
	return err->status;
}

enum cg_status
store_add(struct store *store, const struct cg_violation *violation,
	  const char *json, struct cg_error *err)
{
	char *record = violation ? record_of(violation) : NULL;
	int code;

	store->tally.added++;
	store->tally.pending++;
	if (violation && !record) {
		store->tally.pending--;
		store->tally.lost++;
		fail_nomem(err);
		return CG_E_NOMEM;
	}
	code = sqlite3_get_autocommit(store->db)
		       ? sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL,
				      NULL)
		       : SQLITE_OK;
	if (code == SQLITE_OK)
		code = put_row(store, violation, json, record);
	free(record);
	if (code != SQLITE_DONE)
		return lose(store, "add to the store", err);
	store->repeated += sqlite3_changes(store->db) == 0;
	return store->tally.pending < STORE_BATCH ? CG_OK
						  : store_commit(store, err);
}

/* -------------------------------------------------------------- limits -- */

/* Delete the oldest rows, up to `last`. */
static bool delete_to(struct store *store, int64_t last, struct cg_error *err)
{
	char sql[64];

	sqlite3_snprintf(sizeof(sql), sql,
			 "DELETE FROM event WHERE row <= %lld",
			 (long long)last);
	if (!inside_run(store, sql, err))
		return false;
	store->tally.expired += (uint64_t)sqlite3_changes64(store->db);
	return true;
}

static bool expire_old(struct store *store, struct cg_error *err)
{
	const uint64_t time = now(), age = store->limits.age;
	char sql[256];
	int64_t last;

	if (age >= time)
		return true;
	/*
	 * From the oldest on, up to the first that is younger: rows rise with
	 * `added`, but where the clock was wrong for a while. What was added
	 * then takes nothing along that is not old itself.
	 */
	sqlite3_snprintf(sizeof(sql), sql,
			 "SELECT coalesce((SELECT row - 1 FROM event WHERE "
			 "added >= %lld ORDER BY row LIMIT 1), (SELECT "
			 "max(row) FROM event), 0)",
			 (long long)(time - age));
	if (!inside_ask(store, sql, &last, err))
		return false;
	return last <= 0 || delete_to(store, last, err);
}

/* One round; `*more` where it was not enough. */
static bool shrink(struct store *store, bool *more, struct cg_error *err)
{
	int64_t size, pages, unused, first, last, rows;
	uint64_t used, wanted = store->limits.bytes;

	*more = false;
	if (!inside_ask(store, "PRAGMA page_size", &size, err) ||
	    !inside_ask(store, "PRAGMA page_count", &pages, err) ||
	    !inside_ask(store, "PRAGMA freelist_count", &unused, err))
		return false;
	used = (uint64_t)(pages - unused) * (uint64_t)size;
	if (used <= wanted)
		return (uint64_t)pages * (uint64_t)size <= wanted ||
		       inside_run(store, "PRAGMA incremental_vacuum", err);
	if (!inside_ask(store, "SELECT coalesce(min(row), 0) FROM event",
			&first, err) ||
	    !inside_ask(store, "SELECT coalesce(max(row), 0) FROM event", &last,
			err))
		return false;
	if (last == first)
		return true;
	wanted -= wanted / 100 * SPARE_PERCENT;
	rows = (int64_t)((double)(last - first) * (double)(used - wanted) /
			 (double)used);
	if (rows < LEAST_ROWS)
		rows = LEAST_ROWS;
	*more = true;
	return delete_to(store, first + rows < last ? first + rows : last - 1,
			 err);
}

static bool keep_limits(struct store *store, struct cg_error *err)
{
	bool more = true;

	if (!expire_old(store, err))
		return false;
	for (int i = 0; more && i < ROUNDS; i++)
		if (!shrink(store, &more, err))
			return false;
	return true;
}

enum cg_status store_commit(struct store *store, struct cg_error *err)
{
	struct store_tally *tally = &store->tally;

	if (sqlite3_get_autocommit(store->db))
		return CG_OK;
	if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return lose(store, "write to the store", err);
	tally->stored += tally->pending - store->repeated;
	tally->repeated += store->repeated;
	tally->pending = store->repeated = 0;
	return keep_limits(store, err) ? CG_OK : err->status;
}

void store_counts(const struct store *store, struct store_tally *out)
{
	*out = store->tally;
}
