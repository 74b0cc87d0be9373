/* callgate watch - violations as they happen, or as a log tells of them. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <callgate/watch.h>

#include "base/buf.h"
#include "base/num.h"
#include "cli/fold.h"
#include "cli/out.h"
#include "cli/verbs.h"

enum { TICK = 200 }; /* milliseconds between looks at windows and the end */

#define SECOND UINT64_C(1000000000)

struct fields {
	bool json, doctor, no_ask;
	const char *format, *count, *seconds, *window;
};

static const struct option options[] = {
	{ 'f', "format", "line|ecs|auditbeat|auditbeat6", OPTION_TEXT,
	  offsetof(struct fields, format),
	  "what to write for each violation (default: line)" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the same as --format ecs: JSON, one object a line" },
	{ 'n', "count", "NUMBER", OPTION_TEXT, offsetof(struct fields, count),
	  "stop after so many violations" },
	{ 's', "seconds", "NUMBER", OPTION_TEXT,
	  offsetof(struct fields, seconds), "stop after so many seconds" },
	{ 0, "fold", "SECONDS", OPTION_TEXT, offsetof(struct fields, window),
	  "tell the same violation once, then how often it followed" },
	{ 0, "no-proc", NULL, OPTION_FLAG, offsetof(struct fields, no_ask),
	  "do not ask /proc for parents, containers and units" },
	{ 0, "doctor", NULL, OPTION_FLAG, offsetof(struct fields, doctor),
	  "say what could not be seen here, and why; watch nothing" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* Numbers of the options, and what happened so far. */
struct session {
	enum cg_event_shape shape;
	uint64_t most, seconds;
	uint64_t started, told, damaged;
	struct cg_watch_tally counts;
	struct folds folds;
};

/* A signal asks to stop; it only says so, here. */
static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* ------------------------------------------------------------- options -- */

static bool read_number(const char *text, const char *option, uint64_t *out)
{
	if (!text)
		return true;
	if (num_read(text, strlen(text), out) == NUM_OK && *out > 0 &&
	    *out < UINT64_MAX / SECOND)
		return true;
	out_error("--%s wants a number above 0, not '%s'", option, text);
	return false;
}

static bool read_format(const struct fields *fields, enum cg_event_shape *out)
{
	static const char *const names[] = {
		[CG_EVENT_LINE] = "line",
		[CG_EVENT_ECS] = "ecs",
		[CG_EVENT_AUDITBEAT] = "auditbeat",
		[CG_EVENT_AUDITBEAT_OLD] = "auditbeat6",
	};
	const char *name = fields->format;

	*out = fields->json ? CG_EVENT_ECS : CG_EVENT_LINE;
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum cg_event_shape)i;
			return true;
		}
	if (name)
		out_error("no format is called '%s'; there are line, ecs, "
			  "auditbeat and auditbeat6",
			  name);
	return !name;
}

static bool read_options(const struct fields *fields, struct session *session)
{
	uint64_t window = 0;

	if (!read_format(fields, &session->shape) ||
	    !read_number(fields->count, "count", &session->most) ||
	    !read_number(fields->seconds, "seconds", &session->seconds) ||
	    !read_number(fields->window, "fold", &window))
		return false;
	session->folds.window = window * SECOND;
	if (window && session->shape != CG_EVENT_LINE) {
		out_error("--fold is for lines: events in JSON are told one "
			  "by one");
		return false;
	}
	return true;
}

/* -------------------------------------------------------------- events -- */

static bool is_enough(const struct session *session)
{
	return stop || (session->most && session->told >= session->most) ||
	       (session->seconds &&
		now() - session->started >= session->seconds * SECOND);
}

static void tell(struct session *session, struct cg_violation *violation)
{
	char *event = cg_violation_event(violation, session->shape);

	if (!event)
		out_die_nomem();
	session->told++;
	if (fold_is_news(&session->folds, violation, event, now()))
		puts(event);
	free(event);
	cg_violation_free(violation);
}

/* Losses are an event of their own, where events are JSON. */
static void tell_losses(struct session *session, const struct cg_watch *watch)
{
	struct cg_watch_tally counts, before = session->counts;

	cg_watch_counts(watch, &counts);
	session->counts = counts;
	if (counts.missed <= before.missed &&
	    counts.overruns == before.overruns)
		return;
	if (session->shape == CG_EVENT_LINE)
		out_note("records of audit were lost: the queue was full "
			 "%" PRIu64 " times, %" PRIu64 " serials never came",
			 counts.overruns, counts.missed);
	else
		printf("{\"event\":{\"kind\":\"event\",\"module\":\"callgate\","
		       "\"dataset\":\"seccomp.violation\","
		       "\"action\":\"lost-events\"},\"seccomp\":{\"lost\":{"
		       "\"overruns\":%" PRIu64 ",\"serials\":%" PRIu64 "}}}\n",
		       counts.overruns, counts.missed);
}

/* ---------------------------------------------------------------- logs -- */

static int read_log(struct session *session, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (!file) {
		out_error("%s: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	while (!is_enough(session) &&
	       (length = getline(&line, &room, file)) >= 0) {
		struct cg_violation *violation = NULL;
		struct cg_error err = { 0 };

		number++;
		if (cg_violation_parse(line, (size_t)length, &violation,
				       &err) != CG_OK) {
			out_note("%s:%lu:%" PRIu32 ": %s", path, number,
				 err.column ? err.column : 1, err.message);
			session->damaged++;
		} else if (violation) {
			tell(session, violation);
		}
	}
	free(line);
	if (ferror(file)) {
		out_error("%s: %s", path, strerror(errno));
		return EXIT_REFUSED;
	}
	if (file != stdin)
		fclose(file);
	return EXIT_YES;
}

static int read_logs(struct session *session, int count, char **paths)
{
	int status = EXIT_YES;

	for (int i = 0; i < count && status == EXIT_YES; i++)
		status = read_log(session, paths[i]);
	fold_tell(&session->folds, UINT64_MAX, stdout);
	if (session->damaged)
		out_note("%" PRIu64 " records could not be read",
			 session->damaged);
	return status == EXIT_YES && session->damaged ? EXIT_NO : status;
}

/* ---------------------------------------------------------------- live -- */

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* All that waits; false where the watch itself failed. */
static bool drain(struct session *session, struct cg_watch *watch)
{
	while (!is_enough(session)) {
		struct cg_violation *violation = NULL;
		struct cg_error err = { 0 };
		enum cg_status status = cg_watch_next(watch, &violation, &err);

		if (status == CG_E_INPUT) {
			out_note("a record of audit: %s", err.message);
			continue;
		}
		if (status != CG_OK) {
			out_failure(&err, NULL, 0);
			return false;
		}
		if (!violation)
			return true;
		tell(session, violation);
	}
	return true;
}

static int watch_live(struct session *session, bool ask)
{
	const struct cg_watch_options wanted = { .ask = ask };
	struct cg_watch *watch = NULL;
	struct cg_error err = { 0 };
	bool ok = true;

	if (cg_watch_open(&wanted, &watch, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	catch_signals();
	while (ok && !is_enough(session) && !ferror(stdout)) {
		struct pollfd ready = { cg_watch_fd(watch), POLLIN, 0 };

		/* A signal ends the wait; is_enough() sees why. */
		(void)poll(&ready, 1, TICK);
		ok = drain(session, watch);
		tell_losses(session, watch);
		fold_tell(&session->folds, now(), stdout);
		fflush(stdout);
	}
	fold_tell(&session->folds, UINT64_MAX, stdout);
	cg_watch_close(watch);
	return ok ? EXIT_YES : EXIT_REFUSED;
}

static int tell_blind_spots(bool json)
{
	size_t count = 0;
	char *spot;

	for (; (spot = cg_watch_blind_spot(count)); count++) {
		struct buf line = { 0 };

		if (json)
			buf_json(&line, spot);
		else
			buf_printf(&line, "- %s", spot);
		buf_puts(&line, "\n");
		out_buf(&line);
		free(spot);
	}
	return count ? EXIT_NO : EXIT_YES;
}

static int run(void *opaque, int count, char **operands)
{
	const struct fields *fields = opaque;
	static struct session session;

	if (fields->doctor)
		return tell_blind_spots(fields->json);
	if (!read_options(fields, &session))
		return EXIT_USAGE;
	session.started = now();
	if (count)
		return read_logs(&session, count, operands);
	return watch_live(&session, !fields->no_ask);
}

const struct command command_watch = {
	.name = "watch",
	.operands = "[OPTION]... [LOG]...",
	.about = "tell of violations as they happen, or as logs have them",
	.details =
		"Without a LOG the kernel is asked, through audit: no daemon "
		"is needed, and\nnothing is switched on; CAP_AUDIT_READ is. A "
		"LOG is one of auditd, of dmesg or\nof the journal; - is "
		"standard input. Exit status 1: a record could not be\n"
		"read, or --doctor found something.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 0,
	.most = 1000,
	.run = run,
};
