/* policy/lint.h - what a policy says that may not do what it seems to. */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/resolve.h"

/* Add warnings to a resolved policy; false only if memory ran out. */
bool policy_lint(struct cg_policy *policy, struct cg_error *err);

#endif
