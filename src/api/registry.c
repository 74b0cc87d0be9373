/* callgate/registry.h: who registers what. */
#include "api/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/prove.h>

#include "api/object.h"
#include "base/buf.h"

enum { CALL_MAX = 512 };

struct cg_registry *cg_registry_new(void)
{
	return calloc(1, sizeof(struct cg_registry));
}

static void part_done(struct part *part)
{
	cg_policy_free(part->policy);
	free(part->who);
}

static void parts_done(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		part_done(&parts->at[i]);
	free(parts->at);
}

void registry_changed(struct cg_registry *registry)
{
	cg_policy_free(registry->joined);
	registry->joined = NULL;
}

void cg_registry_free(struct cg_registry *registry)
{
	if (!registry)
		return;
	registry_changed(registry);
	part_done(&registry->one);
	parts_done(&registry->needs);
	parts_done(&registry->refused);
	cg_policy_free(registry->change);
	free(registry);
}

static char *copy_of(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* ------------------------------------------------------------- the one -- */

const struct cg_policy *
cg_registry_policy(const struct cg_registry *registry, const char **who)
{
	if (who)
		*who = registry->one.who;
	return registry->one.policy;
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
		    registry->one.who, who, kept, added, call,
		    abi ? " on " : "", abi ? abi->name : "");
}

/* Whether the policy answers every call as the kept one does. */
static bool check_same(const struct cg_registry *registry, const char *who,
		       const struct cg_policy *policy, struct cg_error *err)
{
	const struct cg_side kept = { .policy = registry->one.policy };
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
			    registry->one.who, who, why.message);
	return relation == CG_EQUAL || fail_other(registry, who, &found, err);
}

static bool keep(struct cg_registry *registry, const char *who,
		 struct cg_policy *policy, struct cg_error *err)
{
	char *copy = copy_of(who);

	if (!copy)
		return fail_nomem(err);
	registry->one = (struct part){ copy, policy, true };
	registry_changed(registry);
	return true;
}

static bool check_policy(const char *who, const struct cg_policy *policy,
			 struct cg_error *err)
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
	return true;
}

static bool add(struct cg_registry *registry, const char *who,
		struct cg_policy *policy, struct cg_error *err)
{
	if (!check_policy(who, policy, err))
		return false;
	if (!registry->one.policy)
		return keep(registry, who, policy, err);
	/* Freeing the object that is kept would leave nothing to keep. */
	if (policy == registry->one.policy)
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

	return fail_status(add(registry, who, policy, &here), &here, err);
}

/* ----------------------------------------------------------- the parts -- */

/* On success the policy is the registry's. */
static bool
parts_add(struct cg_registry *registry, struct parts *parts, const char *who,
	  struct cg_policy *policy, bool whole, struct cg_error *err)
{
	char *copy;

	if (parts->count == PARTS_MAX)
		return fail(err, CG_E_INPUT, "more than %d parts", PARTS_MAX);
	if (parts->count == parts->room) {
		size_t room = parts->room ? 2 * parts->room : 8;
		struct part *at =
			realloc(parts->at, room * sizeof(parts->at[0]));

		if (!at)
			return fail_nomem(err);
		parts->at = at;
		parts->room = room;
	}
	copy = copy_of(who);
	if (!copy)
		return fail_nomem(err);
	parts->at[parts->count++] = (struct part){ copy, policy, whole };
	registry_changed(registry);
	return true;
}

static void write_list(struct buf *buf, const char *key,
		       const char *const names[], size_t count, bool rules)
{
	size_t written = 0;

	for (size_t i = 0; i < count; i++) {
		if (!!strchr(names[i], '(') != rules)
			continue;
		if (written++)
			buf_puts(buf, ", ");
		else
			buf_printf(buf, ", %s: [", key);
		buf_json(buf, names[i]);
	}
	if (written)
		buf_puts(buf, "]");
}

/* The text of a policy that has these names in one group. */
static char *text_of(const char *settings, const char *action,
		     const char *const names[], size_t count)
{
	struct buf buf = { 0 };

	buf_printf(&buf, "seccomp: {%s, syscalls: [{action: %s", settings,
		   action);
	write_list(&buf, "names", names, count, false);
	write_list(&buf, "rules", names, count, true);
	buf_puts(&buf, "}]}\n");
	return buf_done(&buf);
}

/* Nobody wrote the text: its lines and columns mean nothing to anybody. */
static bool
from_names(const char *who, const char *const names[], size_t count,
	   bool refuse, struct cg_policy **out, struct cg_error *err)
{
	enum cg_status status;
	char *text;

	if (!who)
		return fail(err, CG_E_INPUT,
			    "nobody is named who needs the calls");
	if (!count)
		return fail(err, CG_E_INPUT, "'%.64s' names no call", who);
	text = refuse ? text_of("registered: restrict", "errno", names, count)
		      : text_of("default_action: errno", "allow", names, count);
	if (!text)
		return fail_nomem(err);
	status = policy_parse(text, strlen(text), who, NULL, refuse, out, err);
	free(text);
	if (status != CG_OK)
		err->line = err->column = 0;
	return status == CG_OK;
}

static bool
add_names(struct cg_registry *registry, struct parts *parts, const char *who,
	  const char *const names[], size_t count, struct cg_error *err)
{
	struct cg_policy *policy = NULL;

	if (!from_names(who, names, count, parts == &registry->refused, &policy,
			err))
		return false;
	if (parts_add(registry, parts, who, policy, false, err))
		return true;
	cg_policy_free(policy);
	return false;
}

enum cg_status
cg_registry_need(struct cg_registry *registry, const char *who,
		 const char *const names[], size_t count, struct cg_error *err)
{
	struct cg_error here;

	return fail_status(add_names(registry, &registry->needs, who, names,
				     count, &here),
			   &here, err);
}

enum cg_status cg_registry_refuse(struct cg_registry *registry, const char *who,
				  const char *const names[], size_t count,
				  struct cg_error *err)
{
	struct cg_error here;

	return fail_status(add_names(registry, &registry->refused, who, names,
				     count, &here),
			   &here, err);
}

static bool need_policy(struct cg_registry *registry, const char *who,
			struct cg_policy *policy, struct cg_error *err)
{
	if (!check_policy(who, policy, err))
		return false;
	if (!policy->group_count)
		return fail(err, CG_E_INPUT,
			    "the policy of '%.64s' is made of numbers, and "
			    "has no groups that could be joined",
			    who);
	return parts_add(registry, &registry->needs, who, policy, true, err);
}

enum cg_status
cg_registry_need_policy(struct cg_registry *registry, const char *who,
			struct cg_policy *policy, struct cg_error *err)
{
	struct cg_error here;

	return fail_status(need_policy(registry, who, policy, &here), &here,
			   err);
}

enum cg_status
cg_registry_need_preset(struct cg_registry *registry, const char *who,
			const char *preset, struct cg_error *err)
{
	struct cg_policy *policy = NULL;
	enum cg_status status = cg_policy_preset(preset, NULL, &policy, err);

	if (status != CG_OK)
		return status;
	status = cg_registry_need_policy(registry, who, policy, err);
	if (status != CG_OK)
		cg_policy_free(policy);
	return status;
}
