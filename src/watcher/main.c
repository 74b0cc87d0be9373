/*
 * callgate-watch - violations as they happen, or as a log tells of them. It is
 * what `callgate watch` executes: a program of its own, as it needs libraries
 * that the other verbs would load for nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/verbs.h"
#include "watcher/confine.h"
#include "watcher/outlets.h"
#include "watcher/pipeline.h"
#include "watcher/run.h"

struct telling {
	bool json;
	size_t count;
};

static void tell_spot(void *context, const char *spot)
{
	struct telling *telling = context;
	struct buf line = { 0 };

	telling->count++;
	if (telling->json)
		buf_json(&line, spot);
	else
		buf_printf(&line, "- %s", spot);
	buf_puts(&line, "\n");
	out_buf(&line);
}

static int tell_blind_spots(uint32_t sources, bool json)
{
	struct telling telling = { .json = json };
	struct cg_error err = { 0 };

	if (cg_watch_blind_spots(sources, tell_spot, &telling, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	return telling.count ? EXIT_NO : EXIT_YES;
}

/* As who writes to a pipe that nobody reads any more: by the signal, or where
   that is ignored with a word. */
static int end_unread(void)
{
	raise(SIGPIPE);
	out_error("cannot write the output: %s", strerror(EPIPE));
	return EXIT_REFUSED;
}

static int run(void *opaque, int count, char **operands)
{
	const struct fields *fields = opaque;
	static struct session session;
	int status;

	if (!session_read(&session, fields))
		return EXIT_USAGE;
	if (fields->doctor)
		return tell_blind_spots(session.wanted.sources |
						session.wanted.wishes,
					fields->json);
	if (fields->status)
		return outlets_tell(fields);
	if (fields->query) {
		status = confine(&session);
		return status == EXIT_YES
			       ? run_query(&session, fields, count, operands)
			       : status;
	}
	session.logs = count > 0;
	status = pipeline_open(&session, fields);
	if (status != EXIT_YES)
		return status;
	status = count ? run_logs(&session, count, operands)
		       : run_live(&session, !fields->no_ask);
	return session.unread ? end_unread() : status;
}

static const struct command command = {
	.name = "watch",
	.operands = "[OPTION]... [LOG]... | --query [FILTER]...",
	.about = WATCH_ABOUT,
	.details =
		"Without a LOG the kernel is asked, through audit: no daemon "
		"is needed, and\nnothing is switched on; CAP_AUDIT_READ is. A "
		"LOG is one of auditd, of dmesg or\nof the journal; - is "
		"standard input. A FILTER is one of\n"
		"call=, program=, verdict=, container=, unit=, risk=, pid=, "
		"id=, "
		"action=, or text.\nExit status 1: a record could not be read, "
		"--doctor "
		"found something, or\n--query nothing.",
	.options = watch_options,
	.fields = sizeof(struct fields),
	.least = 0,
	.most = 1000,
	.run = run,
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--dump-cli") == 0) {
		command_dump(&command);
		return out_finish(EXIT_YES);
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("callgate-watch %s\n", CALLGATE_VERSION);
		return out_finish(EXIT_YES);
	}
	return out_finish(command_run(&command, argc, argv));
}
