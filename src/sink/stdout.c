/* Events to standard output, which may be a pipe that nobody reads for long. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/inside.h"

enum { LOOK = 100 }; /* milliseconds between looks at whether to leave */

/*
 * Write without ever being stuck: a pipe that poll() calls writable takes
 * PIPE_BUF bytes at once.
 */
static bool write_all(struct sink *sink, const char *text, size_t length,
		      struct attempt *attempt)
{
	struct pollfd ready = { STDOUT_FILENO, POLLOUT, 0 };

	while (length) {
		size_t part = length < PIPE_BUF ? length : PIPE_BUF;
		ssize_t done;

		if (poll(&ready, 1, LOOK) <= 0) {
			if (!atomic_load(&sink->abort))
				continue;
			attempt_why(attempt, "nobody reads standard output");
			return false;
		}
		done = write(STDOUT_FILENO, text, part);
		if (done < 0 && errno != EAGAIN && errno != EINTR) {
			/* What has no reader any more has none ever again. */
			attempt->gone = errno == EPIPE;
			attempt_why(attempt, "standard output: %s",
				    strerror(errno));
			return false;
		}
		if (done > 0) {
			text += done;
			length -= (size_t)done;
		}
	}
	return true;
}

/* In one piece as far as a pipe takes that: a whole line or nothing of it. */
static bool write_line(struct sink *sink, const struct spool_item *item,
		       struct attempt *attempt)
{
	struct buf line = { 0 };
	bool ok;

	buf_add(&line, item->text, item->length);
	buf_puts(&line, "\n");
	ok = !line.failed && write_all(sink, line.text, line.length, attempt);
	buf_free(&line);
	return ok;
}

static void deliver(struct sink *sink, struct attempt *attempt)
{
	for (size_t i = 0; i < attempt->count; i++) {
		struct parcel *parcel = &attempt->parcels[i];

		if (parcel->fate != WAITING)
			continue;
		if (!write_line(sink, parcel->item, attempt))
			return;
		parcel->fate = DELIVERED;
	}
}

const struct sink_kind sink_stdout = {
	.name = "stdout",
	.bit = KIND_STDOUT,
	.shape = CG_EVENT_ECS,
	.deliver = deliver,
};
