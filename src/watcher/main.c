/*
 * callgate-watch - violations as they happen, or as a log tells of them. It is
 * what `callgate watch` executes: a program of its own, as it needs libraries
 * that the other verbs would load for nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/verbs.h"
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

static int run(void *opaque, int count, char **operands)
{
	const struct fields *fields = opaque;
	static struct session session;

	if (fields->doctor)
		return tell_blind_spots(fields->json);
	if (!session_read(&session, fields))
		return EXIT_USAGE;
	if (count)
		return run_logs(&session, count, operands);
	return run_live(&session, !fields->no_ask);
}

static const struct command command = {
	.name = "watch",
	.operands = "[OPTION]... [LOG]...",
	.about = WATCH_ABOUT,
	.details =
		"Without a LOG the kernel is asked, through audit: no daemon "
		"is needed, and\nnothing is switched on; CAP_AUDIT_READ is. A "
		"LOG is one of auditd, of dmesg or\nof the journal; - is "
		"standard input. Exit status 1: a record could not be\n"
		"read, or --doctor found something.",
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
