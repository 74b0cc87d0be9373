/*
 * policy/eval.h - a policy read literally: the reference that all others are
 * judged by. Written for plainness; it may use neither compile nor prove.
 */
#ifndef POLICY_EVAL_H
#define POLICY_EVAL_H

#include "policy/resolve.h"

/* Whether one test holds for an argument. */
bool test_holds(const struct test *test, uint64_t argument);

/* The answer, and what gave it: `*entry` is NULL where no entry matched. */
uint32_t
policy_eval(const struct resolved *resolved, const struct cg_call *call,
	    const struct resolved_abi **abi,
	    const struct resolved_entry **entry);

#endif
