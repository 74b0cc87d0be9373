/* trace/lookup.h - execute a command found in PATH, and say why it cannot be.
 */
#ifndef TRACE_LOOKUP_H
#define TRACE_LOOKUP_H

#include "base/fail.h"

/*
 * As execvp(3), but a file that is no program is not handed to a shell, and
 * the failures are kept apart. Returns only on failure, with CG_E_SYSTEM and
 * its sys_errno: ENOENT if there is no such file in PATH, EACCES if there are
 * only ones that may not be executed, or what execve(2) answered.
 */
bool lookup_exec(char *const argv[], struct cg_error *err);

/* The file that it would execute, to be freed; NULL if there is none. */
char *lookup_file(const char *name);

#endif
