/* What a store answers, in the format that was asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "watcher/asked.h"
#include "watcher/run.h"

enum { TURN = 256 /* rows that are told at a time */ };

/* The violation again; what no record has comes from the row. */
static struct cg_violation *violation_of(const struct store_row *row)
{
	struct cg_violation *violation = NULL;
	struct cg_error err = { 0 };

	if (!row->record ||
	    cg_violation_parse(row->record, strlen(row->record), &violation,
			       &err) != CG_OK ||
	    !violation)
		return NULL;
	violation->container = row->container;
	violation->unit = row->unit;
	return violation;
}

/* "2026-11-22T02:10:17.332Z" */
static void put_time(FILE *out, uint64_t time)
{
	time_t seconds = (time_t)(time / SECOND);
	char text[32] = "";
	struct tm day;

	if (gmtime_r(&seconds, &day))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &day);
	fprintf(out, "%s.%03uZ ", text, (unsigned)(time % SECOND / 1000000));
}

/* Names come from whoever made the container: a terminal gets printable text.
 */
static void put_named(FILE *out, const char *what, const char *name)
{
	if (!name)
		return;
	fprintf(out, ", %s ", what);
	for (; *name; name++)
		if (*name >= ' ' && *name < 0x7f)
			putc(*name, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*name);
}

/* The sentence that was told then: it may know more than a record does. */
static void put_line(FILE *out, const struct store_row *row)
{
	put_time(out, row->time);
	fputs(row->message ? row->message : "an event without words", out);
	if (row->uid != CG_UNSET)
		fprintf(out, ", uid %" PRIu32, row->uid);
	put_named(out, "container", row->container);
	put_named(out, "unit", row->unit);
	putc('\n', out);
}

struct telling {
	struct session *session;
	FILE *out;
	int64_t last; /* row that was told */
	size_t rows;  /* of this turn */
};

static bool put_row(void *opaque, const struct store_row *row)
{
	struct telling *telling = opaque;
	struct session *session = telling->session;
	struct cg_violation *violation = NULL;
	char *event = NULL;

	session->told++;
	telling->last = row->row;
	telling->rows++;
	if (session->shape == CG_EVENT_LINE) {
		put_line(telling->out, row);
		return true;
	}
	if (session->shape != CG_EVENT_ECS)
		violation = violation_of(row);
	if (violation)
		event = cg_violation_event(violation, session->shape);
	fprintf(telling->out, "%s\n", event ? event : row->json);
	free(event);
	cg_violation_free(violation);
	return true;
}

/*
 * Some rows, into memory, and then to whoever reads: a pager may take an hour,
 * and for as long as a question is open the writer's log cannot be cut.
 */
static enum cg_status
tell_some(struct telling *telling, struct store *store,
	  const struct store_filter *filter, struct cg_error *err)
{
	enum cg_status status;
	char *text = NULL;
	size_t length = 0;
	bool ok;

	telling->rows = 0;
	telling->out = open_memstream(&text, &length);
	if (!telling->out)
		out_die_nomem();
	status = store_each(store, filter, put_row, telling, err);
	ok = !ferror(telling->out);
	if (fclose(telling->out) != 0 || !ok)
		out_die_nomem();
	fwrite(text, 1, length, stdout);
	free(text);
	return status;
}

struct range {
	int64_t oldest, newest;
};

static bool keep_numbers(void *opaque, const struct store_row *row)
{
	struct range *range = opaque;

	if (!range->newest)
		range->newest = row->row;
	range->oldest = row->row;
	return true;
}

/* The newest so many, the oldest of them first; none that comes meanwhile. */
static enum cg_status tell(struct session *session, struct store *store,
			   struct store_filter *filter, struct cg_error *err)
{
	struct telling telling = { .session = session };
	struct range range = { 0 };
	enum cg_status status;

	filter->limit = session->most ? session->most : 1;
	status = store_each(store, filter, keep_numbers, &range, err);
	filter->before = range.newest + 1;
	filter->after = session->most ? range.oldest - 1 : 0;
	filter->limit = TURN;
	filter->oldest_first = true;
	telling.rows = range.newest ? TURN : 0;
	while (status == CG_OK && telling.rows == TURN && !ferror(stdout)) {
		status = tell_some(&telling, store, filter, err);
		filter->after = telling.last;
	}
	return status;
}

static bool read_times(const struct fields *fields, struct store_filter *filter,
		       struct cg_error *err)
{
	const uint64_t now = session_time();

	return (!fields->since ||
		asked_time(fields->since, now, &filter->since, err)) &&
	       (!fields->until ||
		asked_time(fields->until, now, &filter->until, err));
}

int run_query(struct session *session, const struct fields *fields, int count,
	      char **words)
{
	struct store_filter filter = { 0 };
	struct store *store = NULL;
	struct cg_error err = { 0 };
	char *text = NULL;

	if (!fields->store) {
		out_error("--query wants --store FILE, to ask that");
		return EXIT_USAGE;
	}
	if (read_times(fields, &filter, &err) &&
	    asked_filter(count, words, &filter, &text, &err) &&
	    store_open_reader(fields->store, &store, &err) == CG_OK)
		err.status = tell(session, store, &filter, &err);
	store_close(store);
	free(text);
	if (err.status != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	return session->told ? EXIT_YES : EXIT_NO;
}
