/*
 * prove/lift.h - rules read off a decision diagram.
 *
 * The way back: a diagram says for each architecture, number and argument what
 * the answer is, and says it in one form only. So the rules depend on what a
 * filter means, not on how it was written.
 */
#ifndef PROVE_LIFT_H
#define PROVE_LIFT_H

#include <callgate/rules.h>

#include "base/arena.h"
#include "base/fail.h"
#include "prove/diagram.h"

enum {
	LIFT_RULES_MAX = 1 << 16, /* of all numbers together */
};

/*
 * Rules that mean `filter`, with everything that they point to in the arena.
 * Adds nodes to `all`: ask diagrams_exhausted() before you believe the result.
 *
 * Fails with CG_E_INPUT and the place in words where the language of rules
 * cannot say it: what depends on the instruction pointer, tells nameless
 * architectures apart, or looks at arguments of more numbers than can be told
 * one by one; with CG_E_UNDECIDED past LIFT_RULES_MAX; CG_E_NOMEM.
 */
bool lift_rules(struct diagrams *all, dd filter, bool big_endian,
		struct arena *arena, struct cg_rules *out,
		struct cg_error *err);

#endif
