/*
 * cg_run, and what it refuses: each answer of a filter, by each door, from one
 * process and from many, must be what the kernel alone would have answered,
 * and be reported once, as it was. And what can fail must run nothing.
 *
 *	run_test VICTIM [VICTIM32]	(- where there is none)
 */
#include "run.h"

#include <sys/ptrace.h>
#include <sys/resource.h>

/* ---------------------------------------------------- refusals, by a table */

#define CALL64 "x86_64 getppid(11, 22) "
#define CALL32 "i386 getppid(11, 22) "

static const struct row {
	const char *name, *verb, *with;
	uint32_t answer;
	enum cg_explain explain;
	int code, sig;      /* exit code, or signal */
	const char *report; /* one line of it, or "" for none at all */
	unsigned times;     /* that line comes so often */
} rows[] = {
	{ "errno, explained", "call", NULL, REFUSE, CG_EXPLAIN_ALL, REFUSED, 0,
	  CALL64 "0005000d\n", 1 },
	{ "errno, not explained", "call", NULL, REFUSE, CG_EXPLAIN_KILLS,
	  REFUSED, 0, "", 0 },
	{ "errno, nobody there", "call", NULL, REFUSE, CG_EXPLAIN_NONE, REFUSED,
	  0, "", 0 },
	{ "errno 0", "call", NULL, CG_RET_ERRNO, CG_EXPLAIN_ALL, 0, 0,
	  CALL64 "00050000\n", 1 },
	{ "errno 4096 is 4095", "call", NULL, CG_RET_ERRNO | 4096,
	  CG_EXPLAIN_ALL, 4095 & 255, 0, CALL64 "00051000\n", 1 },
	{ "errno 65535 is 4095", "call", NULL, CG_RET_ERRNO | 65535,
	  CG_EXPLAIN_KILLS, 4095 & 255, 0, "", 0 },
	{ "trace, nobody traces", "call", NULL, CG_RET_TRACE | 13,
	  CG_EXPLAIN_ALL, ENOSYS, 0, "", 0 },
	{ "trace, in kills", "call", NULL, CG_RET_TRACE | 13, CG_EXPLAIN_KILLS,
	  ENOSYS, 0, "", 0 },
	{ "kill_process", "call", NULL, CG_RET_KILL_PROCESS, CG_EXPLAIN_KILLS,
	  0, SIGSYS, CALL64 "80000000\n", 1 },
	{ "kill_process in all", "call", NULL, CG_RET_KILL_PROCESS,
	  CG_EXPLAIN_ALL, 0, SIGSYS, CALL64 "80000000\n", 1 },
	{ "kill_process, nobody there", "call", NULL, CG_RET_KILL_PROCESS,
	  CG_EXPLAIN_NONE, 0, SIGSYS, "", 0 },
	{ "kill_thread", "call", NULL, CG_RET_KILL_THREAD, CG_EXPLAIN_KILLS, 0,
	  SIGSYS, CALL64 "00000000\n", 1 },
	{ "kill_thread, eight of nine", "threads", NULL, CG_RET_KILL_THREAD,
	  CG_EXPLAIN_KILLS, 0, 0, CALL64 "00000000\n", 8 },
	{ "trap", "call", NULL, CG_RET_TRAP | 7, CG_EXPLAIN_KILLS, 0, SIGSYS,
	  CALL64 "00030007\n", 1 },
	{ "trap, handled", "handler", NULL, CG_RET_TRAP | 7, CG_EXPLAIN_KILLS,
	  7, 0, CALL64 "00030007\n", 1 },
	{ "SIGSYS from elsewhere", "signal", "31", CG_RET_KILL_PROCESS,
	  CG_EXPLAIN_KILLS, 0, SIGSYS, "", 0 },
	{ "int 0x80, errno", "int80", NULL, REFUSE, CG_EXPLAIN_ALL, REFUSED, 0,
	  "i386 getppid(1, 2) 0005000d\n", 1 },
	{ "int 0x80, kill", "int80", NULL, CG_RET_KILL_PROCESS,
	  CG_EXPLAIN_KILLS, 0, SIGSYS, "i386 getppid(1, 2) 80000000\n", 1 },
	{ "int 0x80, trap", "int80", NULL, CG_RET_TRAP, CG_EXPLAIN_KILLS, 0,
	  SIGSYS, "i386 getppid(1, 2) 00030000\n", 1 },
	{ "threads", "threads", NULL, REFUSE, CG_EXPLAIN_ALL, REFUSED, 0,
	  CALL64 "0005000d\n", 8 },
	{ "exec from a thread", "thread-exec", NULL, REFUSE, CG_EXPLAIN_ALL,
	  REFUSED, 0, CALL64 "0005000d\n", 1 },
	{ "a chain of execs", "exec-chain", "20", REFUSE, CG_EXPLAIN_ALL,
	  REFUSED, 0, CALL64 "0005000d\n", 1 },
	{ "fork", "fork", NULL, REFUSE, CG_EXPLAIN_ALL, REFUSED, 0,
	  CALL64 "0005000d\n", 1 },
	{ "killed after fork", "fork", NULL, CG_RET_KILL_PROCESS,
	  CG_EXPLAIN_KILLS, 128 + SIGSYS, 0, CALL64 "80000000\n", 1 },
	{ "vfork and exec", "vfork", NULL, REFUSE, CG_EXPLAIN_ALL, REFUSED, 0,
	  CALL64 "0005000d\n", 1 },
	{ "killed after vfork and exec", "vfork", NULL, CG_RET_KILL_PROCESS,
	  CG_EXPLAIN_KILLS, 128 + SIGSYS, 0, CALL64 "80000000\n", 1 },
	{ "1000 children", "bomb", NULL, REFUSE, CG_EXPLAIN_ALL, 1, 0,
	  CALL64 "0005000d\n", 1000 },
	{ "1000 children, in kills", "bomb", NULL, REFUSE, CG_EXPLAIN_KILLS, 1,
	  0, "", 0 },
	{ "alone, kills", "alone", NULL, REFUSE, CG_EXPLAIN_KILLS, 0, 0, "",
	  0 },
	{ "alone, all", "alone", NULL, REFUSE, CG_EXPLAIN_ALL, 0, 0, "", 0 },
	{ "alone, none", "alone", NULL, REFUSE, CG_EXPLAIN_NONE, 0, 0, "", 0 },
	/* Who can trace or listen could answer in our place. */
	{ "no tracer beside us", "trace-me", NULL, REFUSE, CG_EXPLAIN_ALL,
	  EPERM, 0, "", 0 },
	{ "no listener beside us", "listen", NULL, REFUSE, CG_EXPLAIN_ALL,
	  EBUSY, 0, "", 0 },
	{ "a listener, nobody there", "listen", NULL, REFUSE, CG_EXPLAIN_NONE,
	  0, 0, "", 0 },
};

static void test_row(struct tap *tap, const struct row *row,
		     const char *program, const char *prefix)
{
	const struct setup setup = {
		.program = program,
		.args = { row->verb, row->with },
		.answer = row->answer,
		.explain = row->explain,
	};
	char name[128], line[128];
	bool ok;

	snprintf(line, sizeof(line), "%s", row->report);
	if (program && strncmp(line, CALL64, strlen(CALL64)) == 0)
		snprintf(line, sizeof(line), "%s%s", CALL32,
			 row->report + strlen(CALL64));
	snprintf(name, sizeof(name), "%s%s", prefix, row->name);
	run(&setup);
	ok = row->sig ? died(row->sig) : exited(row->code);
	ok = ok && times(result.err, line) == row->times &&
	     strlen(result.err) == row->times * strlen(line);
	expect(tap, ok, "", name);
}

static void test_rows(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row(tap, &rows[i], NULL, "");
		if (strcmp(rows[i].verb, "int80") == 0)
			continue;
		if (victim32)
			test_row(tap, &rows[i], victim32, "i386: ");
		else
			tap_skip(tap, rows[i].name,
				 "the compiler makes no i386 program");
	}
}

/* ------------------------------------------------ what arguments point to */

#define X3 "xxx"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X253 X50 X50 X50 X50 X50 X3

static const struct pointed {
	const char *name, *args[3];
	const char *want; /* what stands behind the answer */
} pointed[] = {
	/* clang-format off */
	{ "AF_INET", { "bind", "inet" }, " 1={AF_INET 127.0.0.1:8000}" },
	{ "AF_INET6", { "bind", "inet6" }, " 1={AF_INET6 [fe80::1]:80}" },
	{ "AF_UNIX", { "bind", "unix" }, " 1={AF_UNIX \"/run/x\"}" },
	{ "AF_UNIX, abstract", { "bind", "abstract" },
	  " 1={AF_UNIX @\"bus\"}" },
	{ "AF_NETLINK", { "bind", "netlink" },
	  " 1={AF_NETLINK pid 0 groups 0x0}" },
	{ "an address to send to", { "sendto", "inet" },
	  " 4={AF_INET 127.0.0.1:8000}" },
	{ "an address of length 0", { "bind", "length-0" }, "" },
	{ "an address of length 2^32-1", { "bind", "length-max" },
	  " 1={AF_INET 127.0.0.1:8000}" },
	{ "8 bytes of it are there", { "bind", "length-max", "120" },
	  " 1={AF_INET 127.0.0.1:8000}" },
	{ "7 bytes of it are there", { "bind", "length-max", "121" },
	  " 1={AF_INET ...}" },
	{ "a byte of it is there", { "bind", "inet", "127" }, "" },
	{ "no byte of it is there", { "bind", "inet", "128" }, "" },
	{ "a part of a path is there", { "bind", "unix-max", "122" },
	  " 1={AF_UNIX \"/run\"...}" },
	{ "a path", { "open", "/etc/passwd" }, " 1=\"/etc/passwd\"" },
	{ "an empty path", { "open", "" }, " 1=\"\"" },
	{ "a strange path", { "open", "a\"b\\c\n\x1b[31m\xc3\xa9" },
	  " 1=\"a\\x22b\\x5cc\\x0a\\x1b[31m\\xc3\\xa9\"" },
	{ "255 bytes", { "open", X253 "yz" }, " 1=\"" X253 "yz\"" },
	{ "256 bytes", { "open", X253 "yz-" }, " 1=\"" X253 "yz-\"..." },
	{ "a long path", { "open", X253 "yz-" X253 },
	  " 1=\"" X253 "yz-\"..." },
	{ "its NUL is not there", { "open", "/etc/passwd", "1" },
	  " 1=\"/etc/passwd\"..." },
	{ "a byte of it is there", { "open", "/etc/passwd", "11" },
	  " 1=\"/\"..." },
	{ "no byte of it is there", { "open", "/etc/passwd", "12" }, "" },
	{ "in two pages", { "open-across", "/etc/passwd" },
	  " 1=\"/etc/passwd\"" },
	{ "NULL", { "open-at", "0" }, "" },
	{ "a wild pointer", { "open-at", "1" }, "" },
	{ "one into the kernel", { "open-at", "ffff8000" }, "" },
	{ "the last byte", { "open-at", "ffffffffffffffff" }, "" },
	{ "two paths", { "rename", "/one", "/two" },
	  " 0=\"/one\" 1=\"/two\"" },
	{ "what the kernel writes to", { "getcwd", "/secret" }, "" },
	/* clang-format on */
};

/* One refusal, told of in one line, which ends so. */
static bool told_so(uint32_t answer, const char *want)
{
	char line[512];

	snprintf(line, sizeof(line), " %08x%s\n", (unsigned)answer, want);
	return times(result.err, line) == 1 && times(result.err, "\n") == 1;
}

static void
test_pointed(struct tap *tap, const char *program, const char *prefix)
{
	for (size_t i = 0; i < sizeof(pointed) / sizeof(pointed[0]); i++) {
		const struct pointed *row = &pointed[i];
		struct setup setup = {
			.program = program,
			.args = { row->args[0], row->args[1], row->args[2] },
			.answer = REFUSE,
			.explain = CG_EXPLAIN_ALL,
			.point = true,
		};

		run(&setup);
		expect(tap, exited(REFUSED) && told_so(REFUSE, row->want),
		       prefix, row->name);
	}
}

/* Also where a thread is about to die, or has a signal to take. */
static void
test_pointed_at_stops(struct tap *tap, const char *program, const char *prefix)
{
	static const struct {
		const char *name;
		uint32_t answer;
	} stops[] = {
		{ "a kill", CG_RET_KILL_PROCESS },
		{ "a kill of the thread", CG_RET_KILL_THREAD },
		{ "a trap", CG_RET_TRAP },
	};

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		const struct setup setup = {
			.program = program,
			.args = { "bind", "inet" },
			.answer = stops[i].answer,
			.explain = CG_EXPLAIN_KILLS,
			.point = true,
		};

		run(&setup);
		expect(tap,
		       died(SIGSYS) && told_so(stops[i].answer,
					       " 1={AF_INET 127.0.0.1:8000}"),
		       prefix, stops[i].name);
	}
}

/* Unlike the others this one depends on how it is read: ptrace could. */
static void test_locked(struct tap *tap)
{
	const struct setup setup = { .args = { "open-locked", "/secret" },
				     .answer = REFUSE,
				     .explain = CG_EXPLAIN_ALL,
				     .point = true };

	run(&setup);
	expect(tap, exited(REFUSED) && told_so(REFUSE, ""), "memory",
	       "in a page that the program may not read");
}

static void test_memory(struct tap *tap)
{
	test_locked(tap);
	test_pointed(tap, NULL, "memory");
	test_pointed_at_stops(tap, NULL, "memory");
	if (!victim32) {
		tap_skip(tap, "memory of an i386 program",
			 "the compiler makes no i386 program");
		return;
	}
	test_pointed(tap, victim32, "memory, i386");
	test_pointed_at_stops(tap, victim32, "memory, i386");
}

/* ------------------------------------------------------------ what can fail */

static void become_nobody(void)
{
	if (geteuid() == 0)
		assert(setresuid(65534, 65534, 65534) == 0);
	/* Changing ids takes this away, and with it the right to be traced;
	   a program started by an ordinary user has it. */
	assert(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

static void test_unprivileged(struct tap *tap)
{
	struct setup setup = { .args = { "call" },
			       .answer = CG_RET_KILL_PROCESS,
			       .prepare = become_nobody };

	run(&setup);
	expect(tap, died(SIGSYS) && times(result.err, CALL64) == 1, "",
	       "without privileges: kill");
	setup.answer = REFUSE;
	setup.explain = CG_EXPLAIN_ALL;
	run(&setup);
	expect(tap, exited(REFUSED) && times(result.err, CALL64) == 1, "",
	       "without privileges: errno");
}

static void be_traced(void)
{
	assert(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}

static void tiny_stack(void)
{
	const struct rlimit limit = { 24576, 24576 };

	assert(setrlimit(RLIMIT_STACK, &limit) == 0);
}

static void outer_eperm(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | EPERM);
}

static void outer_lies(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | 0);
}

static void outer_without_ptrace(void)
{
	live_outer(SYS_ptrace, 0, 0, CG_RET_ERRNO | EPERM);
}

static void outer_without_vm(void)
{
	live_outer(SYS_process_vm_writev, 0, 0, CG_RET_ERRNO | EPERM);
	live_outer(SYS_process_vm_readv, 0, 0, CG_RET_ERRNO | EPERM);
	live_outer(SYS_close_range, 0, 0, CG_RET_ERRNO | ENOSYS);
}

static void test_failures(struct tap *tap)
{
	static const struct {
		const char *name;
		void (*prepare)(void);
		size_t pad;
		int code;
		enum cg_status status;
		const char *says;
	} failures[] = {
		{ "traced by somebody else", be_traced, 0, 126,
		  CG_E_UNSUPPORTED, "before exec" },
		{ "ptrace is refused", outer_without_ptrace, 0, 126,
		  CG_E_UNSUPPORTED, "ptrace" },
		{ "no room on the stack", tiny_stack, 4085, 125, CG_E_SYSTEM,
		  "stack" },
		{ "seccomp is refused", outer_eperm, 0, 125, CG_E_BLOCKED,
		  "outer filter" },
		{ "seccomp is answered falsely", outer_lies, 0, 125,
		  CG_E_BLOCKED, "not in force" },
	};

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct setup setup = { .args = { "exit", "1" },
				       .answer = REFUSE,
				       .prepare = failures[i].prepare,
				       .pad = failures[i].pad };
		char want[32];

		snprintf(want, sizeof(want), "%s %d ",
			 failures[i].code == 125 ? "failed" : "returned",
			 (int)failures[i].status);
		run(&setup);
		expect(tap,
		       exited(failures[i].code) &&
			       strncmp(result.err, want, strlen(want)) == 0 &&
			       strstr(result.err, failures[i].says),
		       "", failures[i].name);
	}
}

static void test_poorer_kernels(struct tap *tap)
{
	struct setup setup = { .args = { "call" },
			       .answer = REFUSE,
			       .explain = CG_EXPLAIN_ALL,
			       .prepare = outer_without_vm };

	run(&setup);
	expect(tap, exited(REFUSED) && times(result.err, CALL64) == 1, "",
	       "without process_vm_writev and close_range");
	setup.point = true;
	for (size_t i = 0; i < sizeof(pointed) / sizeof(pointed[0]); i++) {
		memcpy(setup.args, pointed[i].args, sizeof(pointed[i].args));
		run(&setup);
		expect(tap, exited(REFUSED) && told_so(REFUSE, pointed[i].want),
		       "memory, without process_vm_readv", pointed[i].name);
	}
}

static void test_foreign(struct tap *tap)
{
	struct setup setup = { .program = victim32,
			       .args = { "exit", "0" },
			       .answer = REFUSE,
			       .foreign = FOREIGN_FAIL };

	if (!victim32) {
		tap_skip(tap, "a foreign program",
			 "the compiler makes no i386 program");
		return;
	}
	run(&setup);
	expect(tap, exited(125) && strstr(result.err, "no i386 here"), "",
	       "no program for its ABI: it does not run");
	setup.foreign = FOREIGN_DIE;
	run(&setup);
	expect(tap, died(SIGKILL) && !result.out[0], "",
	       "supervisor dies before the filter is in: so does it");
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	if (!run_begin(&tap, argc, argv))
		return tap_done(&tap);
	test_rows(&tap);
	test_memory(&tap);
	test_unprivileged(&tap);
	test_failures(&tap);
	test_poorer_kernels(&tap);
	test_foreign(&tap);
	return tap_done(&tap);
}
