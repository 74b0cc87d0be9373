#include "sys/take.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <callgate/load.h>

#include "sys/task.h"

enum { MODE_NONE, MODE_STRICT, MODE_FILTER }; /* SECCOMP_MODE_* */

struct metadata { /* struct seccomp_metadata */
	uint64_t index, flags;
};

/* What was being done when it went wrong. */
enum stage { NOTHING, SEIZING, STOPPING, READING };
enum { ENDED = -1, LATE = -2, TOO_MANY = -3 }; /* instead of an errno */

/* By this name one who takes filters knows another one. */
static const char taker_name[] = "callgate-take";

/* What the child and its parent share. */
struct shared {
	enum stage failed;
	int number; /* an errno, or one of the above */
	struct taken taken;
};

/* -------------------------------------------------------- in the child -- */

/*
 * All here are plain system calls: another thread of the parent may hold any
 * lock of libc. The end of this process, whatever the cause, lets the thread
 * go: the kernel sees to that, even where it has not stopped yet.
 */

static bool child_fails(struct shared *shared, enum stage stage, int number)
{
	shared->failed = stage;
	shared->number = number;
	return false;
}

static long milliseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 +
	       (now.tv_nsec - start->tv_nsec) / 1000000;
}

/*
 * Wait for the stop, whichever it is; `*status` is what waitpid() would say.
 * The event stays unread, as the signal in it is lost if we are killed after
 * having read it.
 */
static bool await_stop(struct shared *shared, pid_t thread, int *status)
{
	const struct timespec tick = { .tv_nsec = 50000000 };
	struct timespec start;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)thread, &info,
			   WSTOPPED | WEXITED | __WALL | WNOHANG | WNOWAIT) !=
		    0) {
			/* Another thread's exec has taken its place. */
			return child_fails(shared, STOPPING,
					   errno == ECHILD ? ENDED : errno);
		}
		if (info.si_pid != 0 && info.si_code != CLD_TRAPPED)
			return child_fails(shared, STOPPING, ENDED);
		if (info.si_pid != 0) {
			*status = info.si_status;
			return true;
		}
		if (milliseconds_since(&start) > TAKE_WAIT)
			return child_fails(shared, STOPPING, LATE);
		sigtimedwait(&set, NULL, &tick);
	}
}

/* One filter behind the others; `*end` says that there is no such filter. */
static bool read_filter(struct shared *shared, pid_t thread, bool *end)
{
	struct taken *taken = &shared->taken;
	const struct taken_filter *last =
		taken->count ? &taken->filters[taken->count - 1] : NULL;
	struct taken_filter filter = { .first = last ? last->first + last->count
						     : 0 };
	struct metadata metadata = { .index = taken->count };
	long index = (long)taken->count, count;

	count = ptrace(PTRACE_SECCOMP_GET_FILTER, thread, index, NULL);
	*end = count < 0 && errno == ENOENT;
	if (count < 0)
		return *end || child_fails(shared, READING, errno);
	if (taken->count == TAKE_FILTERS || count > TAKE_INSNS - filter.first)
		return child_fails(shared, READING, TOO_MANY);
	filter.count = (uint32_t)count;
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, thread, index,
		   &taken->insns[filter.first]) < 0)
		return child_fails(shared, READING, errno);
	/* Older kernels do not know this; nobody's answer depends on it. */
	if (ptrace(PTRACE_SECCOMP_GET_METADATA, thread, sizeof(metadata),
		   &metadata) > 0)
		filter.flags = (uint32_t)metadata.flags & CG_FLAG_LOG;
	taken->filters[taken->count++] = filter;
	return true;
}

/* A stop to deliver a signal is ended with it; any other stop with none. */
static long signal_of(int status)
{
	return status >> 8 ? 0 : status & 0x7f;
}

static void take_in_child(struct shared *shared, pid_t thread)
{
	bool end = false;
	int status;

	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) {
		child_fails(shared, SEIZING, errno);
		return;
	}
	if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0) {
		child_fails(shared, STOPPING, errno == ESRCH ? ENDED : errno);
		return;
	}
	if (!await_stop(shared, thread, &status))
		return;
	while (!end && read_filter(shared, thread, &end))
		;
	if (ptrace(PTRACE_DETACH, thread, NULL, signal_of(status)) != 0 &&
	    shared->failed == NOTHING)
		child_fails(shared, READING, errno == ESRCH ? ENDED : errno);
}

/* ------------------------------------------------------- in the parent -- */

/*
 * A child rather than this process, so that no waitpid() of the caller's sees
 * the stop, and no handler of it runs; without an exit signal, so that nobody
 * notices the child either.
 */
static int run_child(struct shared *shared, pid_t thread)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	long parent = syscall(SYS_getpid), child;
	sigset_t all, old;
	int status;
	pid_t got;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	child = syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (child == 0) {
		/* Should the caller be killed, this ends, and lets go. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		prctl(PR_SET_NAME, taker_name, 0, 0, 0);
		sigaction(SIGCHLD, &usual, NULL); /* else it is not sent */
		if (syscall(SYS_getppid) == parent)
			take_in_child(shared, thread);
		syscall(SYS_exit_group, 0);
	}
	status = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (child < 0)
		return status;
	do
		got = waitpid((pid_t)child, &status, __WALL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	return WIFEXITED(status) ? 0 : ECANCELED;
}

static bool fail_seizing(int number, int32_t thread, struct cg_error *err)
{
	struct task now;

	if (number == ESRCH || !task_read(thread, &now) || now.state == 'Z' ||
	    now.state == 'X')
		return fail_errno(err, CG_E_SYSTEM, ESRCH,
				  "thread %d has ended", (int)thread);
	if (number == EPERM && now.tracer)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "thread %d is traced by process %d already, "
				  "and only one can do so",
				  (int)thread, (int)now.tracer);
	return fail_errno(
		err, CG_E_SYSTEM, number,
		"thread %d may not be traced, which is how the kernel "
		"shows filters; it wants CAP_SYS_PTRACE",
		(int)thread);
}

static bool fail_stopping(int number, int32_t thread, struct cg_error *err)
{
	if (number == ENDED)
		return fail_errno(err, CG_E_SYSTEM, ESRCH,
				  "thread %d ended or executed another program "
				  "meanwhile",
				  (int)thread);
	if (number == LATE)
		return fail(err, CG_E_SYSTEM,
			    "thread %d did not stop within %d s: it waits in "
			    "the kernel for something that cannot be "
			    "interrupted, such as a child of vfork(2) before "
			    "its exec",
			    (int)thread, TAKE_WAIT / 1000);
	return fail_errno(err, CG_E_SYSTEM, number,
			  "thread %d cannot be stopped", (int)thread);
}

static bool fail_reading(int number, int32_t thread, struct cg_error *err)
{
	switch (number) {
	case ENDED:
		return fail_stopping(number, thread, err);
	case TOO_MANY:
		return fail(err, CG_E_UNSUPPORTED,
			    "thread %d has more filters than a kernel allows",
			    (int)thread);
	case EACCES:
		return fail_errno(
			err, CG_E_SYSTEM, number,
			"the kernel shows filters only to one who has "
			"CAP_SYS_ADMIN outside of any user namespace "
			"and is under no filter");
	case EMEDIUMTYPE:
	case EINVAL:
	case EIO:
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "this kernel does not keep filters to show "
				  "them (CONFIG_CHECKPOINT_RESTORE)");
	default:
		return fail_errno(err, CG_E_SYSTEM, number,
				  "the filters of thread %d cannot be read",
				  (int)thread);
	}
}

static bool
fail_taking(const struct shared *shared, int32_t thread, struct cg_error *err)
{
	switch (shared->failed) {
	case SEIZING:
		return fail_seizing(shared->number, thread, err);
	case STOPPING:
		return fail_stopping(shared->number, thread, err);
	default:
		return fail_reading(shared->number, thread, err);
	}
}

/* What can be told without stopping anybody. */
static bool check(const struct task *task, int32_t thread, struct cg_error *err)
{
	struct task self;

	task_read(0, &self);
	if (task->seccomp == MODE_STRICT)
		return fail(err, CG_E_UNSUPPORTED,
			    "thread %d is in strict mode, which is no filter: "
			    "it may read, write, exit and sigreturn",
			    (int)thread);
	if (self.seccomp == MODE_FILTER)
		return fail(err, CG_E_BLOCKED,
			    "this process is under a filter itself; the kernel "
			    "shows filters only to one that is not");
	if (!task_can_sys_admin(&self))
		return fail_errno(err, CG_E_SYSTEM, EPERM,
				  "to read filters takes CAP_SYS_ADMIN");
	return true;
}

/* Who traces it: somebody, nobody (any more), or one like us, in a moment. */
enum holder { HELD, FREE, TAKEN };
enum { TAKE_ALONE = 5 };

static enum holder holder_of(int32_t thread)
{
	struct task task, tracer;

	if (!task_read(thread, &task) || !task.tracer)
		return FREE;
	if (!task_read(task.tracer, &tracer))
		return FREE;
	return strcmp(tracer.name, taker_name) == 0 ? TAKEN : HELD;
}

/*
 * There can be one tracer only: where that is another taker, take turns. He may
 * be gone before we ask who it is; but who is refused and alone again and again
 * may not trace.
 */
static int take_in_turn(struct shared *shared, int32_t thread)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	struct timespec start;
	unsigned alone = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int number = run_child(shared, thread);
		enum holder holder;

		if (number != 0 || shared->failed != SEIZING ||
		    shared->number != EPERM)
			return number;
		holder = holder_of(thread);
		alone = holder == FREE ? alone + 1 : 0;
		if (holder == HELD || alone == TAKE_ALONE ||
		    milliseconds_since(&start) > TAKE_WAIT)
			return number;
		nanosleep(&tick, NULL);
		shared->failed = NOTHING;
	}
}

static bool take_confined(int32_t thread, const struct task *task,
			  struct shared *shared, struct cg_error *err)
{
	int number;

	if (!check(task, thread, err))
		return false;
	number = take_in_turn(shared, thread);
	if (number != 0)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "the process that takes filters failed");
	return shared->failed == NOTHING || fail_taking(shared, thread, err);
}

bool take(int32_t thread, const struct taken **out, struct cg_error *err)
{
	struct shared *shared;
	struct task task;

	/* 0 would be the caller, and below 0 are groups of processes. */
	if (thread <= 0 || !task_read(thread, &task))
		return fail_errno(err, CG_E_SYSTEM, ESRCH,
				  "there is no thread %d, or /proc does not "
				  "show it",
				  (int)thread);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		return fail_nomem(err);
	if (task.seccomp != MODE_NONE &&
	    !take_confined(thread, &task, shared, err)) {
		munmap(shared, sizeof(*shared));
		return false;
	}
	*out = &shared->taken;
	return true;
}

void taken_free(const struct taken *taken)
{
	if (taken)
		munmap((char *)(uintptr_t)taken -
			       offsetof(struct shared, taken),
		       sizeof(struct shared));
}
