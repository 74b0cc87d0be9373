/* callgate/registry.h: one policy of many, and the user's word on it. */
#include "api/registry.h"

#include <stdio.h>
#include <stdlib.h>

#include <callgate/program.h>

#include "api/beside.h"
#include "api/diagrams.h"
#include "api/object.h"
#include "policy/join.h"
#include "prove/compare.h"
#include "sys/file.h"

enum { MEMORY = 64 << 20, CALL_MAX = 160 };

bool registry_covers(const struct cg_policy *wide,
		     const struct cg_policy *narrow, bool *out,
		     struct cg_witness *found, struct cg_error *err)
{
	const struct cg_side left = { .policy = wide };
	const struct cg_side right = { .policy = narrow };
	struct diagrams *all;
	bool ok;
	dd a, b;

	all = diagrams_of(left, right, 0, &a, &b, err);
	if (!all)
		return false;
	ok = compare_permits(all, a, b, out, found) || fail_nomem(err);
	diagrams_free(all);
	return ok;
}

/* ------------------------------------------------------------ the user -- */

static enum cg_status
take_change(struct cg_registry *registry, const char *text, size_t length,
	    const char *source, const struct cg_policy_options *options,
	    struct cg_error *err)
{
	struct cg_policy *change = NULL;
	enum cg_status status =
		policy_parse(text, length, source, options, true, &change, err);

	if (status != CG_OK)
		return status;
	registry_changed(registry);
	cg_policy_free(registry->change);
	registry->change = change;
	return CG_OK;
}

enum cg_status
cg_registry_configure(struct cg_registry *registry, const char *text,
		      size_t length, const char *source, struct cg_error *err)
{
	return take_change(registry, text, length, source, NULL, err);
}

enum cg_status
cg_registry_configure_file(struct cg_registry *registry, const char *path,
			   struct cg_error *err)
{
	const struct cg_policy_options options = { .finder = find_beside };
	struct cg_error here = { 0 };
	enum cg_status status;
	size_t length = 0;
	char *text = NULL;

	if (!file_read(path, CG_POLICY_TEXT_MAX, &text, &length, &here)) {
		if (err)
			*err = here;
		return here.status;
	}
	status = take_change(registry, text, length, path, &options, err);
	free(text);
	return status;
}

bool cg_registry_enabled(const struct cg_registry *registry)
{
	return !registry->change || !registry->change->disabled;
}

/* -------------------------------------------------------------- joining -- */

struct join {
	const struct cg_registry *registry;
	const struct part **parts; /* those that only permit come first */
	const struct cg_policy **policies; /* the same, for policy_join() */
	size_t count;
	const struct part *settings; /* whose count */
	struct cg_error *err;
};

static struct cg_policy *
made(struct join *join, const struct cg_policy *const *parts, size_t count)
{
	struct cg_policy *policy = calloc(1, sizeof(*policy));

	if (!policy) {
		fail_set(join->err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	policy->arena.budget = MEMORY;
	if (policy_join(policy, join->settings->policy, parts, count,
			join->err))
		return policy;
	cg_policy_free(policy);
	return NULL;
}

static bool check_settings(struct join *join)
{
	const struct part *first = join->settings;
	const char *what;

	for (size_t i = 0; i < join->count; i++) {
		const struct part *part = join->parts[i];

		if (part->whole &&
		    !policy_same_settings(first->policy, part->policy, &what))
			return fail(join->err, CG_E_INPUT,
				    "the policies of '%.64s' and '%.64s' "
				    "differ in %s, and there can be only one",
				    first->who, part->who, what);
	}
	return true;
}

/* Who has a group that refuses the call, though not by its default. */
static const struct part *
refuser(const struct join *join, const struct cg_call *call)
{
	struct cg_reason reason;

	for (size_t i = 0; i < join->count; i++) {
		cg_policy_explain(join->policies[i], call, &reason);
		if (reason.cause == CG_CAUSE_RULE &&
		    !answer_permits(reason.answer))
			return join->parts[i];
	}
	return join->settings;
}

static void print_call(const struct cg_call *call, char *out, size_t size)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	char text[CALL_MAX];

	cg_call_print(call, NULL, text, sizeof(text));
	snprintf(out, size, "%s%s%s", text, abi ? " on " : "",
		 abi ? abi->name : "");
}

static bool check_parts(struct join *join, const struct cg_policy *joined)
{
	char call[CALL_MAX + 32];
	struct cg_witness found;
	bool covers;

	for (size_t i = 0; i < join->count; i++) {
		if (!registry_covers(joined, join->policies[i], &covers, &found,
				     join->err))
			return false;
		if (covers)
			continue;
		print_call(&found.call, call, sizeof(call));
		return fail(join->err, CG_E_INPUT,
			    "'%.64s' needs %s, which the policy of '%.64s' "
			    "refuses",
			    join->parts[i]->who, call,
			    refuser(join, &found.call)->who);
	}
	return true;
}

static struct cg_policy *join_parts(struct join *join)
{
	struct cg_policy *joined;

	if (!check_settings(join))
		return NULL;
	joined = made(join, join->policies, join->count);
	if (!joined || check_parts(join, joined))
		return joined;
	cg_policy_free(joined);
	return NULL;
}

/* What the program refuses, and then the user, stand before the rest. */
static struct cg_policy *
put_before(struct join *join, const struct cg_policy *const *before,
	   size_t count, const struct cg_policy *joined)
{
	const struct cg_policy **parts = calloc(count + 1, sizeof(*parts));
	struct cg_policy *out = NULL;

	if (parts) {
		for (size_t i = 0; i < count; i++)
			parts[i] = before[i];
		parts[count] = joined;
		out = made(join, parts, count + 1);
		free(parts);
	} else {
		fail_set(join->err, CG_E_NOMEM, "out of memory");
	}
	return out;
}

static struct cg_policy *
put_refused(struct join *join, struct cg_policy *joined)
{
	const struct parts *refused = &join->registry->refused;
	const struct cg_policy **before;
	struct cg_policy *out;

	if (!refused->count)
		return joined;
	before = calloc(refused->count, sizeof(*before));
	if (!before) {
		cg_policy_free(joined);
		fail_set(join->err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < refused->count; i++)
		before[i] = refused->at[i].policy;
	out = put_before(join, before, refused->count, joined);
	free(before);
	cg_policy_free(joined);
	return out;
}

/* An extension must not refuse, and a restriction not allow. */
static bool check_change(struct join *join, const struct cg_policy *without,
			 const struct cg_policy *with)
{
	const struct cg_policy *change = join->registry->change;
	bool extends = change->registered == REGISTERED_EXTEND, kept;
	const struct cg_policy *wide = extends ? with : without;
	const struct cg_policy *narrow = extends ? without : with;
	char call[CALL_MAX + 32];
	struct cg_witness found;
	struct cg_reason reason;

	if (!registry_covers(wide, narrow, &kept, &found, join->err))
		return false;
	if (kept)
		return true;
	print_call(&found.call, call, sizeof(call));
	cg_policy_explain(with, &found.call, &reason);
	return fail_at(
		join->err, CG_E_INPUT,
		((struct place){ reason.source, reason.line, reason.column }),
		"registered: %s may not %s, and here %s is %s; say "
		"registered: %s, or replace",
		extends ? "extend" : "restrict", extends ? "refuse" : "allow",
		call, extends ? "refused" : "allowed",
		extends ? "restrict" : "extend");
}

static struct cg_policy *put_change(struct join *join, struct cg_policy *joined)
{
	const struct cg_policy *change = join->registry->change;
	struct cg_policy *out;

	if (!change || change->registered == REGISTERED_NOTHING)
		return joined;
	out = put_before(join, &change, 1, joined);
	if (out && !check_change(join, joined, out)) {
		cg_policy_free(out);
		out = NULL;
	}
	cg_policy_free(joined);
	return out;
}

static void take_part(struct join *join, const struct part *part)
{
	if (part->whole && (!join->settings || !join->settings->whole))
		join->settings = part;
	if (!join->settings)
		join->settings = part;
}

static bool gather(struct join *join)
{
	const struct cg_registry *registry = join->registry;
	size_t most = registry->needs.count + 1;

	join->parts = calloc(most, sizeof(*join->parts));
	join->policies = calloc(most, sizeof(*join->policies));
	if (!join->parts || !join->policies)
		return fail_nomem(join->err);
	if (registry->one.policy)
		take_part(join, &registry->one);
	for (size_t i = 0; i < registry->needs.count; i++)
		take_part(join, &registry->needs.at[i]);
	for (unsigned refusing = 0; refusing < 2; refusing++)
		for (size_t i = 0; i < most; i++) {
			const struct part *part =
				i ? &registry->needs.at[i - 1] : &registry->one;

			if (!part->policy ||
			    policy_only_permits(part->policy) == refusing)
				continue;
			join->policies[join->count] = part->policy;
			join->parts[join->count++] = part;
		}
	if (join->count)
		return true;
	return fail(join->err, CG_E_INPUT,
		    "no part of the program has registered what it needs");
}

static struct cg_policy *
join_all(const struct cg_registry *registry, struct cg_error *err)
{
	struct join join = { .registry = registry, .err = err };
	struct cg_policy *joined = NULL;

	if (gather(&join))
		joined = join_parts(&join);
	if (joined)
		joined = put_refused(&join, joined);
	if (joined)
		joined = put_change(&join, joined);
	free(join.parts);
	free(join.policies);
	return joined;
}

static bool replaced(const struct cg_registry *registry)
{
	return registry->change && !registry->change->disabled &&
	       registry->change->registered == REGISTERED_REPLACE;
}

enum cg_status
cg_registry_join(struct cg_registry *registry, const struct cg_policy **out,
		 struct cg_error *err)
{
	struct cg_error here = { 0 };

	if (replaced(registry)) {
		*out = registry->change;
		return CG_OK;
	}
	if (!registry->joined)
		registry->joined = join_all(registry, &here);
	if (!registry->joined) {
		if (err)
			*err = here;
		return here.status;
	}
	*out = registry->joined;
	return CG_OK;
}

static bool permits(const struct part *part, const struct cg_call *call)
{
	return part->policy &&
	       answer_permits(cg_policy_decide(part->policy, call));
}

const char *cg_registry_who(const struct cg_registry *registry,
			    const struct cg_call *call, size_t index)
{
	if (permits(&registry->one, call) && index-- == 0)
		return registry->one.who;
	for (size_t i = 0; i < registry->needs.count; i++)
		if (permits(&registry->needs.at[i], call) && index-- == 0)
			return registry->needs.at[i].who;
	return NULL;
}
