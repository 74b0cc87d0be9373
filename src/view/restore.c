/*
 * The terminal is given back however the process ends: by exit(), or by a
 * signal that kills. Handlers know nothing but what stands here.
 */
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "view/screen.h"

static struct {
	volatile sig_atomic_t fd; /* the terminal's; -1: it is not ours */
	struct termios before;
	bool registered;
} terminal = { .fd = -1 };

/* Signals that end a process which has made a mistake. */
static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };
enum { FATAL = sizeof(fatal) / sizeof(fatal[0]) };

/* Out of the other screen, cursor on, plain letters, keypad off. */
static void give_back(void)
{
	static const char plain[] = "\033[0m\033[?25h\033[?1l\033>\033[?1049l"
				    "\r\n";
	const int fd = terminal.fd;

	if (fd < 0)
		return;
	terminal.fd = -1;
	/* There is nothing that could be done about a failure. */
	if (write(fd, plain, sizeof(plain) - 1) < 0)
		return;
	(void)tcsetattr(fd, TCSANOW, &terminal.before);
}

static void on_fatal(int number)
{
	give_back();
	/* The handler was for once: now it ends as it would have. */
	raise(number);
}

void restore_watch(int fd)
{
	const struct sigaction action = {
		.sa_handler = on_fatal,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER),
	};

	if (tcgetattr(fd, &terminal.before) != 0)
		return;
	terminal.fd = fd;
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &action, NULL);
	if (!terminal.registered)
		terminal.registered = atexit(give_back) == 0;
}

void restore_done(void)
{
	terminal.fd = -1;
	for (size_t i = 0; i < FATAL; i++)
		signal(fatal[i], SIG_DFL);
}
