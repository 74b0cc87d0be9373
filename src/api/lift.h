/* api/lift.h - a diagram as a policy. */
#ifndef API_LIFT_H
#define API_LIFT_H

#include <callgate/policy.h>

#include "base/fail.h"
#include "prove/diagram.h"

/* The filter for one ABI's architecture, and kill_process for all others. */
dd diagram_only(struct diagrams *all, dd filter, const struct cg_abi *abi);

/* Say whether nodes or memory ran out. */
bool fail_exhausted(const struct diagrams *all, struct cg_error *err);

/*
 * A policy that means `filter`, and is proved to; NULL, with `err` filled, as
 * cg_lift() fails. `memory` is for the policy, 0 for the usual.
 */
struct cg_policy *
policy_of_diagram(struct diagrams *all, dd filter, bool big_endian,
		  size_t memory, struct cg_error *err);

#endif
