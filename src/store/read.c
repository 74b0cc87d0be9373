/* Asking a store. Values are bound, never pasted into SQL. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/inside.h"

/* ------------------------------------------------------------- filters -- */

/* A condition stands in the statement only where the filter sets it. */
enum { BINDS = 16 };

struct question {
	struct buf sql;
	struct {
		const char *text; /* or NULL, for the number */
		int64_t number;
	} binds[BINDS]; /* one a condition */
	int count;
	char *pattern; /* of text: made here */
};

static void add_number(struct question *question, const char *clause,
		       bool wanted, uint64_t number)
{
	if (!wanted)
		return;
	buf_printf(&question->sql, " AND %s", clause);
	question->binds[question->count++].number =
		number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static void
add_text(struct question *question, const char *clause, const char *text)
{
	if (!text)
		return;
	buf_printf(&question->sql, " AND %s", clause);
	question->binds[question->count++].text = text;
}

/* The text as JSON has it, between % of LIKE. */
static void add_pattern(struct question *question, const char *text)
{
	struct buf json = { 0 }, pattern = { 0 };

	if (!text || !*text)
		return;
	buf_json(&json, text);
	buf_puts(&pattern, "%");
	for (size_t i = 1; json.text && i + 1 < json.length; i++) {
		if (strchr("%_\\", json.text[i]))
			buf_puts(&pattern, "\\");
		buf_add(&pattern, &json.text[i], 1);
	}
	buf_puts(&pattern, "%");
	pattern.failed |= json.failed;
	buf_free(&json);
	question->pattern = buf_done(&pattern);
	if (!question->pattern)
		question->sql.failed = true;
	add_text(question, "json LIKE ? ESCAPE '\\'", question->pattern);
}

/*
 * All violations have one action, and have a record; whatever else there is has
 * no verdict, and the index on that leads to it. To read the events of all
 * others for it would take a hundred times as long.
 */
static void add_action(struct question *question, const char *action)
{
	if (!action)
		return;
	if (strcmp(action, "violated-seccomp-policy") == 0)
		buf_puts(&question->sql, " AND (verdict IS NOT NULL OR "
					 "record IS NOT NULL)");
	else
		add_text(question,
			 "verdict IS NULL AND record IS NULL AND CASE WHEN "
			 "json_valid(json) THEN json_extract(json, "
			 "'$.event.action') END = ?",
			 action);
}

static void
add_filter(struct question *question, const struct store_filter *filter)
{
	static const struct store_filter every = { 0 };

	if (!filter)
		filter = &every;
	add_number(question, "time >= ?", filter->since, filter->since);
	add_number(question, "time < ?", filter->until, filter->until);
	add_number(question, "row < ?", filter->before > 0,
		   (uint64_t)filter->before);
	add_number(question, "row > ?", filter->after > 0,
		   (uint64_t)filter->after);
	add_number(question, "pid = ?", filter->pid, filter->pid);
	add_text(question, "id = ?", filter->id);
	/* Without a slash it is the last part of a path. */
	add_text(question,
		 filter->program && strchr(filter->program, '/')
			 ? "program = ?"
			 : "replace(program, rtrim(program, replace(program, "
			   "'/', '')), '') = ?",
		 filter->program);
	add_text(question, "call = ?", filter->call);
	add_text(question, "verdict = ?", filter->verdict);
	add_text(question, "risk = ?", filter->risk);
	add_action(question, filter->action);
	add_text(question, "instr(container, ?) = 1", filter->container);
	add_text(question, "instr(unit, ?) = 1", filter->unit);
	add_pattern(question, filter->text);
}

static bool bind_all(struct question *question, sqlite3_stmt *statement)
{
	int code = SQLITE_OK;

	for (int i = 0; i < question->count && code == SQLITE_OK; i++)
		if (question->binds[i].text)
			code = sqlite3_bind_text(statement, i + 1,
						 question->binds[i].text, -1,
						 SQLITE_STATIC);
		else
			code = sqlite3_bind_int64(statement, i + 1,
						  question->binds[i].number);
	return code == SQLITE_OK;
}

/* The statement, ready to step; NULL, said in `err`, and nothing is left. */
static sqlite3_stmt *
prepare(struct store *store, struct question *question, struct cg_error *err)
{
	char *sql = buf_done(&question->sql);
	sqlite3_stmt *statement = NULL;

	if (!sql)
		fail_nomem(err);
	else if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) !=
			 SQLITE_OK ||
		 !bind_all(question, statement)) {
		inside_fail(store, "read the store", err);
		sqlite3_finalize(statement);
		statement = NULL;
	}
	if (!statement)
		free(question->pattern);
	free(sql);
	return statement;
}

static enum cg_status
finish(struct store *store, struct question *question, sqlite3_stmt *statement,
       int code, struct cg_error *err)
{
	bool ok = code == SQLITE_DONE || code == SQLITE_ROW ||
		  inside_fail(store, "read the store", err);

	sqlite3_finalize(statement);
	free(question->pattern);
	return ok ? CG_OK : err->status;
}

/* ---------------------------------------------------------------- rows -- */

static const char *text_at(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static uint64_t number_at(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

static uint32_t word_at(sqlite3_stmt *statement, int column)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return CG_UNSET;
	return (uint32_t)sqlite3_column_int64(statement, column);
}

static void read_row(sqlite3_stmt *statement, struct store_row *row)
{
	const char *id = text_at(statement, 1);

	*row = (struct store_row){
		.row = sqlite3_column_int64(statement, 0),
		.time = number_at(statement, 2),
		.first = number_at(statement, 3),
		.last = number_at(statement, 4),
		.count = number_at(statement, 5),
		.pid = word_at(statement, 6),
		.uid = word_at(statement, 7),
		.nr = word_at(statement, 8),
		.arch = sqlite3_column_type(statement, 9) == SQLITE_NULL
				? 0
				: word_at(statement, 9),
		.program = text_at(statement, 10),
		.call = text_at(statement, 11),
		.verdict = text_at(statement, 12),
		.container = text_at(statement, 13),
		.unit = text_at(statement, 14),
		.risk = text_at(statement, 15),
		.record = text_at(statement, 16),
		.message = text_at(statement, 17),
		.json = text_at(statement, 18),
	};
	strncpy(row->id, id ? id : "", sizeof(row->id) - 1);
}

enum cg_status
store_each(struct store *store, const struct store_filter *filter,
	   bool (*each)(void *, const struct store_row *), void *opaque,
	   struct cg_error *err)
{
	struct question question = { 0 };
	sqlite3_stmt *statement;
	struct store_row row;
	int code;

	buf_puts(&question.sql,
		 "SELECT row, id, time, first, last, count, pid, uid, nr, "
		 "arch, program, call, verdict, container, unit, risk, record, "
		 "CASE WHEN json_valid(json) THEN json_extract(json, "
		 "'$.message') END, json FROM event WHERE 1");
	add_filter(&question, filter);
	buf_printf(&question.sql, " ORDER BY row %s",
		   filter && filter->oldest_first ? "ASC" : "DESC");
	if (filter && filter->limit)
		buf_printf(&question.sql, " LIMIT %zu OFFSET %zu",
			   filter->limit, filter->skip);
	statement = prepare(store, &question, err);
	if (!statement)
		return err->status;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		read_row(statement, &row);
		if (!each(opaque, &row))
			break;
	}
	return finish(store, &question, statement, code, err);
}

/* -------------------------------------------------------------- counts -- */

/* A name that may stand in SQL; NULL where it is none of these. */
static const char *column_of(const char *name)
{
	static const char *const columns[] = {
		"program", "call", "verdict", "container",
		"unit",    "risk", "pid",     "uid",
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strcmp(columns[i], name) == 0)
			return columns[i];
	return NULL;
}

/* Who is told of sums, by a text or by a number. */
struct listener {
	bool (*of_text)(void *opaque, const char *value, uint64_t count);
	bool (*of_number)(void *opaque, uint64_t start, uint64_t count);
	void *opaque;
};

static bool tell(const struct listener *to, sqlite3_stmt *statement)
{
	const uint64_t count = number_at(statement, 1);

	return to->of_text
		       ? to->of_text(to->opaque, text_at(statement, 0), count)
		       : to->of_number(to->opaque, number_at(statement, 0),
				       count);
}

static enum cg_status sums(struct store *store, struct question *question,
			   const struct listener *to, struct cg_error *err)
{
	sqlite3_stmt *statement = prepare(store, question, err);
	int code;

	if (!statement)
		return err->status;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		if (!tell(to, statement))
			break;
	return finish(store, question, statement, code, err);
}

enum cg_status store_top(struct store *store, const struct store_filter *filter,
			 const char *column, size_t most,
			 bool (*row)(void *, const char *value, uint64_t count),
			 void *opaque, struct cg_error *err)
{
	const struct listener to = { .of_text = row, .opaque = opaque };
	struct question question = { 0 };
	const char *known = column_of(column);

	if (!known) {
		fail_set(err, CG_E_INPUT, "a store has no column '%s'", column);
		return CG_E_INPUT;
	}
	buf_printf(&question.sql,
		   "SELECT %s, sum(count) FROM event WHERE %s IS NOT NULL",
		   known, known);
	add_filter(&question, filter);
	buf_printf(&question.sql, " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %zu",
		   most);
	return sums(store, &question, &to, err);
}

enum cg_status
store_timeline(struct store *store, const struct store_filter *filter,
	       uint64_t bucket_ns,
	       bool (*row)(void *, uint64_t start, uint64_t count),
	       void *opaque, struct cg_error *err)
{
	const struct listener to = { .of_number = row, .opaque = opaque };
	const uint64_t bucket =
		bucket_ns && bucket_ns < INT64_MAX ? bucket_ns : INT64_MAX;
	struct question question = { 0 };

	buf_printf(&question.sql,
		   "SELECT time - time %% %llu, sum(count) FROM event WHERE 1",
		   (unsigned long long)bucket);
	add_filter(&question, filter);
	buf_puts(&question.sql, " GROUP BY 1 ORDER BY 1");
	return sums(store, &question, &to, err);
}

enum cg_status
store_count(struct store *store, const struct store_filter *filter,
	    uint64_t *out, struct cg_error *err)
{
	struct question question = { 0 };
	sqlite3_stmt *statement;
	int code;

	buf_puts(&question.sql,
		 "SELECT coalesce(sum(count), 0) FROM event WHERE 1");
	add_filter(&question, filter);
	statement = prepare(store, &question, err);
	if (!statement)
		return err->status;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*out = number_at(statement, 0);
	return finish(store, &question, statement, code, err);
}
