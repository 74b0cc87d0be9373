/*
 * trace/stack.h - where in the program a thread is.
 *
 * With symbols and lines through libdw, which is looked for only when the
 * first thing has to be explained; without it, the one place that the
 * registers name.
 */
#ifndef TRACE_STACK_H
#define TRACE_STACK_H

#include <callgate/run.h>

struct stack_reader;

/* NULL if memory ran out; both others take that. */
struct stack_reader *stack_new(void);
void stack_free(struct stack_reader *reader);

/*
 * Fill the frames of a refusal whose thread is in a ptrace stop, or say in
 * no_symbols why there are none. At least the place of the call is filled.
 */
void stack_read(struct stack_reader *reader, struct cg_refusal *refusal);

/*
 * Name the frames whose addresses are there already; the process runs on. What
 * has no name, because the process has ended, stays without.
 */
void stack_name(struct stack_reader *reader, struct cg_refusal *refusal);

#endif
