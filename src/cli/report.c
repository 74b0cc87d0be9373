#include "cli/report.h"

#include <stdio.h>

/* What calls of one ABI cost: arguments all zero. */
struct paths {
	size_t calls, steps, most;
	size_t allowed, cached; /* answered allow; those from the cache */
	double mix;             /* steps of a call of the mix, on average */
};

static struct paths
measure(const struct cg_program *program, const struct cg_abi *abi)
{
	const struct cg_syscall *call;
	struct paths paths = { 0 };
	double seen = 0;

	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		struct cg_call asked = { .arch = abi->audit_arch };
		size_t steps;

		if (!cg_syscall_number(call, abi, &asked.nr))
			continue;
		if (cg_program_decide(program, &asked, &steps) == CG_RET_ALLOW)
			paths.allowed++;
		paths.cached += cg_program_cached(program, abi, asked.nr);
		paths.mix += (double)steps * cg_syscall_frequency(call);
		seen += cg_syscall_frequency(call);
		paths.calls++;
		paths.steps += steps;
		if (steps > paths.most)
			paths.most = steps;
	}
	paths.mix = seen > 0 ? paths.mix / seen : 0;
	return paths;
}

static void text_abi(const struct cg_abi *abi, const struct paths *paths)
{
	printf("%s: %zu calls, %.1f instructions on average, %.2f over usual "
	       "programs, %zu at most; ",
	       abi->name, paths->calls,
	       paths->calls ? (double)paths->steps / (double)paths->calls : 0.0,
	       paths->mix, paths->most);
	if (abi->action_cache)
		printf("%zu of %zu allowed answered from the kernel's cache\n",
		       paths->cached, paths->allowed);
	else
		printf("%zu allowed; no action cache on this ABI\n",
		       paths->allowed);
}

static void
json_abi(const struct cg_abi *abi, const struct paths *paths, bool first)
{
	printf("%s{\"abi\":\"%s\",\"calls\":%zu,\"steps_total\":%zu,"
	       "\"steps_mix\":%.3f,\"steps_most\":%zu,\"allowed\":%zu,"
	       "\"cached\":%zu}",
	       first ? "" : ",", abi->name, paths->calls, paths->steps,
	       paths->mix, paths->most, paths->allowed, paths->cached);
}

void report_program(const struct cg_policy *policy,
		    const struct cg_program *program, bool json)
{
	size_t converted = cg_program_converted_length(program), count;
	const struct cg_abi *abi;

	cg_program_insns(program, &count);
	if (json)
		printf("{\"instructions\":%zu,\"converted\":%zu,\"proved\":"
		       "true,"
		       "\"abis\":[",
		       count, converted);
	else
		printf("%zu instructions (%zu after the kernel's conversion), "
		       "proved equal to the policy\n",
		       count, converted);
	for (size_t i = 0; (abi = cg_policy_abi(policy, i)); i++) {
		const struct paths paths = measure(program, abi);

		if (json)
			json_abi(abi, &paths, i == 0);
		else
			text_abi(abi, &paths);
	}
	if (json)
		puts("]}");
}
