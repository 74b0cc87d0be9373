/*
 * cg_chain_take: the filters of another thread, byte for byte, and a thread
 * that never notices.
 *
 *	take_test [VICTIM [VICTIM32]]	(- where there is none)
 */
#include "live.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <time.h>

#include "bpf/asm.h"
#include "chains.h"

enum { PATIENCE = 60000 /* ms until what must come has not come */ };

/* What a confined child does while it is looked at. */
struct target {
	const struct chain *chain;
	void (*work)(int ready); /* never returns; NULL: wait */
};

struct held {
	pid_t pid;
	int ready; /* what it says; its end when it is gone */
};

static void load(const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct {
			unsigned short length;
			const struct cg_insn *insns;
		} fprog = { (unsigned short)chain->at[i].count,
			    chain->at[i].insns };

		WANT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		WANT(prctl(PR_SET_SECCOMP, 2, &fprog, 0, 0) == 0);
	}
}

static void wait_for_ever(int ready)
{
	WANT(write(ready, "r", 1) == 1);
	for (;;)
		pause();
}

static struct held begin(const struct target *target)
{
	struct held held;
	int ends[2];
	char word;

	assert(pipe2(ends, O_CLOEXEC) == 0);
	fflush(stdout);
	held.pid = fork();
	if (held.pid == 0) {
		close(ends[0]);
		if (target->chain)
			load(target->chain);
		(target->work ? target->work : wait_for_ever)(ends[1]);
		_exit(97);
	}
	assert(held.pid > 0);
	close(ends[1]);
	held.ready = ends[0];
	assert(read(held.ready, &word, 1) == 1);
	return held;
}

/* Its wait status after a SIGKILL, or its own end. */
static int end(struct held *held)
{
	int status;

	kill(held->pid, SIGKILL);
	close(held->ready);
	assert(waitpid(held->pid, &status, 0) == held->pid);
	return status;
}

static bool is_chain(const struct cg_chain *got, const struct chain *want)
{
	if (cg_chain_count(got) != want->count)
		return false;
	for (size_t i = 0; i < want->count; i++) {
		const struct cg_insn *insns;
		size_t count;

		insns = cg_program_insns(cg_chain_program(got, i), &count);
		if (count != want->at[i].count ||
		    memcmp(insns, want->at[i].insns, count * sizeof(*insns)))
			return false;
	}
	return true;
}

/* ------------------------------------------------------- byte for byte -- */

/* A policy that says what all the filters together do. */
static bool lifts(const struct cg_chain *chain)
{
	const struct cg_side side = { .chain = chain };
	enum cg_relation relation = CG_DIFFERENT;
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	enum cg_status status = cg_lift(side, NULL, &policy, &err);

	if (status == CG_OK)
		status = cg_compare(side, (struct cg_side){ .policy = policy },
				    0, &relation, NULL, &err);
	if (status != CG_OK)
		tap_note("%s", err.message);
	cg_policy_free(policy);
	return status == CG_OK && relation == CG_EQUAL;
}

static void test_exact(struct tap *tap)
{
	struct chain chain;

	for (size_t i = 0; i < CHAINS; i++) {
		const struct target target = { .chain = &chain };
		struct cg_chain *got = NULL;
		struct cg_error err = { 0 };
		struct held held;

		if (!chain_make(i, &chain)) {
			tap_skip(tap, chain_name(i),
				 "needs libseccomp, x86_64");
			continue;
		}
		held = begin(&target);
		if (!tap_ok(tap,
			    cg_chain_take(held.pid, &got, &err) == CG_OK &&
				    is_chain(got, &chain),
			    "%s reads back byte for byte", chain_name(i)))
			tap_note("%s", err.message);
		tap_ok(tap, got && lifts(got),
		       "... and back to a policy that is proved equal");
		cg_chain_free(got);
		end(&held);
		chain_free(&chain);
	}
}

/* ---------------------------------------------------------- unnoticed -- */

/* The filter of most tests here. */
static const struct cg_insn allow[] = { { 0x06, 0, 0, CG_RET_ALLOW } };
static const struct chain one = { { { allow, 1 } }, 1 };

static bool takes(pid_t pid)
{
	struct cg_chain *got = NULL;
	struct cg_error err;
	bool ok;

	if (cg_chain_take(pid, &got, &err) != CG_OK) {
		tap_note("%s", err.message);
		return false;
	}
	ok = is_chain(got, &one);
	cg_chain_free(got);
	return ok;
}

static char state_of(pid_t pid, int32_t *tracer)
{
	char path[64], text[4096] = "", *at;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	at = strstr(text, "TracerPid:");
	*tracer = at ? atoi(at + 10) : -1;
	at = strstr(text, "State:");
	return at ? at[7] : '?';
}

/* Let it come to rest: asleep or stopped, and traced by nobody. On a machine
   that has other work that takes its time. */
static char rest_of(pid_t pid)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	int32_t tracer = -1;
	char state = '?';

	for (int i = 0; i < PATIENCE; i++) {
		state = state_of(pid, &tracer);
		if (tracer == 0 && state != 'R' && state != 't')
			return state;
		nanosleep(&tick, NULL);
	}
	return tracer ? 't' : state;
}

static void test_states(struct tap *tap)
{
	const struct target target = { .chain = &one };
	struct held held = begin(&target);
	int status;

	tap_ok(tap, takes(held.pid) && rest_of(held.pid) == 'S',
	       "one that sleeps goes on sleeping");
	kill(held.pid, SIGSTOP);
	assert(waitpid(held.pid, &status, WUNTRACED) == held.pid);
	tap_ok(tap, takes(held.pid) && rest_of(held.pid) == 'T',
	       "one that is stopped stays stopped");
	tap_ok(tap, waitpid(held.pid, &status, WUNTRACED | WNOHANG) == 0,
	       "... and its parent is not told again");
	kill(held.pid, SIGCONT);
	tap_ok(tap, rest_of(held.pid) == 'S' && takes(held.pid),
	       "... and goes on when it is told to");
	status = end(&held);
	tap_ok(tap, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	       "... and ends as ever");
}

static volatile sig_atomic_t counted;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	counted += info->si_value.sival_int;
}

/* Count what is sent, and say so whenever the sum has grown by 1000. */
static void count_signals(int ready)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	sigset_t none, mine;
	int told = 0;

	action.sa_sigaction = on_signal;
	sigaction(SIGRTMIN, &action, NULL);
	sigemptyset(&none);
	sigemptyset(&mine);
	sigaddset(&mine, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &mine, NULL);
	WANT(write(ready, "r", 1) == 1);
	for (;;) {
		sigsuspend(&none);
		for (; counted - told >= 1000; told += 1000)
			WANT(write(ready, "k", 1) == 1);
	}
}

/* Queued signals with values: one that were lost would be missed in the sum. */
static void test_signals(struct tap *tap)
{
	const struct target target = { .chain = &one, .work = count_signals };
	struct held held = begin(&target);
	struct pollfd fds = { held.ready, POLLIN, 0 };
	bool ok = true;
	char word;

	for (int round = 0; round < 20 && ok; round++) {
		for (int i = 0; i < 100; i++) {
			const union sigval ten = { .sival_int = 10 };

			while (sigqueue(held.pid, SIGRTMIN, ten) != 0)
				assert(errno == EAGAIN);
			if (i % 5 == 0)
				ok = ok && takes(held.pid);
		}
		ok = ok && poll(&fds, 1, PATIENCE) == 1 &&
		     read(held.ready, &word, 1) == 1;
	}
	tap_ok(tap, ok, "2000 signals, 400 looks: none is lost");
	end(&held);
}

/* Take as fast as can be, until killed. */
static void take_for_ever(const void *with)
{
	struct cg_chain *got;
	struct cg_error err;

	for (;;)
		if (cg_chain_take(*(const pid_t *)with, &got, &err) == CG_OK)
			cg_chain_free(got);
}

static void test_killed(struct tap *tap)
{
	const struct target target = { .chain = &one, .work = count_signals };
	struct held held = begin(&target);
	struct pollfd fds = { held.ready, POLLIN, 0 };
	bool ok = true;
	char word;

	for (int i = 0; i < 40 && ok; i++) {
		const struct timespec some = { .tv_nsec = 2000000 + i * 77777 };
		const union sigval part = { .sival_int = 25 };
		pid_t taker = fork();

		if (taker == 0)
			take_for_ever(&held.pid);
		for (int j = 0; j < 10; j++)
			assert(sigqueue(held.pid, SIGRTMIN, part) == 0);
		nanosleep(&some, NULL);
		kill(taker, SIGKILL);
		waitpid(taker, NULL, 0);
		ok = rest_of(held.pid) == 'S';
	}
	for (int i = 0; i < 10 && ok; i++)
		ok = poll(&fds, 1, PATIENCE) == 1 &&
		     read(held.ready, &word, 1) == 1;
	tap_ok(tap, ok, "40 takers killed: it is let go, and has its signals");
	end(&held);
}

/* The caller's own children and signals are not touched. */
static void count_chld(int sig)
{
	(void)sig;
	counted++;
}

static void test_caller(struct tap *tap)
{
	const struct target target = { .chain = &one };
	struct held held = begin(&target);
	bool ok = true;
	int status;

	counted = 0;
	signal(SIGCHLD, count_chld);
	for (int i = 0; i < 50; i++)
		ok = ok && takes(held.pid);
	ok = ok && waitpid(-1, &status, WNOHANG) == 0 && counted == 0;
	signal(SIGCHLD, SIG_IGN);
	ok = ok && takes(held.pid);
	signal(SIGCHLD, SIG_DFL);
	tap_ok(tap, ok, "the caller sees no child and no signal");
	end(&held);
}

/* ---------------------------------------------------------- all others -- */

static bool fails_with(pid_t thread, enum cg_status status, const char *word)
{
	struct cg_chain *got = NULL;
	struct cg_error err = { 0 };
	enum cg_status is = cg_chain_take(thread, &got, &err);

	if (is == status && !got && strstr(err.message, word))
		return true;
	tap_note("status %d: %s", (int)is, err.message);
	cg_chain_free(got);
	return false;
}

/* Waits by reading, one of the four calls that it still may make. */
static void be_strict(int ready)
{
	int ends[2];
	char word;

	WANT(pipe(ends) == 0);
	WANT(prctl(PR_SET_SECCOMP, 1, 0, 0, 0) == 0);
	WANT(write(ready, "r", 1) == 1);
	WANT(read(ends[0], &word, 1) == 1);
}

static void vfork_parent(int ready)
{
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		WANT(write(ready, "r", 1) == 1);
		for (;;)
			pause();
	}
	_exit(0);
}

static void exec_always(int ready)
{
	char path[] = "/proc/self/exe", name[] = "again", number[16];
	char *argv[] = { name, number, NULL };

	snprintf(number, sizeof(number), "%d", ready);
	WANT(fcntl(ready, F_SETFD, 0) == 0);
	execv(path, argv);
	_exit(96);
}

static void test_refusals(struct tap *tap)
{
	struct target target = { .chain = &one };
	struct held held = begin(&target);
	int status;

	assert(ptrace(PTRACE_SEIZE, held.pid, NULL, NULL) == 0);
	tap_ok(tap, fails_with(held.pid, CG_E_SYSTEM, "is traced by process"),
	       "one that is traced already is told so");
	end(&held);
	tap_ok(tap, fails_with(held.pid, CG_E_SYSTEM, "there is no thread"),
	       "one that has ended");
	tap_ok(tap,
	       fails_with(0, CG_E_SYSTEM, "there is no thread") &&
		       fails_with(-1, CG_E_SYSTEM, "there is no thread"),
	       "ids that no thread has");

	target = (struct target){ .work = be_strict };
	held = begin(&target);
	tap_ok(tap, fails_with(held.pid, CG_E_UNSUPPORTED, "strict mode"),
	       "strict mode is no filter");
	end(&held);

	target = (struct target){ .chain = &one, .work = vfork_parent };
	held = begin(&target);
	tap_ok(tap, fails_with(held.pid, CG_E_SYSTEM, "did not stop within"),
	       "a parent in vfork cannot be stopped");
	tap_ok(tap, rest_of(held.pid) == 'D', "... and is left in peace");
	kill(held.pid, SIGKILL);
	assert(waitpid(held.pid, &status, 0) == held.pid);
	close(held.ready);
}

/* It executes itself over and over: looks succeed, or say why not. */
static void test_exec(struct tap *tap)
{
	const struct target target = { .chain = &one, .work = exec_always };
	struct held held = begin(&target);
	unsigned good = 0, bad = 0;

	for (int i = 0; i < 100; i++) {
		struct cg_chain *got = NULL;
		struct cg_error err;

		if (cg_chain_take(held.pid, &got, &err) != CG_OK)
			bad++;
		else if (is_chain(got, &one))
			good++;
		cg_chain_free(got);
	}
	tap_ok(tap, good + bad == 100 && good > 0,
	       "one that executes itself over and over: %u of 100 looks", good);
	end(&held);
}

static void filtered_taker(const void *with)
{
	const pid_t *pid = with;

	load(&one);
	WANT(fails_with(*pid, CG_E_BLOCKED, "under a filter itself"));
}

static void unprivileged_taker(const void *with)
{
	const pid_t *pid = with;

	WANT(setresuid(65534, 65534, 65534) == 0);
	WANT(fails_with(*pid, CG_E_SYSTEM, "CAP_SYS_ADMIN"));
}

static void test_callers(struct tap *tap)
{
	const struct target target = { .chain = &one };
	struct held held = begin(&target);
	struct cg_chain *none = NULL;
	struct cg_error err;

	tap_ok(tap, live_child(filtered_taker, &held.pid) == 0,
	       "a caller under a filter cannot look");
	tap_ok(tap, live_child(unprivileged_taker, &held.pid) == 0,
	       "nor can one without the privilege");
	tap_ok(tap,
	       cg_chain_take(getpid(), &none, &err) == CG_OK &&
		       cg_chain_count(none) == 0,
	       "no filter is a chain of none");
	cg_chain_free(none);
	end(&held);
}

/* ------------------------------------------------- threads, and 32 bits -- */

static void *confined_thread(void *with)
{
	load(&one);
	wait_for_ever(*(const int *)with);
	return NULL;
}

/* Ready once the other thread has its filter. */
static void threads_differ(int ready)
{
	pthread_t thread;

	pthread_create(&thread, NULL, confined_thread, &ready);
	for (;;)
		pause();
}

struct seen {
	size_t threads, filtered;
	int32_t other;
};

static bool see_thread(void *context, const struct cg_thread *thread)
{
	struct seen *seen = context;

	seen->threads++;
	if (thread->mode == 2) {
		seen->filtered++;
		seen->other = thread->thread;
	}
	return true;
}

static void test_threads(struct tap *tap)
{
	const struct target target = { .work = threads_differ };
	struct held held = begin(&target);
	struct seen seen = { 0 };
	struct cg_error err;

	assert(cg_threads(held.pid, see_thread, &seen, &err) == CG_OK);
	tap_ok(tap,
	       seen.threads == 2 && seen.filtered == 1 &&
		       seen.other != held.pid && takes(seen.other),
	       "the threads of a process differ");
	end(&held);
}

static const char *victim32;

static void become_narrow(int ready)
{
	WANT(dup2(ready, 1) == 1);
	/* The word "wait" has it say that it is there, and wait. */
	execl(victim32, victim32, "wait", "10", NULL);
	_exit(95);
}

static void test_narrow(struct tap *tap)
{
	const struct target target = { .chain = &one, .work = become_narrow };
	struct held held;

	if (!victim32) {
		tap_skip(tap, "a 32-bit program", "needs gcc-multilib");
		return;
	}
	held = begin(&target);
	tap_ok(tap, takes(held.pid), "a 32-bit program");
	end(&held);
}

/* --------------------------------------------------- two answers as one -- */

/* What two filters say of getppid, and the errno that it then has; 0: none. */
static const struct join_row {
	uint32_t older, newer;
	int number;
} join_rows[] = {
	{ CG_RET_ERRNO | 5, CG_RET_ERRNO | 6, 6 },
	{ CG_RET_ERRNO | 5, CG_RET_ALLOW, 5 },
	{ CG_RET_ALLOW, CG_RET_ERRNO | 6, 6 },
	{ CG_RET_ERRNO | 5, CG_RET_TRACE, 5 },
	{ CG_RET_TRACE, CG_RET_ERRNO | 6, 6 },
	{ CG_RET_TRACE, CG_RET_ALLOW, ENOSYS },
	{ CG_RET_LOG, CG_RET_TRACE, ENOSYS },
	{ CG_RET_USER_NOTIF, CG_RET_TRACE, ENOSYS },
	{ CG_RET_ALLOW | 7, CG_RET_ALLOW | 8, 0 },
	{ CG_RET_ERRNO | 0, CG_RET_LOG, 0 },
	{ CG_RET_ERRNO | 5000, CG_RET_ALLOW, 4095 },
};

static void ask_both(const void *with)
{
	const struct join_row *row = with;
	uint32_t answers[] = { row->older, row->newer };
	struct chain chain = { .count = 2 };
	struct cg_insn insns[2][4];
	long got;

	for (size_t i = 0; i < 2; i++) {
		insns[i][0] = (struct cg_insn){ 0x20, 0, 0, 0 };
		insns[i][1] = (struct cg_insn){ 0x15, 0, 1, SYS_getppid };
		insns[i][2] = (struct cg_insn){ 0x06, 0, 0, answers[i] };
		insns[i][3] = allow[0];
		chain.at[i].insns = insns[i];
		chain.at[i].count = 4;
	}
	load(&chain);
	errno = 0;
	got = syscall(SYS_getppid);
	WANT(row->number ? got == -1 && errno == row->number : got >= 0);
}

/* The errno that comes of an answer without a tracer or a listener. */
static int errno_of(uint32_t answer)
{
	uint32_t data = answer & CG_RET_DATA;

	switch (answer & CG_RET_ACTION) {
	case CG_RET_ERRNO:
		return data > 4095 ? 4095 : (int)data;
	case CG_RET_TRACE:
	case CG_RET_USER_NOTIF:
		return ENOSYS;
	default:
		return 0;
	}
}

static bool joins(const struct join_row *row)
{
	const struct cg_call call = { .nr = SYS_getppid };
	struct cg_program *programs[] = {
		live_refuse(SYS_getppid, row->older),
		live_refuse(SYS_getppid, row->newer),
	};
	struct cg_chain *chain = NULL;
	struct cg_chain_answer answer;
	struct cg_outcome outcome;
	size_t count;

	assert(cg_chain_new((const struct cg_program *const *)programs, 2,
			    &chain, NULL) == CG_OK);
	cg_chain_decide(chain, &call, &answer);
	assert(cg_outcomes((struct cg_side){ .chain = chain }, &call, 0, 0,
			   &outcome, 1, &count, NULL) == CG_OK);
	cg_chain_free(chain);
	cg_program_free(programs[0]);
	cg_program_free(programs[1]);
	return count == 1 && outcome.answer == answer.answer &&
	       answer.steps == 6 && errno_of(answer.answer) == row->number;
}

static void test_join(struct tap *tap)
{
	const size_t count = sizeof(join_rows) / sizeof(join_rows[0]);

	for (size_t i = 0; i < count; i++)
		tap_ok(tap,
		       live_child(ask_both, &join_rows[i]) == 0 &&
			       joins(&join_rows[i]),
		       "0x%08x, then 0x%08x: the kernel, a run and the "
		       "diagram agree on errno %d",
		       join_rows[i].older, join_rows[i].newer,
		       join_rows[i].number);
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	if (argc > 1 && strcmp(argv[0], "again") == 0) {
		int ready = atoi(argv[1]);

		WANT(write(ready, "r", 1) == 1);
		exec_always(ready);
	}
	victim32 = argc > 2 && strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
	if (geteuid() != 0 || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0) {
		tap_skip(&tap, "all of it", "needs root, and no filter");
		return tap_done(&tap);
	}
	test_exact(&tap);
	test_states(&tap);
	test_signals(&tap);
	test_killed(&tap);
	test_caller(&tap);
	test_refusals(&tap);
	test_exec(&tap);
	test_callers(&tap);
	test_threads(&tap);
	test_narrow(&tap);
	test_join(&tap);
	return tap_done(&tap);
}
