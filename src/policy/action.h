/* policy/action.h - what a filter answers, by name. */
#ifndef POLICY_ACTION_H
#define POLICY_ACTION_H

#include "policy/model.h"

/*
 * Read "allow", "errno(EACCES)", "trace(7)", ...: case does not matter. A bare
 * "errno" is EPERM, and `plain_errno`. Fails with CG_E_MEANING.
 */
bool action_read(struct arena *arena, const char *text, struct place place,
		 struct action *out, struct cg_error *err);

/* Give an errno action its errno: a name or a number from 0 to 4095. */
bool action_set_errno(struct arena *arena, const char *text, struct place place,
		      struct action *action, struct cg_error *err);

/* Give a trap or trace action its data: 0 to 65535. */
bool action_set_data(const char *text, struct place place,
		     struct action *action, struct cg_error *err);

/* The SECCOMP_RET value on an ABI. */
bool action_on(const struct action *action, const struct cg_abi *abi,
	       uint32_t *out, struct cg_error *err);

#endif
