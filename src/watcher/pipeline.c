#include "watcher/pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "watcher/loss.h"
#include "watcher/outlets.h"
#include "watcher/show.h"

/* ------------------------------------------------------------ the store -- */

static int open_store(struct session *session, const char *path)
{
	struct cg_error err = { 0 };

	if (store_open(path, NULL, &session->store, &err) == CG_OK)
		return EXIT_YES;
	out_failure(&err, NULL, 0);
	return out_status(&err);
}

/* What the store lost since the last time is an event of its own. */
static void tell_store(struct session *session, const char *why)
{
	struct loss loss = { .where = "store", .name = "--store", .why = why };
	struct store_tally tally;

	store_counts(session->store, &tally);
	if (tally.lost == session->lost)
		return;
	loss.total = tally.lost;
	loss.count = tally.lost - session->lost;
	session->lost = tally.lost;
	outlets_put_loss(session, &loss);
}

static void
store_violation(struct session *session, const struct cg_violation *violation,
		const char *json)
{
	struct cg_error err = { 0 };

	if (store_add(session->store, violation, json, &err) != CG_OK)
		tell_store(session, err.message);
}

/* Once a second what was added becomes durable. */
static void commit_store(struct session *session, bool at_once)
{
	struct cg_error err = { 0 };

	if (!session->store)
		return;
	if (!at_once && session_now() - session->committed <
				(session->web ? SHOW_SOON : SECOND))
		return;
	session->committed = session_now();
	if (store_commit(session->store, &err) == CG_OK)
		return;
	tell_store(session, err.message);
	/* What is stored is not lost; but a limit may not hold. */
	out_note("%s", err.message);
}

/* ------------------------------------------------------------ the whole -- */

int pipeline_open(struct session *session, const struct fields *fields)
{
	int status =
		fields->store ? open_store(session, fields->store) : EXIT_YES;

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
	if (session->store)
		store_violation(session, violation, json ? json : event);
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
	commit_store(session, false);
	outlets_tick(session);
	show_tick(session);
}

int pipeline_end(struct session *session, int status)
{
	fold_tell(&session->folds, UINT64_MAX, session->shape, stdout);
	commit_store(session, true);
	show_close(session);
	store_close(session->store);
	session->store = NULL;
	if (!outlets_close(session) && status == EXIT_YES)
		status = EXIT_NO;
	return status == EXIT_YES && session->lost ? EXIT_NO : status;
}
