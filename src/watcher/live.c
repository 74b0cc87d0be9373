/* Violations as they happen. */
#include <poll.h>
#include <stdio.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "watcher/pipeline.h"
#include "watcher/run.h"

enum { TICK = 200 }; /* milliseconds between looks at windows and the end */

/* All that waits; false where the watch itself failed. */
static bool drain(struct session *session, struct cg_watch *watch)
{
	while (!session_is_over(session)) {
		struct cg_violation *violation = NULL;
		struct cg_error err = { 0 };
		enum cg_status status = cg_watch_next(watch, &violation, &err);

		if (status == CG_E_INPUT) {
			out_note("a record of audit: %s", err.message);
			continue;
		}
		if (status != CG_OK) {
			out_failure(&err, NULL, 0);
			return false;
		}
		if (!violation)
			return true;
		pipeline_put(session, violation);
	}
	return true;
}

int run_live(struct session *session, bool ask)
{
	const struct cg_watch_options wanted = { .ask = ask };
	struct cg_watch *watch = NULL;
	struct cg_error err = { 0 };
	bool ok = true;

	if (cg_watch_open(&wanted, &watch, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	session_catch_signals();
	while (ok && !session_is_over(session) && !ferror(stdout)) {
		struct pollfd ready = { cg_watch_fd(watch), POLLIN, 0 };

		/* A signal ends the wait; session_is_over() sees why. */
		(void)poll(&ready, 1, TICK);
		ok = drain(session, watch);
		pipeline_put_losses(session, watch);
		pipeline_tick(session);
	}
	cg_watch_close(watch);
	return pipeline_end(session, ok ? EXIT_YES : EXIT_REFUSED);
}
