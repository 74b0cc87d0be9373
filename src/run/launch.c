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

#include "run/lookup.h"
#include "run/supervise.h"

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

/*
 * Two forks: the process between them ends at once, so that the command finds
 * no child it did not make.
 */
static bool
start_supervisor(const struct command *command, struct cg_error *err)
{
	sigset_t all, old;
	pid_t between;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	between = fork();
	number = errno;
	if (between == 0) {
		if (fork() == 0)
			supervise(command);
		_exit(0);
	}
	if (between > 0) {
		reap(between);
		forget_sigchld(between);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(command->channel.told[1]);
	if (between < 0)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "cannot start the supervisor");
	return true;
}

static bool fail_lost(struct cg_error *err)
{
	return fail(err, CG_E_SYSTEM,
		    "the supervisor ended before it was ready");
}

/* Until the supervisor holds this thread, ready for exec. */
static bool be_seized(const struct command *command, struct cg_error *err)
{
	struct word word;

	if (!hear(&command->channel, &word))
		return fail_lost(err);
	/* Yama wants to be told who may trace us; EINVAL is: no Yama. */
	prctl(PR_SET_PTRACER, word.supervisor, 0, 0, 0);
	if (!say(&command->channel, SAY_GO) || !hear(&command->channel, &word))
		return fail_lost(err);
	prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	if (word.err.status != CG_OK) {
		*err = word.err;
		return false;
	}
	return true;
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
	};

	if (!channel_open(&command.channel, err))
		return false;
	if (start_supervisor(&command, err) && be_seized(&command, err)) {
		lookup_exec(argv, err);
		be_released(&command.channel);
	}
	close(command.channel.go);
	close(command.channel.told[0]);
	return false;
}
