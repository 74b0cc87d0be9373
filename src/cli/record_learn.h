/* cli/record_learn.h - what is known of a program, over many runs. */
#ifndef CLI_RECORD_LEARN_H
#define CLI_RECORD_LEARN_H

#include <callgate/record.h>

/*
 * What the state file knows; `*out` NULL if there is none yet. False, said on
 * stderr, with its status.
 */
bool learn_read(const char *path, struct cg_recording **out, int *status);

/*
 * Join a recording to the file, under a lock beside it, so that any number of
 * runs may do so at once. EXIT_YES, or a failure, said on stderr.
 */
int learn_write(const char *path, struct cg_recording *recording);

#endif
