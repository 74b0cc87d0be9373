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

static bool is_handed_on(const struct session *session)
{
	return session->store || session->web || session->live ||
	       session->outlets;
}

static char *
event_of(const struct cg_violation *violation, enum cg_event_shape shape)
{
	char *event = cg_violation_event(violation, shape);

	if (!event)
		out_die_nomem();
	return event;
}

/* JSON goes anywhere but to stdout, whose shape is its own. */
void pipeline_put(struct session *session, struct cg_violation *violation)
{
	const bool is_json = session->shape == CG_EVENT_ECS;
	const bool is_shown = !session->live && !session->quiet;
	char *json = is_handed_on(session) || (is_shown && is_json)
			     ? event_of(violation, CG_EVENT_ECS)
			     : NULL;
	char *other = is_shown && !is_json ? event_of(violation, session->shape)
					   : NULL;
	bool kept = false;

	session->told++;
	if (is_handed_on(session)) {
		keep_violation(session, violation, json);
		outlets_put(session, violation, json);
		show_put(session, violation, json);
	}
	if (is_shown &&
	    fold_is_news(&session->folds, violation, session_now(), &kept))
		puts(is_json ? json : other);
	free(json);
	free(other);
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
