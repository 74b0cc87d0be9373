#include "floor.h"

#include <stdlib.h>

#include "bench.h"

enum {
	NUMBERS = 1024, /* the calls of an ABI lie below, from its base on */
	RUNS = NUMBERS + 4,
	ANSWERS = 64,
};

/* Numbers up to the next run that are decided alike. */
struct run {
	uint64_t outcome; /* an answer, or a number whose arguments matter */
	uint32_t first;
};

struct floor {
	const struct cg_policy *policy;
	struct run runs[RUNS];
	size_t count;
	uint32_t answers[ANSWERS];
	size_t answer_count, conditional;
};

static void add_answer(struct floor *floor, uint32_t answer)
{
	for (size_t i = 0; i < floor->answer_count; i++)
		if (floor->answers[i] == answer)
			return;
	if (floor->answer_count < ANSWERS)
		floor->answers[floor->answer_count++] = answer;
}

/* What becomes of a number: calls without a name depend on nothing else. */
static uint64_t outcome_of(struct floor *floor, const struct cg_call *call)
{
	const struct cg_side side = { .policy = floor->policy };
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	struct cg_outcome outcomes[ANSWERS];
	struct cg_error err;
	size_t count = 1;

	outcomes[0].answer = cg_policy_decide(floor->policy, call);
	if (cg_syscall_at(abi, call->nr) &&
	    cg_outcomes(side, call, 0, 0, outcomes, ANSWERS, &count, &err) !=
		    CG_OK)
		bench_die("outcomes", &err);
	for (size_t i = 0; i < count && i < ANSWERS; i++)
		add_answer(floor, outcomes[i].answer);
	if (count == 1)
		return outcomes[0].answer;
	floor->conditional++;
	return (uint64_t)1 << 32 | call->nr;
}

static void find_runs(struct floor *floor, const struct cg_abi *abi)
{
	struct cg_call call = { .arch = abi->audit_arch };

	floor->count = 0;
	/* Past the last call, only other ABIs of this arch begin. */
	for (uint32_t i = 0; i < RUNS; i++) {
		uint64_t outcome;

		call.nr = i < NUMBERS ? abi->nr_base + i
				      : (i - NUMBERS) * 0x40000000;
		if (i >= NUMBERS && call.nr <= abi->nr_base + NUMBERS)
			continue;
		outcome = outcome_of(floor, &call);
		if (floor->count == 0 ||
		    floor->runs[floor->count - 1].outcome != outcome)
			floor->runs[floor->count++] =
				(struct run){ outcome, call.nr };
	}
}

static bool is_single(const struct floor *floor, size_t i)
{
	return i + 1 < floor->count &&
	       floor->runs[i].first + 1 == floor->runs[i + 1].first;
}

/*
 * The fewest tests: cost[i] is that of the runs up to i, where i is not one
 * that a test for equality takes out.
 */
static size_t fewest_tests(const struct floor *floor)
{
	size_t cost[RUNS], best = SIZE_MAX;

	for (size_t i = 0; i < floor->count; i++) {
		cost[i] = SIZE_MAX;
		/* The runs between j and i are taken out. */
		for (size_t j = i; j-- > 0;) {
			size_t border = floor->runs[j].outcome !=
					floor->runs[i].outcome;
			size_t sum = cost[j] + (i - j - 1) + border;

			if (sum < cost[i])
				cost[i] = sum;
			if (!is_single(floor, j))
				break;
		}
		if (i == 0)
			cost[i] = 0;
		/* Nor need there be a run before it that is not taken out. */
		for (size_t j = 0; j < i && is_single(floor, j); j++)
			if (j + 1 == i && i < cost[i])
				cost[i] = i;
	}
	for (size_t i = floor->count; i-- > 0;) {
		if (cost[i] + (floor->count - 1 - i) < best)
			best = cost[i] + (floor->count - 1 - i);
		if (!is_single(floor, i))
			break;
	}
	return best;
}

size_t floor_of(const struct cg_policy *policy, size_t *runs)
{
	static struct floor floor;
	const struct cg_call nowhere = { .arch = 1 };
	const struct cg_abi *abi;
	size_t insns = 1;

	floor = (struct floor){ .policy = policy };
	*runs = 0;
	add_answer(&floor, cg_policy_decide(policy, &nowhere));
	for (size_t i = 0; (abi = cg_policy_abi(policy, i)); i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= cg_policy_abi(policy, j)->audit_arch ==
				abi->audit_arch;
		if (seen)
			continue;
		find_runs(&floor, abi);
		*runs += floor.count;
		insns += 2 + fewest_tests(&floor);
	}
	return insns + 2 * floor.conditional + floor.answer_count;
}
