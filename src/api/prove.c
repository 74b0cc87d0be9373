/* callgate/prove.h: both sides become diagrams, and diagrams are compared. */
#include <callgate/prove.h>

#include <stdlib.h>

#include "api/chain.h"
#include "api/diagrams.h"
#include "api/object.h"
#include "api/proof.h"
#include "base/fail.h"
#include "policy/resolve.h"
#include "prove/compare.h"
#include "prove/diagram.h"
#include "prove/meaning.h"
#include "prove/outcomes.h"
#include "prove/outline.h"
#include "prove/walk.h"

enum { NODES = 1 << 20 };

static dd walk(struct diagrams *all, const struct cg_program *program)
{
	return walk_program(all, program->insns, program->count,
			    program->big_endian);
}

/* Without a filter everything is allowed. */
static dd diagram_of_chain(struct diagrams *all, const struct cg_chain *chain)
{
	dd result;

	if (chain->count == 0)
		return diagram_answer(all, CG_RET_ALLOW);
	result = walk(all, chain->at[0].program);
	for (size_t i = 1; i < chain->count && !diagrams_exhausted(all); i++)
		result = diagram_join(all, walk(all, chain->at[i].program),
				      result);
	return result;
}

dd diagram_of_side(struct diagrams *all, struct cg_side side)
{
	if (side.chain)
		return diagram_of_chain(all, side.chain);
	return side.policy ? meaning_of(all, side.policy->resolved)
			   : walk(all, side.program);
}

bool side_is_big_endian(struct cg_side side)
{
	if (side.chain)
		return side.chain->big_endian;
	return side.policy ? side.policy->resolved->big_endian
			   : side.program->big_endian;
}

static bool is_one_thing(struct cg_side side)
{
	return !!side.policy + !!side.program + !!side.chain == 1;
}

bool check_sides(struct cg_side left, struct cg_side right,
		 struct cg_error *err)
{
	const struct cg_policy *policies[] = { left.policy, right.policy };

	if (!is_one_thing(left) || !is_one_thing(right))
		return fail(err, CG_E_INPUT,
			    "a side is a policy, a program or a chain");
	for (size_t i = 0; i < 2; i++)
		if (policies[i] && policies[i]->disabled)
			return fail(err, CG_E_INPUT,
				    "the policy is switched off "
				    "(enabled: false)");
	if (side_is_big_endian(left) != side_is_big_endian(right))
		return fail(err, CG_E_INPUT,
			    "the two sides are for kernels of different byte "
			    "order");
	return true;
}

/* Say why diagrams that are exhausted are. */
static void
fail_spent(const struct diagrams *all, size_t nodes, struct cg_error *err)
{
	if (diagrams_out_of_memory(all))
		fail_set(err, CG_E_NOMEM, "out of memory");
	else
		fail_set(err, CG_E_UNDECIDED,
			 "not decided: the comparison needs more than its "
			 "budget of %zu diagram nodes",
			 nodes);
}

/* Both diagrams, in one set of nodes; NULL, with `err` filled, on failure. */
struct diagrams *diagrams_of(struct cg_side left, struct cg_side right,
			     size_t nodes, dd *a, dd *b, struct cg_error *err)
{
	struct diagrams *all;

	if (!check_sides(left, right, err))
		return NULL;
	nodes = nodes ? nodes : NODES;
	all = diagrams_new(nodes);
	if (!all) {
		fail_set(err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	*a = diagram_of_side(all, left);
	*b = diagram_of_side(all, right);
	if (!diagrams_exhausted(all))
		return all;
	fail_spent(all, nodes, err);
	diagrams_free(all);
	return NULL;
}

/*
 * Nearly always both come to the same spans, and are proved by that. If not,
 * the whole diagrams have the last word; but they have all that is in the
 * spans, and so are not tried where these were too much already. Then, or where
 * memory ran out, `err` is filled.
 */
static bool
same_spans(const struct cg_policy *policy, const struct cg_program *program,
	   size_t nodes, struct cg_error *err)
{
	struct diagrams *all = diagrams_new(nodes);
	struct spans want = { 0 }, got = { 0 };
	bool same;

	if (!all)
		return fail_nomem(err);
	same = meaning_spans(all, policy->resolved, &want) &&
	       !diagrams_exhausted(all) &&
	       outline_program(all, program->insns, program->count,
			       program->big_endian, &got) &&
	       !diagrams_exhausted(all) && spans_equal(&want, &got);
	if (diagrams_exhausted(all))
		fail_spent(all, nodes, err);
	free(want.at);
	free(got.at);
	diagrams_free(all);
	return same;
}

enum cg_status
proof_of(const struct cg_policy *policy, const struct cg_program *program,
	 size_t nodes, struct cg_witness *witness, struct cg_error *err)
{
	const struct cg_side left = { .policy = policy };
	const struct cg_side right = { .program = program };
	struct diagrams *all;
	dd a, b;

	if (!check_sides(left, right, err))
		return err->status;
	if (same_spans(policy, program, nodes ? nodes : NODES, err))
		return CG_OK;
	if (err->status != CG_OK)
		return err->status;
	all = diagrams_of(left, right, nodes, &a, &b, err);
	if (!all)
		return err->status;
	if (a != b)
		compare_witness(all, a, b, witness);
	diagrams_free(all);
	return a == b ? CG_OK : CG_E_PROOF;
}

enum cg_status
cg_prove(const struct cg_policy *policy, const struct cg_program *program,
	 size_t nodes, struct cg_witness *witness, struct cg_error *err)
{
	struct cg_witness found;
	struct cg_error here = { 0 };
	enum cg_status status = proof_of(policy, program, nodes, &found, &here);

	if (status == CG_E_PROOF) {
		char want[40], got[40];

		cg_answer_print(found.left, NULL, want, sizeof(want));
		cg_answer_print(found.right, NULL, got, sizeof(got));
		fail_set(&here, CG_E_PROOF,
			 "the filter answers %s where the policy says %s", got,
			 want);
		if (witness)
			*witness = found;
	}
	if (status != CG_OK && err)
		*err = here;
	return status;
}

enum cg_status cg_compare(struct cg_side left, struct cg_side right,
			  size_t nodes, enum cg_relation *out,
			  struct cg_witness *witness, struct cg_error *err)
{
	enum cg_relation relation = CG_EQUAL;
	struct cg_error here = { 0 };
	struct diagrams *all;
	bool ok = true;
	dd a, b;

	all = diagrams_of(left, right, nodes, &a, &b, &here);
	if (all && a != b)
		ok = compare_relation(all, a, b, &relation, witness);
	diagrams_free(all);
	if (!ok)
		fail_set(&here, CG_E_NOMEM, "out of memory");
	if (all && ok) {
		*out = relation;
		return CG_OK;
	}
	if (err)
		*err = here;
	return here.status;
}

enum cg_status cg_outcomes(struct cg_side side, const struct cg_call *call,
			   uint32_t known, size_t nodes, struct cg_outcome *out,
			   size_t room, size_t *count, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct diagrams *all;
	dd a, b;

	all = diagrams_of(side, side, nodes, &a, &b, &here);
	if (all && !outcomes_find(all, a, call, known, out, room, count))
		fail_set(&here, CG_E_NOMEM, "out of memory");
	diagrams_free(all);
	if (here.status != CG_OK && err)
		*err = here;
	return here.status;
}
