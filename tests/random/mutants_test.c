/*
 * Compiled programs with one instruction changed. The proof must refuse each
 * of them, and show a call on which it is really wrong; or else the change must
 * make no difference, which is then looked for in thousands of calls.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/prove.h>

#include "made.h"
#include "tap.h"
#include "unit/bpf_random.h"

enum {
	PROGRAMS = 24,
	MUTANTS = 60, /* of each program */
	SAMPLES = 20000,
	NUMBERS = 1000,
};

static struct totals {
	unsigned refused, equivalent, looser;
	unsigned undecided; /* for they do sums with what comes in */
	unsigned missed, false_witness, failed, false_relation;
} totals;

/* A program, the policy it comes from, and what was made of it. */
struct trial {
	struct cg_policy *policy;
	struct cg_program *program, *mutant;
	uint64_t seed;
};

/* The next change that leaves a program which the kernel would load. */
static struct cg_program *mutate(struct trial *trial)
{
	const struct cg_insn *insns;
	struct cg_insn changed[CG_PROGRAM_MAX];
	struct cg_program *out = NULL;
	struct cg_error err;
	size_t count;

	insns = cg_program_insns(trial->program, &count);
	do {
		memcpy(changed, insns, count * sizeof(*insns));
		random_mutate(&trial->seed, changed, count);
	} while (memcmp(changed, insns, count * sizeof(*insns)) == 0 ||
		 cg_program_from_insns(changed, count,
				       cg_program_big_endian(trial->program),
				       &out, &err) != CG_OK);
	return out;
}

static bool differ(const struct trial *trial, const struct cg_call *call)
{
	return cg_policy_decide(trial->policy, call) !=
	       cg_program_decide(trial->mutant, call, NULL);
}

/* Look for a difference where the proof says that there is none. */
static bool is_equivalent(const struct trial *trial)
{
	const struct cg_abi *abi;
	struct cg_call call;

	for (uint64_t i = 0; i < SAMPLES; i++) {
		cg_policy_sample(trial->policy, trial->seed, i, &call);
		if (differ(trial, &call))
			return false;
	}
	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		for (uint32_t nr = 0; nr <= NUMBERS; nr++) {
			call.arch = abi->audit_arch;
			call.nr = abi->nr_base + nr;
			if (differ(trial, &call))
				return false;
		}
	return true;
}

static bool permits(uint32_t answer)
{
	uint32_t action = answer & CG_RET_ACTION;

	return action == CG_RET_ALLOW || action == CG_RET_LOG;
}

/* "The mutant allows no more", or no less, must hold for each call tried. */
static bool relation_holds(const struct trial *trial)
{
	const struct cg_side left = { .policy = trial->policy };
	const struct cg_side right = { .program = trial->mutant };
	enum cg_relation relation;
	struct cg_witness witness;
	struct cg_error err;

	if (cg_compare(left, right, 0, &relation, &witness, &err) != CG_OK ||
	    relation == CG_EQUAL || witness.left == witness.right ||
	    cg_policy_decide(trial->policy, &witness.call) != witness.left ||
	    cg_program_decide(trial->mutant, &witness.call, NULL) !=
		    witness.right)
		return false;
	totals.looser += relation == CG_STRICTER;
	for (uint64_t i = 0; i < SAMPLES / 10; i++) {
		struct cg_call call;
		bool one, other;

		cg_policy_sample(trial->policy, trial->seed, i, &call);
		one = permits(cg_policy_decide(trial->policy, &call));
		other = permits(cg_program_decide(trial->mutant, &call, NULL));
		if ((relation == CG_STRICTER && one && !other) ||
		    (relation == CG_LOOSER && !one && other))
			return false;
	}
	return true;
}

/*
 * Whether the mutant answers with a word of its input, or calculates with it:
 * then its diagram may be as large as the set of inputs.
 */
static bool calculates(const struct trial *trial)
{
	const struct cg_insn *insns;
	size_t count;

	insns = cg_program_insns(trial->mutant, &count);
	for (size_t i = 0; i < count; i++) {
		uint16_t code = insns[i].code;

		if (code == RET_A || ((code & 7) == 4 && code != AND_K))
			return true;
	}
	return false;
}

static void judge(const struct trial *trial)
{
	struct cg_witness witness = { 0 };
	struct cg_error err = { 0 };
	enum cg_status status =
		cg_prove(trial->policy, trial->mutant, 0, &witness, &err);

	if (status == CG_OK) {
		bool same = is_equivalent(trial);

		totals.equivalent += same;
		totals.missed += !same;
	} else if (status == CG_E_UNDECIDED && calculates(trial)) {
		totals.undecided++;
	} else if (status != CG_E_PROOF) {
		totals.failed++;
		tap_note("%s", err.message);
	} else if (witness.left == witness.right ||
		   cg_policy_decide(trial->policy, &witness.call) !=
			   witness.left ||
		   cg_program_decide(trial->mutant, &witness.call, NULL) !=
			   witness.right) {
		totals.false_witness++;
	} else {
		totals.refused++;
		totals.false_relation += !relation_holds(trial);
	}
}

/* The presets, and made-up policies that are not too easy. */
static struct cg_policy *policy_at(size_t index, uint64_t *seed)
{
	static size_t presets;
	struct cg_policy *policy = NULL;
	struct cg_error err;

	while (cg_preset_get(presets))
		presets++;
	if (index < presets)
		return cg_policy_preset(cg_preset_get(index)->name, NULL,
					&policy, &err) == CG_OK
			       ? policy
			       : NULL;
	while (!policy) {
		struct made made;

		made_init(&made, (*seed)++);
		if (cg_policy_parse(made.text.text, made.text.length, "made",
				    NULL, &policy, &err) != CG_OK)
			policy = NULL;
		made_done(&made);
	}
	return policy;
}

static bool try_program(size_t index, uint64_t *seed)
{
	struct trial trial = { .policy = policy_at(index, seed),
			       .seed = index };
	struct cg_error err = { 0 };
	bool ok =
		trial.policy &&
		cg_compile(trial.policy, NULL, &trial.program, &err) == CG_OK &&
		cg_prove(trial.policy, trial.program, 0, NULL, &err) == CG_OK;

	if (!ok)
		tap_note("policy %zu: %s", index, err.message);
	for (size_t i = 0; ok && i < MUTANTS; i++) {
		trial.mutant = mutate(&trial);
		judge(&trial);
		cg_program_free(trial.mutant);
	}
	cg_program_free(trial.program);
	cg_policy_free(trial.policy);
	return ok;
}

int main(void)
{
	uint64_t seed = 314159;
	struct tap tap = { 0 };
	size_t proved = 0;

	for (size_t i = 0; i < PROGRAMS; i++)
		proved += try_program(i, &seed);
	tap_note("%u mutants are refused, %u of them looser; %u make no "
		 "difference; %u calculate and are too large to tell",
		 totals.refused, totals.looser, totals.equivalent,
		 totals.undecided);
	tap_ok(&tap, proved == PROGRAMS, "%zu programs are right as they are",
	       proved);
	tap_ok(&tap, !totals.missed, "no mutant is taken for right (%u)",
	       totals.missed);
	tap_ok(&tap, !totals.false_witness,
	       "each witness is a call that goes wrong (%u do not)",
	       totals.false_witness);
	tap_ok(&tap, !totals.failed && totals.undecided < totals.refused / 10,
	       "all that only test are decided (%u are not)", totals.failed);
	tap_ok(&tap, !totals.false_relation,
	       "looser and stricter are what they say (%u are not)",
	       totals.false_relation);
	tap_ok(&tap,
	       totals.refused >= 200 && totals.refused > 2 * totals.equivalent,
	       "most mutants matter");
	return tap_done(&tap);
}
