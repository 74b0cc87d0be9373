#include "watcher/pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "watcher/keep.h"
#include "watcher/outlets.h"
#include "watcher/show.h"

int pipeline_open(struct session *session, const struct fields *fields)
{
	int status = keep_open(session, fields->store);

	if (status == EXIT_YES)
		status = outlets_open(session, fields);
	session->quiet = session->outlets != NULL;
	return status == EXIT_YES ? show_open(session, fields) : status;
}

/* The event in JSON: what goes anywhere but to stdout. */
static void hand_on(struct session *session,
		    const struct cg_violation *violation, const char *event)
{
	char *json = session->shape == CG_EVENT_ECS
			     ? NULL
			     : cg_violation_event(violation, CG_EVENT_ECS);

	if (session->shape != CG_EVENT_ECS && !json)
		out_die_nomem();
	keep_violation(session, violation, json ? json : event);
	outlets_put(session, violation, json ? json : event);
	show_put(session, violation, json ? json : event);
	free(json);
}

void pipeline_put(struct session *session, struct cg_violation *violation)
{
	char *event = cg_violation_event(violation, session->shape);
	bool kept = false;

	if (!event)
		out_die_nomem();
	session->told++;
	if (session->store || session->web || session->live || session->outlets)
		hand_on(session, violation, event);
	if (!session->live && !session->quiet &&
	    fold_is_news(&session->folds, violation, session_now(), &kept))
		puts(event);
	free(event);
	if (!kept)
		cg_violation_free(violation);
}

void pipeline_tick(struct session *session)
{
	fold_tell(&session->folds, session_now(), session->shape, stdout);
	fflush(stdout);
	keep_commit(session, false);
	outlets_tick(session);
	show_tick(session);
}

int pipeline_end(struct session *session, int status)
{
	fold_tell(&session->folds, UINT64_MAX, session->shape, stdout);
	keep_commit(session, true);
	show_close(session);
	/* What sinks lose at the very end is kept, too. */
	if (!outlets_close(session) && status == EXIT_YES)
		status = EXIT_NO;
	keep_close(session);
	return status == EXIT_YES && session->lost ? EXIT_NO : status;
}
