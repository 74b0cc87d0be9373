#include "watcher/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/out.h"
#include "watcher/outlets.h"

/* Anything that fails here is said; the other sinks go on. */
static void complain(enum cg_status status, const struct cg_error *err)
{
	if (status != CG_OK)
		out_note("the page: %s", err->message);
}

/* -------------------------------------------------------------- status -- */

static void put_spot(void *context, const char *spot)
{
	struct buf *out = context;

	buf_puts(out, out->length ? "," : "");
	buf_json(out, spot);
}

/*
 * What would not be seen, as a list. Asked for before anything listens, as a
 * violation is tried for it.
 */
static void find_blind_spots(struct session *session)
{
	struct buf spots = { 0 };
	struct cg_error err = { 0 };

	complain(cg_watch_blind_spots(session->wanted.sources |
					      session->wanted.wishes,
				      put_spot, &spots, &err),
		 &err);
	session->blind_spots = spots.length ? buf_done(&spots) : NULL;
}

static void tell_status(struct session *session)
{
	char host[256] = "";
	struct buf out = { 0 };
	const char *name;
	char *text;

	(void)gethostname(host, sizeof(host) - 1);
	buf_puts(&out, "{\"host\":");
	buf_json(&out, host);
	buf_printf(&out,
		   ",\"told\":%" PRIu64 ",\"damaged\":%" PRIu64
		   ",\"lost\":{\"audit\":%" PRIu64 ",\"ebpf\":%" PRIu64
		   ",\"store\":%" PRIu64,
		   session->told, session->damaged, session->counts.missed,
		   session->counts.unseen, session->lost);
	for (size_t i = 0; i < outlets_count(session); i++) {
		const uint64_t lost = outlets_lost(session, i, &name);

		buf_printf(&out, ",\"sink %s\":%" PRIu64, name, lost);
	}
	buf_printf(&out, "},\"blind_spots\":[%s]}",
		   session->blind_spots ? session->blind_spots : "");
	text = buf_done(&out);
	if (text)
		web_set_status(session->web, text);
	free(text);
}

/* ---------------------------------------------------------------- page -- */

void show_ready(struct session *session)
{
	if (session->web)
		web_ready(session->web);
}

static int open_web(struct session *session, const struct fields *fields)
{
	const struct web_options options = {
		.listen = fields->listen,
		.token = fields->token,
		.certificate = fields->certificate,
		.key = fields->key,
		.hosts = fields->hosts.at,
		.host_count = fields->hosts.count,
		.policies = fields->policies.at,
		.policy_count = fields->policies.count,
		.store = fields->store,
	};
	struct cg_error err = { 0 };

	if (web_open(&options, &session->web, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	/* Of a log it has what was read so far. */
	if (session->logs)
		show_ready(session);
	out_note("the page is at %s", web_address(session->web));
	return EXIT_YES;
}

static int open_live(struct session *session)
{
	struct cg_error err = { 0 };

	/* A log may come from standard input; keys do not, then. */
	if (live_open(session->logs, &session->live, &err) == CG_OK)
		return EXIT_YES;
	out_failure(&err, NULL, 0);
	return out_status(&err);
}

int show_open(struct session *session, const struct fields *fields)
{
	int status = EXIT_YES;

	if (!fields->listen && !fields->live)
		return EXIT_YES;
	if (fields->listen && !session->logs)
		find_blind_spots(session);
	if (fields->listen)
		status = open_web(session, fields);
	if (status == EXIT_YES && fields->live)
		status = open_live(session);
	if (status != EXIT_YES) {
		show_close(session);
		return status;
	}
	session_catch_signals();
	show_tick(session);
	return EXIT_YES;
}

void show_put(struct session *session, const struct cg_violation *violation,
	      const char *json)
{
	struct cg_error err = { 0 };

	if (session->web)
		complain(web_put(session->web, violation, json, &err), &err);
	if (session->live && violation)
		live_put(session->live, violation->time, json);
}

static void tick_web(struct session *session)
{
	struct cg_error err = { 0 };
	struct store_tally tally = { 0 };

	if (!session->web || session_now() - session->shown < SHOW_SOON)
		return;
	/* What was not committed cannot be read: it is told of after that. */
	if (session->store)
		store_counts(session->store, &tally);
	if (tally.pending)
		return;
	session->shown = session_now();
	complain(web_flush(session->web, &err), &err);
	tell_status(session);
}

void show_tick(struct session *session)
{
	uint64_t lost =
		session->lost + session->counts.missed + session->counts.unseen;
	const char *name;

	tick_web(session);
	if (!session->live)
		return;
	for (size_t i = 0; i < outlets_count(session); i++)
		lost += outlets_lost(session, i, &name);
	live_set_lost(session->live, lost);
	session->left = !live_turn(session->live);
}

bool show_stays(const struct session *session)
{
	return session->web || session->live;
}

int show_fd(const struct session *session)
{
	return session->live ? live_fd(session->live) : -1;
}

void show_close(struct session *session)
{
	live_close(session->live);
	session->live = NULL;
	web_close(session->web);
	session->web = NULL;
	free(session->blind_spots);
	session->blind_spots = NULL;
}
