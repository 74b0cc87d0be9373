/* prove/outcomes.h - all answers that a diagram can give to some calls. */
#ifndef PROVE_OUTCOMES_H
#define PROVE_OUTCOMES_H

#include <callgate/prove.h>

#include "prove/diagram.h"

/*
 * As cg_outcomes(). False if memory ran out.
 */
bool outcomes_find(const struct diagrams *all, dd a, const struct cg_call *call,
		   uint32_t known, struct cg_outcome *out, size_t room,
		   size_t *count);

#endif
