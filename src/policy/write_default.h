/* policy/write_default.h - what a written policy says for all other calls. */
#ifndef POLICY_WRITE_DEFAULT_H
#define POLICY_WRITE_DEFAULT_H

#include "policy/resolve.h"

/*
 * default_action, unknown and kernel; or one answer for all numbers of an ABI
 * that is not as the others.
 */
struct defaults {
	const char *had, *unknown; /* as actions; the same text where alike */
	uint32_t kernel;           /* where they differ */
};

/* The defaults that leave the least to be said of this ABI; false without
   memory. */
bool defaults_choose(struct arena *arena, const struct resolved_abi *abi,
		     uint32_t kernel, struct defaults *out);

/* Whether these defaults suit the ABI, too, or it had better say its own. */
bool defaults_suit(struct arena *arena, const struct resolved_abi *abi,
		   const struct defaults *defaults, bool *suit);

/* Behind all calls: what a number answers that nobody knows yet. */
uint32_t defaults_tail(const struct resolved_abi *abi);

/*
 * What the defaults come to for one number; `shadow` is the neighbour's call
 * that it stood for on old kernels, where the neighbour is covered, or NULL.
 */
const char *
defaults_at(const struct defaults *defaults, const struct cg_abi *abi,
	    uint32_t nr, const struct cg_syscall *shadow);

#endif
