/* Violations as they happen. */
#include <poll.h>
#include <stdio.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "cli/ready.h"
#include "watcher/confine.h"
#include "watcher/pipeline.h"
#include "watcher/run.h"
#include "watcher/show.h"
#include "watcher/sources.h"

enum {
	TICK = 200, /* milliseconds between looks at windows and the end */
	TURN = 256, /* violations between them */
};

/* What waits, but not for ever: others have to be flushed. False where the
   watch itself failed. */
static bool drain(struct session *session, struct cg_watch *watch, bool *more)
{
	*more = true;
	for (size_t i = 0; i < TURN && !session_is_over(session); i++) {
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
		*more = violation != NULL;
		if (!violation)
			return true;
		if (confine_expects(session, violation))
			cg_violation_free(violation);
		else
			pipeline_put(session, violation);
	}
	return true;
}

int run_live(struct session *session, bool ask)
{
	struct cg_watch *watch = NULL;
	struct cg_error err = { 0 };
	bool ok = true, more = false;
	int status;

	session->wanted.ask = ask;
	if (cg_watch_open(&session->wanted, &watch, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return pipeline_end(session, out_status(&err));
	}
	session_catch_signals();
	sources_note(watch);
	show_sources(session, watch);
	status = confine(session);
	if (status == EXIT_YES)
		ready_tell();
	while (status == EXIT_YES && ok && !session_is_over(session) &&
	       !ferror(stdout)) {
		struct pollfd ready[] = {
			{ cg_watch_fd(watch), POLLIN, 0 },
			{ show_fd(session), POLLIN, 0 },
		};

		/* A signal ends the wait; session_is_over() sees why. */
		(void)poll(ready, 2, more ? 0 : TICK);
		ok = drain(session, watch, &more);
		sources_tell_losses(session, watch, false);
		pipeline_tick(session);
	}
	sources_tell_losses(session, watch, true);
	cg_watch_close(watch);
	return pipeline_end(session, ok ? status : EXIT_REFUSED);
}
