#include "shapes.h"

#include "bench.h"
#include "bpf/insn.h"
#include "figures.h"

struct cg_program *shape_linear(const struct cg_policy *policy)
{
	const struct cg_compile_options options = { .form = CG_FORM_ELASTIC };
	struct cg_program *program = NULL;
	struct cg_error err;

	if (cg_compile(policy, &options, &program, &err) != CG_OK)
		return NULL;
	return program;
}

/* The program under way: a head of three, the tests, the returns. */
struct ranges {
	struct cg_insn insns[RUNS_MAX + 16];
	struct run runs[RUNS_MAX];
	size_t count;   /* runs */
	size_t returns; /* where they begin */
	size_t end;
	bool too_far;
};

enum { HEAD = 3, JUMP_MAX = 255 };

/* Where the return with this answer stands; put there, if it did not yet. */
static size_t return_at(struct ranges *ranges, uint32_t answer)
{
	size_t at = ranges->returns;

	while (at < ranges->end && ranges->insns[at].k != answer)
		at++;
	if (at == ranges->end)
		ranges->insns[ranges->end++] =
			(struct cg_insn){ RET_K, 0, 0, answer };
	return at;
}

static uint8_t jump(struct ranges *ranges, size_t from, size_t to)
{
	ranges->too_far |= to - from - 1 > JUMP_MAX;
	return (uint8_t)(to - from - 1);
}

/* Tests for runs first..last, the first of them at `at`; where they begin. */
static size_t
search(struct ranges *ranges, size_t first, size_t last, size_t at)
{
	/* The half that is greater begins here. */
	size_t middle = first + (last - first + 1) / 2, below, above;

	if (first == last)
		return return_at(ranges, ranges->runs[first].answer);
	below = search(ranges, first, middle - 1, at + 1);
	/* The half below has a test less than it has runs. */
	above = search(ranges, middle, last, at + (middle - first));
	ranges->insns[at] = (struct cg_insn){ JGE_K, jump(ranges, at, above),
					      jump(ranges, at, below),
					      ranges->runs[middle].first };
	return at;
}

struct cg_program *shape_ranges(const struct cg_policy *policy)
{
	const struct cg_abi *abi = cg_policy_abi(policy, 0);
	const struct cg_call nowhere = { .arch = 0 };
	static struct ranges ranges;
	struct cg_program *program = NULL;
	struct cg_error err;
	size_t foreign;

	ranges = (struct ranges){ 0 };
	ranges.count = runs_of(policy, ranges.runs);
	if (ranges.count < 2)
		return NULL;
	ranges.returns = ranges.end = HEAD + ranges.count - 1;
	search(&ranges, 0, ranges.count - 1, HEAD);
	foreign = return_at(&ranges, cg_policy_decide(policy, &nowhere));
	ranges.insns[0] = (struct cg_insn){ LD_ABS, 0, 0, 4 };
	ranges.insns[1] = (struct cg_insn){ JEQ_K, 0, jump(&ranges, 1, foreign),
					    abi->audit_arch };
	ranges.insns[2] = (struct cg_insn){ LD_ABS, 0, 0, 0 };
	if (ranges.too_far)
		return NULL;
	if (cg_program_from_insns(ranges.insns, ranges.end, abi->big_endian,
				  &program, &err) != CG_OK)
		bench_die("ranges", &err);
	return program;
}
