/*
 * How long it takes from a policy to a proven filter, beside the filter that
 * the machine's libseccomp makes of the same names and conditions.
 */
#include <callgate/callgate.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

enum { ROUNDS = 201, PEER_ROUNDS = 31 };

/* The policies, and the conditions that names alone do not give the peer. */
static const struct row {
	const char *name, *file;
	bool allow_list, three_abis, conditions;
} rows[] = {
	{ "service list, 117 names", "../../data/policies/beats-x86_64.yml",
	  true, false, false },
	{ "container list, 1 ABI", "policies/container-x86_64.yml", true, false,
	  true },
	{ "container list, 3 ABIs", "policies/container.yml", true, true,
	  true },
	{ "block list, 5 names", "policies/deny5.yml", false, false, false },
};

struct result {
	struct times read, compile, prove;
	size_t instructions, converted;
};

static void die(const char *what, const struct cg_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->message);
	exit(EXIT_FAILURE);
}

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
			die(file, &err);
		b = bench_now();
		if (cg_compile(policy, NULL, &program, &err) != CG_OK)
			die(file, &err);
		c = bench_now();
		if (cg_prove(policy, program, 0, NULL, &err) != CG_OK)
			die(file, &err);
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

#ifdef HAVE_LIBSECCOMP
/* The names that the policy answers without looking at an argument. */
static size_t
plain_names(const struct row *row, const char **names, size_t room)
{
	const uint32_t wanted =
		row->allow_list ? CG_RET_ALLOW : CG_RET_ERRNO | 1;
	struct cg_policy *policy = NULL;
	const struct cg_syscall *call;
	struct cg_error err;
	size_t count = 0;

	if (cg_policy_open(row->file, NULL, &policy, &err) != CG_OK)
		die(row->file, &err);
	for (size_t i = 0; (call = cg_syscall_get(i)) && count < room; i++) {
		const struct cg_side side = { .policy = policy };
		struct cg_outcome outcome;
		const struct cg_abi *abi;
		bool plain = false;
		size_t found;

		for (size_t j = 0; (abi = cg_policy_abi(policy, j)); j++) {
			struct cg_call asked = { .arch = abi->audit_arch };

			if (cg_syscall_number(call, abi, &asked.nr) &&
			    cg_outcomes(side, &asked, 0, 0, &outcome, 1, &found,
					&err) == CG_OK &&
			    found == 1 && outcome.answer == wanted)
				plain = true;
		}
		if (plain)
			names[count++] = call->name;
	}
	cg_policy_free(policy);
	return count;
}

static void add_conditions(scmp_filter_ctx filter)
{
	static const unsigned values[] = { 0, 8, 0x20000, 0x20008, ~0u };

	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			 SCMP_A0(SCMP_CMP_LT, 38));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			 SCMP_A0(SCMP_CMP_EQ, 39));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			 SCMP_A0(SCMP_CMP_GT, 40));
	for (size_t i = 0; i < 5; i++)
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(personality),
				 1, SCMP_A0(SCMP_CMP_EQ, values[i]));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, 0x7e020000, 0));
}

/* From the first rule to the exported bytes; how many instructions. */
static size_t peer_once(const struct row *row, const char **names, size_t count,
			int level, double *time)
{
	FILE *file = tmpfile();
	double start = bench_now();
	scmp_filter_ctx filter;
	long length;

	filter = seccomp_init(row->allow_list ? SCMP_ACT_ERRNO(1)
					      : SCMP_ACT_ALLOW);
	if (!file || !filter)
		exit(EXIT_FAILURE);
	if (level == 2)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (row->three_abis) {
		seccomp_arch_add(filter, SCMP_ARCH_X86);
		seccomp_arch_add(filter, SCMP_ARCH_X32);
	}
	for (size_t i = 0; i < count; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);

		if (nr != __NR_SCMP_ERROR)
			seccomp_rule_add(filter,
					 row->allow_list ? SCMP_ACT_ALLOW
							 : SCMP_ACT_ERRNO(1),
					 nr, 0);
	}
	if (row->conditions)
		add_conditions(filter);
	seccomp_export_bpf(filter, fileno(file));
	*time = bench_now() - start;
	seccomp_release(filter);
	length = lseek(fileno(file), 0, SEEK_END);
	fclose(file);
	return (size_t)length / 8;
}

static void measure_peer(const struct row *row)
{
	static const char *names[1024];
	static double samples[PEER_ROUNDS];
	size_t count = plain_names(row, names, 1024), length = 0;

	for (int level = 1; level <= 2; level++) {
		struct times times;

		for (size_t i = 0; i < PEER_ROUNDS; i++)
			length = peer_once(row, names, count, level,
					   &samples[i]);
		times = bench_times(samples, PEER_ROUNDS);
		printf("%-26s %-14s %5zu %27.0f us (least %.0f)\n", "",
		       level == 1 ? "libseccomp" : "libseccomp -O2", length,
		       times.median, times.least);
	}
}
#else
static void measure_peer(const struct row *row)
{
	(void)row;
	printf("%-26s libseccomp: not built in (libseccomp-dev is missing)\n",
	       "");
}
#endif

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
