/*
 * What a filter costs once it is there: loading it, and a call under it. Each
 * measurement is a child's, since a filter cannot be taken off again; filters
 * take turns, so that noise meets all of them alike.
 */
#include <callgate/callgate.h>

#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "peer.h"

enum { ROUNDS = 50, LOADS = 5, CALLS = 20000, SET_MODE_FILTER = 1 };

enum { CACHED, ARGUMENTS, DENIED, KINDS };

/* Calls that do next to nothing where they are allowed. */
static const struct kind {
	const char *name;
	long nr, first;
} kinds[KINDS] = {
	[CACHED] = { "getppid", SYS_getppid, 0 },
	[ARGUMENTS] = { "personality", SYS_personality, 0xffffffff },
	/* Refused; without a filter the kernel finds no such device. */
	[DENIED] = { "ustat", SYS_ustat, 0 },
};

/* What a child sends back. */
struct sample {
	double load, calls[KINDS]; /* microseconds, nanoseconds each */
};

struct filter {
	const char *name;
	struct cg_program *program; /* NULL: none is loaded */
	struct sample samples[ROUNDS];
};

static double load(const struct cg_program *program)
{
	struct sock_fprog fprog;
	const struct cg_insn *insns;
	double start;
	size_t count;

	insns = cg_program_insns(program, &count);
	fprog.len = (unsigned short)count;
	fprog.filter = (struct sock_filter *)(uintptr_t)insns;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(1);
	start = bench_now();
	if (syscall(SYS_seccomp, SET_MODE_FILTER, 0, &fprog) != 0)
		_exit(1);
	return bench_now() - start;
}

static double call(const struct kind *kind)
{
	double start;

	/* A round to warm up, and one to count. */
	for (size_t i = 0; i < CALLS / 10; i++)
		syscall(kind->nr, kind->first, 0);
	start = bench_now();
	for (size_t i = 0; i < CALLS; i++)
		syscall(kind->nr, kind->first, 0);
	return (bench_now() - start) * 1e3 / CALLS;
}

static bool allows_all(const struct cg_program *program)
{
	size_t count;

	cg_program_insns(program, &count);
	return count == 1;
}

/* An answer that is not the one measured makes all figures worthless. */
static bool answers(const struct cg_program *program)
{
	errno = 0;
	syscall(kinds[DENIED].nr, kinds[DENIED].first, 0);
	return syscall(kinds[CACHED].nr) > 0 &&
	       syscall(kinds[ARGUMENTS].nr, kinds[ARGUMENTS].first) >= 0 &&
	       (!program || errno == EPERM || allows_all(program));
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

static void child(const struct filter *filter, int out)
{
	struct sample sample = { 0 };

	if (filter->program)
		sample.load = load(filter->program);
	if (!answers(filter->program))
		_exit(2);
	for (size_t i = 0; i < KINDS; i++)
		sample.calls[i] = call(&kinds[i]);
	/* On top of itself, now that the kernel's code and data are warm. */
	for (size_t i = 1; filter->program && i < LOADS; i++)
		sample.load = lesser(sample.load, load(filter->program));
	_exit(write(out, &sample, sizeof(sample)) != sizeof(sample));
}

static void measure(struct filter *filter, size_t round)
{
	struct cg_error err = { 0 };
	int ends[2], status;
	bool got;
	pid_t pid;

	if (pipe(ends) != 0)
		exit(EXIT_FAILURE);
	pid = fork();
	if (pid == 0)
		child(filter, ends[1]);
	close(ends[1]);
	got = read(ends[0], &filter->samples[round],
		   sizeof(filter->samples[round])) ==
	      sizeof(filter->samples[round]);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 || !got) {
		snprintf(err.message, sizeof(err.message),
			 "a child under this filter failed");
		bench_die(filter->name, &err);
	}
}

/* -1: the load; else the calls of this kind. */
static double median(const struct filter *filter, int kind)
{
	double samples[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		samples[i] = kind < 0 ? filter->samples[i].load
				      : filter->samples[i].calls[kind];
	return bench_times(samples, ROUNDS).median;
}

static void print_filter(const struct filter *filter, const struct filter *none,
			 const struct filter *ours)
{
	size_t insns;

	if (!filter->program) {
		printf("  %-22s %6s %15s", filter->name, "", "");
	} else {
		cg_program_insns(filter->program, &insns);
		printf("  %-22s %6zu %6.0f us x%-4.1f", filter->name, insns,
		       median(filter, -1),
		       median(filter, -1) / median(ours, -1));
	}
	for (int i = 0; i < KINDS; i++)
		printf(" %5.0f ns %+5.0f", median(filter, i),
		       median(filter, i) - median(none, i));
	putchar('\n');
}

static struct cg_program *
ours(const struct cg_policy *policy, enum cg_cost cost)
{
	const struct cg_compile_options options = { .cost = cost };
	struct cg_program *program = NULL;
	struct cg_error err;

	if (cg_compile(policy, &options, &program, &err) != CG_OK)
		bench_die("compile", &err);
	return program;
}

/* What any filter costs: the least there can be. */
static struct cg_program *allow_all(void)
{
	const struct cg_insn insn = { 6, 0, 0, CG_RET_ALLOW };
	struct cg_program *program = NULL;
	struct cg_error err;

	if (cg_program_from_insns(&insn, 1, false, &program, &err) != CG_OK)
		bench_die("one instruction", &err);
	return program;
}

/*
 * One child for each filter. What a child leaves for the kernel to clean up
 * costs the next one time, so each comes after each of the others as often:
 * `count` is a prime number.
 */
static void measure_all(struct filter *filters, size_t count, size_t round)
{
	const size_t stride = 1 + round % (count - 1);

	for (size_t i = 0; i < count; i++) {
		size_t at = (round + i * stride) % count;

		if (at == 0 || filters[at].program)
			measure(&filters[at], round);
	}
}

static void print_policy(const char *name, const char *file)
{
	static struct filter filters[] = {
		{ .name = "no filter" },       { .name = "callgate" },
		{ .name = "callgate, size" },  { .name = "libseccomp -O2" },
		{ .name = "libseccomp" },      { .name = "callgate, depth" },
		{ .name = "one instruction" },
	};
	const size_t count = sizeof(filters) / sizeof(filters[0]);
	struct cg_policy *policy = NULL;
	struct cg_error err;

	if (cg_policy_open(file, NULL, &policy, &err) != CG_OK)
		bench_die(file, &err);
	filters[1].program = ours(policy, CG_COST_CACHED);
	filters[2].program = ours(policy, CG_COST_SIZE);
	filters[5].program = ours(policy, CG_COST_DEPTH);
	filters[6].program = allow_all();
	for (int level = 1; level <= 2; level++)
		filters[5 - level].program = peer_filter(
			policy, CG_RET_ERRNO | 1, PEER_CONTAINER, level);
	for (size_t round = 0; round < ROUNDS; round++)
		measure_all(filters, count, round);
	printf("\n%s\n  %-22s %6s %15s %14s %14s %14s\n", name, "by", "insns",
	       "load", kinds[CACHED].name, kinds[ARGUMENTS].name,
	       kinds[DENIED].name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && !filters[i].program)
			printf("  %-22s libseccomp-dev is missing\n",
			       filters[i].name);
		else
			print_filter(&filters[i], &filters[0], &filters[1]);
	}
	for (size_t i = 0; i < count; i++)
		cg_program_free(filters[i].program);
	cg_policy_free(policy);
}

int main(void)
{
	printf("Loading a filter, and a call under it: answered from the "
	       "kernel's cache (%s),\nallowed by its argument (%s), denied "
	       "(%s). Medians of %d children in turn;\nof a child's %d loads "
	       "the least, and how many times callgate's; behind a call, what "
	       "it\nadds to no filter. (A denied call is spared the kernel's "
	       "own work.)\n",
	       kinds[CACHED].name, kinds[ARGUMENTS].name, kinds[DENIED].name,
	       ROUNDS, LOADS);
	print_policy("container list, 1 ABI", "policies/container-x86_64.yml");
	print_policy("container list, 3 ABIs", "policies/container.yml");
	return EXIT_SUCCESS;
}
