/* Violations as logs tell of them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "watcher/confine.h"
#include "watcher/pipeline.h"
#include "watcher/run.h"
#include "watcher/show.h"

enum {
	ROOM = 1 << 16, /* bytes that are read at once, at least */
	TICK = 100      /* milliseconds between looks at other things */
};

static void read_line(struct session *session, const char *path,
		      unsigned long number, const char *line, size_t length)
{
	struct cg_violation *violation = NULL;
	struct cg_error err = { 0 };

	if (cg_violation_parse(line, length, &violation, &err) != CG_OK) {
		out_note("%s:%lu:%" PRIu32 ": %s", path, number,
			 err.column ? err.column : 1, err.message);
		session->damaged++;
	} else if (violation) {
		pipeline_put(session, violation);
	}
}

/* What is left of a log: complete lines, and the beginning of another. */
struct log {
	const char *path;
	int fd;
	char *text;
	size_t length, room;
	unsigned long number; /* of the last line that was read */
};

static void read_lines(struct session *session, struct log *log, bool all)
{
	size_t from = 0;

	while (from < log->length && !session_is_over(session)) {
		const char *line = log->text + from;
		const char *end = memchr(line, '\n', log->length - from);
		const size_t length =
			end ? (size_t)(end - line) + 1 : log->length - from;

		if (!end && !all && length <= CG_RECORD_MAX)
			break;
		read_line(session, log->path, ++log->number, line, length);
		from += length;
	}
	log->length -= from;
	memmove(log->text, log->text + from, log->length);
}

/* Some more bytes; 0 at the end, below 0 where that failed. */
static ssize_t read_more(struct log *log)
{
	ssize_t got;

	if (log->room - log->length < ROOM) {
		log->room = 2 * log->room + ROOM;
		log->text = realloc(log->text, log->room);
		if (!log->text)
			out_die_nomem();
	}
	got = read(log->fd, log->text + log->length, log->room - log->length);
	if (got > 0)
		log->length += (size_t)got;
	return got;
}

/* Whether there is something to read; meanwhile others have their turn. */
static bool await(struct session *session, const struct log *log)
{
	struct pollfd ready[] = {
		{ log->fd, POLLIN, 0 },
		{ show_fd(session), POLLIN, 0 },
	};
	const int found = poll(ready, 2, TICK);

	pipeline_tick(session);
	return found > 0 && ready[0].revents;
}

static int read_log(struct session *session, const char *path)
{
	const bool input = strcmp(path, "-") == 0;
	struct log log = { .path = path, .fd = STDIN_FILENO };
	ssize_t got = 1;

	if (!input)
		log.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (log.fd < 0) {
		out_error("%s: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	while (got > 0 && !session_is_over(session)) {
		if (!await(session, &log))
			continue;
		got = read_more(&log);
		read_lines(session, &log, got == 0);
	}
	if (got < 0)
		out_error("%s: %s", path, strerror(errno));
	free(log.text);
	if (!input)
		close(log.fd);
	return got < 0 ? EXIT_REFUSED : EXIT_YES;
}

/* Nothing more comes, but somebody still looks. */
static void stay(struct session *session)
{
	while (show_stays(session) && !session_is_over(session)) {
		struct pollfd ready = { show_fd(session), POLLIN, 0 };

		pipeline_tick(session);
		(void)poll(&ready, 1, TICK);
	}
}

int run_logs(struct session *session, int count, char **paths)
{
	int status = confine(session);

	for (int i = 0; i < count && status == EXIT_YES; i++)
		status = read_log(session, paths[i]);
	if (status == EXIT_YES)
		stay(session);
	status = pipeline_end(session, status);
	if (session->damaged)
		out_note("%" PRIu64 " records could not be read",
			 session->damaged);
	return status == EXIT_YES && session->damaged ? EXIT_NO : status;
}
