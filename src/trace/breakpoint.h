/*
 * trace/breakpoint.h - to learn when a function of a file is entered, by any of
 * some processes that are held by ptrace.
 *
 * The first instruction of the function is replaced by one that stops, in each
 * process that has the file mapped, and put back from there. A program that
 * blocks or ignores SIGTRAP finds it at its default when it has been stopped
 * so.
 */
#ifndef TRACE_BREAKPOINT_H
#define TRACE_BREAKPOINT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fail.h"

struct breakpoint;

/*
 * "NAME", a function of the file `own` (NULL: not known), or "FILE:NAME".
 *
 * Fails  CG_E_INPUT if there is no such file or function, or none with code to
 *        stop at; CG_E_UNSUPPORTED where this machine is not known;
 *        CG_E_SYSTEM, CG_E_NOMEM.
 */
bool breakpoint_new(const char *text, const char *own, struct breakpoint **out,
		    struct cg_error *err);

/* NULL is fine. Processes keep what is in them: see breakpoint_clear(). */
void breakpoint_free(struct breakpoint *breakpoint);

/*
 * Plant it in `process`, one thread of which is in a ptrace stop, if the file
 * is mapped there now; as often as one likes. True if there is nothing to
 * plant. Fails with CG_E_SYSTEM, CG_E_NOMEM.
 */
bool breakpoint_plant(struct breakpoint *breakpoint, pid_t thread,
		      pid_t process, struct cg_error *err);

/*
 * Whether the thread, which has stopped for a SIGTRAP, is at the function. Then
 * it is put back to its first instruction, and the signal is not to be given
 * to it.
 */
bool breakpoint_hit(const struct breakpoint *breakpoint, pid_t thread,
		    pid_t process);

/*
 * Take it out of `process`, of which a thread is in a ptrace stop, and where it
 * may have been planted or inherited. A hit is still told afterwards: another
 * thread may have met it before.
 */
bool breakpoint_clear(const struct breakpoint *breakpoint, pid_t thread,
		      pid_t process, struct cg_error *err);

#endif
