/*
 * cg_run, and the command: to its parent, its terminal and itself it must be
 * what it would be without a filter and a supervisor.
 *
 *	command_test VICTIM [VICTIM32 [FRESH]]	(- where there is none)
 */
#include "run.h"

#include <pty.h>
#include <sys/personality.h>
#include <sys/syscall.h>

/* ------------------------------------------------------- ends of a command */

static void test_exits(struct tap *tap, enum cg_explain explain, int step)
{
	bool ok = true;
	int code;

	for (code = 0; ok && code < 256; code += step) {
		char number[16];
		const struct setup setup = { .args = { "exit", number },
					     .answer = CG_RET_KILL_PROCESS,
					     .explain = explain };

		snprintf(number, sizeof(number), "%d", code);
		run(&setup);
		ok = exited(code) && !result.err[0];
	}
	expect(tap, ok, modes[explain], "every exit status");
}

static void test_signals(struct tap *tap, enum cg_explain explain)
{
	static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGILL,
				       SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,
				       SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
				       SIGPIPE, SIGALRM, SIGTERM, SIGXCPU };
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(signals) / sizeof(int); i++) {
		char number[16];
		const struct setup setup = { .args = { "signal", number },
					     .answer = CG_RET_KILL_PROCESS,
					     .explain = explain };

		snprintf(number, sizeof(number), "%d", signals[i]);
		run(&setup);
		ok = died(signals[i]) && !result.err[0];
	}
	expect(tap, ok, modes[explain], "death by each signal");
}

static void test_lookup(struct tap *tap)
{
	static const struct {
		const char *name, *program;
		int number;
	} lookups[] = {
		{ "no such command", "no-such-command-anywhere", ENOENT },
		{ "no such file", "/no/such/file", ENOENT },
		{ "empty name", "", ENOENT },
		{ "below a file", "/proc/self/status/x", ENOTDIR },
		{ "not executable", "/proc/self/status", EACCES },
		{ "a directory", "/proc", EACCES },
	};

	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++) {
		struct setup setup = { .program = lookups[i].program };
		char want[32];

		snprintf(want, sizeof(want), "returned %d %d ",
			 (int)CG_E_SYSTEM, lookups[i].number);
		run(&setup);
		expect(tap,
		       exited(126) &&
			       strncmp(result.err, want, strlen(want)) == 0,
		       "", lookups[i].name);
	}
}

/* -------------------------------------------------------- the command itself
 */

static void test_identity(struct tap *tap, enum cg_explain explain)
{
	const struct setup setup = { .args = { "pids" },
				     .answer = CG_RET_ALLOW,
				     .explain = explain };
	struct running running;
	char want[64];

	start(&running, &setup);
	snprintf(want, sizeof(want), "%d %d %d %d\n", (int)running.pid,
		 (int)getpid(), (int)getpgrp(), (int)getsid(0));
	finish(&running, &result);
	expect(tap, exited(0) && strcmp(result.out, want) == 0, modes[explain],
	       "pid, parent, group and session");
}

static void test_stdio(struct tap *tap)
{
	const struct setup setup = { .args = { "read" }, .input = "Q\n" };

	run(&setup);
	expect(tap, exited('Q'), "", "the standard input is the command's");
}

static void test_in_force(struct tap *tap)
{
	static const char want[] = "NoNewPrivs:\t1\nSeccomp:\t2\n"
				   "Seccomp_filters:\t1\n";
	struct setup setup = { .args = { "status" }, .answer = REFUSE };

	run(&setup);
	expect(tap, exited(0) && strcmp(result.out, want) == 0, "", "in force");
	setup.before_exec = true;
	run(&setup);
	expect(tap, exited(0) && strcmp(result.out, want) == 0, "",
	       "in force before exec");
	setup.before_exec = false;
	setup.keep_privileges = true;
	run(&setup);
	if (geteuid() == 0)
		expect(tap, exited(0) && strncmp(result.out, want, 13) != 0, "",
		       "privileges kept");
	else
		expect(tap, exited(125), "", "keeping privileges is refused");
}

static void no_aslr(void)
{
	personality(ADDR_NO_RANDOMIZE);
}

/* Registers, code and stack of a new program are as exec made them. */
static void test_fresh(struct tap *tap)
{
	static struct result plain;
	struct setup setup = { .program = fresh,
			       .answer = REFUSE,
			       .prepare = no_aslr,
			       .before_exec = true };

	if (!fresh) {
		tap_skip(tap, "fresh", "no such program for this machine");
		return;
	}
	run(&setup);
	plain = result;
	setup.before_exec = false;
	for (int mode = CG_EXPLAIN_KILLS; mode <= CG_EXPLAIN_NONE; mode++) {
		setup.explain = (enum cg_explain)mode;
		setup.pad = mode == CG_EXPLAIN_ALL ? CG_PROGRAM_MAX - 11 : 0;
		run(&setup);
		expect(tap,
		       exited(0) && strlen(plain.out) == 19 * 17 &&
			       strcmp(result.out, plain.out) == 0,
		       modes[mode], "registers, code and stack");
	}
}

/* ------------------------------------------------- job control and signals */

static void ignore_trap(void)
{
	live_plain_signals();
	signal(SIGTRAP, SIG_IGN);
}

/* Blocked, and there already; then it goes to the thread or the process. */
static void have_trap(pid_t process)
{
	sigset_t only;

	live_plain_signals();
	sigemptyset(&only);
	sigaddset(&only, SIGTRAP);
	sigprocmask(SIG_BLOCK, &only, NULL);
	if (process)
		kill(process, SIGTRAP);
	else
		raise(SIGTRAP);
}

static void have_trap_thread(void)
{
	have_trap(0);
}

static void have_trap_process(void)
{
	have_trap(getpid());
}

/* What installing the filter uses of SIGTRAP, the command never sees. */
static void test_trap(struct tap *tap)
{
	static const struct {
		const char *name;
		void (*prepare)(void);
		const char *pattern, *want;
	} rows[] = {
		{ "SIGTRAP stays ignored", ignore_trap, "SigIgn|SigBlk",
		  "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000010\n" },
		{ "a SIGTRAP of the thread stays pending", have_trap_thread,
		  "Pnd|SigBlk", "SigBlk:\t0000000000000010\n" },
		{ "a SIGTRAP of the process stays pending", have_trap_process,
		  "Pnd|SigBlk", "SigBlk:\t0000000000000010\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct setup setup = {
			.program = "grep",
			.args = { "-E", rows[i].pattern, "/proc/self/status" },
			.answer = REFUSE,
			.prepare = rows[i].prepare,
		};
		bool pending = rows[i].prepare != ignore_trap;

		run(&setup);
		expect(tap,
		       exited(0) && strstr(result.out, rows[i].want) &&
			       times(result.out, "Pnd:\t0000000000000010\n") ==
				       pending,
		       "", rows[i].name);
	}
}

static void await_ready(const struct running *running)
{
	char line[8] = "";

	assert(read(running->out, line, 6) == 6);
	assert(strcmp(line, "ready\n") == 0);
}

/* SIGTSTP stops nobody in a group whose parents are in another session. */
static void own_group(void)
{
	assert(setpgid(0, 0) == 0);
}

static void test_stop(struct tap *tap, enum cg_explain explain, int sig)
{
	const struct setup setup = { .args = { "wait", "10" },
				     .answer = REFUSE,
				     .explain = explain,
				     .prepare = own_group };
	struct running running;
	int status;
	bool ok;

	start(&running, &setup);
	await_ready(&running);
	ok = true;
	for (int i = 0; ok && i < 3; i++) {
		kill(running.pid, sig);
		ok = waitpid(running.pid, &status, WUNTRACED) == running.pid &&
		     WIFSTOPPED(status) && WSTOPSIG(status) == sig;
		kill(running.pid, SIGCONT);
		ok = ok &&
		     waitpid(running.pid, &status, WCONTINUED) == running.pid &&
		     WIFCONTINUED(status);
	}
	kill(running.pid, SIGUSR1);
	finish(&running, &result);
	expect(tap, ok && exited(REFUSED), modes[explain],
	       "stopped and continued");
}

/* The line of /proc/PID/status that says who traces; 0 if nobody does. */
static pid_t tracer_of(pid_t pid)
{
	char path[64], line[256];
	int tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	fclose(file);
	return tracer;
}

static void test_supervisor(struct tap *tap)
{
	struct setup setup = { .args = { "wait", "10" }, .answer = REFUSE };
	struct running running;
	pid_t tracer;

	start(&running, &setup);
	await_ready(&running);
	tracer = tracer_of(running.pid);
	assert(tracer > 0);
	kill(tracer, SIGKILL);
	/* Its end of stderr closes last, so the victim is free then. */
	while (tracer_of(running.pid) != 0)
		usleep(1000);
	kill(running.pid, SIGUSR1);
	finish(&running, &result);
	expect(tap, exited(REFUSED), "kills",
	       "without a supervisor, the filter holds");

	setup.explain = CG_EXPLAIN_ALL;
	start(&running, &setup);
	await_ready(&running);
	tracer = tracer_of(running.pid);
	assert(tracer > 0);
	kill(tracer, SIGKILL);
	finish(&running, &result);
	expect(tap, died(SIGKILL), "all", "without a supervisor, nothing runs");

	setup.explain = CG_EXPLAIN_NONE;
	start(&running, &setup);
	await_ready(&running);
	tracer = tracer_of(running.pid);
	kill(running.pid, SIGUSR1);
	finish(&running, &result);
	expect(tap, tracer == 0 && exited(REFUSED), "none",
	       "the supervisor has left");
}

/* A caller whose command cannot be executed is what it was. */
static void caller_survives(const void *with)
{
	const struct setup setup = { .answer = REFUSE };
	const struct cg_run_options options = {
		.program_for = program_for,
		.context = (void *)(uintptr_t)&setup,
	};
	char nowhere[] = "/no/such/file", *argv[] = { nowhere, NULL };
	struct cg_error err;
	sigset_t set, seen, pending;
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	(void)with;
	close(before);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 20; i++) {
		WANT(cg_run(&options, argv, &err) == CG_E_SYSTEM);
		WANT(err.sys_errno == ENOENT);
		WANT(tracer_of(getpid()) == 0);
	}
	sigprocmask(SIG_SETMASK, NULL, &seen);
	sigpending(&pending);
	WANT(sigismember(&seen, SIGCHLD) && sigismember(&seen, SIGUSR1) &&
	     !sigismember(&seen, SIGTERM));
	WANT(!sigismember(&pending, SIGCHLD));
	WANT(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD);
	WANT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	WANT(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	WANT(after == before);
}

/* ----------------------------------------------------------- a terminal */

static void on_terminal(const void *with)
{
	const struct setup *setup = with;
	int master, slave, status;
	pid_t job;

	WANT(setsid() > 0);
	WANT(openpty(&master, &slave, NULL, NULL, NULL) == 0);
	WANT(ioctl(slave, TIOCSCTTY, 0) == 0);
	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		signal(SIGTTOU, SIG_DFL);
		setpgid(0, 0);
		dup2(slave, 0);
		run_now(setup);
	}
	setpgid(job, job);
	/* In the background a read stops it. */
	WANT(waitpid(job, &status, WUNTRACED) == job);
	WANT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	WANT(tcsetpgrp(slave, job) == 0);
	WANT(kill(-job, SIGCONT) == 0);
	WANT(waitpid(job, &status, WCONTINUED) == job && WIFCONTINUED(status));
	if (setup->input) {
		WANT(write(master, setup->input, strlen(setup->input)) > 0);
		WANT(waitpid(job, &status, 0) == job);
		WANT(WIFEXITED(status) &&
		     WEXITSTATUS(status) == setup->input[0]);
	} else {
		/* ^Z, then ^C, typed. */
		WANT(write(master, "\x1a", 1) == 1);
		WANT(waitpid(job, &status, WUNTRACED) == job);
		WANT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
		WANT(kill(-job, SIGCONT) == 0);
		WANT(write(master, "\x03", 1) == 1);
		WANT(waitpid(job, &status, 0) == job);
		WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	}
}

static void test_terminal(struct tap *tap)
{
	for (int mode = CG_EXPLAIN_KILLS; mode <= CG_EXPLAIN_NONE; mode++) {
		struct setup setup = { .args = { "read" },
				       .answer = CG_RET_ALLOW,
				       .explain = (enum cg_explain)mode,
				       .input = "T\n" };

		tap_ok(tap, live_child(on_terminal, &setup) == 0,
		       "terminal, a line read, %s", modes[mode]);
		setup.input = NULL;
		tap_ok(tap, live_child(on_terminal, &setup) == 0,
		       "terminal, ^Z and ^C, %s", modes[mode]);
	}
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	if (!run_begin(&tap, argc, argv))
		return tap_done(&tap);
	test_exits(&tap, CG_EXPLAIN_KILLS, 1);
	test_exits(&tap, CG_EXPLAIN_ALL, 51);
	test_exits(&tap, CG_EXPLAIN_NONE, 1);
	test_lookup(&tap);
	test_stdio(&tap);
	test_in_force(&tap);
	test_fresh(&tap);
	for (int mode = CG_EXPLAIN_KILLS; mode <= CG_EXPLAIN_NONE; mode++) {
		test_signals(&tap, (enum cg_explain)mode);
		test_identity(&tap, (enum cg_explain)mode);
		test_stop(&tap, (enum cg_explain)mode, SIGSTOP);
		test_stop(&tap, (enum cg_explain)mode, SIGTSTP);
	}
	test_trap(&tap);
	test_supervisor(&tap);
	tap_ok(&tap, live_child(caller_survives, NULL) == 0,
	       "a caller whose command is not there is what it was");
	test_terminal(&tap);
	return tap_done(&tap);
}
