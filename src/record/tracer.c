#include "record/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/trace_loop.h"

enum { STOP_SIGNAL = SIGUSR1, PATIENCE = 20 /* ms */, TRIES = 50 };

/* Set by the recorder's wish to be let go. */
static volatile sig_atomic_t stopping;

static void stop(int sig)
{
	(void)sig;
	stopping = 1;
}

/*
 * Of the caller's world, the socket alone stays. A group of its own, so that
 * the terminal does not end it; not a session, which might not be scheduled
 * with the command.
 */
static void settle(int socket)
{
	const struct sigaction on_stop = { .sa_handler = stop };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t mask;

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &usual, NULL);
	sigaction(STOP_SIGNAL, &on_stop, NULL);
	sigfillset(&mask);
	sigdelset(&mask, STOP_SIGNAL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "callgate-tracer", 0, 0, 0);
	if (dup2(socket, 3) < 0)
		_exit(EXIT_FAILURE);
	syscall(SYS_close_range, 4, ~0u, 0);
	for (int fd = 0; fd < 3; fd++) {
		int null = open("/dev/null", O_RDWR);

		if (null >= 0 && null != fd) {
			dup2(null, fd);
			close(null);
		}
	}
}

static _Noreturn void
be_tracer(struct cg_recorder *recorder, bool by_filter, int socket)
{
	struct cg_error err = { 0 };
	struct trace_loop loop = { .recorder = recorder,
				   .by_filter = by_filter,
				   .stopping = &stopping };
	char word;

	settle(socket);
	/* The word comes once the command has allowed us to trace it. */
	if (read(3, &word, 1) != 1)
		_exit(EXIT_FAILURE);
	if (trace_loop_begin(&loop, &err)) {
		/* Nobody may be there to hear it: then it goes on all the
		   same. */
		send(3, &err, sizeof(err), MSG_NOSIGNAL);
		close(3);
		trace_loop_run(&loop);
		_exit(EXIT_SUCCESS);
	}
	send(3, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(EXIT_FAILURE);
}

bool tracer_start(struct cg_recorder *recorder, bool by_filter,
		  struct tracer_link *link, struct cg_error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot make a socket for the tracer");
	/* Without an exit signal: no wait(2) of the caller's finds it. */
	link->pid = (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
	if (link->pid == 0)
		be_tracer(recorder, by_filter, pair[1]);
	close(pair[1]);
	link->socket = pair[0];
	if (link->pid > 0) {
		link->pidfd = (int)syscall(SYS_pidfd_open, link->pid, 0);
		return true;
	}
	close(pair[0]);
	link->pid = 0;
	return fail_errno(err, CG_E_SYSTEM, errno,
			  "cannot start a process that traces");
}

bool tracer_seize(struct tracer_link *link, struct cg_error *err)
{
	struct cg_error told;
	size_t got = 0;

	if (send(link->socket, "", 1, MSG_NOSIGNAL) == 1)
		while (got < sizeof(told)) {
			ssize_t part = read(link->socket, (char *)&told + got,
					    sizeof(told) - got);

			if (part < 0 && errno == EINTR)
				continue;
			if (part <= 0)
				break;
			got += (size_t)part;
		}
	if (got < sizeof(told))
		return fail(err, CG_E_SYSTEM,
			    "the process that traces ended before it began");
	if (told.status == CG_OK)
		return true;
	*err = told;
	return false;
}

bool tracer_alive(struct tracer_link *link)
{
	int status = 0;
	pid_t got;

	if (link->gone)
		return false;
	do
		got = waitpid(link->pid, &status, __WALL | WNOHANG);
	while (got < 0 && errno == EINTR);
	link->gone = got != 0;
	link->killed = got > 0 && WIFSIGNALED(status);
	return !link->gone;
}

void tracer_end(struct tracer_link *link, bool by_filter)
{
	if (link->pid <= 0)
		return;
	close(link->socket);
	/* It may be about to wait when the signal comes: again, then. */
	for (int i = 0; !by_filter && i < TRIES && tracer_alive(link); i++) {
		struct pollfd ended = { .fd = link->pidfd, .events = POLLIN };

		kill(link->pid, STOP_SIGNAL);
		poll(&ended, 1, PATIENCE);
	}
	if (link->pidfd >= 0)
		close(link->pidfd);
	link->pid = 0;
}
