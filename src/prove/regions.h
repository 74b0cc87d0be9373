/*
 * prove/regions.h - for which arguments two diagrams differ, as tests.
 */
#ifndef PROVE_REGIONS_H
#define PROVE_REGIONS_H

#include <callgate/prove.h>

#include "base/arena.h"
#include "prove/diagram.h"

enum regions_result {
	REGIONS_MADE,
	REGIONS_TOO_MANY, /* or of a kind that tests cannot say */
	REGIONS_FAILED,   /* memory ran out */
};

/*
 * The regions of `left` and `right`, which are different and look neither at
 * arch nor at nr: one for each pair of answers, in the order of their
 * witnesses. Each argument list of the witnesses is complete; arch and nr are
 * `arch` and `nr`. Without text: see regions_text().
 */
enum regions_result
regions_find(const struct diagrams *all, dd left, dd right, uint32_t arch,
	     uint32_t nr, struct arena *arena, struct cg_region **out,
	     size_t *count);

/*
 * Say the ways of a region in words, joined where that is one. `call` may be
 * NULL. False if memory ran out.
 */
bool regions_text(struct arena *arena, const struct cg_syscall *call,
		  const struct cg_abi *abi, struct cg_region *region);

#endif
