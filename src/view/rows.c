#include "view/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

#define MILLISECOND UINT64_C(1000000)

enum { TOP_MAX = 100, PROGRAM_MAX = 300 };

/* ---------------------------------------------------------------- rows -- */

void rows_put_time(struct buf *out, const char *name, uint64_t time)
{
	buf_printf(out, "\"%s\":%" PRIu64 ".%06" PRIu64, name,
		   time / MILLISECOND, time % MILLISECOND);
}

static void put_text(struct buf *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_json(out, text);
}

/* As much of it as a list may show; the event has all of it. */
static void put_program(struct buf *out, const char *program)
{
	char text[PROGRAM_MAX + sizeof("\u2026")];
	size_t length = program ? strlen(program) : 0;

	if (length <= PROGRAM_MAX) {
		put_text(out, "program", program);
		return;
	}
	length = PROGRAM_MAX;
	/* Not in the middle of a character. */
	while (length && ((unsigned char)program[length] & 0xc0) == 0x80)
		length--;
	snprintf(text, sizeof(text), "%.*s\u2026", (int)length, program);
	put_text(out, "program", text);
}

void rows_put(struct buf *out, const struct store_row *row)
{
	buf_printf(out, "{\"row\":%" PRId64 ",\"count\":%" PRIu64 ",", row->row,
		   row->count);
	rows_put_time(out, "time", row->time);
	if (row->pid != CG_UNSET)
		buf_printf(out, ",\"pid\":%" PRIu32, row->pid);
	put_program(out, row->program);
	put_text(out, "call", row->call);
	put_text(out, "verdict", row->verdict);
	put_text(out, "container", row->container);
	put_text(out, "unit", row->unit);
	put_text(out, "risk", row->risk);
	/* What is no violation: a notice to whoever looks. */
	if (!row->record)
		put_text(out, "notice",
			 row->message ? row->message
				      : "an event without words");
	buf_puts(out, "}");
}

struct listing {
	struct buf out;
	uint64_t count;
};

static bool each_row(void *context, const struct store_row *row)
{
	struct listing *listing = context;

	buf_puts(&listing->out, listing->count++ ? "," : "");
	rows_put(&listing->out, row);
	return !listing->out.failed;
}

enum MHD_Result rows_events(struct request *request)
{
	struct listing listing = { 0 };
	struct cg_error err = { 0 };
	enum MHD_Result result;
	enum cg_status status;
	struct store *store;
	struct query query;
	uint64_t total = 0;

	if (!query_read(request, &query, &result))
		return result;
	buf_puts(&listing.out, "{\"rows\":[");
	store = shelf_take(&request->web->shelf);
	status = store_each(store, &query.filter, each_row, &listing, &err);
	query.filter.limit = query.filter.skip = 0;
	if (status == CG_OK && query.total)
		status = store_count(store, &query.filter, &total, &err);
	shelf_give(&request->web->shelf);
	if (status != CG_OK) {
		buf_free(&listing.out);
		return answer_failure(request, &err);
	}
	buf_puts(&listing.out, "]");
	if (query.total)
		buf_printf(&listing.out, ",\"total\":%" PRIu64, total);
	buf_puts(&listing.out, "}");
	return answer_json(request, &listing.out);
}

/* --------------------------------------------------------------- event -- */

static bool whole_row(void *context, const struct store_row *row)
{
	struct buf *out = context;

	buf_puts(out, "{\"summary\":");
	rows_put(out, row);
	buf_puts(out, ",");
	rows_put_time(out, "first", row->first);
	buf_puts(out, ",");
	rows_put_time(out, "last", row->last);
	buf_printf(out, ",\"id\":\"%s\",\"event\":%s}", row->id,
		   row->json && *row->json ? row->json : "null");
	return false;
}

enum MHD_Result rows_event(struct request *request)
{
	const char *number = strrchr(request->path, '/') + 1;
	struct store_filter filter = { .limit = 1 };
	struct cg_error err = { 0 };
	struct buf out = { 0 };
	enum cg_status status;
	uint64_t row;

	if (num_read(number, strlen(number), &row) != NUM_OK || !row ||
	    row >= INT64_MAX)
		return answer_error(request, MHD_HTTP_BAD_REQUEST,
				    "an event has a number, not '%.64s'",
				    number);
	filter.after = (int64_t)row - 1;
	filter.before = (int64_t)row + 1;
	status = store_each(shelf_take(&request->web->shelf), &filter,
			    whole_row, &out, &err);
	shelf_give(&request->web->shelf);
	if (status != CG_OK)
		return answer_failure(request, &err);
	if (!out.length && !out.failed)
		return answer_error(request, MHD_HTTP_NOT_FOUND,
				    "there is no event %" PRIu64 " (any more)",
				    row);
	return answer_json(request, &out);
}

/* ----------------------------------------------------------------- top -- */

static bool is_column(const char *name)
{
	static const char *const columns[] = { "program", "call", "verdict",
					       "container", "unit" };

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (name && strcmp(columns[i], name) == 0)
			return true;
	return false;
}

static bool each_top(void *context, const char *value, uint64_t count)
{
	struct listing *listing = context;

	/* Rows without one (no container, say) are nobody's. */
	if (!value || !*value)
		return true;
	buf_puts(&listing->out,
		 listing->count++ ? ",{\"value\":" : "{\"value\":");
	buf_json(&listing->out, value);
	buf_printf(&listing->out, ",\"count\":%" PRIu64 "}", count);
	return !listing->out.failed;
}

enum MHD_Result rows_top(struct request *request)
{
	struct listing listing = { 0 };
	struct cg_error err = { 0 };
	enum MHD_Result result;
	enum cg_status status;
	struct query query;
	size_t most;

	if (!query_read(request, &query, &result))
		return result;
	if (!is_column(query.column))
		return answer_error(request, MHD_HTTP_BAD_REQUEST,
				    "'column' is one of program, call, "
				    "verdict, container, unit");
	most = query.filter.limit < TOP_MAX ? query.filter.limit : TOP_MAX;
	query.filter.limit = 0;
	buf_puts(&listing.out, "{\"values\":[");
	status = store_top(shelf_take(&request->web->shelf), &query.filter,
			   query.column, most, each_top, &listing, &err);
	shelf_give(&request->web->shelf);
	if (status != CG_OK) {
		buf_free(&listing.out);
		return answer_failure(request, &err);
	}
	buf_puts(&listing.out, "]}");
	return answer_json(request, &listing.out);
}

/* ------------------------------------------------------------ timeline -- */

enum { VERDICTS = 10, VERDICT_SIZE = 32 };

struct verdicts {
	char names[VERDICTS][VERDICT_SIZE];
	size_t count;
};

static bool each_verdict(void *context, const char *value, uint64_t count)
{
	struct verdicts *verdicts = context;

	(void)count;
	if (!value || !*value || strlen(value) >= VERDICT_SIZE)
		return true;
	strcpy(verdicts->names[verdicts->count++], value);
	return verdicts->count < VERDICTS;
}

static bool first_time(void *context, const struct store_row *row)
{
	*(uint64_t *)context = row->time;
	return false;
}

/* The width of a bucket in ms: one that a person can name. */
static uint64_t pleasant(uint64_t span, uint64_t buckets)
{
	static const uint64_t widths[] = {
		100,      250,      500,      1000,      2000,      5000,
		10000,    15000,    30000,    60000,     120000,    300000,
		600000,   900000,   1800000,  3600000,   7200000,   10800000,
		21600000, 43200000, 86400000, 172800000, 604800000,
	};
	const size_t count = sizeof(widths) / sizeof(widths[0]);

	for (size_t i = 0; i < count; i++)
		if (span / (widths[i] * MILLISECOND) < buckets)
			return widths[i];
	return span / MILLISECOND / buckets + 1;
}

static bool each_bucket(void *context, uint64_t start, uint64_t count)
{
	struct listing *listing = context;

	buf_printf(&listing->out, "%s[%" PRIu64 ",%" PRIu64 "]",
		   listing->count++ ? "," : "", start / MILLISECOND, count);
	return !listing->out.failed;
}

/* Ends open at either side are where the rows, or the day, end. */
static bool find_span(struct store *store, struct store_filter *filter,
		      struct cg_error *err)
{
	struct store_filter ends = *filter;
	struct timespec now;

	ends.limit = 1;
	ends.oldest_first = true;
	if (!filter->since &&
	    store_each(store, &ends, first_time, &filter->since, err) != CG_OK)
		return false;
	if (!filter->until) {
		clock_gettime(CLOCK_REALTIME, &now);
		filter->until = (uint64_t)now.tv_sec * 1000 * MILLISECOND +
				(uint64_t)now.tv_nsec;
	}
	if (!filter->since || filter->since > filter->until)
		filter->since = filter->until;
	return true;
}

static bool
put_series(struct store *store, struct store_filter filter, uint64_t width,
	   struct listing *listing, struct cg_error *err)
{
	struct verdicts verdicts = { 0 };

	if (store_top(store, &filter, "verdict", VERDICTS, each_verdict,
		      &verdicts, err) != CG_OK)
		return false;
	for (size_t i = 0; i < verdicts.count; i++) {
		filter.verdict = verdicts.names[i];
		buf_puts(&listing->out, i ? ",{\"verdict\":" : "{\"verdict\":");
		buf_json(&listing->out, filter.verdict);
		buf_puts(&listing->out, ",\"points\":[");
		listing->count = 0;
		if (store_timeline(store, &filter, width * MILLISECOND,
				   each_bucket, listing, err) != CG_OK)
			return false;
		buf_puts(&listing->out, "]}");
	}
	return true;
}

enum MHD_Result rows_timeline(struct request *request)
{
	struct listing listing = { 0 };
	struct cg_error err = { 0 };
	enum MHD_Result result;
	struct store_filter asked;
	struct store *store;
	struct query query;
	uint64_t width;
	bool ok;

	if (!query_read(request, &query, &result))
		return result;
	query.filter.limit = 0;
	/* Ends that nobody asked for would only make it slower. */
	asked = query.filter;
	store = shelf_take(&request->web->shelf);
	ok = find_span(store, &query.filter, &err);
	width = pleasant(query.filter.until - query.filter.since,
			 query.buckets);
	buf_printf(&listing.out,
		   "{\"since\":%" PRIu64 ",\"until\":%" PRIu64
		   ",\"bucket\":%" PRIu64 ",\"series\":[",
		   query.filter.since / MILLISECOND,
		   query.filter.until / MILLISECOND, width);
	ok = ok && put_series(store, asked, width, &listing, &err);
	shelf_give(&request->web->shelf);
	if (!ok) {
		buf_free(&listing.out);
		return answer_failure(request, &err);
	}
	buf_puts(&listing.out, "]}");
	return answer_json(request, &listing.out);
}
