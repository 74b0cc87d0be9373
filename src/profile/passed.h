/* profile/passed.h - what a caller hands to a callee. */
#ifndef PROFILE_PASSED_H
#define PROFILE_PASSED_H

#include "profile/flow.h"

/*
 * What the state at a call, or at a jump instead of one, in an image says about
 * an item of the callee's entry.
 */
uint32_t passed_value(struct flows *flows, const struct state *state,
		      const struct loaded *in, bool jump, struct item item);

#endif
