/*
 * Policies made of numbers, at random. To each call four have an answer: the
 * rules read literally right here, the policy, the program, and the diagrams.
 *
 * CALLGATE_SEED and CALLGATE_PAIRS choose others, and how many.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/callgate.h>

#include "follow.h"
#include "lot.h"
#include "made_rules.h"
#include "policy/resolve.h"
#include "prove/meaning.h"
#include "prove/walk.h"
#include "tap.h"

enum { CALLS = 300, NODES = 1 << 20 };

static struct totals {
	uint64_t policies, pairs, wrong, unproved, too_long, by_test, by_span;
} totals;

/* ---------------------------------------------------------- literally -- */

static bool holds(const struct cg_test *test, const struct cg_call *call)
{
	const uint64_t x = call->args[test->argument] & test->mask;

	switch (test->op) {
	case CG_EQ:
		return x == test->value;
	case CG_NE:
		return x != test->value;
	case CG_LT:
		return x < test->value;
	case CG_LE:
		return x <= test->value;
	case CG_GT:
		return x > test->value;
	case CG_GE:
		return x >= test->value;
	}
	return false;
}

static uint32_t literally(const struct made_rules *made,
			  const struct cg_call *call, uint32_t *line)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);

	*line = 0;
	for (size_t i = 0; i < made->rules.rule_count; i++) {
		const struct cg_rule *rule = &made->rule[i];
		bool all = rule->abi == abi && call->nr >= rule->first &&
			   call->nr <= rule->last;

		for (size_t j = 0; j < rule->count && all; j++)
			all = holds(&rule->tests[j], call);
		if (!all)
			continue;
		*line = rule->line;
		totals.by_test += rule->count > 0;
		totals.by_span += rule->first < rule->last;
		return rule->answer;
	}
	for (size_t i = 0; i < made->rules.default_count; i++)
		if (made->defaults[i].abi == abi)
			return made->defaults[i].answer;
	return made->rules.foreign;
}

/* -------------------------------------------------------------- trials -- */

struct trial {
	const struct made_rules *made;
	struct cg_policy *policy;
	struct cg_program *program;
	struct diagrams *diagrams;
	dd meaning;
};

static void ask(const struct trial *trial, uint64_t seed, uint64_t index)
{
	struct cg_reason reason;
	struct cg_call call;
	uint32_t line, want;

	cg_policy_sample(trial->policy, seed, index, &call);
	want = literally(trial->made, &call, &line);
	cg_policy_explain(trial->policy, &call, &reason);
	totals.pairs++;
	if (cg_policy_decide(trial->policy, &call) == want &&
	    reason.answer == want && reason.line == line &&
	    (reason.cause == CG_CAUSE_RULE) == (line > 0) &&
	    (!trial->program ||
	     cg_program_decide(trial->program, &call, NULL) == want) &&
	    follow(trial->diagrams, trial->meaning, &call) == want)
		return;
	if (totals.wrong++ < 3)
		tap_note("seed %" PRIu64 ": arch 0x%" PRIx32 " nr %" PRIu32
			 ": want 0x%" PRIx32 " by %" PRIu32 ", explained as "
			 "0x%" PRIx32 " by %" PRIu32,
			 seed, call.arch, call.nr, want, line, reason.answer,
			 reason.line);
}

static void try_rules(uint64_t seed)
{
	static struct made_rules made;
	struct trial trial = { .made = &made };
	struct cg_error err = { 0 };
	enum cg_status status;

	totals.policies++;
	made_rules_init(&made, seed);
	if (cg_policy_from_rules(&made.rules, NULL, &trial.policy, &err) !=
	    CG_OK) {
		totals.wrong++;
		tap_note("seed %" PRIu64 ": %" PRIu32 ": %s", seed, err.line,
			 err.message);
		return;
	}
	status = cg_compile(trial.policy, NULL, &trial.program, &err);
	totals.too_long += status == CG_E_TOOLONG;
	if (status != CG_OK && status != CG_E_TOOLONG) {
		totals.unproved++;
		tap_note("seed %" PRIu64 ": %s", seed, err.message);
	}
	trial.diagrams = diagrams_new(NODES);
	if (trial.diagrams)
		trial.meaning =
			meaning_of(trial.diagrams, trial.policy->resolved);
	if (!trial.diagrams || diagrams_exhausted(trial.diagrams))
		totals.unproved++;
	else
		for (uint64_t i = 0; i < CALLS; i++)
			ask(&trial, seed, i);
	diagrams_free(trial.diagrams);
	cg_program_free(trial.program);
	cg_policy_free(trial.policy);
}

int main(int argc, char **argv)
{
	struct lot lot = lot_draw(argv, "CALLGATE_PAIRS",
				  (struct lot){ 150000, 20240301 });
	struct tap tap = { 0 };

	(void)argc;
	while (totals.pairs < lot.wanted && totals.policies < lot.wanted)
		try_rules(lot.seed++);
	tap_ok(&tap, totals.pairs >= lot.wanted && !totals.wrong,
	       "%" PRIu64 " pairs of %" PRIu64
	       " policies: all say what the rules say",
	       totals.pairs, totals.policies);
	tap_ok(&tap,
	       totals.by_test > lot.wanted / 50 &&
		       totals.by_span > lot.wanted / 50,
	       "%" PRIu64 " were decided by tests, %" PRIu64 " by spans",
	       totals.by_test, totals.by_span);
	tap_ok(&tap, !totals.unproved && totals.too_long < totals.policies / 20,
	       "each program is proved, and %" PRIu64 " are too long",
	       totals.too_long);
	return tap_done(&tap);
}
