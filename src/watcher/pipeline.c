#include "watcher/pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/out.h"

void pipeline_put(struct session *session, struct cg_violation *violation)
{
	char *event = cg_violation_event(violation, session->shape);

	if (!event)
		out_die_nomem();
	session->told++;
	if (fold_is_news(&session->folds, violation, event, session_now()))
		puts(event);
	free(event);
	cg_violation_free(violation);
}

/* Losses are an event of their own, where events are JSON. */
void pipeline_put_losses(struct session *session, const struct cg_watch *watch)
{
	struct cg_watch_tally counts, before = session->counts;

	cg_watch_counts(watch, &counts);
	session->counts = counts;
	if (counts.missed <= before.missed &&
	    counts.overruns == before.overruns)
		return;
	if (session->shape == CG_EVENT_LINE)
		out_note("records of audit were lost: the queue was full "
			 "%" PRIu64 " times, %" PRIu64 " serials never came",
			 counts.overruns, counts.missed);
	else
		printf("{\"event\":{\"kind\":\"event\",\"module\":\"callgate\","
		       "\"dataset\":\"seccomp.violation\","
		       "\"action\":\"lost-events\"},\"seccomp\":{\"lost\":{"
		       "\"overruns\":%" PRIu64 ",\"serials\":%" PRIu64 "}}}\n",
		       counts.overruns, counts.missed);
}

void pipeline_tick(struct session *session)
{
	fold_tell(&session->folds, session_now(), stdout);
	fflush(stdout);
}

void pipeline_end(struct session *session)
{
	fold_tell(&session->folds, UINT64_MAX, stdout);
}
