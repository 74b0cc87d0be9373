/*
 * compile/tree.h - the cheapest tests that tell runs apart.
 *
 * Cost is the expected number of tests, weighted by how often a value lies in
 * each run, plus a price for the place that each test takes.
 */
#ifndef COMPILE_TREE_H
#define COMPILE_TREE_H

#include "compile/runs.h"

/*
 * Runs as a tree sees them. A tree may know that some values never come (those
 * that a test above has sent another way), so a run of several values can still
 * be one where only one of them is left.
 */
struct leaf_run {
	uint32_t first; /* least value that can come; nothing below goes here */
	uint32_t node;
	uint64_t weight;
	bool single; /* only `first` can come */
};

/*
 * What stands at the root of an interval's tree: one of these, or the bits that
 * a window tests, with a tree on either side.
 */
enum shape {
	SHAPE_THRESHOLD =
		0,          /* value >= first of a run, a tree on either side */
	SHAPE_CHAIN = 0x80, /* equality tests; the rest goes to one node */
};

enum {
	TREE_RUNS_MAX = 192,
	TREE_CHAIN_MAX = 12,
};

struct tree {
	struct graph *graph;
	uint8_t word;
	uint32_t mask;
	const struct leaf_run *runs;
	size_t count;
	uint64_t last;   /* greatest value that can come */
	uint64_t price;  /* of a test's place */
	bool windows;    /* whether bit tests may be used */
	uint32_t window; /* intervals of so many runs are tried (cost.h) */
	uint32_t bit;    /* by which ABIs differ that share the word, or 0 */
	size_t made;     /* how many nodes the graph had before this tree */
	uint64_t before[TREE_RUNS_MAX + 1]; /* weight of the runs below i */
	/*
	 * For the intervals i < j of runs, count * count of each, and the
	 * caller's. Plans: at [i * count + j] the run that the best threshold
	 * is the first of, at [j * count + i] the shape. Costs: at either, so
	 * that a split reads two rows.
	 */
	uint8_t *plans;
	uint32_t *costs;
};

/*
 * Weights and price are such that no tree costs more than a uint32_t holds:
 * (their sum + price) * TREE_RUNS_MAX at most.
 */
#define TREE_WEIGHT_MOST (UINT32_MAX / TREE_RUNS_MAX)

/* Find the plans for all intervals of at most TREE_RUNS_MAX runs. */
void tree_plan(struct tree *tree);

/* The node that the plan for all runs comes to. */
uint32_t tree_build(const struct tree *tree);

#endif
