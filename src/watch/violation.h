/* watch/violation.h - a violation, and the memory of its texts. */
#ifndef WATCH_VIOLATION_H
#define WATCH_VIOLATION_H

#include <callgate/watch.h>

#include "base/arena.h"
#include "base/fail.h"

struct around;
struct stack;

struct violation {
	struct cg_violation about; /* first: the public part is this one */
	struct arena arena;
	uint64_t start, image; /* of the process; 0: not known */
	uint64_t file;         /* inode of its program; 0: not known */
	uint32_t device;       /* of that, as the kernel counts */
	bool logged;           /* audit has it, too, if it listens */
	const char *group;     /* the last part of its cgroup's path */
	uint64_t *stack;       /* return addresses */
	size_t stack_count;
	struct around *around;   /* shared; what /proc told */
	struct stack *named;     /* shared; the stack with names */
	struct violation *other; /* the same one, from another source */
	struct violation *next;  /* in a list of whoever holds it */
	uint64_t came;           /* ns on a clock that never jumps */
};

/* Nothing known yet; NULL without memory. */
struct violation *violation_new(void);

/* NULL is fine. */
void violation_free(struct violation *violation);

/* The call: its ABI, its name where it has one, and its number in the table. */
struct violation_call {
	const struct cg_abi *abi; /* NULL: no ABI has this arch */
	const char *name;         /* NULL: no call has this number */
	uint32_t number;          /* without what marks the ABI (x32's bit) */
};
struct violation_call violation_call(const struct cg_violation *violation);

#endif
