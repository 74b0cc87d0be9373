/* callgate/registry.h: the first policy stays, and others must equal it. */
#include <callgate/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/program.h>
#include <callgate/prove.h>

#include "base/fail.h"

enum { CALL_MAX = 512 };

struct cg_registry {
	struct cg_policy *policy; /* NULL: none yet */
	char *who;                /* NULL as above */
};

struct cg_registry *cg_registry_new(void)
{
	return calloc(1, sizeof(struct cg_registry));
}

void cg_registry_free(struct cg_registry *registry)
{
	if (!registry)
		return;
	cg_policy_free(registry->policy);
	free(registry->who);
	free(registry);
}

const struct cg_policy *
cg_registry_policy(const struct cg_registry *registry, const char **who)
{
	if (who)
		*who = registry->who;
	return registry->policy;
}

/* The call stands last: it is the one part that may be cut off. */
static bool fail_other(const struct cg_registry *registry, const char *who,
		       const struct cg_witness *found, struct cg_error *err)
{
	const struct cg_abi *abi =
		cg_abi_of_call(found->call.arch, found->call.nr);
	char kept[64], added[64], call[CALL_MAX];

	cg_answer_print(found->left, abi, kept, sizeof(kept));
	cg_answer_print(found->right, abi, added, sizeof(added));
	cg_call_print(&found->call, NULL, call, sizeof(call));
	return fail(err, CG_E_INPUT,
		    "'%.64s' registered a policy, and '%.64s' comes with "
		    "another: %s there, %s here, for %s%s%s",
		    registry->who, who, kept, added, call, abi ? " on " : "",
		    abi ? abi->name : "");
}

/* Whether the policy answers every call as the kept one does. */
static bool check_same(const struct cg_registry *registry, const char *who,
		       const struct cg_policy *policy, struct cg_error *err)
{
	const struct cg_side kept = { .policy = registry->policy };
	const struct cg_side added = { .policy = policy };
	enum cg_relation relation;
	struct cg_witness found;
	struct cg_error why;
	enum cg_status status;

	status = cg_compare(kept, added, 0, &relation, &found, &why);
	if (status != CG_OK)
		return fail(err, status,
			    "the policies of '%.64s' and '%.64s' cannot be "
			    "compared: %s",
			    registry->who, who, why.message);
	return relation == CG_EQUAL || fail_other(registry, who, &found, err);
}

static bool keep(struct cg_registry *registry, const char *who,
		 struct cg_policy *policy, struct cg_error *err)
{
	size_t size = strlen(who) + 1;
	char *copy = malloc(size);

	if (!copy)
		return fail_nomem(err);
	memcpy(copy, who, size);
	registry->policy = policy;
	registry->who = copy;
	return true;
}

static bool add(struct cg_registry *registry, const char *who,
		struct cg_policy *policy, struct cg_error *err)
{
	if (!who)
		return fail(err, CG_E_INPUT,
			    "nobody is named who registers the policy");
	if (!policy)
		return fail(err, CG_E_INPUT, "'%.64s' registers no policy",
			    who);
	if (!cg_policy_enabled(policy))
		return fail(err, CG_E_INPUT,
			    "the policy of '%.64s' is switched off "
			    "(enabled: false)",
			    who);
	if (!registry->policy)
		return keep(registry, who, policy, err);
	/* Freeing the object that is kept would leave nothing to keep. */
	if (policy == registry->policy)
		return true;
	if (!check_same(registry, who, policy, err))
		return false;
	cg_policy_free(policy);
	return true;
}

enum cg_status cg_registry_add(struct cg_registry *registry, const char *who,
			       struct cg_policy *policy, struct cg_error *err)
{
	struct cg_error here;

	if (add(registry, who, policy, &here))
		return CG_OK;
	if (err)
		*err = here;
	return here.status;
}
