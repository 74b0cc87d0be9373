/* bench/figures.h - what a filter costs, and the least it could. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <callgate/callgate.h>

struct figures {
	size_t insns, converted;
	double mix;      /* executed for a call of usual programs, on average */
	double uniform;  /* the same, every call of the first ABI alike */
	double uncached; /* every call of it that runs the filter alike */
	size_t longest;  /* path, in instructions */
	size_t cached;   /* numbers that newer kernels answer without it */
};

/* Calls are made with all arguments 0, on the first ABI of the policy. */
struct figures
figures_of(const struct cg_policy *policy, const struct cg_program *program);

/* Numbers from `first` up to the next run get `answer`. */
struct run {
	uint32_t first, answer;
};

enum { RUNS_MAX = 1024 };

/*
 * The policy as runs of numbers, as few as there are. 0 if it covers more than
 * one ABI or looks at an argument.
 */
size_t runs_of(const struct cg_policy *policy, struct run out[RUNS_MAX]);

#endif
