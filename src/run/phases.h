/*
 * run/phases.h - start-up under one filter, service under a second one.
 */
#ifndef RUN_PHASES_H
#define RUN_PHASES_H

#include "run/install.h"

enum run_moment_kind {
	RUN_MOMENT_CALL,
	RUN_MOMENT_READY, /* a readiness notification */
	RUN_MOMENT_ENTRY, /* of a function */
};

struct run_moment {
	enum run_moment_kind kind;
	const struct cg_syscall *call;
	struct breakpoint *function;
};

/*
 * What options->after says; false where it says nothing. `own` is the file of
 * the command, or NULL. moment_done() frees what is in it.
 */
bool moment_read(const char *text, const char *own, struct run_moment *out,
		 struct cg_error *err);
void moment_done(struct run_moment *moment);

/*
 * The command is in a stop, under its first filter. Let it run until the
 * moment; then put `then` over the first one in every thread of every process
 * of it, and let go of all. Until then it ends if we do. Whatever goes wrong
 * after the moment kills what is not under the second filter.
 */
bool phases(pid_t process, const struct cg_run_options *options,
	    const struct installed *installed, struct cg_error *err);

#endif
