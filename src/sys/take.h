/* sys/take.h - the filters of another thread, out of the kernel. */
#ifndef SYS_TAKE_H
#define SYS_TAKE_H

#include "base/fail.h"

#include <callgate/program.h>

#include <stddef.h>

enum {
	/* A chain has at most as many converted instructions, each of which
	   stands for no more than one of ours (MAX_INSNS_PER_PATH). */
	TAKE_INSNS = 32768,
	TAKE_FILTERS = 4096,
	TAKE_WAIT = 2000, /* milliseconds until a thread must have stopped */
};

/* Where the instructions of a filter stand. */
struct taken_filter {
	uint32_t first, count;
	uint32_t flags; /* CG_FLAG_LOG, if the kernel tells */
};

struct taken {
	size_t count; /* filters, the oldest first */
	struct taken_filter filters[TAKE_FILTERS];
	struct cg_insn insns[TAKE_INSNS];
};

/*
 * Take all filters of a thread, as cg_chain_take() promises. `*out` goes back
 * with taken_free().
 */
bool take(int32_t thread, const struct taken **out, struct cg_error *err);
void taken_free(const struct taken *taken);

#endif
