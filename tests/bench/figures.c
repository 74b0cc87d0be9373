#include "figures.h"

#include "bench.h"
#include "bpf/insn.h"

/* ---------------------------------------------------------------- costs -- */

/* By the jumps as they stand, whether or not a call can lead along them. */
static size_t longest_path(const struct cg_insn *insns, size_t count)
{
	static size_t from[CG_PROGRAM_MAX];

	for (size_t i = count; i-- > 0;) {
		const struct cg_insn *insn = &insns[i];
		size_t next = 0, other = 0;

		if ((insn->code & 7) == 6) { /* a return */
			from[i] = 1;
			continue;
		}
		if ((insn->code & 7) == 5) { /* a jump */
			bool always = insn->code == JA;

			next = i + 1 + (always ? insn->k : insn->jt);
			other = always ? next : i + 1 + insn->jf;
		} else {
			next = other = i + 1;
		}
		from[i] = 1 +
			  (from[next] > from[other] ? from[next] : from[other]);
	}
	return from[0];
}

static size_t
count_cached(const struct cg_policy *policy, const struct cg_program *program)
{
	const struct cg_syscall *call;
	const struct cg_abi *abi;
	size_t cached = 0;
	uint32_t nr;

	for (size_t i = 0; (abi = cg_policy_abi(policy, i)); i++)
		for (size_t j = 0; (call = cg_syscall_get(j)); j++)
			if (cg_syscall_number(call, abi, &nr))
				cached += cg_program_cached(program, abi, nr);
	return cached;
}

struct figures
figures_of(const struct cg_policy *policy, const struct cg_program *program)
{
	const struct cg_abi *abi = cg_policy_abi(policy, 0);
	uint64_t mix = 0, made = 0, uniform = 0, calls = 0;
	uint64_t uncached = 0, runs = 0;
	const struct cg_syscall *call;
	const struct cg_insn *insns;
	struct figures figures = { 0 };

	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		struct cg_call asked = { .arch = abi->audit_arch };
		uint32_t often = cg_syscall_frequency(call);
		size_t steps;

		if (!cg_syscall_number(call, abi, &asked.nr))
			continue;
		cg_program_decide(program, &asked, &steps);
		mix += often * steps;
		made += often;
		uniform += steps;
		calls++;
		if (cg_program_cached(program, abi, asked.nr))
			continue;
		uncached += steps;
		runs++;
	}
	insns = cg_program_insns(program, &figures.insns);
	figures.converted = cg_program_converted_length(program);
	figures.longest = longest_path(insns, figures.insns);
	figures.cached = count_cached(policy, program);
	figures.mix = (double)mix / (double)made;
	figures.uniform = (double)uniform / (double)calls;
	figures.uncached = runs ? (double)uncached / (double)runs : 0;
	return figures;
}

/* ----------------------------------------------------------------- runs -- */

/* Whether all calls of the ABI are decided by their number. */
static bool is_plain(const struct cg_policy *policy, const struct cg_abi *abi)
{
	const struct cg_side side = { .policy = policy };
	const struct cg_syscall *call;

	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		struct cg_call asked = { .arch = abi->audit_arch };
		struct cg_outcome outcome;
		struct cg_error err;
		size_t count;

		if (!cg_syscall_number(call, abi, &asked.nr))
			continue;
		if (cg_outcomes(side, &asked, 0, 0, &outcome, 1, &count,
				&err) != CG_OK)
			bench_die("outcomes", &err);
		if (count != 1)
			return false;
	}
	return true;
}

size_t runs_of(const struct cg_policy *policy, struct run out[RUNS_MAX])
{
	enum { SMALL = 1024 };
	const struct cg_abi *abi = cg_policy_abi(policy, 0);
	struct cg_call call = { .arch = abi->audit_arch };
	size_t count = 0;

	if (cg_policy_abi(policy, 1) || !is_plain(policy, abi))
		return 0;
	/* Past the last call, only other ABIs of this audit arch begin. */
	for (uint32_t i = 0; i < SMALL + 2 && count < RUNS_MAX; i++) {
		uint32_t answer;

		call.nr = i < SMALL ? i : (i - SMALL + 1) << 30;
		answer = cg_policy_decide(policy, &call);
		if (count == 0 || out[count - 1].answer != answer)
			out[count++] = (struct run){ call.nr, answer };
	}
	return count;
}
