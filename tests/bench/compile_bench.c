/*
 * How long it takes from a policy to a proven filter, beside the filter that
 * the machine's libseccomp makes of the same names and conditions.
 */
#include <callgate/callgate.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "peer.h"

enum { ROUNDS = 201, PEER_ROUNDS = 31 };

/* The policies, and what they do not say to libseccomp by themselves. */
static const struct row {
	const char *name, *file;
	uint32_t otherwise;
	enum peer_conditions conditions;
} rows[] = {
	{ "service list, 117 names", "../../data/policies/beats-x86_64.yml",
	  CG_RET_ERRNO | 1, PEER_NONE },
	{ "container list, 1 ABI", "policies/container-x86_64.yml",
	  CG_RET_ERRNO | 1, PEER_CONTAINER },
	{ "container list, 3 ABIs", "policies/container.yml", CG_RET_ERRNO | 1,
	  PEER_CONTAINER },
	{ "block list, 5 names", "policies/deny5.yml", CG_RET_ALLOW,
	  PEER_NONE },
};

struct result {
	struct times read, compile, prove;
	size_t instructions, converted;
};

static struct result measure(const char *file)
{
	static double read[ROUNDS], compile[ROUNDS], prove[ROUNDS];
	struct result result = { 0 };
	struct cg_error err;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct cg_program *program = NULL;
		struct cg_policy *policy = NULL;
		double a = bench_now(), b, c, d;

		if (cg_policy_open(file, NULL, &policy, &err) != CG_OK)
			bench_die(file, &err);
		b = bench_now();
		if (cg_compile(policy, NULL, &program, &err) != CG_OK)
			bench_die(file, &err);
		c = bench_now();
		if (cg_prove(policy, program, 0, NULL, &err) != CG_OK)
			bench_die(file, &err);
		d = bench_now();
		read[i] = b - a;
		compile[i] = c - b; /* its own proof included */
		prove[i] = d - c;
		cg_program_insns(program, &result.instructions);
		result.converted = cg_program_converted_length(program);
		cg_program_free(program);
		cg_policy_free(policy);
	}
	result.read = bench_times(read, ROUNDS);
	result.compile = bench_times(compile, ROUNDS);
	result.prove = bench_times(prove, ROUNDS);
	return result;
}

static void measure_peer(const struct row *row)
{
	static struct peer_rules rules;
	struct cg_policy *policy = NULL;
	double samples[PEER_ROUNDS];
	struct cg_error err;
	bool there;

	if (cg_policy_open(row->file, NULL, &policy, &err) != CG_OK)
		bench_die(row->file, &err);
	there = peer_prepare(&rules, policy, row->otherwise, row->conditions);
	cg_policy_free(policy);
	if (!there)
		printf("%-26s libseccomp: not built in (libseccomp-dev is "
		       "missing)\n",
		       "");
	for (int level = 1; there && level <= 2; level++) {
		struct times times;
		long length = 0;

		for (size_t i = 0; i < PEER_ROUNDS; i++) {
			FILE *file = tmpfile();
			double start = bench_now();

			if (!file)
				exit(EXIT_FAILURE);
			peer_export(&rules, level, file);
			samples[i] = bench_now() - start;
			length = (long)lseek(fileno(file), 0, SEEK_END);
			fclose(file);
		}
		times = bench_times(samples, PEER_ROUNDS);
		printf("%-26s %-14s %5ld %27.0f us (least %.0f)\n", "",
		       level == 1 ? "libseccomp" : "libseccomp -O2", length / 8,
		       times.median, times.least);
	}
}

int main(void)
{
	printf("From a policy to a filter; medians of %d rounds. callgate's "
	       "compile includes its\nproof; reading is the YAML. libseccomp: "
	       "from first rule to exported bytes.\n\n",
	       ROUNDS);
	printf("%-26s %-14s %5s %9s %9s %7s\n", "policy", "by", "insns", "read",
	       "compile", "proof");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct result result = measure(rows[i].file);

		printf("%-26s %-14s %5zu %6.0f us %6.0f us %4.0f us "
		       "(least %.0f)\n",
		       rows[i].name, "callgate", result.instructions,
		       result.read.median, result.compile.median,
		       result.prove.median, result.compile.least);
		measure_peer(&rows[i]);
	}
	return EXIT_SUCCESS;
}
