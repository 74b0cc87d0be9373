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
	uint64_t before[RUNS_MAX + 1]; /* how often calls lie below run i */
	size_t count;                  /* runs */
	size_t returns;                /* where they begin */
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

/* The run that halves first..last, all runs alike or as often as they come. */
static size_t split_at(const struct ranges *ranges, size_t first, size_t last)
{
	const uint64_t *before = ranges->before;
	size_t at = first + 1;

	while (at < last && 2 * before[at] < before[first] + before[last + 1])
		at++;
	/* The border before it may be nearer to the middle. */
	if (at > first + 1 &&
	    before[first] + before[last + 1] < before[at] + before[at - 1])
		at--;
	return at;
}

/* Tests for runs first..last, the first of them at `at`; where they begin. */
static size_t
search(struct ranges *ranges, size_t first, size_t last, size_t at)
{
	size_t middle, below, above;

	if (first == last)
		return return_at(ranges, ranges->runs[first].answer);
	/* The half that is greater begins here. */
	middle = split_at(ranges, first, last);
	below = search(ranges, first, middle - 1, at + 1);
	/* The half below has a test less than it has runs. */
	above = search(ranges, middle, last, at + (middle - first));
	ranges->insns[at] = (struct cg_insn){ JGE_K, jump(ranges, at, above),
					      jump(ranges, at, below),
					      ranges->runs[middle].first };
	return at;
}

/* How often calls lie in each run, by the mix; or each run alike. */
static void weigh(struct ranges *ranges, const struct cg_abi *abi, bool alike)
{
	const struct cg_syscall *call;
	uint32_t nr;

	for (size_t i = 0; i < ranges->count; i++)
		ranges->before[i + 1] = alike ? 1000 : 1;
	for (size_t i = 0; !alike && (call = cg_syscall_get(i)); i++) {
		size_t run = 0;

		if (!cg_syscall_number(call, abi, &nr))
			continue;
		while (run + 1 < ranges->count &&
		       ranges->runs[run + 1].first <= nr)
			run++;
		ranges->before[run + 1] += cg_syscall_frequency(call);
	}
	for (size_t i = 0; i < ranges->count; i++)
		ranges->before[i + 1] += ranges->before[i];
}

static struct cg_program *tree(const struct cg_policy *policy, bool alike)
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
	weigh(&ranges, abi, alike);
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

struct cg_program *shape_ranges(const struct cg_policy *policy)
{
	return tree(policy, true);
}

struct cg_program *shape_frequencies(const struct cg_policy *policy)
{
	return tree(policy, false);
}
