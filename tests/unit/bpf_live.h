/*
 * unit/bpf_live.h - ask the kernel what it thinks of a program.
 *
 * Only children load filters. What they find out goes into shared memory, with
 * no system call, because the filter may well refuse each of them, exit
 * included; a child that cannot leave ends by an illegal instruction.
 */
#ifndef UNIT_BPF_LIVE_H
#define UNIT_BPF_LIVE_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <callgate/program.h>

_Static_assert(sizeof(struct cg_insn) == sizeof(struct sock_filter),
	       "an instruction is laid out as the kernel's");

enum { LIVE_CALLS = 16 };

/* What a child writes and its parent reads. */
struct live {
	volatile int load_error; /* of seccomp(2): 0 or errno; -1: not tried */
	volatile unsigned done;  /* calls that have come back */
	volatile long result[LIVE_CALLS];
};

static inline struct live *live_new(void)
{
	void *page = mmap(NULL, sizeof(struct live), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	return page;
}

/* 0 or errno. In children only. */
static inline int live_load(const struct cg_insn *insns, size_t count)
{
	/* The kernel's struct holds the length in 16 bits. */
	const struct sock_fprog program = {
		.len = (unsigned short)count,
		.filter = (struct sock_filter *)(uintptr_t)insns,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
		       ? errno
		       : 0;
}

/* Begin as a child: no core, no handler of a sanitizer, no privileges. */
static inline void live_prepare(void)
{
	const struct rlimit none = { 0, 0 };

	signal(SIGILL, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGSYS, SIG_DFL);
	if (setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(99);
}

/* An instruction that no machine has; the compiler thinks that it goes on. */
#if defined(__x86_64__) || defined(__i386__)
#define LIVE_TRAP "ud2"
#elif defined(__aarch64__)
#define LIVE_TRAP "udf #0"
#else
#define LIVE_TRAP ".long 0"
#endif

/*
 * End a child. Not declared noreturn, because a sanitizer makes system calls
 * of its own before it calls such a function, and hangs where they fail.
 */
static inline void live_leave(void)
{
	static volatile bool alive = true;

	while (alive) {
		syscall(SYS_exit_group, 0);
		__asm__ volatile(LIVE_TRAP);
	}
}

/* Fork; 0 in the child, which is prepared; a pid in the parent. */
static inline pid_t live_fork(struct live *live)
{
	pid_t pid;

	live->load_error = -1;
	live->done = 0;
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	if (pid == 0)
		live_prepare();
	return pid;
}

/* How a child ended, as waitpid() tells it. */
static inline int live_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) != pid) {
		if (errno == EINTR)
			continue;
		perror("waitpid");
		exit(EXIT_FAILURE);
	}
	return status;
}

/* What seccomp(2) says to a program: 0 or errno. */
static inline int
live_try(struct live *live, const struct cg_insn *insns, size_t count)
{
	pid_t pid = live_fork(live);

	if (pid == 0) {
		live->load_error = live_load(insns, count);
		live_leave();
	}
	live_wait(pid);
	return live->load_error;
}

/* Why filters cannot be tried here, or NULL if they can. */
static inline const char *live_missing(struct live *live)
{
	static char why[80];
	const struct cg_insn allow = { 0x06, 0, 0, SECCOMP_RET_ALLOW };
	int error = live_try(live, &allow, 1);

	if (error == 0)
		return NULL;
	snprintf(why, sizeof(why), "seccomp(2) takes no filter here: %s",
		 error < 0 ? "no_new_privs failed" : strerror(error));
	return why;
}

/* A number that the kernel shows, or -1 if it does not. */
static inline long live_number(const char *path, const char *after)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long number = -1;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, after, strlen(after)) == 0)
			number = strtol(line + strlen(after), NULL, 10);
	if (file)
		fclose(file);
	return number;
}

#endif
