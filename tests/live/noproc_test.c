/*
 * cg_no_new_processes() on Linux, with the kernel as the judge: rows E4 to E7
 * of the acceptance table. System calls of the library can be played, too, for
 * kernels that are not here, and to have each of them fail.
 */
#include "live.h"

#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>

extern char **environ;

static struct cg_noproc out;
static struct cg_error err;

/* ------------------------------------------------ a kernel that is played */

/* The `at`-th call answers `number`; or all of seccomp, as without it. */
static struct {
	unsigned count, at;
	int number;
	bool no_seccomp;
	bool hit; /* a call was answered so */
} play;

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

static bool played(bool is_seccomp, int without)
{
	play.count++;
	if (play.no_seccomp && is_seccomp)
		errno = without;
	else if (play.at && play.count == play.at)
		errno = play.number;
	else
		return false;
	play.hit = true;
	return true;
}

long __wrap_syscall(long nr, ...)
{
	long a[6];
	va_list args;

	va_start(args, nr);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (played(nr == SYS_seccomp, ENOSYS))
		return -1;
	return __real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int __wrap_prctl(int option, ...)
{
	unsigned long a[4];
	va_list args;

	va_start(args, option);
	for (size_t i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (played(option == PR_GET_SECCOMP || option == PR_SET_SECCOMP,
		   EINVAL))
		return -1;
	return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

/* ------------------------------------------------------------- the trials */

/* What a program could do; each is 0, or the errno that refused it. */
struct trial {
	int execve, spawn, fork, raw_fork, thread;
};

static void *nothing(void *context)
{
	return context;
}

static int number_of(long result)
{
	return result < 0 ? errno : 0;
}

static int ended(pid_t child)
{
	if (child == 0)
		_exit(0);
	if (child < 0)
		return errno;
	waitpid(child, NULL, 0);
	return 0;
}

static void *try_all(void *context)
{
	char *argv[] = { (char *)"true", NULL };
	struct trial *trial = context;
	pthread_t thread;
	pid_t child = -1;

	trial->execve = number_of(execve("/bin/true", argv, environ));
	trial->spawn =
		posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ);
	if (trial->spawn == 0)
		waitpid(child, NULL, 0);
	trial->fork = ended(fork());
#ifdef SYS_fork
	trial->raw_fork = ended((pid_t)__real_syscall(SYS_fork));
#else
	trial->raw_fork = EACCES;
#endif
	trial->thread = pthread_create(&thread, NULL, nothing, NULL);
	if (trial->thread == 0)
		pthread_join(thread, NULL);
	return NULL;
}

/* An older thread, which waits until the filter is there. */
static pthread_barrier_t ready, go;
static bool own_filter;
static pid_t older_id;
static struct trial older;

static void *older_main(void *context)
{
	older_id = (pid_t)__real_syscall(SYS_gettid);
	__real_prctl(PR_SET_NAME, "an older one");
	if (own_filter)
		live_outer(SYS_getpgrp, 0, 0, CG_RET_ERRNO | 77);
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&go);
	return try_all(context);
}

static pthread_t start_older(void)
{
	pthread_t thread;

	pthread_barrier_init(&ready, NULL, 2);
	pthread_barrier_init(&go, NULL, 2);
	WANT(pthread_create(&thread, NULL, older_main, &older) == 0);
	pthread_barrier_wait(&ready);
	return thread;
}

static void end_older(pthread_t thread)
{
	pthread_barrier_wait(&go);
	WANT(pthread_join(thread, NULL) == 0);
}

static struct trial in_later_thread(void)
{
	struct trial trial = { 0 };
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, try_all, &trial) == 0);
	pthread_join(thread, NULL);
	return trial;
}

static bool refused(const char *who, const struct trial *trial, bool strict)
{
	bool ok = trial->execve == EACCES && trial->spawn == EACCES &&
		  trial->raw_fork == EACCES && trial->thread == 0 &&
		  trial->fork == (strict ? EACCES : 0);

	if (!ok)
		printf("# %s: execve %d, posix_spawn %d, fork %d, raw fork %d, "
		       "pthread_create %d\n",
		       who, trial->execve, trial->spawn, trial->fork,
		       trial->raw_fork, trial->thread);
	return ok;
}

static enum cg_status give_up(enum cg_noproc_mode mode, bool this_thread)
{
	const struct cg_noproc_options options = { .mode = mode,
						   .this_thread_will_do =
							   this_thread };

	return cg_no_new_processes(&options, &out, &err);
}

/* ---------------------------------------------------------------- the rows */

/* E4 and E5: from the main thread, an older and a later one. */
static void test_mode(const void *with)
{
	enum cg_noproc_mode mode = *(const enum cg_noproc_mode *)with;
	bool strict = mode == CG_NOPROC_STRICT;
	pthread_t thread = start_older();
	struct trial here = { 0 }, later;

	WANT(give_up(mode, false) == CG_OK);
	WANT(out.state == CG_NOPROC_ALL_THREADS);
	WANT(out.verified && out.threads == 2);
	WANT(strcmp(out.system, "linux") == 0);
	end_older(thread);
	later = in_later_thread();
	try_all(&here);
	WANT(refused("main", &here, strict));
	WANT(refused("older", &older, strict));
	WANT(refused("later", &later, strict));
}

/* G5: what starts programs by the shell fails, the rest works. */
static void test_system(void)
{
	int fds[2];
	char byte = 'x';

	WANT(give_up(CG_NOPROC_COMPATIBLE, false) == CG_OK);
	WANT(system("true") != 0);
	WANT(popen("true", "r") == NULL || pclose(popen("true", "r")) != 0);
	WANT(pipe(fds) == 0 && write(fds[1], &byte, 1) == 1 &&
	     read(fds[0], &byte, 1) == 1);
}

static void test_nulls(void)
{
	struct trial here = { 0 };

	WANT(cg_no_new_processes(NULL, NULL, NULL) == CG_OK);
	try_all(&here);
	WANT(refused("main", &here, true));
}

/* B5: TSYNC cannot take this thread along. */
static void test_odd_thread(void)
{
	pthread_t thread;
	struct trial here = { 0 };

	own_filter = true;
	thread = start_older();
	WANT(give_up(CG_NOPROC_STRICT, false) == CG_E_THREAD);
	WANT(err.thread == older_id && strstr(err.message, "an older one"));
	WANT(out.state == CG_NOPROC_NONE && !out.verified);
	WANT(strcmp(out.step, "load") == 0);
	here.fork = ended(fork());
	WANT(here.fork == 0);
	end_older(thread);
}

static void test_this_thread_will_do(void)
{
	struct trial here = { 0 };
	pthread_t thread;

	own_filter = true;
	thread = start_older();
	WANT(give_up(CG_NOPROC_STRICT, true) == CG_OK);
	WANT(out.state == CG_NOPROC_THIS_THREAD);
	WANT(out.threads == 1 && out.verified);
	try_all(&here);
	WANT(refused("main", &here, true));
	end_older(thread);
	WANT(older.fork == 0);
}

/* E7: told apart from a kernel without seccomp. */
static void test_outer_filter(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | EPERM);
	WANT(give_up(CG_NOPROC_STRICT, false) == CG_E_BLOCKED);
	WANT(err.sys_errno == EPERM && strstr(err.message, "outer filter"));
	WANT(out.state == CG_NOPROC_NONE);
}

static void test_no_seccomp(void)
{
	play.no_seccomp = true;
	WANT(give_up(CG_NOPROC_STRICT, false) == CG_E_UNSUPPORTED);
	WANT(err.sys_errno == ENOSYS &&
	     strstr(err.message, "this kernel has no seccomp(2)"));
	WANT(out.state == CG_NOPROC_NONE);
}

/* Under a filter that kills for the asking nothing is asked by trying. */
static void test_outer_kills(void)
{
	live_outer(SYS_execve, 0, 0, CG_RET_KILL_PROCESS);
	live_outer(SYS_clone3, 0, 0, CG_RET_KILL_PROCESS);
	WANT(give_up(CG_NOPROC_STRICT, false) == CG_OK);
	WANT(out.state == CG_NOPROC_ALL_THREADS && out.verified);
}

/*
 * Each call that the library makes fails in its turn. Either it says so and
 * claims nothing, or programs are refused all the same. 0: the n-th was made.
 */
static void test_nth_fails(const void *with)
{
	char *argv[] = { (char *)"true", NULL };
	const int *at = with;
	enum cg_status status;

	play.at = (unsigned)at[0];
	play.number = at[1];
	status = give_up(CG_NOPROC_STRICT, false);
	play.at = 0;
	if (status == CG_OK) {
		WANT(out.state == CG_NOPROC_ALL_THREADS);
		WANT(number_of(execve("/bin/true", argv, environ)) == EACCES);
	} else {
		WANT(out.state == CG_NOPROC_NONE && !out.verified);
		WANT(err.status == status && err.message[0]);
	}
	_exit(play.hit ? 0 : 99);
}

static void test_failures(struct tap *tap)
{
	static const int numbers[] = { EPERM, ENOSYS, EINVAL, EFAULT, EACCES };
	unsigned made = 0, bad = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (int at = 1; at < 100; at++) {
			const int with[2] = { at, numbers[i] };
			int status = live_child(test_nth_fails, with);

			if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
				break;
			made++;
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
				tap_note("call %d with errno %d", at,
					 numbers[i]);
				bad++;
			}
		}
	tap_ok(tap, made >= 40 && !bad,
	       "%u failures of a call, none of which claims what is not", made);
}

static const enum cg_noproc_mode strict_mode = CG_NOPROC_STRICT;
static const enum cg_noproc_mode compatible_mode = CG_NOPROC_COMPATIBLE;

static const struct row {
	const char *name;
	void (*test)(const void *with);
	const void *with;
} rows[] = {
	{ "E5: strict", test_mode, &strict_mode },
	{ "E4: compatible", test_mode, &compatible_mode },
};

static const struct {
	const char *name;
	void (*test)(void);
} plain[] = {
	{ "G5: system(3) and popen(3) fail, pipes work", test_system },
	{ "nothing is asked for, nothing told", test_nulls },
	{ "B5: a thread that stays out is named", test_odd_thread },
	{ "this thread will do", test_this_thread_will_do },
	{ "E7: an outer filter answers EPERM", test_outer_filter },
	{ "E7: a kernel without seccomp", test_no_seccomp },
	{ "an outer filter that kills", test_outer_kills },
};

static void call_plain(const void *with)
{
	plain[*(const size_t *)with].test();
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, live_child(rows[i].test, rows[i].with) == 0, "%s",
		       rows[i].name);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		tap_ok(&tap, live_child(call_plain, &i) == 0, "%s",
		       plain[i].name);
	test_failures(&tap);
	return tap_done(&tap);
}
