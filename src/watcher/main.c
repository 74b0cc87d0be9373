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

	if (fields->doctor)
		return tell_blind_spots(fields->json);
	if (!session_read(&session, fields))
		return EXIT_USAGE;
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
		"or text.\nExit status 1: a record could not be read, --doctor "
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
