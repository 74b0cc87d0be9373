/* Events to standard output, which may be a pipe that nobody reads for long. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

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

static void deliver(struct sink *sink, struct attempt *attempt)
{
	for (size_t i = 0; i < attempt->count; i++) {
		const struct spool_item *item = attempt->parcels[i].item;

		if (attempt->parcels[i].fate != WAITING)
			continue;
		if (!write_all(sink, item->text, item->length, attempt) ||
		    !write_all(sink, "\n", 1, attempt))
			return;
		attempt->parcels[i].fate = DELIVERED;
	}
}

const struct sink_kind sink_stdout = {
	.name = "stdout",
	.bit = KIND_STDOUT,
	.shape = CG_EVENT_ECS,
	.deliver = deliver,
};
