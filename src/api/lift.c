/* callgate/lift.h: diagrams become rules, and rules a policy. */
#include <callgate/lift.h>

#include "api/diagrams.h"
#include "api/lift.h"
#include "policy/model.h"
#include "prove/lift.h"
#include "prove/meaning.h"

enum { MEMORY = 64 << 20 };

/* Nodes or memory ran out: say which. */
bool fail_exhausted(const struct diagrams *all, struct cg_error *err)
{
	if (diagrams_out_of_memory(all))
		return fail_nomem(err);
	return fail(err, CG_E_UNDECIDED,
		    "not decided: it needs more than its budget of diagram "
		    "nodes");
}

static bool is_same(struct diagrams *all, dd filter,
		    const struct cg_policy *policy, struct cg_error *err)
{
	dd meaning = meaning_of(all, policy->resolved);

	if (diagrams_exhausted(all))
		return fail_exhausted(all, err);
	return meaning == filter
		       ? true
		       : fail(err, CG_E_PROOF,
			      "the policy that was made is not the filter; "
			      "this is a bug of Callgate, and nothing was "
			      "handed out");
}

struct cg_policy *
policy_of_diagram(struct diagrams *all, dd filter, bool big_endian,
		  size_t memory, struct cg_error *err)
{
	const struct cg_policy_options options = { .memory = memory };
	const size_t most = memory ? memory : MEMORY;
	struct arena arena = { .budget = most };
	struct cg_policy *policy = NULL;
	struct cg_rules rules;
	bool ok;

	ok = lift_rules(all, filter, big_endian, &arena, &rules, err) &&
	     cg_policy_from_rules(&rules, &options, &policy, err) == CG_OK &&
	     is_same(all, filter, policy, err);
	/* Room doubles: what fails within half of the budget is no memory. */
	if (!ok && err->status == CG_E_NOMEM && arena.budget < most / 2)
		fail_set(err, CG_E_UNDECIDED,
			 "not lifted: its rules would take more than %zu bytes",
			 most);
	arena_free(&arena);
	if (ok)
		return policy;
	cg_policy_free(policy);
	return NULL;
}

dd diagram_only(struct diagrams *all, dd filter, const struct cg_abi *abi)
{
	dd out = filter, other = diagram_answer(all, CG_RET_KILL_PROCESS);

	for (unsigned bit = 0; bit < 32; bit++) {
		dd one = diagram_bit(all, WORD_ARCH, bit);

		out = abi->audit_arch >> bit & 1
			      ? diagram_if(all, one, out, other)
			      : diagram_if(all, one, other, out);
	}
	return out;
}

enum cg_status
cg_lift(struct cg_side side, const struct cg_lift_options *options,
	struct cg_policy **out, struct cg_error *err)
{
	const struct cg_lift_options usual = { 0 };
	struct cg_policy *policy = NULL;
	struct cg_error here = { 0 };
	struct diagrams *all;
	dd a, b;

	options = options ? options : &usual;
	all = diagrams_of(side, side, options->nodes, &a, &b, &here);
	if (all && options->only)
		a = diagram_only(all, a, options->only);
	if (all && diagrams_exhausted(all))
		fail_exhausted(all, &here);
	else if (all)
		policy = policy_of_diagram(all, a, side_is_big_endian(side),
					   options->memory, &here);
	diagrams_free(all);
	if (policy) {
		*out = policy;
		return CG_OK;
	}
	if (err)
		*err = here;
	return here.status;
}
