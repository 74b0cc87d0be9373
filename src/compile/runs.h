/*
 * compile/runs.h - from runs of equal outcome to a tree of tests.
 *
 * A word's values 0..UINT32_MAX are cut into runs; each run goes to one node.
 * runs_decide() finds the tests that tell the runs apart at the least cost:
 * the expected number of tests plus a price for each test's place (cost.h).
 */
#ifndef COMPILE_RUNS_H
#define COMPILE_RUNS_H

#include "compile/graph.h"

struct run {
	uint32_t first; /* up to where the next run begins */
	uint32_t node;
	uint32_t weight; /* how often a value lies here, against the others */
};

struct runs {
	struct run *at; /* in the arena */
	size_t count, room;
};

/* Add a run behind the last; one that goes to the same node is stretched. */
bool runs_add(struct runs *runs, struct arena *arena, uint32_t first,
	      uint32_t node, uint32_t weight);

/*
 * The node that decides (word & mask) by the runs.
 *
 * Requires  at least one run, the first from 0, sorted, neighbours different.
 * Ensures   for every value of the word, the tests from the result lead to
 *           the node of the value's run.
 * Fails     as the graph does: ask graph_ok().
 */
uint32_t runs_decide(struct graph *graph, uint8_t word, uint32_t mask,
		     const struct runs *runs);

/*
 * The same for nr. Where ABIs differ in a `bit` of it, tests for the lower one
 * may serve the higher one, too; 0 for no such bit. `share`: log2 of the part
 * of all calls that come here. The rarer they are the more places matter.
 */
uint32_t runs_decide_nr(struct graph *graph, const struct runs *runs,
			uint32_t bit, unsigned share);

#endif
