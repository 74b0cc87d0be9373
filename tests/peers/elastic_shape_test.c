/*
 * go-seccomp-bpf compares name after name. Its shape, made of the same policy,
 * must be equal to the best one, for every possible call: what is gained in
 * length is paid for nowhere.
 *
 * CALLGATE_SEED chooses other lists.
 */
#include <inttypes.h>
#include <string.h>

#include "made_rules.h"
#include "tap.h"

/*
 * The search for the shortest is no exhaustive one: for a short list it may
 * miss by this many instructions.
 */
enum { LISTS = 50, SLACK = 2 };

struct figures {
	size_t equal, shorter, longer;
};

static struct rules rules; /* too large for a stack */

/* The n-th list: from a handful of names to nearly all, on one of two ABIs. */
static void compare_shapes(uint64_t seed, size_t n, struct figures *figures)
{
	const struct recipe recipe = {
		.abis = { n % 2 ? "aarch64" : "x86_64" },
		.otherwise = n % 5 ? CG_RET_ERRNO | 1 : CG_RET_ALLOW,
		.foreign = CG_RET_KILL_PROCESS,
		.answers = { n % 5 ? CG_RET_ALLOW : CG_RET_ERRNO | 13 },
		.plain = 2 + n * 5,
		.conditional = n % 3 ? n % 7 : 0,
	};
	const struct cg_compile_options linear = { .form = CG_FORM_ELASTIC };
	const struct cg_compile_options size = { .cost = CG_COST_SIZE };
	struct cg_program *best = NULL, *elastic = NULL;
	struct cg_policy *policy = NULL;
	enum cg_relation relation = CG_DIFFERENT;
	struct cg_error err = { 0 };
	struct buf text = { 0 };
	size_t best_length, elastic_length;

	if (made_rules(&rules, &recipe, seed + n)) {
		rules.elastic = true;
		rules_text(&rules, &text);
	}
	if (text.length && !text.failed &&
	    cg_policy_parse(text.text, text.length, "list", NULL, &policy,
			    &err) == CG_OK &&
	    cg_compile(policy, &size, &best, &err) == CG_OK &&
	    cg_compile(policy, &linear, &elastic, &err) == CG_OK &&
	    cg_compare((struct cg_side){ .program = best },
		       (struct cg_side){ .program = elastic }, 0, &relation,
		       NULL, &err) == CG_OK &&
	    relation == CG_EQUAL) {
		cg_program_insns(best, &best_length);
		cg_program_insns(elastic, &elastic_length);
		figures->equal++;
		figures->shorter += best_length <= elastic_length + SLACK;
		figures->longer += best_length > elastic_length;
	} else {
		tap_note("list %zu: relation %d %s", n, relation, err.message);
	}
	buf_free(&text);
	cg_program_free(best);
	cg_program_free(elastic);
	cg_policy_free(policy);
}

int main(void)
{
	const char *text = getenv("CALLGATE_SEED");
	const uint64_t seed = text ? strtoull(text, NULL, 0) : 20240229;
	struct figures figures = { 0 };
	struct tap tap = { 0 };

	tap_note("CALLGATE_SEED=%" PRIu64, seed);
	for (size_t n = 0; n < LISTS; n++)
		compare_shapes(seed, n, &figures);
	tap_ok(&tap, figures.equal == LISTS, "%zu of %d lists: both are equal",
	       figures.equal, LISTS);
	tap_ok(&tap, figures.shorter == LISTS,
	       "%zu of %d lists: the best is no longer, or by %d at most",
	       figures.shorter, LISTS, SLACK);
	tap_note("%zu of them are longer at all", figures.longer);
	return tap_done(&tap);
}
