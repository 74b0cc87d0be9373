#include "run/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/supervise.h"
#include "trace/lookup.h"

static bool channel_open(struct channel *channel, struct cg_error *err)
{
	channel->go = eventfd(0, EFD_CLOEXEC);
	if (channel->go < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot make an eventfd for the supervisor");
	if (pipe2(channel->told, O_CLOEXEC) == 0)
		return true;
	fail_errno(err, CG_E_SYSTEM, errno,
		   "cannot make a pipe for the supervisor");
	close(channel->go);
	return false;
}

/* An eventfd and no pipe: writing to it never raises SIGPIPE. */
static bool say(const struct channel *channel, uint64_t what)
{
	return write(channel->go, &what, sizeof(what)) == sizeof(what);
}

/* The supervisor's next message; false if it has gone without one. */
static bool hear(const struct channel *channel, struct word *word)
{
	ssize_t got;

	do
		got = read(channel->told[0], word, sizeof(*word));
	while (got < 0 && errno == EINTR);
	return got == sizeof(*word);
}

static void reap(pid_t child)
{
	while (waitpid(child, NULL, 0) < 0)
		if (errno != EINTR)
			return; /* ECHILD: SIGCHLD is ignored here */
}

/*
 * The end of our own child leaves a SIGCHLD behind if the caller has that
 * signal blocked; the command would find it pending. Another child's is put
 * back.
 */
static void forget_sigchld(pid_t child)
{
	const struct timespec now = { 0 };
	siginfo_t info;
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, SIGCHLD);
	if (sigtimedwait(&only, &info, &now) == SIGCHLD && info.si_pid != child)
		syscall(SYS_rt_sigqueueinfo, getpid(), SIGCHLD, &info);
}

struct children {
	pid_t between, supervisor;
};

/*
 * Two forks: the process between them ends at once, so that the command finds
 * no child it did not make. It only forks, so it borrows our memory instead of
 * copying it, which is most of what a fork costs: vfork(2) lets us wait, and
 * `supervisor` is what came of it. No signal is let through, and fork(2) takes
 * the locks of libc as if we had called it.
 * Returns 0 or an errno.
 */
static int fork_twice(const struct command *command, struct children *children)
{
	volatile pid_t supervisor = 0;
	pid_t between;

	/* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork) */
	between = vfork();
	if (between == 0) {
		/* NOLINTBEGIN(clang-analyzer-unix.Vfork): as said above */
		supervisor = fork();
		if (supervisor == 0)
			supervise(command);
		/* NOLINTEND(clang-analyzer-unix.Vfork) */
		_exit(0);
	}
	*children = (struct children){ between, supervisor };
	return between < 0 || supervisor < 0 ? errno : 0;
}

static bool fail_lost(struct cg_error *err)
{
	return fail(err, CG_E_SYSTEM,
		    "the supervisor ended before it was ready");
}

/* Yama wants to be told who may trace us; EINVAL is: no Yama. */
static bool must_be_allowed(void)
{
	return prctl(PR_SET_PTRACER, 0, 0, 0, 0) == 0 || errno != EINVAL;
}

/* Until the supervisor holds this thread, ready for exec. */
static bool
be_seized(const struct command *command, pid_t supervisor, struct cg_error *err)
{
	struct word word;
	bool heard;

	if (command->wait_for_go) {
		prctl(PR_SET_PTRACER, supervisor, 0, 0, 0);
		if (!say(&command->channel, SAY_GO))
			return fail_lost(err);
	}
	heard = hear(&command->channel, &word);
	if (command->wait_for_go)
		prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	if (!heard)
		return fail_lost(err);
	if (word.err.status != CG_OK) {
		*err = word.err;
		return false;
	}
	return true;
}

/* No signal is let through until the process between has been reaped. */
static bool
begin_supervision(const struct command *command, struct cg_error *err)
{
	struct children children;
	sigset_t all, old;
	bool ok = true;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	number = fork_twice(command, &children);
	close(command->channel.told[1]);
	if (number != 0)
		ok = fail_errno(err, CG_E_SYSTEM, number,
				"cannot start the supervisor");
	else
		ok = be_seized(command, children.supervisor, err);
	/* By now it has ended, so that nobody waits. */
	if (children.between > 0) {
		reap(children.between);
		forget_sigchld(children.between);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

/* The supervisor lets go, then its end of the pipe closes. */
static void be_released(const struct channel *channel)
{
	struct word unwanted;

	if (say(channel, SAY_LEAVE))
		hear(channel, &unwanted);
}

bool launch(const struct cg_run_options *options, struct cg_program *native,
	    const struct cg_abi *native_abi, char *const argv[],
	    struct cg_error *err)
{
	struct command command = {
		.thread = (pid_t)syscall(SYS_gettid),
		.options = options,
		.native = native,
		.native_abi = native_abi,
		.wait_for_go = must_be_allowed(),
	};

	if (!channel_open(&command.channel, err))
		return false;
	if (begin_supervision(&command, err)) {
		lookup_exec(argv, err);
		be_released(&command.channel);
	}
	close(command.channel.go);
	close(command.channel.told[0]);
	return false;
}
