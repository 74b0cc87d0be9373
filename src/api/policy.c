/* callgate/policy.h and rules.h: the policy as an object. */
#include <callgate/policy.h>
#include <callgate/rules.h>

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "policy/eval.h"
#include "policy/lint.h"
#include "policy/read.h"
#include "policy/resolve.h"
#include "policy/rules.h"

enum { MEMORY = 64 << 20 };

/* The object lies in no arena, so that it can hold its own. */
static struct cg_policy *policy_new(const struct cg_policy_options *options)
{
	struct cg_policy *policy = malloc(sizeof(*policy));

	if (!policy)
		return NULL;
	*policy = (struct cg_policy){
		.arena.budget =
			options && options->memory ? options->memory : MEMORY,
	};
	return policy;
}

void cg_policy_free(struct cg_policy *policy)
{
	if (!policy)
		return;
	arena_free(&policy->arena);
	free(policy);
}

/* A change of what is registered has no answers of its own. */
static bool finish(struct cg_policy *policy, struct cg_error *err)
{
	bool alone = policy->has_default || policy->disabled;

	return !alone ||
	       (policy_resolve(policy, err) && policy_lint(policy, err));
}

enum cg_status
policy_parse(const char *text, size_t length, const char *source,
	     const struct cg_policy_options *options, bool changes,
	     struct cg_policy **out, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct cg_policy *policy = policy_new(options);
	struct read read = { .policy = policy,
			     .err = &here,
			     .options = options,
			     .changes = changes };

	read.native =
		options && options->native ? options->native : cg_abi_native();
	if (!policy) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else {
		read.arena = &policy->arena;
		if (policy_read(&read, text, length, source ? source : "") &&
		    finish(policy, &here)) {
			*out = policy;
			return CG_OK;
		}
	}
	cg_policy_free(policy);
	if (err)
		*err = here;
	return here.status;
}

enum cg_status
cg_policy_parse(const char *text, size_t length, const char *source,
		const struct cg_policy_options *options, struct cg_policy **out,
		struct cg_error *err)
{
	return policy_parse(text, length, source, options, false, out, err);
}

enum cg_status
cg_policy_from_rules(const struct cg_rules *rules,
		     const struct cg_policy_options *options,
		     struct cg_policy **out, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct cg_policy *policy = policy_new(options);

	if (!policy) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else if (policy_from_rules(policy, rules, &here)) {
		*out = policy;
		return CG_OK;
	}
	cg_policy_free(policy);
	if (err)
		*err = here;
	return here.status;
}

enum cg_status
cg_policy_preset(const char *name, const struct cg_policy_options *options,
		 struct cg_policy **out, struct cg_error *err)
{
	const struct cg_preset *preset;
	struct cg_error here;

	for (size_t i = 0; (preset = cg_preset_get(i)); i++)
		if (strcmp(preset->name, name) == 0)
			return cg_policy_parse(preset->text, preset->length,
					       preset->name, options, out, err);
	fail_set(err ? err : &here, CG_E_INPUT, "no preset is called '%.64s'",
		 name);
	return CG_E_INPUT;
}

uint32_t
cg_policy_decide(const struct cg_policy *policy, const struct cg_call *call)
{
	const struct resolved_abi *abi;
	const struct resolved_entry *entry;

	return policy_eval(policy->resolved, call, &abi, &entry);
}

/* What decided where no entry of a group did. */
static void
explain_rest(const struct cg_policy *policy, const struct resolved_abi *abi,
	     const struct cg_call *call, struct cg_reason *reason,
	     struct place *place)
{
	const struct rest *rest;

	if (!abi) {
		reason->cause = CG_CAUSE_FOREIGN;
		if (policy->foreign == FOREIGN_ACTION)
			*place = policy->foreign_action.place;
		return;
	}
	rest = resolved_rest(abi, call->nr);
	reason->cause = rest->cause;
	*place = rest->place;
}

void cg_policy_explain(const struct cg_policy *policy,
		       const struct cg_call *call, struct cg_reason *reason)
{
	const struct resolved_abi *abi;
	const struct resolved_entry *entry;
	struct place place = { 0 };

	*reason = (struct cg_reason){
		.answer = policy_eval(policy->resolved, call, &abi, &entry),
		.cause = CG_CAUSE_RULE,
	};
	if (entry)
		place = entry->from->place;
	else
		explain_rest(policy, abi, call, reason, &place);
	reason->source = place.source ? place.source : "";
	reason->line = place.line;
	reason->column = place.column;
	reason->abi = cg_abi_of_call(call->arch, call->nr);
	if (reason->abi)
		reason->call = cg_syscall_at(reason->abi, call->nr);
}

uint32_t cg_policy_flags(const struct cg_policy *policy)
{
	return policy->flags;
}

bool cg_policy_enabled(const struct cg_policy *policy)
{
	return !policy->disabled;
}

const struct cg_abi *cg_policy_abi(const struct cg_policy *policy, size_t index)
{
	return index < policy->abi_count ? policy->abis[index] : NULL;
}

bool cg_policy_warning(const struct cg_policy *policy, size_t index,
		       struct cg_error *out)
{
	if (index >= policy->warning_count)
		return false;
	*out = policy->warnings[index];
	return true;
}
