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
static void put_time(uint64_t time)
{
	time_t seconds = (time_t)(time / SECOND);
	char text[32] = "";
	struct tm day;

	if (gmtime_r(&seconds, &day))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &day);
	printf("%s.%03uZ ", text, (unsigned)(time % SECOND / 1000000));
}

/* Names come from whoever made the container: a terminal gets printable text.
 */
static void put_named(const char *what, const char *name)
{
	if (!name)
		return;
	printf(", %s ", what);
	for (; *name; name++)
		if (*name >= ' ' && *name < 0x7f)
			putchar(*name);
		else
			printf("\\x%02x", (unsigned char)*name);
}

/* The sentence that was told then: it may know more than a record does. */
static void put_line(const struct store_row *row)
{
	put_time(row->time);
	fputs(row->message ? row->message : "an event without words", stdout);
	if (row->uid != CG_UNSET)
		printf(", uid %" PRIu32, row->uid);
	put_named("container", row->container);
	put_named("unit", row->unit);
	putchar('\n');
}

static bool put_row(void *opaque, const struct store_row *row)
{
	struct session *session = opaque;
	struct cg_violation *violation = NULL;
	char *event = NULL;

	session->told++;
	if (session->shape == CG_EVENT_LINE) {
		put_line(row);
		return !ferror(stdout);
	}
	if (session->shape != CG_EVENT_ECS)
		violation = violation_of(row);
	if (violation)
		event = cg_violation_event(violation, session->shape);
	puts(event ? event : row->json);
	free(event);
	cg_violation_free(violation);
	return !ferror(stdout);
}

static bool keep_number(void *opaque, const struct store_row *row)
{
	int64_t *oldest = opaque;

	*oldest = row->row;
	return true;
}

/* The newest so many, the oldest of them first. */
static enum cg_status tell(struct session *session, struct store *store,
			   struct store_filter *filter, struct cg_error *err)
{
	int64_t oldest = 1;

	filter->limit = session->most;
	if (filter->limit) {
		enum cg_status status =
			store_each(store, filter, keep_number, &oldest, err);
		if (status != CG_OK)
			return status;
	}
	filter->after = oldest - 1;
	filter->oldest_first = true;
	return store_each(store, filter, put_row, session, err);
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
