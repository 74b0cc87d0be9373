/*
 * run/phases.h - start-up under one filter, service under a second one.
 */
#ifndef RUN_PHASES_H
#define RUN_PHASES_H

#include "run/install.h"

/* What options->after says; false where it says nothing. */
struct run_moment {
	const struct cg_syscall *call; /* NULL: a readiness notification */
};
bool moment_read(const char *text, struct run_moment *out,
		 struct cg_error *err);

/*
 * The command is in a stop, under its first filter. Let it run until the
 * moment; then put `then` over the first one in every thread of every process
 * of it, and let go of all. Until then it ends if we do. Whatever goes wrong
 * after the moment kills what is not under the second filter.
 */
bool phases(pid_t process, const struct cg_run_options *options,
	    const struct installed *installed, struct cg_error *err);

#endif
