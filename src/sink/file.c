/* Events to a file, a line each, which is rotated by size and age. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/inside.h"

struct file {
	int file;
	uint64_t bytes;
	uint64_t since; /* seconds since 1970: when the file was begun */
	bool broken;    /* it ends in a part of a line */
};

static uint64_t clock_seconds(void)
{
	return (uint64_t)time(NULL);
}

static bool open_file(struct sink *sink, struct attempt *attempt)
{
	struct file *state = sink->state;
	struct stat about;

	/* Somebody else may rotate it, too: then there is another file. */
	if (state->file >= 0 &&
	    (stat(sink->settings->target, &about) == 0 || errno != ENOENT))
		return true;
	if (state->file >= 0)
		close(state->file);
	/* A pipe that nobody reads must not keep us from ending. */
	state->file =
		open(sink->settings->target,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
		     0640);
	if (state->file < 0 || fstat(state->file, &about) != 0) {
		attempt_why(attempt, "%s: %s", sink->settings->target,
			    strerror(errno));
		return false;
	}
	state->bytes = (uint64_t)about.st_size;
	state->since =
		about.st_size ? (uint64_t)about.st_ctime : clock_seconds();
	return true;
}

static bool is_full(const struct sink *sink, size_t more)
{
	const struct settings *settings = sink->settings;
	const struct file *state = sink->state;

	if (!state->bytes)
		return false;
	return state->bytes + more > settings->size ||
	       (settings->age &&
		clock_seconds() - state->since >= settings->age / SINK_SECOND);
}

/* FILE.1 becomes FILE.2 and so on; the last one goes. */
static bool rotate(struct sink *sink, struct attempt *attempt)
{
	const struct settings *settings = sink->settings;
	struct file *state = sink->state;
	bool ok = true;

	for (uint64_t i = settings->keep; ok && i; i--) {
		struct buf from = { 0 }, to = { 0 };

		buf_printf(&to, "%s.%" PRIu64, settings->target, i);
		buf_puts(&from, settings->target);
		if (i > 1)
			buf_printf(&from, ".%" PRIu64, i - 1);
		ok = !from.failed && !to.failed &&
		     (rename(from.text, to.text) == 0 || errno == ENOENT);
		buf_free(&from);
		buf_free(&to);
	}
	if (!ok) {
		attempt_why(attempt, "%s: cannot be rotated: %s",
			    settings->target, strerror(errno));
		return false;
	}
	close(state->file);
	state->file = -1;
	return open_file(sink, attempt);
}

/* The whole line or nothing of it. */
static bool write_line(struct sink *sink, const struct spool_item *item,
		       struct attempt *attempt)
{
	struct file *state = sink->state;
	struct iovec parts[3] = {
		{ (void *)(uintptr_t) "\n", state->broken },
		{ (void *)(uintptr_t)item->text, item->length },
		{ (void *)(uintptr_t) "\n", 1 },
	};
	ssize_t done = writev(state->file, parts, 3);

	if (done == (ssize_t)item->length + 1 + state->broken) {
		state->bytes += (uint64_t)done;
		state->broken = false;
		return true;
	}
	attempt_why(attempt, "%s: %s", sink->settings->target,
		    strerror(done < 0 ? errno : ENOSPC));
	if (done > 0 && ftruncate(state->file, (off_t)state->bytes) != 0) {
		state->bytes += (uint64_t)done;
		state->broken = true;
	}
	return false;
}

static void deliver(struct sink *sink, struct attempt *attempt)
{
	if (!open_file(sink, attempt))
		return;
	for (size_t i = 0; i < attempt->count; i++) {
		const struct spool_item *item = attempt->parcels[i].item;

		if (attempt->parcels[i].fate != WAITING)
			continue;
		if (is_full(sink, item->length + 1) && !rotate(sink, attempt))
			return;
		if (!write_line(sink, item, attempt))
			return;
		attempt->parcels[i].fate = DELIVERED;
	}
}

static bool open_sink(struct sink *sink, struct cg_error *err)
{
	struct file *state = calloc(1, sizeof(*state));

	if (!state)
		return fail_nomem(err);
	state->file = -1;
	sink->state = state;
	return true;
}

static void close_sink(struct sink *sink)
{
	struct file *state = sink->state;

	if (state && state->file >= 0)
		close(state->file);
	free(state);
}

const struct sink_kind sink_file = {
	.name = "file",
	.bit = KIND_FILE,
	.target = "a path",
	.needs_target = true,
	.shape = CG_EVENT_ECS,
	.open = open_sink,
	.deliver = deliver,
	.close = close_sink,
};
