/*
 * Dynamic programming over intervals of runs. What may stand at the root of a
 * tree for the runs i..j:
 *
 *   a threshold (value >= first value of run k), with a tree on either side;
 *   a chain of equality tests, where all runs but those of a single value go
 *   to one node: each test takes one such value out.
 *
 * A chain is worth two thresholds for each value that it takes out, so it is
 * the size of the program that it mends; the thresholds keep it shallow.
 */
#include "compile/runs.h"

#include <string.h>

enum {
	WINDOW = 128, /* runs that are looked at together; the rest is split */
	CHAIN_MAX = 6,
};

/*
 * What a test's place in memory costs, against executing it every time: one
 * part in SIZE_PRICE. Whole numbers, so that every machine finds the same.
 */
enum { SIZE_PRICE = 50 };

struct plan {
	uint64_t cost;
	int16_t split; /* the threshold's run, or CHAIN */
};

enum { CHAIN = -1 };

struct tree {
	struct graph *graph;
	uint8_t word;
	uint32_t mask;
	const struct run *runs;
	size_t count;
	const uint64_t *before; /* before[i]: weight of the runs below i */
	struct plan *plans;     /* count * count; [i * count + j] */
};

bool runs_add(struct runs *runs, struct arena *arena, uint32_t first,
	      uint32_t node, uint32_t weight)
{
	struct run *last = runs->count ? &runs->at[runs->count - 1] : NULL;

	if (last && last->first == first) {
		/* Nothing lies in it: the new one takes its place. */
		runs->count--;
		last = runs->count ? &runs->at[runs->count - 1] : NULL;
	}
	if (last && last->node == node) {
		last->weight += weight;
		return true;
	}
	runs->at = arena_grow(arena, runs->at, &runs->room, runs->count + 1,
			      sizeof(*runs->at));
	if (!runs->at)
		return false;
	runs->at[runs->count++] = (struct run){ first, node, weight };
	return true;
}

/* A run of a single value; the last run of a word never is one. */
static bool is_single(const struct tree *tree, size_t i)
{
	return i + 1 < tree->count &&
	       tree->runs[i + 1].first == tree->runs[i].first + 1;
}

static uint64_t weight_of(const struct tree *tree, size_t i, size_t j)
{
	return tree->before[j + 1] - tree->before[i];
}

/*
 * The node that a chain over i..j leaves its rest to: that of the only run
 * with several values, or the heaviest. False if two such runs differ.
 */
static bool
chain_rest(const struct tree *tree, size_t i, size_t j, uint32_t *rest)
{
	bool found = false;
	uint64_t heaviest = 0;

	for (size_t k = i; k <= j; k++) {
		if (is_single(tree, k))
			continue;
		if (found && *rest != tree->runs[k].node)
			return false;
		found = true;
		*rest = tree->runs[k].node;
	}
	/* All are single values: the most common outcome need not be tested. */
	for (size_t k = i; !found && k <= j; k++) {
		uint64_t weight = 0;

		for (size_t l = i; l <= j; l++)
			if (tree->runs[l].node == tree->runs[k].node)
				weight += 1 + tree->runs[l].weight;
		if (weight > heaviest) {
			heaviest = weight;
			*rest = tree->runs[k].node;
		}
	}
	return true;
}

/* The runs that a chain tests, the heaviest first; how many, or none. */
static size_t chain_links(const struct tree *tree, size_t i, size_t j,
			  uint32_t rest, size_t links[CHAIN_MAX])
{
	size_t count = 0;

	for (size_t k = i; k <= j; k++) {
		size_t at = count;

		if (tree->runs[k].node == rest)
			continue;
		if (count++ == CHAIN_MAX)
			return CHAIN_MAX + 1;
		for (; at > 0 &&
		       tree->runs[links[at - 1]].weight < tree->runs[k].weight;
		     at--)
			links[at] = links[at - 1];
		links[at] = k;
	}
	return count;
}

static bool chain_cost(const struct tree *tree, size_t i, size_t j,
		       uint64_t price, uint64_t *cost)
{
	uint64_t left = weight_of(tree, i, j);
	size_t links[CHAIN_MAX + 1], count;
	uint32_t rest = GRAPH_NONE;

	if (j - i > 2 * CHAIN_MAX || !chain_rest(tree, i, j, &rest))
		return false;
	count = chain_links(tree, i, j, rest, links);
	if (count > CHAIN_MAX)
		return false;
	*cost = price * count;
	for (size_t k = 0; k < count; k++) {
		*cost += left;
		left -= tree->runs[links[k]].weight;
	}
	return true;
}

static void plan_interval(struct tree *tree, size_t i, size_t j, uint64_t price)
{
	const size_t n = tree->count;
	struct plan best = { .cost = UINT64_MAX };
	uint64_t through = weight_of(tree, i, j) + price, cost;

	if (chain_cost(tree, i, j, price, &cost))
		best = (struct plan){ cost, CHAIN };
	for (size_t k = i + 1; k <= j; k++) {
		cost = through + tree->plans[i * n + k - 1].cost +
		       tree->plans[k * n + j].cost;
		if (cost < best.cost)
			best = (struct plan){ cost, (int16_t)k };
	}
	tree->plans[i * n + j] = best;
}

static uint32_t build(const struct tree *tree, size_t i, size_t j);

static uint32_t build_chain(const struct tree *tree, size_t i, size_t j)
{
	size_t links[CHAIN_MAX + 1], count;
	uint32_t node = GRAPH_NONE;

	chain_rest(tree, i, j, &node);
	count = chain_links(tree, i, j, node, links);
	while (count-- > 0) {
		const struct run *run = &tree->runs[links[count]];

		node = graph_test(tree->graph, tree->word, OP_EQ, tree->mask,
				  run->first, run->node, node);
	}
	return node;
}

static uint32_t
build_threshold(const struct tree *tree, size_t k, uint32_t low, uint32_t high)
{
	return graph_test(tree->graph, tree->word, OP_GE, tree->mask,
			  tree->runs[k].first, high, low);
}

static uint32_t build(const struct tree *tree, size_t i, size_t j)
{
	const struct plan *plan = &tree->plans[i * tree->count + j];
	uint32_t low, high;

	if (i == j)
		return tree->runs[i].node;
	if (plan->split == CHAIN)
		return build_chain(tree, i, j);
	low = build(tree, i, (size_t)plan->split - 1);
	high = build(tree, (size_t)plan->split, j);
	return build_threshold(tree, (size_t)plan->split, low, high);
}

/* Where to cut a list that is too long: near the middle of its weight. */
static size_t cut_point(const struct run *runs, size_t count)
{
	uint64_t total = 0, sum = 0;

	for (size_t i = 0; i < count; i++)
		total += runs[i].weight;
	for (size_t i = 0; i < count; i++) {
		sum += runs[i].weight;
		if (sum * 2 < total)
			continue;
		if (i < count / 4)
			return count / 4;
		return i > count - count / 4 ? count - count / 4 : i;
	}
	return count / 2;
}

static uint32_t decide(struct tree *tree)
{
	struct arena *arena = tree->graph->arena;
	const size_t n = tree->count;
	uint64_t *before, price;

	before = arena_array(arena, uint64_t, n + 1);
	tree->plans = arena_array(arena, struct plan, n * n);
	if (!before || !tree->plans) {
		tree->graph->no_memory = true;
		return GRAPH_NONE;
	}
	for (size_t i = 0; i < n; i++)
		before[i + 1] = before[i] + tree->runs[i].weight;
	tree->before = before;
	price = before[n] / SIZE_PRICE + 1;
	for (size_t length = 1; length < n; length++)
		for (size_t i = 0; i + length < n; i++)
			plan_interval(tree, i, i + length, price);
	return build(tree, 0, n - 1);
}

static uint32_t decide_long(struct tree *tree)
{
	struct tree low = *tree, high = *tree;
	size_t cut;
	uint32_t below, above;

	if (tree->count <= WINDOW)
		return decide(tree);
	cut = cut_point(tree->runs, tree->count);
	low.count = cut;
	high.count = tree->count - cut;
	high.runs = tree->runs + cut;
	below = decide_long(&low);
	above = decide_long(&high);
	return build_threshold(tree, cut, below, above);
}

/* The smallest value from `from` on that has no bit outside `mask`, or none. */
static bool next_within(uint32_t from, uint32_t mask, uint32_t *out)
{
	uint32_t value = from;

	/* Clear what is below the highest bit outside the mask, and carry. */
	for (unsigned i = 32; i-- > 0;) {
		uint32_t bit = 1u << i;

		if (!(value & bit) || mask & bit)
			continue;
		/* Go up at a bit of the mask above this one that is clear. */
		for (unsigned j = i + 1; j < 32; j++) {
			uint32_t above = 1u << j;

			if (!(mask & above) || value & above)
				continue;
			*out = (value & ~(above - 1)) | above;
			return true;
		}
		return false;
	}
	*out = value;
	return true;
}

/* Runs without those that no masked value can lie in. */
static bool reachable(struct arena *arena, uint32_t mask,
		      const struct runs *runs, struct runs *out)
{
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->at[i];
		bool is_last = i + 1 == runs->count;
		uint32_t value;

		if (!next_within(run->first, mask, &value))
			break;
		if (!is_last && value >= runs->at[i + 1].first)
			continue;
		if (!runs_add(out, arena, out->count ? run->first : 0,
			      run->node, run->weight))
			return false;
	}
	return true;
}

uint32_t runs_decide(struct graph *graph, uint8_t word, uint32_t mask,
		     const struct runs *runs)
{
	struct tree tree = { .graph = graph, .word = word, .mask = mask };
	struct runs kept = { 0 };

	if (!reachable(graph->arena, mask, runs, &kept)) {
		graph->no_memory = true;
		return GRAPH_NONE;
	}
	/* Zero against the rest needs no AND. */
	if (mask != UINT32_MAX && kept.count == 2 && mask) {
		uint32_t least = mask & -mask;

		if (kept.at[1].first <= least)
			return graph_test(graph, word, OP_SET, UINT32_MAX, mask,
					  kept.at[1].node, kept.at[0].node);
	}
	tree.runs = kept.at;
	tree.count = kept.count;
	return decide_long(&tree);
}
