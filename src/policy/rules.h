/* policy/rules.h - a policy made of numbers; see callgate/rules.h. */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include <callgate/rules.h>

#include "policy/resolve.h"

/*
 * Fill `policy`, which must be all zeros but for its arena. Fails as
 * cg_policy_from_rules().
 */
bool policy_from_rules(struct cg_policy *policy, const struct cg_rules *rules,
		       struct cg_error *err);

#endif
