/* Violations as they happen. */
#include <poll.h>
#include <stdio.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "cli/ready.h"
#include "watcher/confine.h"
#include "watcher/loss.h"
#include "watcher/outlets.h"
#include "watcher/pipeline.h"
#include "watcher/run.h"
#include "watcher/show.h"
#include "watcher/sources.h"

enum {
	TICK = 200, /* milliseconds between looks at windows and the end */
	TURN = 256, /* violations between them */
	TELL = 1,   /* seconds behind the end for what came before it */
	COUNT = 5,  /* seconds behind the end to count what was not told */
};

/* The next that is there, or NULL; false where the watch itself failed. What
   cannot be read is said, and is as if there were one. */
static bool next(struct cg_watch *watch, struct cg_violation **out, bool *more)
{
	struct cg_error err = { 0 };
	enum cg_status status = cg_watch_next(watch, out, &err);

	*more = *out != NULL || status == CG_E_INPUT;
	if (status == CG_E_INPUT)
		out_note("%s", err.message);
	else if (status != CG_OK)
		out_failure(&err, NULL, 0);
	return status == CG_OK || status == CG_E_INPUT;
}

static void put(struct session *session, struct cg_violation *violation)
{
	if (confine_expects(session, violation))
		cg_violation_free(violation);
	else
		pipeline_put(session, violation);
}

/* What waits, but not for ever: others have to be flushed. False where the
   watch itself failed. */
static bool drain(struct session *session, struct cg_watch *watch, bool *more)
{
	*more = true;
	for (size_t i = 0; i < TURN && !session_is_over(session); i++) {
		struct cg_violation *violation = NULL;

		if (!next(watch, &violation, more))
			return false;
		if (violation)
			put(session, violation);
		else if (!*more)
			return true;
	}
	return true;
}

static void tell_untold(struct session *session, const struct cg_watch *watch,
			uint64_t untold)
{
	struct loss loss = { .where = "watch",
			     .name = "queue",
			     .count = untold,
			     .total = untold,
			     .why = "it ended before they were told" };

	if (!cg_watch_is_over(watch))
		loss.why = "it ended before they were told; there are more";
	if (untold || !cg_watch_is_over(watch))
		outlets_put_loss(session, &loss);
}

/* What happened before the end still waits in queues: it is told as long as
   there is time for it and it is wanted, and counted then. */
static bool finish(struct session *session, struct cg_watch *watch)
{
	const uint64_t end = session_now();
	bool ok = true, more = false;
	uint64_t untold = 0, took = 0;

	cg_watch_stop(watch);
	while (ok && !cg_watch_is_over(watch) && took < COUNT * SECOND) {
		struct pollfd ready = { cg_watch_fd(watch), POLLIN, 0 };
		struct cg_violation *violation = NULL;

		(void)poll(&ready, 1, more ? 0 : TICK);
		ok = next(watch, &violation, &more);
		took = session_now() - end;
		if (violation && took < TELL * SECOND &&
		    !session_is_full(session) && !ferror(stdout)) {
			put(session, violation);
		} else if (violation) {
			untold += !confine_expects(session, violation);
			cg_violation_free(violation);
		}
	}
	tell_untold(session, watch, untold);
	return ok;
}

/* Events by the turn, and not by two at a time. */
static void widen_stdout(void)
{
	static char room[256 << 10]; /* until the process ends */

	(void)setvbuf(stdout, room, _IOFBF, sizeof(room));
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
	widen_stdout();
	session_catch_signals();
	sources_note(watch);
	status = confine(session);
	if (status == EXIT_YES) {
		show_ready(session);
		ready_tell();
	}
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
	if (status == EXIT_YES && ok)
		ok = finish(session, watch);
	sources_tell_losses(session, watch, true);
	cg_watch_close(watch);
	return pipeline_end(session, ok ? status : EXIT_REFUSED);
}
