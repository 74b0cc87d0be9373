#include "watcher/keep.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/out.h"
#include "watcher/loss.h"
#include "watcher/outlets.h"
#include "watcher/show.h"

int keep_open(struct session *session, const char *path)
{
	struct cg_error err = { 0 };

	if (!path || store_open(path, NULL, &session->store, &err) == CG_OK)
		return EXIT_YES;
	out_failure(&err, NULL, 0);
	return out_status(&err);
}

/* --------------------------------------------------------------- losses -- */

static struct loss loss_of(const struct session *session, uint64_t before)
{
	return (struct loss){ .where = "store",
			      .name = "--store",
			      .count = session->lost - before,
			      .total = session->lost,
			      .why = session->lost_why };
}

/* What the store lost since the last time is an event of its own. */
static void tell(struct session *session, const char *why)
{
	const uint64_t before = session->lost;
	struct store_tally tally;
	struct loss loss;

	store_counts(session->store, &tally);
	if (tally.lost == before)
		return;
	session->lost = tally.lost;
	session->lost_after = tally.stored;
	snprintf(session->lost_why, sizeof(session->lost_why), "%s", why);
	loss = loss_of(session, before);
	outlets_put_loss(session, &loss);
}

static void add(struct session *session, const struct cg_violation *violation,
		const char *json)
{
	struct cg_error err = { 0 };

	if (store_add(session->store, violation, json, &err) != CG_OK)
		tell(session, err.message);
}

/* A full disk would lose this, too, and say so, for ever. */
static void keep_own_loss(struct session *session, bool at_end)
{
	const uint64_t before = session->lost_kept;
	struct store_tally tally;
	struct loss loss;
	char *event;

	store_counts(session->store, &tally);
	if (session->lost == before ||
	    (tally.stored == session->lost_after && !at_end))
		return;
	loss = loss_of(session, before);
	event = loss_event(&loss);
	if (!event)
		out_die_nomem();
	session->lost_kept = session->lost;
	add(session, NULL, event);
	free(event);
}

/* ---------------------------------------------------------------- going -- */

void keep_violation(struct session *session,
		    const struct cg_violation *violation, const char *json)
{
	if (session->store)
		add(session, violation, json);
}

void keep_loss(struct session *session, const char *json)
{
	if (session->store && session->lost == session->lost_kept)
		add(session, NULL, json);
}

void keep_commit(struct session *session, bool at_once)
{
	struct cg_error err = { 0 };

	if (!session->store)
		return;
	if (!at_once && session_now() - session->committed <
				(session->web ? SHOW_SOON : SECOND))
		return;
	session->committed = session_now();
	if (store_commit(session->store, &err) == CG_OK) {
		keep_own_loss(session, false);
		return;
	}
	tell(session, err.message);
	/* What is stored is not lost; but a limit may not hold. */
	out_note("%s", err.message);
}

void keep_close(struct session *session)
{
	if (!session->store)
		return;
	keep_commit(session, true);
	keep_own_loss(session, true);
	keep_commit(session, true);
	store_close(session->store);
	session->store = NULL;
}
