/* policy/join.h - one policy made of several. */
#ifndef POLICY_JOIN_H
#define POLICY_JOIN_H

#include "policy/resolve.h"

/*
 * Whether two policies have the same default action, architectures, foreign,
 * kernel and unknown; if not, the key that differs goes to `*what`.
 */
bool policy_same_settings(const struct cg_policy *a, const struct cg_policy *b,
			  const char **what);

/* Whether each of its groups lets its calls through. */
bool policy_only_permits(const struct cg_policy *policy);

/*
 * The groups of all parts, in their order, under the settings of `settings`,
 * with the flags of all. Shares the parts' memory: they must outlive it.
 *
 * Requires  `joined` all zeros but for its arena; no part made of numbers.
 * Ensures   the first group of the first part that matches a call decides.
 * Fails     as policy_resolve, and with CG_E_INPUT beyond GROUPS_MAX.
 */
bool policy_join(struct cg_policy *joined, const struct cg_policy *settings,
		 const struct cg_policy *const *parts, size_t count,
		 struct cg_error *err);

#endif
