/* cli/record_out.h - what becomes of a recording. */
#ifndef CLI_RECORD_OUT_H
#define CLI_RECORD_OUT_H

#include <stdio.h>

#include <callgate/record.h>

#include "cli/opt.h"

struct record_out {
	const char *output;      /* -o: .json is the recording, else a policy */
	const char *init, *then; /* the policies of the two phases */
	const char *diff;        /* the baseline */
	const char *slack;       /* per cent */
	bool table, json, policy;
	bool no_arguments, with_runtime;
};

/* Whether the options make sense; else it is said on stderr. */
bool record_out_check(const struct record_out *out);

/*
 * Write what was asked for: files, and the table to `stream` if nothing else
 * is. EXIT_YES, EXIT_NO where the baseline has not all of it, or a failure.
 */
int record_out(const struct record_out *out,
	       const struct cg_recording *recording, FILE *stream);

/* The table, on a screen that is cleared if it is a terminal. */
void record_out_live(const struct cg_recording *recording, FILE *stream);

/*
 * Read recordings and join them. NULL, said on stderr, with its status, if one
 * cannot be read.
 */
struct cg_recording *record_read(const struct texts *names, int *status);

#endif
