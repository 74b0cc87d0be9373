/*
 * run/supervise.h - the process beside the command, from its first to its last
 * instruction.
 */
#ifndef RUN_SUPERVISE_H
#define RUN_SUPERVISE_H

#include <callgate/run.h>

#include <sys/types.h>

/* What the caller and its supervisor say to each other. */
struct channel {
	int go;      /* eventfd: the caller says GO or LEAVE */
	int told[2]; /* pipe: the supervisor sends struct word */
};

enum { SAY_GO = 1, SAY_LEAVE = 2 };

/* The supervisor's message; short enough to be written at once. */
struct word {
	struct cg_error err; /* status CG_OK: all is well */
};

struct command {
	pid_t thread; /* that will execute it */
	const struct cg_run_options *options;
	struct cg_program *native; /* for native_abi, or NULL */
	const struct cg_abi *native_abi;
	bool wait_for_go; /* before SAY_GO it may not trace the thread */
	struct channel channel;
};

/* Be the supervisor of the command. All signals are blocked on entry. */
_Noreturn void supervise(const struct command *command);

#endif
