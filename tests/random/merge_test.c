/*
 * Merged policies: to each call the loosest or the strictest answer, whatever
 * the order. What a merged policy says is asked of it call by call, and that
 * merging is idempotent, commutative and associative is proved.
 *
 * CALLGATE_SEED and CALLGATE_POLICIES choose others, and how many.
 */
#include <inttypes.h>
#include <stdlib.h>

#include <callgate/callgate.h>

#include "lot.h"
#include "made.h"
#include "made_rules.h"
#include "tap.h"

enum { CALLS = 60 };

static struct totals {
	uint64_t merges, failed, undecided, wrong, unequal, notes;
} totals;

static const enum cg_merge_way ways[] = { CG_MERGE_UNION,
					  CG_MERGE_INTERSECTION };

/* By number: made of text, or of rules; of the byte order of most machines. */
static struct cg_policy *make(uint64_t seed)
{
	static struct made_rules made_rules;
	struct cg_policy *policy = NULL;
	struct cg_error err;
	struct made made;

	if (seed % 2) {
		made_init(&made, seed);
		if (cg_policy_parse(made.text.text, made.text.length, "made",
				    NULL, &policy, &err) != CG_OK)
			policy = NULL;
		made_done(&made);
	} else {
		made_rules_init(&made_rules, seed);
		if (cg_policy_from_rules(&made_rules.rules, NULL, &policy,
					 &err) != CG_OK)
			policy = NULL;
	}
	if (policy && cg_policy_abi(policy, 0)->big_endian) {
		cg_policy_free(policy);
		policy = NULL;
	}
	return policy;
}

static struct cg_policy *merge(const struct cg_policy *a,
			       const struct cg_policy *b, enum cg_merge_way way)
{
	const struct cg_side sides[] = { { .policy = a }, { .policy = b } };
	struct cg_policy *out = NULL;
	struct cg_error err = { 0 };
	enum cg_status status;

	if (!a || !b)
		return NULL;
	totals.merges++;
	status = cg_merge(sides, 2, way, NULL, &out, &err);
	if (status == CG_E_UNDECIDED) {
		totals.undecided++;
	} else if (status != CG_OK) {
		totals.failed++;
		if (totals.notes++ < 3)
			tap_note("%s", err.message);
	}
	return out;
}

static void must_equal(const struct cg_policy *a, const struct cg_policy *b)
{
	const struct cg_side left = { .policy = a }, right = { .policy = b };
	enum cg_relation relation = CG_DIFFERENT;
	struct cg_error err;

	if (a && b &&
	    (cg_compare(left, right, 0, &relation, NULL, &err) != CG_OK ||
	     relation != CG_EQUAL))
		totals.unequal++;
}

/* kill_process .. allow, as the kernel orders them. */
static int32_t order(uint32_t answer)
{
	return (int32_t)(answer & CG_RET_ACTION);
}

static uint32_t choose(uint32_t a, uint32_t b, enum cg_merge_way way)
{
	if (order(a) == order(b))
		return a < b ? a : b;
	return (order(a) > order(b)) == (way == CG_MERGE_UNION) ? a : b;
}

static void
ask(const struct cg_policy *a, const struct cg_policy *b,
    const struct cg_policy *merged, enum cg_merge_way way, uint64_t seed)
{
	for (uint64_t i = 0; merged && i < CALLS; i++) {
		struct cg_call call;

		cg_policy_sample(i % 2 ? a : b, seed, i, &call);
		if (cg_policy_decide(merged, &call) !=
		    choose(cg_policy_decide(a, &call),
			   cg_policy_decide(b, &call), way))
			totals.wrong++;
	}
}

static void try_three(uint64_t seed)
{
	struct cg_policy *a = make(seed), *b = make(seed + 1);
	struct cg_policy *c = make(seed + 2);

	for (size_t i = 0; a && b && c && i < 2; i++) {
		struct cg_policy *aa = merge(a, a, ways[i]);
		struct cg_policy *ab = merge(a, b, ways[i]);
		struct cg_policy *ba = merge(b, a, ways[i]);
		struct cg_policy *bc = merge(b, c, ways[i]);
		struct cg_policy *ab_c = merge(ab, c, ways[i]);
		struct cg_policy *a_bc = merge(a, bc, ways[i]);

		ask(a, b, ab, ways[i], seed);
		must_equal(a, aa);
		must_equal(ab, ba);
		must_equal(ab_c, a_bc);
		cg_policy_free(aa);
		cg_policy_free(ab);
		cg_policy_free(ba);
		cg_policy_free(bc);
		cg_policy_free(ab_c);
		cg_policy_free(a_bc);
	}
	cg_policy_free(a);
	cg_policy_free(b);
	cg_policy_free(c);
}

/* What is no merging at all. */
static void try_refusals(struct tap *tap)
{
	const struct cg_policy_options big = { .native = cg_abi_by_name(
						       "s390x") };
	const struct cg_policy_options small = { .native = cg_abi_by_name(
							 "x86_64") };
	struct cg_policy *policies[2] = { 0 }, *out = NULL;
	struct cg_side sides[2];
	struct cg_error err;

	tap_ok(tap,
	       cg_merge(NULL, 0, CG_MERGE_UNION, NULL, &out, &err) ==
		       CG_E_INPUT,
	       "of nothing: %s", err.message);
	if (cg_policy_preset("no-exec", &big, &policies[0], &err) != CG_OK ||
	    cg_policy_preset("no-exec", &small, &policies[1], &err) != CG_OK)
		return;
	for (size_t i = 0; i < 2; i++)
		sides[i] = (struct cg_side){ .policy = policies[i] };
	tap_ok(tap,
	       cg_merge(sides, 2, CG_MERGE_UNION, NULL, &out, &err) ==
		       CG_E_INPUT,
	       "of two byte orders: %s", err.message);
	tap_ok(tap,
	       cg_merge(sides, 1, (enum cg_merge_way)7, NULL, &out, &err) ==
		       CG_E_INPUT,
	       "another way: %s", err.message);
	cg_policy_free(policies[0]);
	cg_policy_free(policies[1]);
}

int main(int argc, char **argv)
{
	struct lot lot = lot_draw(argv, "CALLGATE_POLICIES",
				  (struct lot){ 150, 20240404 });
	struct tap tap = { 0 };

	(void)argc;
	for (; totals.merges < lot.wanted; lot.seed += 3)
		try_three(lot.seed);
	tap_ok(&tap, !totals.failed, "%" PRIu64 " merges", totals.merges);
	tap_ok(&tap, !totals.wrong, "to each call the answer that it should");
	tap_ok(&tap, !totals.unequal,
	       "idempotent, commutative and associative, proved");
	tap_ok(&tap, totals.undecided < totals.merges / 4,
	       "%" PRIu64 " were not decided", totals.undecided);
	try_refusals(&tap);
	return tap_done(&tap);
}
