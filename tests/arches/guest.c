/*
 * The only program of a machine that is booted to judge filters: init. It loads
 * what tables.h has, makes the calls, says in TAP what came of them, and turns
 * the machine off. No part of the library is here: the kernel is alone with the
 * filters.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* One call, and what the policy answers. */
struct row {
	uint32_t nr;
	uint64_t args[6];
	uint32_t answer;
};

#include "tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PROGRAM(name)                                                        \
	&(struct sock_fprog)                                                 \
	{                                                                    \
		.len = COUNT(filter_##name), .filter = (void *)filter_##name \
	}

enum { CANARIES = 3000, CHECKS = 64 };

extern char **environ;

static unsigned run, failed;

static void say(bool ok, const char *what)
{
	failed += !ok;
	printf("%s %u - %s %s\n", ok ? "ok" : "not ok", ++run, ABI_NAME, what);
	fflush(stdout);
}

static bool want(bool ok, const char *what)
{
	if (!ok) {
		printf("# not so: %s (errno %d)\n", what, errno);
		fflush(stdout);
	}
	return ok;
}
#define WANT(what) want(what, #what)

static long load(unsigned flags, const struct sock_fprog *program)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

/* Whether a child does this and ends well; its signal, if it must not. */
static bool in_child(bool (*work)(const void *), const void *with, int signal)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(work(with) ? 0 : 1);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (signal)
		return WIFSIGNALED(status) && WTERMSIG(status) == signal;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---------------------------------------------------------------- verdicts */

static bool row_holds(const struct row *row)
{
	const uint64_t *a = row->args;
	long got = syscall((long)row->nr, (long)a[0], (long)a[1], (long)a[2],
			   (long)a[3], (long)a[4], (long)a[5]);
	int number = got == -1 ? errno : 0;
	int wanted =
		(row->answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO
			? (int)(row->answer & SECCOMP_RET_DATA)
			: 0;

	if (wanted ? number == wanted : number < CANARIES)
		return true;
	printf("# nr %u(%llx, %llx, %llx, %llx, %llx, %llx): errno %d, wanted "
	       "%d\n",
	       (unsigned)row->nr, (unsigned long long)a[0],
	       (unsigned long long)a[1], (unsigned long long)a[2],
	       (unsigned long long)a[3], (unsigned long long)a[4],
	       (unsigned long long)a[5], number, wanted);
	return false;
}

struct verdicts {
	const struct sock_fprog *program;
	const struct row *rows;
	size_t count;
};

static bool verdicts_hold(const void *with)
{
	const struct verdicts *verdicts = with;
	unsigned wrong = 0;

	if (!WANT(load(0, verdicts->program) == 0))
		return false;
	for (size_t i = 0; i < verdicts->count && wrong < 10; i++)
		wrong += !row_holds(&verdicts->rows[i]);
	fflush(stdout);
	return wrong == 0;
}

static void test_verdicts(void)
{
	const struct verdicts numbers = { PROGRAM(numbers), rows_numbers,
					  COUNT(rows_numbers) };
	const struct verdicts arguments = { PROGRAM(arguments), rows_arguments,
					    COUNT(rows_arguments) };
	char what[64];

	snprintf(what, sizeof(what), "%u numbers", (unsigned)numbers.count);
	say(in_child(verdicts_hold, &numbers, 0), what);
	snprintf(what, sizeof(what), "%u arguments", (unsigned)arguments.count);
	say(in_child(verdicts_hold, &arguments, 0), what);
}

/* ----------------------------------------------------------------- actions */

static volatile siginfo_t trapped;

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	trapped = *info;
}

static bool trap_tells(const void *with)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO };

	(void)with;
	sigaction(SIGSYS, &action, NULL);
	if (!WANT(load(0, PROGRAM(trap)) == 0))
		return false;
	syscall(NR_GETPPID);
	return WANT(trapped.si_signo == SIGSYS) &&
	       WANT(trapped.si_errno == 77) &&
	       WANT(trapped.si_arch == ABI_ARCH) &&
	       WANT((uint32_t)trapped.si_syscall == NR_GETPPID);
}

static bool is_killed(const void *with)
{
	(void)with;
	if (WANT(load(0, PROGRAM(kill)) == 0))
		syscall(NR_GETPPID);
	return false;
}

/* As on a kernel before 3.17, whose seccomp(2) is not there. */
static bool prctl_loads(const void *with)
{
	static const struct sock_filter no_seccomp[] = {
		{ 0x20, 0, 0, 0 },
		{ 0x15, 0, 1, SYS_seccomp },
		{ 0x06, 0, 0, SECCOMP_RET_ERRNO | ENOSYS },
		{ 0x06, 0, 0, SECCOMP_RET_ALLOW },
	};
	const struct sock_fprog program = { 4, (void *)no_seccomp };

	(void)with;
	return WANT(load(0, &program) == 0) &&
	       WANT(load(0, &program) == -1 && errno == ENOSYS) &&
	       WANT(prctl(PR_SET_SECCOMP, 2, PROGRAM(errno), 0, 0) == 0) &&
	       WANT(syscall(NR_GETPPID) == -1 && errno == 3333);
}

static void test_actions(void)
{
	say(in_child(trap_tells, NULL, 0), "trap: signal, number, arch, data");
	say(in_child(is_killed, NULL, SIGSYS), "kill_process");
	say(in_child(prctl_loads, NULL, 0), "prctl(2) where seccomp(2) lacks");
}

/* --------------------------------------------------------------- processes */

static void *nothing(void *context)
{
	return context;
}

static bool thread_works(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) == 0 &&
	       pthread_join(thread, NULL) == 0;
}

static bool programs_refused(void)
{
	char *argv[] = { (char *)"init", NULL };
	pid_t child;

	return WANT(execve("/init", argv, environ) == -1 && errno == EACCES) &&
	       WANT(posix_spawn(&child, "/init", NULL, NULL, argv, environ) ==
		    EACCES);
}

static bool strict_refuses(const void *with)
{
	(void)with;
	return WANT(load(0, PROGRAM(no_new_processes)) == 0) &&
	       programs_refused() && WANT(fork() == -1 && errno == EACCES) &&
	       WANT(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS) &&
	       WANT(thread_works());
}

/* A process that splits says so in its exit status. */
static bool can_split(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(7);
	return child > 0 && waitpid(child, &status, 0) == child &&
	       WEXITSTATUS(status) == 7;
}

static bool loose_refuses(const void *with)
{
	return WANT(load(0, with) == 0) && programs_refused() &&
	       WANT(can_split()) && WANT(thread_works());
}

static void test_processes(void)
{
	say(in_child(strict_refuses, NULL, 0), "no-new-processes");
	say(in_child(loose_refuses, PROGRAM(no_exec), 0), "no-exec");
#ifdef HAS_ELASTIC
	say(in_child(loose_refuses, PROGRAM(elastic), 0),
	    "Elasticsearch's filter");
#endif
}

/* ----------------------------------------------------------------- threads */

static pthread_barrier_t ready, go;
static long other_result;
static int other_errno;

static void *other_main(void *context)
{
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&go);
	other_result = syscall(NR_GETPPID);
	other_errno = errno;
	return context;
}

static bool all_threads(const void *with)
{
	pthread_t thread;

	(void)with;
	pthread_barrier_init(&ready, NULL, 2);
	pthread_barrier_init(&go, NULL, 2);
	if (!WANT(pthread_create(&thread, NULL, other_main, NULL) == 0))
		return false;
	pthread_barrier_wait(&ready);
	if (!WANT(load(SECCOMP_FILTER_FLAG_TSYNC, PROGRAM(errno)) == 0))
		return false;
	pthread_barrier_wait(&go);
	pthread_join(thread, NULL);
	return WANT(other_result == -1 && other_errno == 3333) &&
	       WANT(syscall(NR_GETPPID) == -1 && errno == 3333);
}

/* ------------------------------------------------------------ notification */

static int listener;

static void *caller_main(void *context)
{
	listener = (int)load(SECCOMP_FILTER_FLAG_NEW_LISTENER, PROGRAM(notify));
	pthread_barrier_wait(&ready);
	other_result = syscall(NR_GETPPID);
	pthread_barrier_wait(&go);
	return context;
}

static bool answer(void)
{
	union {
		struct seccomp_notif received;
		char room[512];
	} got;
	union {
		struct seccomp_notif_resp answer;
		char room[512];
	} with;

	memset(&got, 0, sizeof(got));
	memset(&with, 0, sizeof(with));
	if (!WANT(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got) == 0) ||
	    !WANT((uint32_t)got.received.data.nr == NR_GETPPID) ||
	    !WANT(got.received.data.arch == ABI_ARCH))
		return false;
	with.answer.id = got.received.id;
	with.answer.val = 4242;
	return WANT(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &with) == 0);
}

static bool supervised(const void *with)
{
	pthread_t thread;

	(void)with;
	pthread_barrier_init(&ready, NULL, 2);
	pthread_barrier_init(&go, NULL, 2);
	if (!WANT(pthread_create(&thread, NULL, caller_main, NULL) == 0))
		return false;
	pthread_barrier_wait(&ready);
	if (!WANT(listener >= 0) || !answer())
		return false;
	pthread_barrier_wait(&go);
	pthread_join(thread, NULL);
	return WANT(other_result == 4242);
}

int main(void)
{
	struct utsname name;

	mount("proc", "/proc", "proc", 0, NULL);
	uname(&name);
	printf("\n# guest %s on Linux %s %s\n", ABI_NAME, name.release,
	       name.machine);
	test_verdicts();
	test_actions();
	test_processes();
	say(in_child(all_threads, NULL, 0), "tsync");
	say(in_child(supervised, NULL, 0), "notify");
	printf("1..%u\n# guest done\n", run);
	fflush(stdout);
	sync();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
