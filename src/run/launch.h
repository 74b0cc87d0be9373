/* run/launch.h - become a command that a supervisor looks after. */
#ifndef RUN_LAUNCH_H
#define RUN_LAUNCH_H

#include "base/fail.h"

#include <callgate/run.h>

/*
 * Returns only on failure: nothing was run, and the process is as before.
 * `native` stays the caller's.
 */
bool launch(const struct cg_run_options *options, struct cg_program *native,
	    const struct cg_abi *native_abi, char *const argv[],
	    struct cg_error *err);

#endif
