#include "view/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fail.h"
#include "base/num.h"
#include "view/rows.h"

enum {
	BATCH = 200,       /* rows in one event of the stream */
	BEHIND_MAX = 2000, /* rows; beyond that the stream skips */
	QUIET = 15,        /* seconds without a sign of life */
	TEXTS = 7
};

struct stream {
	struct web *web;
	int fd; /* the connection's; -1: not known */
	struct store_filter filter;
	char *texts[TEXTS]; /* the filter's, which outlive the request */
	uint64_t seen;      /* of web->flushed */
	struct buf out;     /* to be sent, from `sent` on */
	size_t sent;
	uint64_t rows; /* in the batch */
	bool begun;
};

static bool each_row(void *context, const struct store_row *row)
{
	struct stream *stream = context;

	if (row->row > stream->filter.after)
		stream->filter.after = row->row;
	buf_puts(&stream->out, stream->rows++ ? "," : "data: [");
	rows_put(&stream->out, row);
	return !stream->out.failed;
}

static bool newest(void *context, const struct store_row *row)
{
	*(int64_t *)context = row->row;
	return false;
}

/* Too much has come: leave out all but the last. */
static bool skip(struct stream *stream, struct store *store)
{
	struct store_filter filter = stream->filter;
	int64_t last = stream->filter.after;
	struct cg_error err;
	uint64_t waiting;

	filter.limit = 0;
	if (store_count(store, &filter, &waiting, &err) != CG_OK)
		return false;
	if (waiting <= BEHIND_MAX)
		return true;
	filter.limit = 1;
	filter.oldest_first = false;
	if (store_each(store, &filter, newest, &last, &err) != CG_OK)
		return false;
	stream->filter.after = last - BATCH > stream->filter.after
				       ? last - BATCH
				       : stream->filter.after;
	filter = stream->filter;
	filter.limit = 0;
	last = (int64_t)waiting;
	if (store_count(store, &filter, &waiting, &err) != CG_OK)
		return false;
	buf_printf(&stream->out, "event: skipped\ndata: %" PRIu64 "\n\n",
		   (uint64_t)last - waiting);
	return true;
}

/* What came since the last time; false where the store failed. */
static bool fill(struct stream *stream)
{
	struct store *store = shelf_take(&stream->web->shelf);
	struct cg_error err;
	bool ok;

	stream->rows = 0;
	ok = skip(stream, store) && store_each(store, &stream->filter, each_row,
					       stream, &err) == CG_OK;
	shelf_give(&stream->web->shelf);
	if (ok && stream->rows)
		buf_printf(&stream->out, "]\nid: %" PRId64 "\n\n",
			   stream->filter.after);
	return ok && !stream->out.failed;
}

/* Whether the browser has gone; a write would tell only much later. */
static bool is_gone(const struct stream *stream)
{
	struct pollfd peer = { stream->fd, POLLRDHUP, 0 };

	return stream->fd >= 0 && poll(&peer, 1, 0) > 0 &&
	       peer.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

static bool is_quiet(const struct stream *stream)
{
	return !stream->web->stopping && stream->seen == stream->web->flushed;
}

/* Wait for news; false where the server or the browser ends. */
static bool await(struct stream *stream)
{
	struct web *web = stream->web;
	struct timespec until;
	int seconds = 0;
	bool ok;

	clock_gettime(CLOCK_MONOTONIC, &until);
	pthread_mutex_lock(&web->lock);
	while (is_quiet(stream) && seconds < QUIET && !is_gone(stream)) {
		until.tv_sec++;
		seconds++;
		while (is_quiet(stream) &&
		       pthread_cond_timedwait(&web->news, &web->lock, &until) !=
			       ETIMEDOUT)
			;
	}
	ok = !web->stopping && !is_gone(stream);
	stream->seen = web->flushed;
	pthread_mutex_unlock(&web->lock);
	if (seconds == QUIET)
		buf_puts(&stream->out, ": still here\n\n");
	return ok;
}

static ssize_t
next_bytes(void *context, uint64_t position, char *out, size_t room)
{
	struct stream *stream = context;
	size_t left;

	(void)position;
	if (!stream->begun)
		buf_puts(&stream->out, "retry: 2000\n: welcome\n\n");
	stream->begun = true;
	while (stream->sent == stream->out.length) {
		buf_free(&stream->out);
		stream->sent = 0;
		if (!fill(stream))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (!stream->out.length && !await(stream))
			return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (stream->out.failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	left = stream->out.length - stream->sent;
	if (left > room)
		left = room;
	memcpy(out, stream->out.text + stream->sent, left);
	stream->sent += left;
	return (ssize_t)left;
}

static void stream_free(void *context)
{
	struct stream *stream = context;

	pthread_mutex_lock(&stream->web->lock);
	stream->web->streams--;
	pthread_mutex_unlock(&stream->web->lock);
	for (size_t i = 0; i < TEXTS; i++)
		free(stream->texts[i]);
	buf_free(&stream->out);
	free(stream);
}

static bool keep_texts(struct stream *stream, struct cg_error *err)
{
	const char **const texts[TEXTS] = {
		&stream->filter.program, &stream->filter.call,
		&stream->filter.verdict, &stream->filter.container,
		&stream->filter.unit,    &stream->filter.text,
		&stream->filter.action,
	};

	for (size_t i = 0; i < TEXTS; i++) {
		if (!*texts[i])
			continue;
		stream->texts[i] = strdup(*texts[i]);
		if (!stream->texts[i])
			return fail_nomem(err);
		*texts[i] = stream->texts[i];
	}
	return true;
}

/* From which row: the browser's last one, that in the query, or the newest. */
static bool
find_start(struct request *request, struct stream *stream, struct cg_error *err)
{
	const char *last = request_header(request, "Last-Event-ID");
	struct store_filter filter = { .limit = 1 };
	enum cg_status status;
	uint64_t row;

	if (last && num_read(last, strlen(last), &row) == NUM_OK &&
	    row < INT64_MAX) {
		stream->filter.after = (int64_t)row;
		return true;
	}
	if (MHD_lookup_connection_value(request->connection,
					MHD_GET_ARGUMENT_KIND, "after"))
		return true;
	status = store_each(shelf_take(&request->web->shelf), &filter, newest,
			    &stream->filter.after, err);
	shelf_give(&request->web->shelf);
	return status == CG_OK;
}

static bool enter(struct web *web)
{
	bool ok;

	pthread_mutex_lock(&web->lock);
	ok = web->streams < STREAMS_MAX;
	web->streams += ok;
	pthread_mutex_unlock(&web->lock);
	return ok;
}

enum MHD_Result stream_open(struct request *request)
{
	const union MHD_ConnectionInfo *info;
	struct MHD_Response *response;
	struct cg_error err = { 0 };
	enum MHD_Result result;
	struct stream *stream;
	struct query query;

	if (!query_read(request, &query, &result))
		return result;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return MHD_NO;
	/* From here on stream_free() gives back what was entered. */
	if (!enter(request->web)) {
		free(stream);
		return answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE,
				    "%d streams are open already", STREAMS_MAX);
	}
	stream->web = request->web;
	info = MHD_get_connection_info(request->connection,
				       MHD_CONNECTION_INFO_CONNECTION_FD);
	stream->fd = info ? info->connect_fd : -1;
	stream->filter = query.filter;
	stream->filter.limit = BATCH;
	stream->filter.oldest_first = true;
	if (!keep_texts(stream, &err) || !find_start(request, stream, &err)) {
		stream_free(stream);
		return answer_failure(request, &err);
	}
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, 1 << 14, next_bytes, stream, stream_free);
	if (!response) {
		stream_free(stream);
		return MHD_NO;
	}
	return answer_response(request, MHD_HTTP_OK, "text/event-stream",
			       response);
}
