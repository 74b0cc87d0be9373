/*
 * How time and length grow: with the number of calls, of conditions and of
 * architectures. Rows for tools/plot: "# TITLE | X AXIS", then
 * "X MICROSECONDS INSTRUCTIONS", the time of compiling and proving.
 */
#include <callgate/callgate.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "bench.h"

enum { ROUNDS = 31 };

static uint64_t seed;

/* splitmix64: the same policies on every machine. */
static uint64_t chance(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void put_head(struct buf *out, const char *architectures)
{
	buf_printf(out,
		   "seccomp:\n  default_action: errno\n"
		   "  architectures: [%s]\n  syscalls:\n  - action: allow\n",
		   architectures);
}

/* Microseconds of the processor, so that others at work do not count. */
static double spent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* ---------------------------------------------------------- the policies -- */

/* So many calls of i386, which has most, from all over its table. */
static void put_calls(struct buf *out, size_t wanted)
{
	const struct cg_abi *abi = cg_abi_by_name("i386");
	const struct cg_syscall *call;
	size_t left = 0, put = 0;
	uint32_t nr;

	put_head(out, "i386");
	buf_puts(out, "    names: [");
	for (size_t i = 0; (call = cg_syscall_get(i)); i++)
		left += cg_syscall_number(call, abi, &nr);
	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		if (!cg_syscall_number(call, abi, &nr))
			continue;
		/* Each is taken with the chance that leaves enough of them. */
		if (chance() % left-- < wanted - put)
			buf_printf(out, put++ ? ", %s" : "%s", call->name);
	}
	buf_puts(out, "]\n");
}

/* Values of one argument in ten calls, each with one of a second argument. */
static void put_conditions(struct buf *out, size_t wanted)
{
	static const char *const calls[] = { "ioctl", "prctl",  "fcntl",
					     "kcmp",  "keyctl", "madvise",
					     "bpf",   "ptrace", "lseek",
					     "msync" };

	put_head(out, "x86_64");
	buf_puts(out, "    names: [read, write, exit_group]\n");
	buf_puts(out, wanted ? "    rules:\n" : "");
	for (size_t i = 0; i < wanted; i++)
		buf_printf(out, "    - %s(_, %" PRIu64 ", %" PRIu64 ")\n",
			   calls[i % 10], chance() % 65536, chance() % 4);
}

/* The first ABIs of little-endian kernels with seccomp; a server's calls. */
static void put_architectures(struct buf *out, size_t wanted)
{
	struct buf list = { 0 };
	const struct cg_abi *abi;
	size_t put = 0;

	for (size_t i = 0; (abi = cg_abi_at(i)) && put < wanted; i++)
		if (abi->seccomp && !abi->big_endian)
			buf_printf(&list, put++ ? ", %s" : "%s", abi->name);
	if (list.failed || put < wanted) {
		fprintf(stderr, "there are but %zu such ABIs\n", put);
		exit(EXIT_FAILURE);
	}
	put_head(out, list.text);
	buf_puts(out, "    names: [\"@basic-io\", \"@runtime\", "
		      "\"@network-server\", exit_group]\n"
		      "    rules:\n    - prctl(1..15)\n"
		      "    - personality({0, 8, 0xffffffff})\n");
	buf_free(&list);
}

/* ------------------------------------------------------------- the tables --
 */

static const struct series {
	const char *title, *axis;
	void (*put)(struct buf *out, size_t wanted);
	size_t steps[16]; /* ends with 0, which may be the first step, too */
} series[] = {
	{ "calls",
	  "allowed calls of i386",
	  put_calls,
	  { 10, 25, 50, 100, 150, 200, 250, 300, 350, 400, 450 } },
	{ "conditions",
	  "rules with two conditions each",
	  put_conditions,
	  { 0, 1, 10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000 } },
	{ "architectures",
	  "architectures in one filter",
	  put_architectures,
	  { 1, 2, 3, 4, 6, 8, 10, 12, 14, 15, 16, 17 } },
};

/* Noise only adds, so the least of some rounds is the smoothest to draw. */
static void print_step(const struct series *one, size_t step)
{
	struct cg_policy *policy = NULL;
	double samples[ROUNDS];
	struct buf text = { 0 };
	struct cg_error err;
	size_t insns = 0;

	seed = step;
	one->put(&text, step);
	if (text.failed)
		exit(EXIT_FAILURE);
	if (cg_policy_parse(text.text, text.length, one->title, NULL, &policy,
			    &err) != CG_OK)
		bench_die(one->title, &err);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct cg_program *program = NULL;
		double start = spent();

		if (cg_compile(policy, NULL, &program, &err) != CG_OK)
			bench_die(one->title, &err);
		samples[i] = spent() - start;
		cg_program_insns(program, &insns);
		cg_program_free(program);
	}
	printf("%6zu %8.0f %6zu\n", step, bench_times(samples, ROUNDS).least,
	       insns);
	cg_policy_free(policy);
	buf_free(&text);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		const struct series *one = &series[i];

		printf("%s# %s | %s\n", i ? "\n" : "", one->title, one->axis);
		for (size_t j = 0; j == 0 || one->steps[j]; j++)
			print_step(one, one->steps[j]);
	}
	return EXIT_SUCCESS;
}
