/*
 * cli/elsewhere.h - verbs that are programs of their own.
 *
 * They lie in the folder of this command, as callgate-VERB, and need libraries
 * that the other verbs would load for nothing.
 */
#ifndef CLI_ELSEWHERE_H
#define CLI_ELSEWHERE_H

#include "cli/opt.h"

/*
 * Become the program of the verb; `argv[0]` is the verb's name. Returns, with
 * a message on stderr, only where there is none: EXIT_REFUSED.
 */
int elsewhere_run(const char *name, char **argv);

/* Have it print its rows, as command_dump(). The same status. */
int elsewhere_dump(const char *name);

#endif
