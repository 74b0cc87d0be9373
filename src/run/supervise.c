#include "run/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "run/follow.h"
#include "run/install.h"
#include "run/phases.h"
#include "trace/resume.h"

static void ignore(int sig)
{
	(void)sig;
}

/*
 * The caller's handlers are not ours, nor is what came while we were in its
 * group: to ignore a signal drops it. SIGCHLD tells of the command's stops; it
 * stays blocked but for the moments when we wait for it.
 */
static void take_signals(void)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	const struct sigaction none = { .sa_handler = SIG_IGN };
	const struct sigaction wake = { .sa_handler = ignore };
	sigset_t mask;

	for (int sig = 1; sig < NSIG; sig++) {
		sigaction(sig, &none, NULL);
		if (sig != SIGPIPE)
			sigaction(sig, &usual, NULL);
	}
	sigaction(SIGCHLD, &wake, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* Of those above stderr; before Linux 5.9 there is no close_range. */
static void close_from_to(unsigned first, unsigned last)
{
	struct rlimit limit;

	if (first <= STDERR_FILENO)
		first = STDERR_FILENO + 1;
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= last)
		last = (unsigned)limit.rlim_cur;
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

/* Keep stderr and the channel, which may be lower where the command was given
   no stdin: an open pipe of the command's would be missed by whoever waits for
   its end. */
static void take_files(const struct channel *channel)
{
	unsigned low = (unsigned)channel->go, high = (unsigned)channel->told[1];

	if (low > high) {
		unsigned swap = low;

		low = high;
		high = swap;
	}
	if (low > 0)
		close_from_to(0, low - 1);
	close_from_to(low + 1, high - 1);
	close_from_to(high + 1, ~0u);
	for (int fd = 0; fd < 2; fd++) {
		int null;

		if (fd == channel->go || fd == channel->told[1])
			continue;
		null = open("/dev/null", O_RDWR);
		if (null < 0)
			close(fd);
		else if (null != fd) {
			dup2(null, fd);
			close(null);
		}
	}
}

static bool tell(const struct command *command, const struct cg_error *err)
{
	struct word word = { 0 };

	if (err)
		word.err = *err;
	return write(command->channel.told[1], &word, sizeof(word)) ==
	       sizeof(word);
}

/* Wait until the caller says something; false if it has gone. */
static bool hear(const struct command *command, uint64_t *said)
{
	struct pollfd fds[2] = {
		{ .fd = command->channel.go, .events = POLLIN },
		{ .fd = command->channel.told[1] }, /* its reader is gone */
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return fds[0].revents & POLLIN &&
	       read(command->channel.go, said, sizeof(*said)) == sizeof(*said);
}

static bool seize(const struct command *command, struct cg_error *err)
{
	long options =
		PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;

	if (ptrace(PTRACE_SEIZE, command->thread, NULL, options) == 0)
		return true;
	return fail_errno(err, CG_E_UNSUPPORTED, errno,
			  "ptrace cannot be used here, perhaps because "
			  "something else traces this process already; load "
			  "the filter before exec instead");
}

/* The command could not be executed: leave the caller as it was. */
static void let_go(pid_t thread)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0)
		return;
	while (waitpid(thread, &status, __WALL) < 0)
		if (errno != EINTR)
			return;
	if (!WIFSTOPPED(status))
		return;
	ptrace(PTRACE_DETACH, thread, NULL,
	       status >> 16 ? 0L : (long)WSTOPSIG(status));
}

/* Handle what has happened so far; the process once it is at its exec. */
static pid_t look(bool *gone)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC)
			return pid;
		if (WIFSTOPPED(status))
			resume_stopped(pid, status, PTRACE_CONT);
	}
	*gone = pid < 0 && errno == ECHILD;
	return 0;
}

/* The process at its exec, or 0 if there will be none. */
static pid_t wait_for_exec(const struct command *command)
{
	struct pollfd go = { .fd = command->channel.go, .events = POLLIN };
	bool gone = false;
	sigset_t open;
	pid_t process;

	sigemptyset(&open);
	for (;;) {
		process = look(&gone);
		if (process > 0 || gone)
			return process;
		/* SIGCHLD can only come in here, so none is missed. */
		if (ppoll(&go, 1, NULL, &open) > 0) {
			let_go(command->thread);
			return 0;
		}
	}
}

static bool
attend(const struct command *command, pid_t process, struct cg_error *err)
{
	const struct cg_run_options *options = command->options;
	struct installed installed;
	bool ok;

	if (!install(process, options, command->native, command->native_abi,
		     &installed, err))
		return false;
	if (options->after) {
		ok = phases(process, options, &installed, err);
		cg_program_free(installed.program);
		if (!ok)
			kill(process, SIGKILL);
		return ok;
	}
	if (options->explain != CG_EXPLAIN_NONE)
		return follow(process, options, &installed, err);
	if (ptrace(PTRACE_DETACH, process, NULL, NULL) == 0 || errno == ESRCH)
		return true;
	return fail_errno(err, CG_E_SYSTEM, errno,
			  "the command cannot be let go");
}

/* The thread is held: false if it is not, and nobody waits for us. */
static bool begin(const struct command *command)
{
	struct cg_error err = { 0 };
	uint64_t said;

	if (command->wait_for_go && (!hear(command, &said) || said != SAY_GO))
		return false;
	if (seize(command, &err))
		return tell(command, NULL);
	tell(command, &err);
	return false;
}

/* Leave the caller's world. It is in its exec meanwhile. */
static void settle(const struct command *command)
{
	setsid();
	take_signals();
	/* Whatever the command may do to others, it must not trace us. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	take_files(&command->channel);
}

void supervise(const struct command *command)
{
	struct cg_error err = { 0 };
	pid_t process;

	if (!begin(command))
		_exit(EXIT_FAILURE);
	settle(command);
	process = wait_for_exec(command);
	if (process == 0)
		_exit(EXIT_SUCCESS);
	close(command->channel.go);
	close(command->channel.told[1]);
	if (!attend(command, process, &err)) {
		if (command->options->failed)
			command->options->failed(command->options->context,
						 &err);
		_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}
