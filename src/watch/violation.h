/* watch/violation.h - a violation, and the memory of its texts. */
#ifndef WATCH_VIOLATION_H
#define WATCH_VIOLATION_H

#include <callgate/watch.h>

#include "base/arena.h"
#include "base/fail.h"

struct violation {
	struct cg_violation about; /* first: the public part is this one */
	struct arena arena;
};

/* Nothing known yet; NULL without memory. */
struct violation *violation_new(void);

/* The call: its ABI, its name where it has one, and its number in the table. */
struct violation_call {
	const struct cg_abi *abi; /* NULL: no ABI has this arch */
	const char *name;         /* NULL: no call has this number */
	uint32_t number;          /* without what marks the ABI (x32's bit) */
};
struct violation_call violation_call(const struct cg_violation *violation);

#endif
