/*
 * The store: what was added can be asked for; limits hold; a foreign or newer
 * file is refused; a writer that is killed loses nothing that it acknowledged.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/inside.h"

#include "tap.h"

#define SECOND UINT64_C(1000000000)

#define X86_64_ARCH 0xc000003e

enum { ROWS = 40, KILLS = 12 };

static char folder[] = "/tmp/callgate-store-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* The n-th violation: its program, call, container and time follow from n. */
static struct cg_violation violation_of(uint32_t n)
{
	static const char *const programs[] = { "/usr/bin/nc", "/opt/a b",
						"/bin/sh" };

	return (struct cg_violation){
		.time = (1000 + n) * SECOND + 7,
		.serial = n + 1,
		.pid = 100 + n,
		.uid = n % 2 ? 0 : CG_UNSET,
		.gid = CG_UNSET,
		.login_uid = CG_UNSET,
		.session = CG_UNSET,
		.signal = 31,
		.arch = X86_64_ARCH,
		.nr = n % 4 ? 49 : 41,
		.verdict = n % 5 ? CG_RET_KILL_PROCESS : CG_RET_LOG,
		.has_verdict = true,
		.name = "it's",
		.executable = programs[n % 3],
		.container = n % 10 ? NULL : "0123456789abcdef",
		.unit = n % 7 ? NULL : "nginx.service",
	};
}

static enum cg_status
add_one(struct store *store, uint32_t n, struct cg_error *err)
{
	struct cg_violation violation = violation_of(n);
	char *json = cg_violation_event(&violation, CG_EVENT_ECS);
	enum cg_status status = CG_E_NOMEM;

	if (json)
		status = store_add(store, &violation, json, err);
	free(json);
	return status;
}

static struct store *open_or_die(const char *path, struct store_limits limits)
{
	struct cg_error err = { 0 };
	struct store *store = NULL;

	if (store_open(path, &limits, &store, &err) != CG_OK) {
		tap_note("%s", err.message);
		exit(EXIT_FAILURE);
	}
	return store;
}

/* ------------------------------------------------------------- queries -- */

static const struct row {
	const char *name;
	struct store_filter filter;
	uint64_t want;
} rows[] = {
	{ "everything", { 0 }, ROWS },
	{ "since", { .since = 1030 * SECOND }, 10 },
	{ "until", { .until = 1010 * SECOND }, 10 },
	{ "between", { .since = 1010 * SECOND, .until = 1012 * SECOND }, 2 },
	{ "a call", { .call = "socket" }, 10 },
	{ "no such call", { .call = "sockets" }, 0 },
	{ "a verdict", { .verdict = "log" }, 8 },
	{ "a program by its path", { .program = "/usr/bin/nc" }, 14 },
	{ "by its last part", { .program = "nc" }, 14 },
	{ "not by less of it", { .program = "c" }, 0 },
	{ "with a space", { .program = "a b" }, 13 },
	{ "a container by its beginning", { .container = "01234" }, 4 },
	{ "not by its middle", { .container = "1234" }, 0 },
	{ "a unit", { .unit = "nginx.service" }, 6 },
	{ "a pid", { .pid = 103 }, 1 },
	{ "text, of either case", { .text = "USR/BIN/NC" }, 14 },
	{ "text with what LIKE reads", { .text = "%" }, 0 },
	{ "and _", { .text = "n_ginx" }, 0 },
	{ "a quote is text", { .program = "' OR 1=1 --" }, 0 },
	{ "two at once", { .call = "socket", .verdict = "log" }, 2 },
	{ "rows after", { .after = 35 }, 5 },
	{ "rows before", { .before = 6 }, 5 },
};

static bool count_row(void *opaque, const struct store_row *row)
{
	uint64_t *count = opaque;

	*count += row->count;
	return true;
}

struct order {
	int64_t last;
	bool rising, ok;
};

static bool see_order(void *opaque, const struct store_row *row)
{
	struct order *order = opaque;

	if (order->last)
		order->ok &= (row->row > order->last) == order->rising;
	order->last = row->row;
	return true;
}

static void
check_row(struct tap *tap, struct store *store, const struct row *row)
{
	struct order newest = { .ok = true };
	struct order oldest = { .ok = true, .rising = true };
	struct store_filter filter = row->filter;
	struct cg_error err = { 0 };
	uint64_t each = 0, count = 0;

	if (store_each(store, &filter, count_row, &each, &err) != CG_OK ||
	    store_count(store, &filter, &count, &err) != CG_OK ||
	    store_each(store, &filter, see_order, &newest, &err) != CG_OK)
		tap_note("%s", err.message);
	filter.oldest_first = true;
	if (store_each(store, &filter, see_order, &oldest, &err) != CG_OK)
		tap_note("%s", err.message);
	tap_ok(tap,
	       each == row->want && count == row->want && newest.ok &&
		       oldest.ok,
	       "%s: %" PRIu64 ", %" PRIu64, row->name, each, count);
}

static bool keep_top(void *opaque, const char *value, uint64_t count)
{
	struct buf *out = opaque;

	buf_printf(out, "%s=%" PRIu64 " ", value, count);
	return true;
}

static bool keep_bucket(void *opaque, uint64_t start, uint64_t count)
{
	struct buf *out = opaque;

	buf_printf(out, "%" PRIu64 "=%" PRIu64 " ", start / SECOND, count);
	return true;
}

static void check_sums(struct tap *tap, struct store *store)
{
	const struct store_filter last = { .since = 1025 * SECOND };
	struct cg_error err = { 0 };
	struct buf out = { 0 };

	buf_puts(&out, "");
	tap_ok(tap,
	       store_top(store, NULL, "call", 5, keep_top, &out, &err) ==
			       CG_OK &&
		       strcmp(out.text, "bind=30 socket=10 ") == 0,
	       "the top calls: %s", out.text ? out.text : "");
	buf_free(&out);
	tap_ok(tap,
	       store_top(store, &last, "program", 2, keep_top, &out, &err) ==
			       CG_OK &&
		       strcmp(out.text, "/bin/sh=5 /opt/a b=5 ") == 0,
	       "the top programs of the end: %s", out.text ? out.text : "");
	buf_free(&out);
	tap_ok(tap,
	       store_top(store, NULL, "json; --", 2, keep_top, &out, &err) ==
		       CG_E_INPUT,
	       "no such column: %s", err.message);
	tap_ok(tap,
	       store_timeline(store, &last, 10 * SECOND, keep_bucket, &out,
			      &err) == CG_OK &&
		       strcmp(out.text, "1020=5 1030=10 ") == 0,
	       "a timeline: %s", out.text ? out.text : "");
	buf_free(&out);
}

/* A row has all of the violation: the same event comes out of its record. */
static bool see_record(void *opaque, const struct store_row *row)
{
	struct cg_violation *violation = NULL, before;
	bool *same = opaque;
	struct cg_error err = { 0 };
	char *old, *new = NULL, id[CG_VIOLATION_ID];

	before = violation_of(row->pid - 100);
	cg_violation_id(&before, id);
	old = cg_violation_event(&before, CG_EVENT_AUDITBEAT);
	if (cg_violation_parse(row->record, strlen(row->record), &violation,
			       &err) == CG_OK &&
	    violation)
		new = cg_violation_event(violation, CG_EVENT_AUDITBEAT);
	*same &= old && new &&strcmp(old, new) == 0 &&
		 row->message &&strcmp(row->id, id) == 0 &&
		 strstr(row->json, row->message);
	if (!*same)
		tap_note("%s\n# %s\n# %s", row->record, old, new ? new : "");
	cg_violation_free(violation);
	free(old);
	free(new);
	return *same;
}

/* An event that is no violation is found by what it is, and by its own id. */
static void check_other(struct tap *tap, struct store *store)
{
	static const char event[] =
		"{\"event\":{\"id\":\"0123abcd\",\"action\":\"lost-events\"}}";
	struct store_filter filter = { .action = "lost-events" };
	struct cg_error err = { 0 };
	uint64_t by_action = 0, by_id = 0, others = 0;
	bool ok = store_add(store, NULL, event, &err) == CG_OK &&
		  store_add(store, NULL, event, &err) == CG_OK &&
		  store_commit(store, &err) == CG_OK &&
		  store_count(store, &filter, &by_action, &err) == CG_OK;

	filter.id = "0123abcd";
	ok = ok && store_count(store, &filter, &by_id, &err) == CG_OK;
	filter = (struct store_filter){ .action = "violated-seccomp-policy" };
	ok = ok && store_count(store, &filter, &others, &err) == CG_OK;
	tap_ok(tap, ok && by_action == 1 && by_id == 1 && others == ROWS + 5,
	       "another event, by its action and id: %" PRIu64 ", %" PRIu64
	       ", %" PRIu64 " %s",
	       by_action, by_id, others, err.message);
}

static void check_queries(struct tap *tap)
{
	struct store *store =
		open_or_die(path_of("queries"), (struct store_limits){ 0 });
	struct store_tally tally;
	struct cg_error err = { 0 };
	struct store *reader = NULL;
	bool same = true;

	for (uint32_t n = 0; n < ROWS; n++)
		same &= add_one(store, n, &err) == CG_OK;
	same &= store_commit(store, &err) == CG_OK;
	tap_ok(tap, same, "rows are added %s", err.message);
	if (store_open_reader(path_of("queries"), &reader, &err) != CG_OK)
		tap_note("%s", err.message);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(tap, reader, &rows[i]);
	check_sums(tap, reader);
	tap_ok(tap,
	       store_each(reader, NULL, see_record, &same, &err) == CG_OK &&
		       same,
	       "a row has what a violation is %s", err.message);
	for (uint32_t n = ROWS - 5; n < ROWS + 5; n++)
		same &= add_one(store, n, &err) == CG_OK;
	same &= store_add(store, NULL, "{\"message\":\"lost\"}", &err) == CG_OK;
	same &= store_commit(store, &err) == CG_OK;
	store_counts(store, &tally);
	tap_ok(tap,
	       same && tally.added == ROWS + 11 && tally.repeated == 5 &&
		       tally.stored == ROWS + 6 && !tally.lost &&
		       !tally.pending,
	       "what is there already is not added again");
	check_other(tap, store);
	tap_ok(tap,
	       store_open(path_of("queries"), NULL, &reader, &err) ==
		       CG_E_SYSTEM,
	       "a second writer: %s", err.message);
	store_close(reader);
	store_close(store);
}

/* -------------------------------------------------------------- limits -- */

static void check_size(struct tap *tap)
{
	const struct store_limits limits = { .bytes = 1 << 20 };
	struct store *store = open_or_die(path_of("size"), limits);
	struct cg_error err = { 0 };
	struct store_tally tally;
	int64_t pages = 0, size = 0;
	uint64_t there = 0;
	bool ok = true;

	for (uint32_t n = 0; ok && n < 6000; n++) {
		ok = add_one(store, n, &err) == CG_OK;
		if (n % 500 == 499)
			ok = ok && store_commit(store, &err) == CG_OK;
	}
	ok = ok && inside_ask(store, "PRAGMA page_count", &pages, &err) &&
	     inside_ask(store, "PRAGMA page_size", &size, &err) &&
	     store_count(store, NULL, &there, &err) == CG_OK;
	store_counts(store, &tally);
	tap_ok(tap,
	       ok && pages * size <= 1 << 20 && there > 300 &&
		       tally.stored == there + tally.expired,
	       "a bound on size: %" PRId64 " bytes, %" PRIu64 " rows, %" PRIu64
	       " expired %s",
	       pages * size, there, tally.expired, err.message);
	store_close(store);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		exit(EXIT_FAILURE);
	sqlite3_close(db);
}

/* Two hours pass at once: those that are there came so long ago. */
static void check_age(struct tap *tap)
{
	const struct store_limits limits = { .age = 3600 * SECOND };
	struct store *store = open_or_die(path_of("age"), limits);
	struct cg_error err = { 0 };
	uint64_t there = 99;
	bool ok = true;

	for (uint32_t n = 0; n < 10; n++)
		ok &= add_one(store, n, &err) == CG_OK;
	ok &= store_commit(store, &err) == CG_OK;
	run_sql(path_of("age"),
		"UPDATE event SET added = added - 7200000000000");
	ok &= add_one(store, 10, &err) == CG_OK &&
	      store_commit(store, &err) == CG_OK &&
	      store_count(store, NULL, &there, &err) == CG_OK;
	tap_ok(tap, ok && there == 1, "a bound on age: %" PRIu64 " left %s",
	       there, err.message);
	store_close(store);
}

/* The clock was wrong for a while: what is old goes, and nothing with it. */
static void check_clock(struct tap *tap)
{
	const struct store_limits limits = { .age = 3600 * SECOND };
	struct store *store = open_or_die(path_of("clock"), limits);
	struct cg_error err = { 0 };
	uint64_t before = 0, after = 0;
	bool ok = true;

	for (uint32_t n = 0; n < 10; n++)
		ok &= add_one(store, n, &err) == CG_OK;
	ok &= store_commit(store, &err) == CG_OK;
	run_sql(path_of("clock"), "UPDATE event SET added = 5 WHERE row = 4");
	ok &= add_one(store, 10, &err) == CG_OK &&
	      store_commit(store, &err) == CG_OK &&
	      store_count(store, NULL, &before, &err) == CG_OK;
	run_sql(path_of("clock"),
		"UPDATE event SET added = added - 7200000000000 WHERE row < 4");
	ok &= add_one(store, 11, &err) == CG_OK &&
	      store_commit(store, &err) == CG_OK &&
	      store_count(store, NULL, &after, &err) == CG_OK;
	tap_ok(tap, ok && before == 11 && after == 8,
	       "a clock that was wrong: %" PRIu64 ", %" PRIu64 " left %s",
	       before, after, err.message);
	store_close(store);
}

/* ------------------------------------------------------------- refusals -- */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		exit(EXIT_FAILURE);
}

static void check_refused(struct tap *tap, const char *name, const char *words)
{
	struct cg_error err = { 0 };
	struct store *store = NULL;
	enum cg_status writer, reader;

	reader = store_open_reader(path_of(name), &store, &err);
	tap_ok(tap, reader == CG_E_INPUT && strstr(err.message, words),
	       "%s, reading: %s", name, err.message);
	writer = store_open(path_of(name), NULL, &store, &err);
	tap_ok(tap, writer == CG_E_INPUT && strstr(err.message, words),
	       "%s, writing: %s", name, err.message);
}

static void check_refusals(struct tap *tap)
{
	struct cg_error err = { 0 };
	struct store *store = NULL;

	write_file(path_of("text"),
		   "this is no database, by far not, at all\n"
		   "this is no database, by far not, at all\n"
		   "this is no database, by far not, at all\n");
	check_refused(tap, "text", "no SQLite database");
	run_sql(path_of("foreign"), "CREATE TABLE event (row)");
	check_refused(tap, "foreign", "something else");
	store_close(open_or_die(path_of("newer"), (struct store_limits){ 0 }));
	run_sql(path_of("newer"), "PRAGMA user_version = 9");
	check_refused(tap, "newer", "version 9");
	tap_ok(tap,
	       store_open_reader(path_of("nowhere"), &store, &err) ==
			       CG_E_SYSTEM &&
		       strstr(err.message, "No such file"),
	       "nowhere: %s", err.message);
}

/* --------------------------------------------------------------- losses -- */

/* A full disk: what was not stored is counted as lost, and it goes on. */
static void check_full(struct tap *tap)
{
	struct rlimit small = { 400000, RLIM_INFINITY };
	struct store *store =
		open_or_die(path_of("full"), (struct store_limits){ 0 });
	struct cg_error err = { 0 }, first = { 0 };
	struct store_tally tally;
	uint64_t there = 0;
	unsigned failed = 0;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	for (uint32_t n = 0; n < 2000; n++) {
		enum cg_status status = add_one(store, n, &err);

		if (status == CG_OK && n % 50 == 49)
			status = store_commit(store, &err);
		if (status != CG_OK && !failed++)
			first = err;
	}
	store_counts(store, &tally);
	tap_ok(tap,
	       failed && tally.lost &&
		       tally.added == tally.stored + tally.repeated +
					      tally.lost + tally.pending,
	       "a full disk: %" PRIu64 " stored, %" PRIu64 " lost: %s",
	       tally.stored, tally.lost, first.message);
	setrlimit(RLIMIT_FSIZE,
		  &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	for (uint32_t n = 2000; n < 2050; n++)
		(void)add_one(store, n, &err);
	(void)store_commit(store, &err);
	store_counts(store, &tally);
	failed = store_count(store, NULL, &there, &err) != CG_OK;
	tap_ok(tap,
	       !failed && there == tally.stored && tally.stored >= 50 &&
		       tally.added == 2050 && !tally.pending &&
		       tally.added == tally.stored + tally.lost,
	       "room again: %" PRIu64 " of 2050 there, %" PRIu64 " lost", there,
	       tally.lost);
	store_close(store);
}

/* Write for ever; after each commit say how many rows there are. */
_Noreturn static void write_until_killed(const char *path, uint32_t n, int to)
{
	struct store *store = open_or_die(path, (struct store_limits){ 0 });
	struct cg_error err = { 0 };

	for (;; n++) {
		if (add_one(store, n, &err) != CG_OK)
			_exit(1);
		if (n % 7)
			continue;
		if (store_commit(store, &err) != CG_OK)
			_exit(2);
		if (write(to, &n, sizeof(n)) != sizeof(n))
			_exit(3);
	}
}

/*
 * `begun`: not before it has acknowledged something. Otherwise at any moment,
 * also while it makes the file: the next writer goes on from there.
 */
static bool survives(const char *path, bool begun, uint32_t *next)
{
	uint32_t acknowledged = 0, word;
	struct cg_error err = { 0 };
	struct store *store = NULL;
	uint64_t there = 0;
	int ends[2], status;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		return false;
	if (child == 0)
		write_until_killed(path, *next, ends[1]);
	close(ends[1]);
	if (begun && read(ends[0], &word, sizeof(word)) == sizeof(word))
		acknowledged = word;
	usleep(20000 + (useconds_t)(rand() % 60000));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	while (read(ends[0], &word, sizeof(word)) == sizeof(word))
		acknowledged = word;
	close(ends[0]);
	if (!WIFSIGNALED(status) ||
	    store_open(path, NULL, &store, &err) != CG_OK ||
	    store_count(store, NULL, &there, &err) != CG_OK) {
		tap_note("%d %s", status, err.message);
		return false;
	}
	store_close(store);
	*next = (uint32_t)there;
	return !acknowledged || there >= (uint64_t)acknowledged + 1;
}

static void check_kills(struct tap *tap)
{
	uint32_t next = 0;
	bool ok = true;

	for (int i = 0; ok && i < KILLS; i++)
		ok = survives(path_of("killed"), i % 2, &next);
	tap_ok(tap, ok && next,
	       "killed %d times, nothing acknowledged is lost: %" PRIu32
	       " rows",
	       KILLS, next);
}

int main(void)
{
	struct tap tap = { 0 };
	char remove[64];

	tap_seed((unsigned)getpid());
	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	check_queries(&tap);
	check_size(&tap);
	check_age(&tap);
	check_clock(&tap);
	check_refusals(&tap);
	check_full(&tap);
	check_kills(&tap);
	snprintf(remove, sizeof(remove), "rm -r %s", folder);
	if (system(remove) != 0)
		tap_note("%s stays", folder);
	return tap_done(&tap);
}
