/*
 * tests/live/live.h - questions to the running kernel, each put by a child.
 *
 * A filter cannot be taken off again, so no test loads one into itself.
 */
#ifndef TESTS_LIVE_H
#define TESTS_LIVE_H

#include "tap.h"

#include <callgate/callgate.h>

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child: a promise that is not kept says so, and the child fails. */
#define WANT(what) live_want(what, #what, __FILE__, __LINE__)

static inline void
live_want(bool ok, const char *what, const char *file, int line)
{
	const char *name = strrchr(file, '/');

	if (ok)
		return;
	printf("# %s:%d: not so: %s\n", name ? name + 1 : file, line, what);
	fflush(stdout);
	/* With nothing but write and exit, as after strict mode. */
	syscall(SYS_exit_group, 1);
}

/*
 * Signals as a login shell has them, no matter how the test was started: under
 * nohup(1), in the background of a script, by make(1). All zeros is the
 * default; asked of the kernel, for the C library keeps two signals to itself.
 */
static inline void live_plain_signals(void)
{
	static const unsigned char plain[64];
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, plain, NULL, 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The wait status of a child that does this and then exits with 0. */
static inline int live_child(void (*work)(const void *), const void *with)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		work(with);
		fflush(stdout);
		_exit(0);
	}
	assert(child > 0);
	while (waitpid(child, &status, 0) < 0)
		assert(errno == EINTR);
	return status;
}

/* A filter that answers one number, on every ABI, and allows the rest. */
static inline struct cg_program *live_refuse(uint32_t nr, uint32_t answer)
{
	const struct cg_insn insns[] = {
		{ 0x20, 0, 0, 0 },
		{ 0x15, 0, 1, nr },
		{ 0x06, 0, 0, answer },
		{ 0x06, 0, 0, CG_RET_ALLOW },
	};
	struct cg_program *program = NULL;
	struct cg_error err;

	if (cg_program_from_insns(insns, sizeof(insns) / sizeof(insns[0]),
				  cg_abi_native()->big_endian, &program,
				  &err) != CG_OK)
		printf("# %s\n", err.message);
	assert(program);
	return program;
}

/*
 * An outer filter, put in force without the library: a call `nr` whose `word`
 * of seccomp_data has a bit of `mask` gets `answer`. (mask 0: any such call)
 */
static inline void
live_outer(uint32_t nr, uint32_t word, uint32_t mask, uint32_t answer)
{
	const struct cg_insn insns[] = {
		{ 0x20, 0, 0, 0 },
		{ 0x15, 0, (uint8_t)(mask ? 3 : 1), nr },
		{ (uint16_t)(mask ? 0x20 : 0x06), 0, 0, mask ? word : answer },
		{ (uint16_t)(mask ? 0x45 : 0x06), 0, (uint8_t)(mask ? 1 : 0),
		  mask ? mask : CG_RET_ALLOW },
		{ 0x06, 0, 0, answer },
		{ 0x06, 0, 0, CG_RET_ALLOW },
	};
	const struct {
		unsigned short length;
		const struct cg_insn *insns;
	} fprog = { sizeof(insns) / sizeof(insns[0]), insns };

	/* 2 is SECCOMP_MODE_FILTER; root needs no no_new_privs. */
	if (prctl(PR_SET_SECCOMP, 2, &fprog, 0, 0) != 0) {
		WANT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		WANT(prctl(PR_SET_SECCOMP, 2, &fprog, 0, 0) == 0);
	}
}

#endif
