/* run/install.h - put a filter into a program that was just executed. */
#ifndef RUN_INSTALL_H
#define RUN_INSTALL_H

#include "trace/inject.h"

#include <callgate/run.h>

/* What is in force in the command, and what it was told of calls. */
struct installed {
	struct cg_program *program; /* as the policy has it */
	const struct cg_abi *abi;
};

/*
 * The process is at PTRACE_EVENT_EXEC. On success it is in a stop before its
 * first instruction, under the filter for its ABI, and otherwise as exec left
 * it. On failure it has ended, with exit status 125.
 *
 * `native` is the program for `native_abi`, or NULL; it becomes
 * `out->program`, or is freed.
 */
bool install(pid_t process, const struct cg_run_options *options,
	     struct cg_program *native, const struct cg_abi *native_abi,
	     struct installed *out, struct cg_error *err);

#endif
