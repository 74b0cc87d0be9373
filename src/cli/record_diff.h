/* cli/record_diff.h - a recording against what was agreed on. */
#ifndef CLI_RECORD_DIFF_H
#define CLI_RECORD_DIFF_H

#include <stdio.h>

#include <callgate/record.h>

/*
 * Print what is new and what is gone, to `out`. `path` is a policy or a
 * recording. EXIT_YES if nothing is new, EXIT_NO, or a failure, said on stderr.
 */
int record_diff(const char *path, const struct cg_recording *recording,
		FILE *out);

#endif
