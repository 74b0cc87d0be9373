#include "policy/join.h"

#include <string.h>

#include "policy/lint.h"

static bool same_action(const struct action *a, const struct action *b)
{
	if (a->answer != b->answer || a->plain_errno != b->plain_errno)
		return false;
	return a->errno_name == b->errno_name ||
	       (a->errno_name && b->errno_name &&
		strcmp(a->errno_name, b->errno_name) == 0);
}

static bool same_abis(const struct cg_policy *a, const struct cg_policy *b)
{
	return a->abi_count == b->abi_count &&
	       memcmp(a->abis, b->abis, a->abi_count * sizeof(a->abis[0])) == 0;
}

bool policy_same_settings(const struct cg_policy *a, const struct cg_policy *b,
			  const char **what)
{
	const struct {
		const char *name;
		bool same;
	} rows[] = {
		{ "default_action",
		  same_action(&a->default_action, &b->default_action) },
		{ "architectures", same_abis(a, b) },
		{ "foreign",
		  a->foreign == b->foreign &&
			  same_action(&a->foreign_action, &b->foreign_action) },
		{ "kernel", a->kernel == b->kernel },
		{ "unknown", a->has_unknown == b->has_unknown &&
				     same_action(&a->unknown, &b->unknown) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].same) {
			*what = rows[i].name;
			return false;
		}
	return true;
}

bool policy_only_permits(const struct cg_policy *policy)
{
	for (size_t i = 0; i < policy->group_count; i++)
		if (!answer_permits(policy->groups[i].action.answer))
			return false;
	return true;
}

/* All but what belongs to one object alone. */
static void
take_settings(struct cg_policy *joined, const struct cg_policy *settings)
{
	struct arena arena = joined->arena;

	*joined = *settings;
	joined->arena = arena;
	joined->groups = NULL;
	joined->group_count = joined->group_room = 0;
	joined->warnings = NULL;
	joined->warning_count = joined->warning_room = 0;
	joined->resolved = NULL;
}

bool policy_join(struct cg_policy *joined, const struct cg_policy *settings,
		 const struct cg_policy *const *parts, size_t count,
		 struct cg_error *err)
{
	size_t groups = 0;

	take_settings(joined, settings);
	for (size_t i = 0; i < count; i++)
		groups += parts[i]->group_count;
	if (groups > GROUPS_MAX)
		return fail(err, CG_E_INPUT,
			    "%zu groups are too many for one policy; at most "
			    "%d are taken",
			    groups, GROUPS_MAX);
	joined->groups = arena_array(&joined->arena, struct group, groups);
	if (!joined->groups)
		return fail_nomem(err);
	for (size_t i = 0; i < count; i++) {
		memcpy(joined->groups + joined->group_count, parts[i]->groups,
		       parts[i]->group_count * sizeof(struct group));
		joined->group_count += parts[i]->group_count;
		joined->flags |= parts[i]->flags;
	}
	return policy_resolve(joined, err) && policy_lint(joined, err);
}
