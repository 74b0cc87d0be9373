/*
 * No new processes, on every system: its steps against a libc that is played.
 * The player writes down each call, and lets one of them fail, or lie.
 *
 * Builds for Windows as well, and there the real job object is tried, too.
 */
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#ifndef NOPROC_ALONE
#include <callgate/load.h>
#endif

#include "noproc/noproc.h"

enum { TRACE_SIZE = 1024, A_HANDLE = 44, A_PROGRAM = 77 };

/* How a call ends well, and how it fails. */
static const struct {
	const char *name;
	intptr_t good, bad;
} calls[CALLS] = {
	[CALL_GETUID] = { "getuid", 1000, 1000 },
	[CALL_GETRLIMIT] = { "getrlimit", 0, -1 },
	[CALL_SETRLIMIT] = { "setrlimit", 0, -1 },
	[CALL_FORK] = { "fork", -1, -1 },
	[CALL_RULES_WRITE] = { "write", 0, -1 },
	[CALL_RULES_REMOVE] = { "unlink", 0, -1 },
	[CALL_SANDBOX_INIT] = { "sandbox_init", 0, -1 },
	[CALL_PLEDGE] = { "pledge", 0, -1 },
	[CALL_PRIV_OFF] = { "priv_off", 0, -1 },
	[CALL_PRIV_HAS] = { "priv_has", 0, 1 },
	[CALL_JOB_CREATE] = { "create", A_HANDLE, 0 },
	[CALL_JOB_QUERY] = { "query", 1, 0 },
	[CALL_JOB_SET] = { "set", 1, 0 },
	[CALL_JOB_ASSIGN] = { "assign", 1, 0 },
	[CALL_JOB_HOLDS] = { "holds", 1, 0 },
	[CALL_JOB_CLOSE] = { "close", 1, 0 },
	[CALL_SPAWN] = { "spawn", -1, -1 },
	[CALL_FILTER] = { "filter", CG_OK, CG_E_NOMEM },
	[CALL_MODE] = { "mode", 0, -1 },
	[CALL_LOAD] = { "load", CG_OK, CG_E_SYSTEM },
	[CALL_FREE] = { "free", 0, 0 },
	[CALL_EXECVE] = { "execve", -1, -1 },
	[CALL_EXECVEAT] = { "execveat", -1, -1 },
	[CALL_CLONE] = { "clone", -1, -1 },
	[CALL_CLONE3] = { "clone3", -1, -1 },
};

/* What one call answers instead. */
struct twist {
	const char *call;
	unsigned nth; /* of its name, from 1; 0: each */
	intptr_t result;
	int32_t number;
};

struct player {
	struct twist twist;
	unsigned fail_at, count; /* the n-th call of all fails; 0: none */
	unsigned seen[CALLS];
	char trace[TRACE_SIZE];
	uint64_t limit; /* RLIMIT_NPROC */
	struct noproc_job job;
	const char *why; /* the sandbox's words */
	enum noproc_call failed;
};

__attribute__((format(printf, 2, 3))) static void
write_down(struct player *player, const char *format, ...)
{
	size_t used = strlen(player->trace);
	va_list args;

	va_start(args, format);
	vsnprintf(player->trace + used, TRACE_SIZE - used, format, args);
	va_end(args);
}

static void play_limits(struct player *player, enum noproc_call what,
			const uintptr_t *arguments)
{
	if (what == CALL_GETRLIMIT) {
		*(uint64_t *)arguments[0] = player->limit;
		*(uint64_t *)arguments[1] = player->limit;
	} else if (what == CALL_SETRLIMIT) {
		player->limit = arguments[0];
		write_down(player, "(%u,%u)", (unsigned)arguments[0],
			   (unsigned)arguments[1]);
	}
}

static void play_job(struct player *player, enum noproc_call what,
		     const uintptr_t *arguments)
{
	const struct noproc_job *job = (const struct noproc_job *)arguments[1];

	if (what >= CALL_JOB_QUERY && what <= CALL_JOB_CLOSE &&
	    arguments[0] != A_HANDLE)
		write_down(player, "(no handle)");
	if (what == CALL_JOB_QUERY)
		*(struct noproc_job *)arguments[1] = player->job;
	if (what == CALL_JOB_SET) {
		player->job = *job;
		write_down(player, "(%u,%u)", (unsigned)job->flags,
			   (unsigned)job->active);
	}
}

/* Texts that go in, and what comes out through pointers. */
static void play_texts(struct player *player, enum noproc_call what,
		       const uintptr_t *arguments)
{
	switch (what) {
	case CALL_RULES_WRITE:
		write_down(player, "(%u)",
			   !!strstr((const char *)arguments[0],
				    "(deny process-fork)\n"
				    "(deny process-exec)\n"));
		snprintf((char *)arguments[1], arguments[2], "rules");
		break;
	case CALL_RULES_REMOVE:
	case CALL_PRIV_HAS:
	case CALL_SANDBOX_INIT:
		write_down(player, "(%s)", (const char *)arguments[0]);
		break;
	case CALL_PLEDGE: /* whole words, "proc" and "exec" not among them */
		write_down(player, "(%d%d%d)",
			   !!strstr((const char *)arguments[0], " proc "),
			   !!strstr((const char *)arguments[0], " exec "),
			   !!strstr((const char *)arguments[0], " error"));
		break;
	case CALL_PRIV_OFF:
		write_down(player, "(%s,%s)", (const char *)arguments[0],
			   (const char *)arguments[1]);
		break;
	default:
		break;
	}
}

#ifndef NOPROC_ALONE
static void play_linux(struct player *player, enum noproc_call what,
		       const uintptr_t *arguments, intptr_t result)
{
	struct cg_error *err = NULL;

	if (what == CALL_FILTER) {
		write_down(player, "(%u)", (unsigned)arguments[0]);
		*(uintptr_t *)arguments[1] = A_PROGRAM;
		err = (struct cg_error *)arguments[2];
	}
	if (what == CALL_LOAD) {
		write_down(player, arguments[1] ? "(one)" : "(all)");
		*(struct cg_loaded *)arguments[2] =
			(struct cg_loaded){ .threads = arguments[1] ? 1 : 5,
					    .verified = true };
		err = (struct cg_error *)arguments[3];
	}
	if (err && result != CG_OK) {
		fail_set(err, (enum cg_status)result, "the loader says why");
		err->thread = result == CG_E_THREAD ? 4711 : 0;
	}
}
#else
static void play_linux(struct player *player, enum noproc_call what,
		       const uintptr_t *arguments, intptr_t result)
{
	(void)player;
	(void)what;
	(void)arguments;
	(void)result;
}
#endif

static int32_t usual_number(enum noproc_call what)
{
	if (what == CALL_EXECVE || what == CALL_EXECVEAT || what == CALL_CLONE)
		return EACCES;
	return what == CALL_CLONE3 ? ENOSYS : 0;
}

static intptr_t play(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	struct player *player = context;
	const struct twist *twist = &player->twist;
	intptr_t result = calls[what].good;

	player->seen[what]++;
	*number = usual_number(what);
	if (++player->count == player->fail_at) {
		player->failed = what;
		result = calls[what].bad;
		*number = EPERM;
	}
	if (twist->call && strcmp(twist->call, calls[what].name) == 0 &&
	    (twist->nth == 0 || twist->nth == player->seen[what])) {
		result = twist->result;
		*number = twist->number;
	}
	write_down(player, "%s%s", player->count > 1 ? " " : "",
		   calls[what].name);
	if (result == calls[what].good || what == CALL_LOAD ||
	    what == CALL_FILTER)
		play_linux(player, what, arguments, result);
	if (what == CALL_SANDBOX_INIT && player->why)
		snprintf((char *)arguments[1], arguments[2], "%s", player->why);
	if (result != calls[what].good)
		return result;
	play_limits(player, what, arguments);
	play_job(player, what, arguments);
	play_texts(player, what, arguments);
	return result;
}

static const char *text(int32_t number)
{
	return number == EPERM ? "not permitted" : NULL;
}

static const struct cg_noproc_options strict = { .mode = CG_NOPROC_STRICT };
#ifndef NOPROC_ALONE
static const struct cg_noproc_options compatible = {
	.mode = CG_NOPROC_COMPATIBLE,
};
static const struct cg_noproc_options this_thread = {
	.this_thread_will_do = true,
};
#endif

#define WINDOWS "create query set(8,1) assign holds query"
#define MACOS "setrlimit(0,0) getrlimit write(1) sandbox_init(rules)"
#define SOLARIS                                              \
	"priv_off(proc_fork,proc_exec) priv_has(proc_fork) " \
	"priv_has(proc_exec)"
#define PLEDGED "setrlimit(0,0) getrlimit pledge(001)"

/* clang-format off */
static const struct row {
	const char *name;
	const struct noproc_system *system;
	const struct cg_noproc_options *options;
	struct twist twist;
	const char *why;     /* what the sandbox says, where it fails */
	const char *trace;
	const char *message; /* NULL: success */
	enum cg_noproc_state state;
} rows[] = {
	{ "freebsd", &noproc_freebsd, &strict, { 0 }, NULL,
	  "getuid setrlimit(0,0) getrlimit fork", NULL, CG_NOPROC_ALL_THREADS },
	{ "netbsd", &noproc_netbsd, &strict, { 0 }, NULL,
	  "getuid setrlimit(0,0) getrlimit fork", NULL, CG_NOPROC_ALL_THREADS },
	{ "freebsd as root", &noproc_freebsd, &strict, { "getuid", 0, 0, 0 },
	  NULL, "getuid",
	  "uid: this system's limit on processes does not bind uid 0: become "
	  "another user first", CG_NOPROC_NONE },
	{ "netbsd, no limit", &noproc_netbsd, &strict,
	  { "setrlimit", 0, -1, EPERM }, NULL, "getuid setrlimit",
	  "setrlimit: RLIMIT_NPROC cannot be set to 0: not permitted",
	  CG_NOPROC_NONE },
	{ "netbsd, an unknown errno", &noproc_netbsd, &strict,
	  { "setrlimit", 0, -1, 99 }, NULL, "getuid setrlimit",
	  "setrlimit: RLIMIT_NPROC cannot be set to 0: error 99",
	  CG_NOPROC_NONE },
	{ "freebsd, a limit that lies", &noproc_freebsd, &strict,
	  { "fork", 0, 1, 0 }, NULL, "getuid setrlimit(0,0) getrlimit fork",
	  "fork: all was set, and a process could be started all the same",
	  CG_NOPROC_NONE },
	{ "openbsd", &noproc_openbsd, &strict, { 0 }, NULL,
	  PLEDGED " fork", NULL, CG_NOPROC_ALL_THREADS },
	{ "openbsd, no pledge", &noproc_openbsd, &strict,
	  { "pledge", 0, -1, EPERM }, NULL, "setrlimit(0,0) getrlimit pledge",
	  "pledge: RLIMIT_NPROC is 0 already, but \"proc\" and \"exec\" cannot "
	  "be given up: not permitted", CG_NOPROC_NONE },
	{ "macos", &noproc_macos, &strict, { 0 }, NULL,
	  MACOS " fork unlink(rules)", NULL, CG_NOPROC_ALL_THREADS },
	{ "macos, no file", &noproc_macos, &strict,
	  { "write", 0, -1, EPERM }, NULL, "setrlimit(0,0) getrlimit write",
	  "rules: the sandbox's rules cannot be written to a file: not "
	  "permitted", CG_NOPROC_NONE },
	{ "macos, no sandbox", &noproc_macos, &strict,
	  { "sandbox_init", 0, -1, 0 }, NULL,
	  "setrlimit(0,0) getrlimit write(1) sandbox_init unlink(rules)",
	  "sandbox_init: RLIMIT_NPROC is 0 already, but the sandbox cannot be "
	  "entered (it does not say why)", CG_NOPROC_NONE },
	{ "macos, the sandbox says why", &noproc_macos, &strict,
	  { "sandbox_init", 0, -1, 0 }, "no such profile",
	  "setrlimit(0,0) getrlimit write(1) sandbox_init unlink(rules)",
	  "sandbox_init: RLIMIT_NPROC is 0 already, but the sandbox cannot be "
	  "entered (no such profile)", CG_NOPROC_NONE },
	{ "macos, the sandbox lies", &noproc_macos, &strict,
	  { "fork", 0, 1, 0 }, NULL, MACOS " fork unlink(rules)",
	  "fork: all was set, and a process could be started all the same",
	  CG_NOPROC_NONE },
	{ "macos, the file stays", &noproc_macos, &strict,
	  { "unlink", 0, -1, EPERM }, NULL, MACOS " fork unlink", NULL,
	  CG_NOPROC_ALL_THREADS },
	{ "solaris", &noproc_solaris, &strict, { 0 }, NULL,
	  SOLARIS " fork", NULL, CG_NOPROC_ALL_THREADS },
	{ "solaris, one stays", &noproc_solaris, &strict,
	  { "priv_has", 2, 1, 0 }, NULL,
	  "priv_off(proc_fork,proc_exec) priv_has(proc_fork) priv_has",
	  "priv_ineffect: proc_exec was given up, and is still there",
	  CG_NOPROC_NONE },
	{ "solaris, refused", &noproc_solaris, &strict,
	  { "priv_off", 0, -1, EPERM }, NULL, "priv_off",
	  "priv_set: proc_fork and proc_exec cannot be given up: not permitted",
	  CG_NOPROC_NONE },
	{ "windows", &noproc_windows, &strict, { 0 }, NULL,
	  WINDOWS " spawn close", NULL, CG_NOPROC_ALL_THREADS },
	{ "windows, no job", &noproc_windows, &strict,
	  { "create", 0, 0, 5 }, NULL, "create",
	  "CreateJobObject: no job object can be made: error 5",
	  CG_NOPROC_NONE },
	{ "windows, no query", &noproc_windows, &strict,
	  { "query", 1, 0, 5 }, NULL, "create query close",
	  "SetInformationJobObject: the limits of the job object cannot be "
	  "read: error 5", CG_NOPROC_NONE },
	{ "windows, no limit", &noproc_windows, &strict,
	  { "set", 0, 0, 87 }, NULL, "create query set close",
	  "SetInformationJobObject: the job object cannot be limited to one "
	  "process: error 87", CG_NOPROC_NONE },
	{ "windows, not assigned", &noproc_windows, &strict,
	  { "assign", 0, 0, 5 }, NULL, "create query set(8,1) assign close",
	  "AssignProcessToJobObject: this process cannot be put into the job "
	  "object: error 5", CG_NOPROC_NONE },
	{ "windows, not in it", &noproc_windows, &strict,
	  { "holds", 0, 0, 0 }, NULL,
	  "create query set(8,1) assign holds close",
	  "QueryInformationJobObject: this process was put into the job "
	  "object, and is not in it", CG_NOPROC_NONE },
	{ "windows, no second query", &noproc_windows, &strict,
	  { "query", 2, 0, 6 }, NULL, WINDOWS " close",
	  "QueryInformationJobObject: the limits of the job object cannot be "
	  "read: error 6", CG_NOPROC_NONE },
	{ "windows, forgets the limit", &noproc_windows, &strict,
	  { "set", 0, 2, 0 }, NULL,
	  "create query set assign holds query close",
	  "QueryInformationJobObject: the job object was limited to one "
	  "process, and the limit is not there: this system does not enforce "
	  "it", CG_NOPROC_NONE },
	{ "windows, starts it all the same", &noproc_windows, &strict,
	  { "spawn", 0, 1, 0 }, NULL, WINDOWS " spawn close",
	  "CreateProcess: all was set, and a process could be started all the "
	  "same", CG_NOPROC_NONE },
#ifndef NOPROC_ALONE
	{ "linux", &noproc_linux, &strict, { 0 }, NULL,
	  "filter(0) mode load(all) execve execveat clone clone3 free", NULL,
	  CG_NOPROC_ALL_THREADS },
	{ "linux, compatible", &noproc_linux, &compatible, { 0 }, NULL,
	  "filter(1) mode load(all) execve execveat free", NULL,
	  CG_NOPROC_ALL_THREADS },
	{ "linux, under another filter", &noproc_linux, &strict,
	  { "mode", 0, 2, 0 }, NULL, "filter(0) mode load(all) free", NULL,
	  CG_NOPROC_ALL_THREADS },
	{ "linux, mode not known", &noproc_linux, &strict,
	  { "mode", 0, -1, EPERM }, NULL, "filter(0) mode load(all) free", NULL,
	  CG_NOPROC_ALL_THREADS },
	{ "linux, no filter", &noproc_linux, &strict,
	  { "filter", 0, CG_E_NOMEM, 0 }, NULL, "filter(0)",
	  "the loader says why", CG_NOPROC_NONE },
	{ "linux, a thread stays out", &noproc_linux, &strict,
	  { "load", 1, CG_E_THREAD, 0 }, NULL,
	  "filter(0) mode load(all) free", "the loader says why",
	  CG_NOPROC_NONE },
	{ "linux, this thread will do", &noproc_linux, &this_thread,
	  { "load", 1, CG_E_THREAD, 0 }, NULL,
	  "filter(0) mode load(all) load(one) execve execveat clone clone3 "
	  "free", NULL, CG_NOPROC_THIS_THREAD },
	{ "linux, not even this thread", &noproc_linux, &this_thread,
	  { "load", 0, CG_E_THREAD, 0 }, NULL,
	  "filter(0) mode load(all) load(one) free", "the loader says why",
	  CG_NOPROC_NONE },
	{ "linux, blocked is no thread", &noproc_linux, &this_thread,
	  { "load", 0, CG_E_BLOCKED, 0 }, NULL,
	  "filter(0) mode load(all) free", "the loader says why",
	  CG_NOPROC_NONE },
	{ "linux, execve goes through", &noproc_linux, &strict,
	  { "execve", 0, -1, ENOENT }, NULL,
	  "filter(0) mode load(all) execve free",
	  "try: the filter was loaded, and execve is not refused: error 2",
	  CG_NOPROC_NONE },
	{ "linux, clone goes through", &noproc_linux, &strict,
	  { "clone", 0, -1, EINVAL }, NULL,
	  "filter(0) mode load(all) execve execveat clone free",
	  "try: the filter was loaded, and clone is not refused: error 22",
	  CG_NOPROC_NONE },
	{ "linux, clone3 goes through", &noproc_linux, &strict,
	  { "clone3", 0, -1, EINVAL }, NULL,
	  "filter(0) mode load(all) execve execveat clone clone3 free",
	  "try: the filter was loaded, and clone3 is not refused: error 22",
	  CG_NOPROC_NONE },
#endif
};
/* clang-format on */

static bool run(struct player *player, const struct row *row,
		struct cg_noproc *out, struct cg_error *err)
{
	const struct noproc_os os = { .call = play,
				      .text = text,
				      .context = player };

	player->limit = 100;
	player->why = row->why;
	memset(err, 0, sizeof(*err));
	return noproc_run(row->system, &os, row->options, out, err);
}

static bool as_wanted(const struct row *row)
{
	struct player player = { .twist = row->twist };
	struct cg_noproc out;
	struct cg_error err;
	bool ok = run(&player, row, &out, &err);

	if (strcmp(player.trace, row->trace) != 0) {
		tap_note("want: %s", row->trace);
		tap_note(" got: %s", player.trace);
		return false;
	}
	if (ok != !row->message || out.state != row->state ||
	    strcmp(out.system, row->system->name) != 0 ||
	    out.verified != (row->state != CG_NOPROC_NONE)) {
		tap_note("ok %d, state %d, %s", ok, (int)out.state,
			 err.message);
		return false;
	}
	if (ok)
		return true;
	if (strcmp(err.message, row->message) != 0) {
		tap_note("want: %s", row->message);
		tap_note(" got: %s", err.message);
		return false;
	}
	return err.status != CG_OK;
}

/* What undoes or ends something, or is a failure as it should be. */
static bool may_fail(enum noproc_call what)
{
	return what == CALL_GETUID || what == CALL_FORK || what == CALL_SPAWN ||
	       what == CALL_RULES_REMOVE || what == CALL_JOB_CLOSE ||
	       what == CALL_FREE || what == CALL_MODE;
}

/* Each call of a run that goes well fails in its turn; nothing is claimed. */
static bool fails_cleanly(const struct row *row)
{
	for (unsigned at = 1;; at++) {
		struct player player = { .fail_at = at };
		struct cg_noproc out;
		struct cg_error err;
		bool ok = run(&player, row, &out, &err);

		if (player.count < at)
			return at > 1;
		if (ok ? !may_fail(player.failed)
		       : out.state != CG_NOPROC_NONE || out.verified ||
				    err.status == CG_OK || !err.message[0]) {
			tap_note("call %u, %s: ok %d, state %d", at,
				 calls[player.failed].name, ok, (int)out.state);
			return false;
		}
		/* What was opened is closed, what was made is removed. */
		if ((player.seen[CALL_JOB_SET] &&
		     !player.seen[CALL_JOB_CLOSE]) ||
		    (player.seen[CALL_SANDBOX_INIT] &&
		     !player.seen[CALL_RULES_REMOVE]) ||
		    (player.seen[CALL_LOAD] && !player.seen[CALL_FREE])) {
			tap_note("left behind: %s", player.trace);
			return false;
		}
	}
}

/* ---------------------------------------------------- the bootstrap check */

static const struct serve_row {
	const char *address;
	bool loopback;
} serve_rows[] = {
	{ "127.0.0.1", true },
	{ "127.0.0.1:9200", true },
	{ "127.255.255.254", true },
	{ "localhost", true },
	{ "localhost:80", true },
	{ "::1", true },
	{ "[::1]:9200", true },
	{ "0:0:0:0:0:0:0:1", true },
	{ "[::ffff:127.0.0.1]:80", true },
	{ "unix:/run/app.socket", true },
	{ "0.0.0.0", false },
	{ "0.0.0.0:9200", false },
	{ "::", false },
	{ "[::]:9200", false },
	{ "::2", false },
	{ "", false },
	{ ":9200", false },
	{ "*", false },
	{ "10.0.0.1", false },
	{ "128.0.0.1", false },
	{ "127.0.0", false },
	{ "127.0.0.1.5", false },
	{ "127.0.0.256", false },
	{ "127.0.0.01", false },
	{ "127.0.0.1x", false },
	{ "127.0.0.1.example.org", false },
	{ "localhost.example.org", false },
	{ "example.org:80", false },
	{ "[::ffff:10.0.0.1]:80", false },
	{ "[::1", true },
	{ "1111111111111111111111111111111111111111111111111111111111111111"
	  "111111111111",
	  false },
};

static bool serves(enum cg_noproc_state state, const char *first,
		   const char *second, struct cg_error *err)
{
	const struct cg_noproc noproc = { .state = state,
					  .system = "linux",
					  .step = "load" };
	const char *const addresses[] = { first, second };

	return cg_noproc_may_serve(&noproc, addresses, 2, err) == CG_OK;
}

static void test_serve(struct tap *tap)
{
	struct cg_error err;

	for (size_t i = 0; i < sizeof(serve_rows) / sizeof(serve_rows[0]);
	     i++) {
		const struct serve_row *row = &serve_rows[i];
		const char *address = row->address;

		tap_ok(tap,
		       serves(CG_NOPROC_NONE, "::1", address, &err) ==
				       row->loopback &&
			       serves(CG_NOPROC_THIS_THREAD, address, "::1",
				      NULL) == row->loopback &&
			       serves(CG_NOPROC_ALL_THREADS, address, address,
				      &err),
		       "serve on '%.40s'", address);
	}
	serves(CG_NOPROC_NONE, "127.0.0.1", "0.0.0.0:9200", &err);
	tap_ok(tap,
	       strcmp(err.message,
		      "'0.0.0.0:9200' is beyond loopback, and new processes "
		      "are refused in no thread (linux, step load): serve on "
		      "loopback, or mend that first") == 0,
	       "the bootstrap check says why: %s", err.message);
	tap_ok(tap,
	       cg_noproc_may_serve(&(struct cg_noproc){ 0 }, NULL, 0, NULL) ==
		       CG_OK,
	       "no address");
}

#ifdef _WIN32
/* The real calls, of which one gets a handle that is none. */
struct bad {
	unsigned count, at;
};

static intptr_t call_bad(void *context, enum noproc_call what,
			 const uintptr_t arguments[4], int32_t *number)
{
	const uintptr_t none[4] = { 0x7ffffff0, arguments[1] };
	struct bad *bad = context;

	if (++bad->count == bad->at)
		arguments = none;
	return noproc_windows_os.call(NULL, what, arguments, number);
}

static bool bad_handle(struct bad *bad, unsigned at)
{
	const struct noproc_os os = { .call = call_bad, .context = bad };
	static const struct cg_noproc_options options;
	struct cg_error err = { 0 };
	struct cg_noproc out;

	*bad = (struct bad){ .at = at };
	if (noproc_run(&noproc_windows, &os, &options, &out, &err))
		return false;
	tap_note("bad handle in call %u: %s", at, err.message);
	return out.state == CG_NOPROC_NONE && err.sys_errno == 6;
}

/*
 * The real thing. Where the limit is not enforced (wine), it says so and
 * claims nothing.
 */
static void real_attempt(struct tap *tap)
{
	struct cg_error err = { 0 };
	struct cg_noproc out;
	enum cg_status status = cg_no_new_processes(NULL, &out, &err);

	tap_note("real: status %d, state '%s', step %s: %s", (int)status,
		 cg_noproc_state_text(out.state), out.step, err.message);
	tap_ok(tap,
	       status == CG_OK
		       ? out.state == CG_NOPROC_ALL_THREADS && out.verified
		       : status == CG_E_UNSUPPORTED &&
				 out.state == CG_NOPROC_NONE &&
				 strstr(err.message, "does not enforce"),
	       "the real job object");
}

static void test_real(struct tap *tap)
{
	struct bad bad;
	unsigned at = 0, refused = 0;

	do {
		refused += bad_handle(&bad, ++at);
	} while (bad.count >= at);
	/* Set, assign, holds; wine takes any handle for a query. */
	tap_ok(tap, refused >= 3, "%u real calls with a bad handle fail",
	       refused);
	real_attempt(tap);
}
#endif

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, as_wanted(&rows[i]), "%s", rows[i].name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].twist.call)
			tap_ok(&tap, fails_cleanly(&rows[i]),
			       "%s: each call fails", rows[i].name);
	test_serve(&tap);
#ifdef _WIN32
	test_real(&tap);
#endif
	return tap_done(&tap);
}
