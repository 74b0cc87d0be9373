/*
 * watch/stacks.h - where in a program calls were made, with names.
 *
 * Names cost time: files are opened and read. The same stack of the same
 * process is named once, and of all the time that passes only a part is spent
 * on it; a stack that has no turn stays without names.
 */
#ifndef WATCH_STACKS_H
#define WATCH_STACKS_H

#include "watch/violation.h"

struct stacks;

/* NULL without memory; the others take that. */
struct stacks *stacks_new(void);
void stacks_free(struct stacks *stacks);

/* Fill in the stack of a violation. `now` is of a clock that never jumps. */
void stacks_name(struct stacks *stacks, struct violation *violation,
		 uint64_t now);

/* One reference less; NULL is fine. */
void stack_put(struct stack *stack);

#endif
