/*
 * A program that violates its filter.
 *
 *	violator NAME VERDICT LOG HOW COUNT [RATE]
 *
 * The thread calls itself NAME. VERDICT is the answer in hexadecimal to
 * getpriority(7, 8); LOG is 1 to have it logged; HOW one of process, thread,
 * sibling (a thread of a process that is under the filter), vfork; COUNT how
 *often, RATE times a second (0: as fast as it can). With "none" for VERDICT the
 *filter allows these arguments, and refuses others with the errno that the call
 *fails with by itself. Prints how many came back. Built for each width.
 *
 * HOW "cost" measures instead, COUNT times: the least nanoseconds of a call
 * that succeeds (getppid), of one that fails (close), and of this one; without
 * a filter if VERDICT is "free".
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WHICH = 7, WHO = 8 };

/* The call fails with EINVAL, whoever asks. */

static unsigned verdict, flag;
static bool allows;
static long count, rate;
static volatile long done;
static const char *name;

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
}

static int load(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WHICH, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { sizeof(insns) / sizeof(insns[0]),
					   insns };

	if (allows)
		insns[5].k = SECCOMP_RET_ERRNO | EINVAL;
	if (prctl(PR_SET_NAME, name, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag,
			    &filter);
}

/* So many each millisecond, by the clock. */
static void violate(void)
{
	const long burst = rate > 1000 ? rate / 1000 : 1;
	const long step =
		rate > 1000 ? 1000000 : 1000000000 / (rate ? rate : 1);
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	for (long i = 0; i < count; i++) {
		syscall(SYS_getpriority, WHICH, WHO);
		done++;
		if (!rate || done % burst)
			continue;
		at.tv_nsec += step;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
}

static void *in_sibling(void *unused)
{
	(void)unused;
	violate();
	return NULL;
}

static void *in_thread(void *unused)
{
	(void)unused;
	if (load() == 0)
		violate();
	return NULL;
}

static void by_thread(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL) == 0)
		pthread_join(thread, NULL);
}

/* The parent waits in vfork(); parent and child have one memory. */
static void by_vfork(void)
{
	pid_t child = vfork();

	if (child == 0) {
		if (load() == 0)
			violate();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Of the fastest of many short runs: what else runs makes some slower. */
static double least(long nr)
{
	enum { CALLS = 1000 };
	double best = 1e9;

	for (long i = 0; i < count; i++) {
		struct timespec from, to;
		double took;

		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int at = 0; at < CALLS; at++)
			syscall(nr, WHICH, WHO);
		clock_gettime(CLOCK_MONOTONIC, &to);
		took = (double)(to.tv_sec - from.tv_sec) * 1e9 +
		       (double)(to.tv_nsec - from.tv_nsec);
		if (took / CALLS < best)
			best = took / CALLS;
	}
	return best;
}

static int measure(bool filtered)
{
	if (filtered && load() != 0)
		return 1;
	printf("%.1f", least(SYS_getppid));
	printf(" %.1f", least(SYS_close));
	printf(" %.1f\n", least(SYS_getpriority));
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO };

	if (argc < 6)
		return 2;
	name = argv[1];
	allows = strcmp(argv[2], "none") == 0;
	verdict = allows ? SECCOMP_RET_ALLOW
			 : (unsigned)strtoul(argv[2], NULL, 16);
	flag = atoi(argv[3]) ? SECCOMP_FILTER_FLAG_LOG : 0;
	count = atol(argv[5]);
	rate = argc > 6 ? atol(argv[6]) : 0;
	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRAP)
		sigaction(SIGSYS, &action, NULL);
	if (strcmp(argv[4], "cost") == 0)
		return measure(strcmp(argv[2], "free") != 0);
	if (strcmp(argv[4], "thread") == 0)
		by_thread(in_thread);
	else if (strcmp(argv[4], "sibling") == 0 && load() == 0)
		by_thread(in_sibling);
	else if (strcmp(argv[4], "vfork") == 0)
		by_vfork();
	else if (load() == 0)
		violate();
	printf("%ld\n", done);
	return 0;
}
