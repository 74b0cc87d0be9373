/*
 * What run_test runs under a filter: one program, a verb each. It exits with
 * the errno of what was refused, with 0 if nothing was, and with 99 if it
 * could not try. Also built for i386.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "victim.h"

enum { CANNOT = 99, CHILDREN = 1000 };

/* The call that the test's filter refuses, with arguments to recognise. */
static int try_call(void)
{
	errno = 0;
	syscall(SYS_getppid, 11, 22, 33, 44, 55, 66);
	return errno;
}

/* Become this program again, with another verb. */
static int again(const char *verb, const char *argument)
{
	const char *args[] = { "victim", verb, argument, NULL };

	execv("/proc/self/exe", (char **)(uintptr_t)args);
	return CANNOT;
}

static int verb_exit(char **args)
{
	return atoi(args[0]);
}

static int verb_signal(char **args)
{
	raise(atoi(args[0]));
	return CANNOT;
}

static int verb_call(char **args)
{
	(void)args;
	return try_call();
}

/* The same number through the door of 32-bit programs. */
static int verb_int80(char **args)
{
	(void)args;
#ifdef __x86_64__
	long got;

	__asm__ volatile("int $0x80"
			 : "=a"(got)
			 : "0"(64L), "b"(1L), "c"(2L)
			 : "memory", "r8", "r9", "r10", "r11");
	return got < 0 ? (int)-got : 0;
#else
	return CANNOT;
#endif
}

static volatile sig_atomic_t trapped;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_errno;
}

/* Survives a trap; the filter's data arrives. */
static int verb_handler(char **args)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	(void)args;
	action.sa_sigaction = on_sigsys;
	sigaction(SIGSYS, &action, NULL);
	try_call();
	return trapped;
}

static void *thread_main(void *with)
{
	*(int *)with = try_call();
	return NULL;
}

static int verb_threads(char **args)
{
	int got[8] = { 0 };
	pthread_t threads[8];

	(void)args;
	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, thread_main, &got[i]))
			return CANNOT;
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < 8; i++)
		if (got[i] != got[0])
			return CANNOT;
	return got[0];
}

static void *thread_exec(void *with)
{
	again("call", NULL);
	return with;
}

/* Exec from a thread that is not the first: it takes over the first's id. */
static int verb_thread_exec(char **args)
{
	pthread_t thread;

	(void)args;
	if (pthread_create(&thread, NULL, thread_exec, NULL))
		return CANNOT;
	pthread_join(thread, NULL);
	return CANNOT;
}

static int verb_exec_chain(char **args)
{
	int left = atoi(args[0]);
	char number[16];

	snprintf(number, sizeof(number), "%d", left - 1);
	return left > 0 ? again("exec-chain", number) : again("call", NULL);
}

static int status_of(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return CANNOT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int verb_fork(char **args)
{
	pid_t child = fork();

	(void)args;
	if (child == 0)
		_exit(try_call());
	return status_of(child);
}

static int verb_vfork(char **args)
{
	pid_t child = vfork();

	(void)args;
	if (child == 0)
		_exit(again("call", NULL));
	return status_of(child);
}

static int verb_bomb(char **args)
{
	int sum = 0;

	(void)args;
	for (int i = 0; i < CHILDREN; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(try_call() != 0);
		if (child < 0)
			return CANNOT;
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;

		if (wait(&status) < 0 || !WIFEXITED(status))
			return CANNOT;
		sum += WEXITSTATUS(status);
	}
	return sum == CHILDREN || sum == 0 ? sum != 0 : CANNOT;
}

/* No child, no signal pending, nothing open: the launcher left no trace. */
static int verb_alone(char **args)
{
	sigset_t pending, blocked;
	int next;

	(void)args;
	if (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD)
		return 1;
	sigpending(&pending);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&pending, sig) == 1)
			return 2;
	next = open("/dev/null", O_RDONLY);
	return next == 3 ? 0 : 3;
}

/* A line from the standard input; its first letter comes back. */
static int verb_read(char **args)
{
	char line[64];

	(void)args;
	if (read(0, line, sizeof(line)) <= 0)
		return CANNOT;
	return line[0];
}

/* Exit when told so by a signal that was waited for. */
static int verb_wait(char **args)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, atoi(args[0]));
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (write(1, "ready\n", 6) != 6)
		return CANNOT;
	sigwait(&set, &sig);
	return try_call();
}

static int verb_trace_me(char **args)
{
	(void)args;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

/* Try to answer in the supervisor's place, by a listener of one's own. */
static int verb_listen(char **args)
{
	unsigned short code[] = { 0x06 };
	struct {
		unsigned short code;
		unsigned char jt, jf;
		unsigned k;
	} insn = { code[0], 0, 0, 0x7fff0000u };
	struct {
		unsigned short length;
		void *insns;
	} program = { 1, &insn };

	(void)args;
	return syscall(SYS_seccomp, 1, 8, &program) >= 0 ? 0 : errno;
}

/*
 * Room for `size` bytes at the end of two pages, of which all but the last
 * `left` can be read: where they end, nothing is mapped.
 */
static char *room(size_t size, size_t left)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || left > size || size > page)
		_exit(CANNOT);
	return pages + 2 * page - (size - left);
}

static void *placed(const void *bytes, size_t size, size_t left)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *at = room(size, left), *end = at + (size - left);

	memcpy(at, bytes, size);
	if (munmap(end, page) != 0)
		_exit(CANNOT);
	return at;
}

/* Socket addresses as they lie in memory, after their family. */
static const struct address {
	const char *name;
	sa_family_t family;
	char rest[126];
	int length; /* as the call tells it */
} addresses[] = {
	{ "inet", AF_INET, "\x1f\x40\x7f\0\0\1", 16 },
	{ "inet6", AF_INET6,
	  "\0\x50\0\0\0\0\xfe\x80\0\0\0\0\0\0"
	  "\0\0\0\0\0\0\0\1",
	  28 },
	{ "unix", AF_UNIX, "/run/x", 9 },
	{ "abstract", AF_UNIX, "\0bus", 6 },
	{ "netlink", AF_NETLINK, "", 12 },
	{ "length-0", AF_INET, "\x1f\x40\x7f\0\0\1", 0 },
	{ "length-max", AF_INET, "\x1f\x40\x7f\0\0\1", -1 },
	{ "unix-max", AF_UNIX, "/run/x", -1 },
};

static void *address_named(const char *name, const char *left, int *length)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		const struct address *address = &addresses[i];
		char bytes[128];

		if (strcmp(address->name, name) != 0)
			continue;
		*length = address->length;
		memcpy(bytes, &address->family, sizeof(sa_family_t));
		memcpy(bytes + sizeof(sa_family_t), address->rest,
		       sizeof(address->rest));
		return placed(bytes, sizeof(bytes),
			      left ? (size_t)atoi(left) : 0);
	}
	_exit(CANNOT);
}

/* bind NAME [LEFT]: so many of the address's 128 bytes are not there. */
static int verb_bind(char **args)
{
	int length;
	void *address = address_named(args[0], args[1], &length);

	errno = 0;
	syscall(SYS_bind, 3, address, length);
	return errno;
}

static int verb_sendto(char **args)
{
	int length;
	void *address = address_named(args[0], NULL, &length);

	errno = 0;
	syscall(SYS_sendto, 3, "payload", 7L, 0L, address, length);
	return errno;
}

static int open_marked(const void *path)
{
	errno = 0;
	syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0L, 0L,
		(long)VICTIM_MARK);
	return errno;
}

/* open PATH [LEFT]: so many of its bytes, NUL included, are not there. */
static int verb_open(char **args)
{
	return open_marked(placed(args[0], strlen(args[0]) + 1,
				  args[1] ? (size_t)atoi(args[1]) : 0));
}

static int verb_open_at(char **args)
{
	return open_marked((void *)strtoul(args[0], NULL, 16));
}

/* In two pages, and with neither border in a word's place. */
static int verb_open_across(char **args)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *path = room(page, 0) - 3;

	return open_marked(strcpy(path, args[0]));
}

/* The program may not read its own memory, nor may the call. */
static int verb_open_locked(char **args)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *path = room(page, 0);

	strcpy(path, args[0]);
	if (mprotect(path, page, PROT_NONE) != 0)
		return CANNOT;
	return open_marked(path);
}

static int verb_rename(char **args)
{
	errno = 0;
	syscall(SYS_rename, args[0], args[1]);
	return errno;
}

static int verb_getcwd(char **args)
{
	errno = 0;
	syscall(SYS_getcwd, args[0], strlen(args[0]));
	return errno;
}

static int verb_pids(char **args)
{
	(void)args;
	printf("%d %d %d %d\n", (int)getpid(), (int)getppid(), (int)getpgrp(),
	       (int)getsid(0));
	return 0;
}

static int verb_status(char **args)
{
	char line[256];
	FILE *file = fopen("/proc/self/status", "r");

	(void)args;
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "Seccomp", 7) == 0 ||
		    strncmp(line, "NoNewPrivs", 10) == 0)
			fputs(line, stdout);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **args);
} verbs[] = {
	{ "exit", verb_exit },
	{ "signal", verb_signal },
	{ "call", verb_call },
	{ "int80", verb_int80 },
	{ "handler", verb_handler },
	{ "threads", verb_threads },
	{ "thread-exec", verb_thread_exec },
	{ "exec-chain", verb_exec_chain },
	{ "fork", verb_fork },
	{ "vfork", verb_vfork },
	{ "bomb", verb_bomb },
	{ "alone", verb_alone },
	{ "read", verb_read },
	{ "wait", verb_wait },
	{ "trace-me", verb_trace_me },
	{ "listen", verb_listen },
	{ "bind", verb_bind },
	{ "sendto", verb_sendto },
	{ "open", verb_open },
	{ "open-at", verb_open_at },
	{ "open-across", verb_open_across },
	{ "open-locked", verb_open_locked },
	{ "rename", verb_rename },
	{ "getcwd", verb_getcwd },
	{ "pids", verb_pids },
	{ "status", verb_status },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]);
	     i++)
		if (strcmp(argv[1], verbs[i].name) == 0) {
			int code = verbs[i].run(argv + 2);

			fflush(stdout);
			return code;
		}
	return CANNOT;
}
