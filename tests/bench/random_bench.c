/*
 * Made-up policies, each said to Callgate and to libseccomp: what the filters
 * come to on average. The seeds are always the same ones.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "figures.h"
#include "made_rules.h"

enum { POLICIES = 20, FILTERS = 4, ROUNDS = 15 };

static const char *const names[FILTERS] = { "callgate, cached",
					    "callgate, size", "libseccomp -O2",
					    "libseccomp" };

struct sum {
	struct figures figures;
	double took; /* microseconds to compile, proof included; or build */
	size_t count, equal;
};

static struct cg_policy *policy_of(const struct rules *rules)
{
	struct cg_policy *policy = NULL;
	struct buf text = { 0 };
	struct cg_error err;

	rules_text(rules, &text);
	if (text.failed || cg_policy_parse(text.text, text.length, "made up",
					   NULL, &policy, &err) != CG_OK)
		bench_die("made up", &err);
	buf_free(&text);
	return policy;
}

static struct cg_program *
filter_of(struct rules *rules, const struct cg_policy *policy, size_t which)
{
	const struct cg_compile_options options = {
		.cost = which == 0 ? CG_COST_CACHED : CG_COST_SIZE
	};
	struct cg_program *program = NULL;
	const char *what;
	struct cg_error err;

	if (which >= 2) {
		rules->level = which == 2 ? 2 : 1;
		return rules_peer(rules, &what);
	}
	if (cg_compile(policy, &options, &program, &err) != CG_OK)
		bench_die(names[which], &err);
	return program;
}

/* But for what the two libraries must differ in (peers/rules.h). */
static bool is_equal(const struct rules *rules, const struct cg_policy *policy,
		     const struct cg_program *program)
{
	struct cg_program *ours = NULL, *a, *b;
	enum cg_relation relation = CG_DIFFERENT;
	struct cg_error err;

	if (cg_compile(policy, NULL, &ours, &err) != CG_OK)
		bench_die("made up", &err);
	a = rules_settle(rules, ours);
	b = rules_settle(rules, program);
	if (!a || !b ||
	    cg_compare((struct cg_side){ .program = a },
		       (struct cg_side){ .program = b }, 0, &relation, NULL,
		       &err) != CG_OK)
		bench_die("compare", &err);
	cg_program_free(ours);
	cg_program_free(a);
	cg_program_free(b);
	return relation == CG_EQUAL;
}

static void add(struct rules *rules, const struct cg_policy *policy,
		size_t which, struct sum *sum)
{
	struct cg_program *program = NULL;
	double took[ROUNDS];
	struct figures figures;

	for (size_t i = 0; i < ROUNDS; i++) {
		double start = bench_now();

		cg_program_free(program);
		program = filter_of(rules, policy, which);
		took[i] = bench_now() - start;
	}
	if (!program)
		return;
	figures = figures_of(policy, program);
	sum->took += bench_times(took, ROUNDS).median;
	sum->count++;
	sum->equal += is_equal(rules, policy, program);
	sum->figures.insns += figures.insns;
	sum->figures.converted += figures.converted;
	sum->figures.mix += figures.mix;
	sum->figures.uniform += figures.uniform;
	sum->figures.uncached += figures.uncached;
	sum->figures.longest += figures.longest;
	cg_program_free(program);
}

static void print_sum(const char *name, const struct sum *sum)
{
	const double n = (double)sum->count;

	printf("  %-22s %6.0f %6.0f %7.2f %7.2f %8.2f %7.0f %7.0f us  "
	       "%zu of %zu\n",
	       name, (double)sum->figures.insns / n,
	       (double)sum->figures.converted / n, sum->figures.mix / n,
	       sum->figures.uniform / n, sum->figures.uncached / n,
	       (double)sum->figures.longest / n, sum->took / n, sum->equal,
	       sum->count);
}

int main(void)
{
	struct sum sums[FILTERS] = { 0 };
	static struct rules rules;

	for (uint64_t seed = 1, done = 0; done < POLICIES; seed++) {
		struct cg_policy *policy;
		struct recipe recipe;

		made_recipe(&recipe, seed);
		if (!made_rules(&rules, &recipe, seed))
			continue;
		policy = policy_of(&rules);
		for (size_t i = 0; i < FILTERS; i++)
			add(&rules, policy, i, &sums[i]);
		cg_policy_free(policy);
		done++;
	}
	printf("%d made-up policies, averages\n  %-22s %6s %6s %7s %7s %8s %7s "
	       "%10s  %s\n",
	       POLICIES, "by", "insns", "eBPF", "mix", "uniform", "uncached",
	       "longest", "compile", "equal");
	for (size_t i = 0; i < FILTERS; i++)
		print_sum(names[i], &sums[i]);
	return EXIT_SUCCESS;
}
