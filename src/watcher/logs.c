/* Violations as logs tell of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "watcher/pipeline.h"
#include "watcher/run.h"

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
	while (!session_is_over(session) &&
	       (length = getline(&line, &room, file)) >= 0)
		read_line(session, path, ++number, line, (size_t)length);
	free(line);
	if (ferror(file)) {
		out_error("%s: %s", path, strerror(errno));
		return EXIT_REFUSED;
	}
	if (file != stdin)
		fclose(file);
	return EXIT_YES;
}

int run_logs(struct session *session, int count, char **paths)
{
	int status = EXIT_YES;

	for (int i = 0; i < count && status == EXIT_YES; i++)
		status = read_log(session, paths[i]);
	status = pipeline_end(session, status);
	if (session->damaged)
		out_note("%" PRIu64 " records could not be read",
			 session->damaged);
	return status == EXIT_YES && session->damaged ? EXIT_NO : status;
}
