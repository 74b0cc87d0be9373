/* prove/permit.h - what a diagram lets through, and on what that depends. */
#ifndef PROVE_PERMIT_H
#define PROVE_PERMIT_H

#include <callgate/policy.h>

#include "prove/diagram.h"

/*
 * The truth value of "the call is made": DD_TRUE where the answer is allow or
 * log, DD_FALSE for any other. Ask diagrams_exhausted() afterwards.
 */
dd permit_of(struct diagrams *all, dd a);

/* What is left of a diagram where a word has this value. */
dd permit_fix(struct diagrams *all, dd a, enum word word, uint32_t value);

/*
 * A call for which a diagram of truth values is `wanted`; what `call` says of
 * bits that it does not look at stays. Requires that there is one.
 */
void permit_example(const struct diagrams *all, dd a, bool wanted,
		    struct cg_call *call);

/* The answer that a diagram has for a call. */
uint32_t
permit_answer(const struct diagrams *all, dd a, const struct cg_call *call);

#endif
