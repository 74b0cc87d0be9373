#include "trace/resume.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

enum { BORDER = SIGTRAP | 0x80 };

static bool stops_by_default(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	       sig == SIGTTOU;
}

/* The signal that a thread has stopped to be given, or 0. */
static long signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 == 0 && sig != BORDER ? sig : 0;
}

void resume_stopped(pid_t thread, int status, enum __ptrace_request how)
{
	if (status >> 16 == PTRACE_EVENT_STOP &&
	    stops_by_default(WSTOPSIG(status)))
		ptrace(PTRACE_LISTEN, thread, NULL, NULL);
	else
		ptrace(how, thread, NULL, signal_of(status));
}

void resume_let_go(pid_t thread, int status)
{
	ptrace(PTRACE_DETACH, thread, NULL, signal_of(status));
}
