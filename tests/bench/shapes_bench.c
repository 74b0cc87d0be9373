/*
 * How long filters are, and how much of them a call runs: Callgate's beside
 * libseccomp's and beside the shapes that other compilers give them. Each is
 * compared with the policy for every possible call before its row is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "figures.h"
#include "floor.h"
#include "peer.h"
#include "shapes.h"

static const struct row {
	const char *name, *file;
	uint32_t otherwise;
	enum peer_conditions conditions;
} rows[] = {
	{ "container list, numbers only", "policies/container-numbers.yml",
	  CG_RET_ERRNO | 1, PEER_NONE },
	{ "container list, 1 ABI", "policies/container-x86_64.yml",
	  CG_RET_ERRNO | 1, PEER_CONTAINER },
	{ "container list, 3 ABIs", "policies/container.yml", CG_RET_ERRNO | 1,
	  PEER_CONTAINER },
	{ "117 names (beats-x86_64)", "../../data/policies/beats-x86_64.yml",
	  CG_RET_ERRNO | 1, PEER_NONE },
	{ "service list", "policies/service.yml", CG_RET_ERRNO | 1, PEER_NONE },
	{ "block list, 5 names", "policies/deny5.yml", CG_RET_ALLOW,
	  PEER_NONE },
	{ "192 values of ioctl", "policies/ioctl192.yml", CG_RET_ERRNO | 1,
	  PEER_REQUESTS },
};

/* Where a filter differs from the policy, in words. */
struct differences {
	const struct cg_policy *policy;
	char text[160];
	size_t count;
};

static bool covers(const struct cg_policy *policy, const struct cg_abi *abi)
{
	const struct cg_abi *covered;

	for (size_t i = 0; (covered = cg_policy_abi(policy, i)); i++)
		if (covered == abi)
			return true;
	return false;
}

static void add_difference(void *context, const struct cg_difference *found)
{
	enum { NAMED = 4 };
	struct differences *differences = context;
	const struct cg_abi *abi = found->abi;
	size_t used = strlen(differences->text);
	const char *what;

	if (!abi)
		what = "other architectures";
	else if (!covers(differences->policy, abi))
		what = abi->name;
	else
		what = found->call ? found->call->name : "nameless numbers";
	/* One call may differ on each ABI. */
	if (!strstr(differences->text, what) && differences->count++ < NAMED)
		snprintf(differences->text + used,
			 sizeof(differences->text) - used, "%s%s",
			 used ? ", " : "", what);
	else if (differences->count == NAMED + 1)
		snprintf(differences->text + used,
			 sizeof(differences->text) - used, ", ...");
}

static void print_row(const struct cg_policy *policy, const char *by,
		      const struct cg_program *program)
{
	const struct cg_side left = { .policy = policy };
	const struct cg_side right = { .program = program };
	struct differences differences = { .policy = policy };
	struct figures figures;
	struct cg_error err;

	if (cg_differences(left, right, 0, add_difference, &differences,
			   &err) != CG_OK)
		bench_die(by, &err);
	figures = figures_of(policy, program);
	printf("  %-22s %6zu %6zu %7.2f %7.2f %8.2f %7zu %7zu  %s%s\n", by,
	       figures.insns, figures.converted, figures.mix, figures.uniform,
	       figures.uncached, figures.longest, figures.cached,
	       differences.count ? "but for " : "equal", differences.text);
}

static void print_ours(const struct cg_policy *policy)
{
	static const char *const costs[] = {
		[CG_COST_CACHED] = "callgate, cached",
		[CG_COST_UNCACHED] = "callgate, uncached",
		[CG_COST_SIZE] = "callgate, size",
		[CG_COST_DEPTH] = "callgate, depth",
		[CG_COST_BALANCED] = "callgate, balanced",
	};

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		const struct cg_compile_options options = {
			.cost = (enum cg_cost)i
		};
		struct cg_program *program = NULL;
		struct cg_error err;

		if (cg_compile(policy, &options, &program, &err) != CG_OK)
			bench_die(costs[i], &err);
		print_row(policy, costs[i], program);
		cg_program_free(program);
	}
}

/* A filter that there is none of is said to be missing. Frees it. */
static void print_other(const struct cg_policy *policy, const char *by,
			struct cg_program *program, const char *missing)
{
	if (program)
		print_row(policy, by, program);
	else
		printf("  %-22s %s\n", by, missing);
	cg_program_free(program);
}

static void print_policy(const struct row *row)
{
	static const char *const no_peer = "libseccomp-dev is missing";
	struct cg_policy *policy = NULL;
	struct cg_error err;
	size_t runs, floor;

	if (cg_policy_open(row->file, NULL, &policy, &err) != CG_OK)
		bench_die(row->file, &err);
	printf("\n%s\n  %-22s %6s %6s %7s %7s %8s %7s %7s  %s\n", row->name,
	       "by", "insns", "eBPF", "mix", "uniform", "uncached", "longest",
	       "cached", "answers");
	print_ours(policy);
	for (int level = 1; level <= 2; level++)
		print_other(policy,
			    level == 1 ? "libseccomp" : "libseccomp -O2",
			    peer_filter(policy, row->otherwise, row->conditions,
					level),
			    no_peer);
	print_other(policy, "linear chain", shape_linear(policy),
		    "none for this policy");
	print_other(policy, "balanced range search", shape_ranges(policy),
		    "none for this policy");
	print_other(policy, "frequency tree", shape_frequencies(policy),
		    "none for this policy");
	floor = floor_of(policy, &runs);
	printf("  %-22s %6zu         (%zu runs of numbers)\n",
	       "floor of < and ==", floor, runs);
	cg_policy_free(policy);
}

int main(void)
{
	printf("Filters: instructions; the same as the kernel converts them; "
	       "executed for a call\nof x86_64, on average over a mix of usual "
	       "programs, over all calls alike, and over\nthose that newer "
	       "kernels do not cache (arguments 0); the longest path; how "
	       "many\n"
	       "numbers are cached; and whether the filter answers as the "
	       "policy does, for every\npossible call. \"but for\" names where "
	       "it does not.\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		print_policy(&rows[i]);
	return EXIT_SUCCESS;
}
