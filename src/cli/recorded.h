/* cli/recorded.h - recordings where policies can stand. */
#ifndef CLI_RECORDED_H
#define CLI_RECORDED_H

#include <callgate/record.h>

#include "cli/input.h"

/*
 * Read a recording, if that is what `name` is; else `*out` is NULL. False, said
 * on stderr, with its status, where a recording is broken.
 */
bool recorded_open(const char *name, const struct cg_abi *native,
		   struct cg_recording **out, int *status);

/* The policy made of one, as an input. False, said on stderr. */
bool recorded_input(const struct cg_recording *recording, const char *name,
		    const struct cg_abi *native, struct input *out,
		    int *status);

#endif
