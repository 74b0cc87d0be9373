/*
 * callgate/registry.h - one policy for a program of many parts.
 *
 * The parts of a program may each bring the policy that the whole is to run
 * under. A registry keeps the first one; the same again is fine, another one
 * is an error. What is the same is proved for all calls, not read off a text.
 */
#ifndef CALLGATE_REGISTRY_H
#define CALLGATE_REGISTRY_H

#include <callgate/error.h>
#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with each policy that is added: threads that share one lock it. */
struct cg_registry;

/* A registry without a policy. NULL if memory ran out. */
CG_API CG_CHECKED struct cg_registry *cg_registry_new(void);

/* Free a registry and the policy that it keeps. NULL is fine. */
CG_API void cg_registry_free(struct cg_registry *registry);

/*
 * Register a policy. `who` names the part that asks, for error messages; it is
 * copied.
 *
 * On CG_OK the policy is the registry's, and the caller must not use or free
 * it: the first one is kept; one that answers every call as the kept one does
 * is freed, and the kept one stays, with its `flags:` (they do not count), its
 * lines and who registered it. Adding the kept object itself changes nothing.
 *
 * On any other status the policy is still the caller's, to be freed by
 * cg_policy_free(), and the registry is as it was. Fails with CG_E_INPUT for no
 * policy, for no `who`, for a policy that is not enabled, and for one that
 * differs from the kept one, with a call on which they do; and where the two
 * cannot be compared, as cg_compare: CG_E_INPUT, CG_E_UNDECIDED, CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_add(struct cg_registry *registry, const char *who,
		struct cg_policy *policy, struct cg_error *err);

/*
 * The policy that is kept, or NULL if none was registered yet; borrowed from
 * the registry. If `who` is not NULL, who registered it goes there, or NULL;
 * borrowed, too.
 */
CG_API const struct cg_policy *
cg_registry_policy(const struct cg_registry *registry, const char **who);

#ifdef __cplusplus
}
#endif

#endif
