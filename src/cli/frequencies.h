/*
 * cli/frequencies.h - how often calls come, from a file.
 *
 * Two forms are read, line by line: strace -c's table, where the count is the
 * fourth column and the name the last; and "name: count" or "name count", as
 * minijail's @frequency files have it. # begins a comment.
 */
#ifndef CLI_FREQUENCIES_H
#define CLI_FREQUENCIES_H

#include <callgate/program.h>

struct frequencies {
	struct cg_frequency *at;
	size_t count;
};

/* False, said on stderr, if it cannot be read or no line of it counts. */
bool frequencies_read(const char *path, struct frequencies *out);
void frequencies_free(struct frequencies *frequencies);

#endif
