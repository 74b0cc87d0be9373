/* run/follow.h - stay with a command and everything that it starts. */
#ifndef RUN_FOLLOW_H
#define RUN_FOLLOW_H

#include "run/install.h"

/*
 * The command is in a stop, under its filter. Report what is refused until
 * nothing of it is left. Fails with CG_E_SYSTEM before it has gone on.
 */
bool follow(pid_t process, const struct cg_run_options *options,
	    const struct installed *installed, struct cg_error *err);

#endif
