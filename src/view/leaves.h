/* view/leaves.h - the values in an event, each with its path. */
#ifndef VIEW_LEAVES_H
#define VIEW_LEAVES_H

#include <stdbool.h>

/*
 * Call `leaf` for each text, number and word in a JSON object, in order: with
 * "seccomp.syscall.name" or, in a list, "process.args.0", and the value, a text
 * without its escapes. Both are valid during the call. False where it is no
 * JSON, deeper than 16 or with a path of more than 256 bytes; what was told by
 * then stays told. False also where memory ran out.
 */
bool leaves_each(const char *json,
		 void (*leaf)(void *context, const char *path,
			      const char *value),
		 void *context);

#endif
