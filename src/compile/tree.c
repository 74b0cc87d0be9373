/*
 * Dynamic programming over intervals of runs. What may stand at the root of a
 * tree for the runs i..j:
 *
 *   a threshold, with a tree on either side;
 *   a chain of equality tests, where all runs but those of a single value go
 *   to one node: each test takes one such value out, and is worth two
 *   thresholds. The first test of a chain may take out a whole subcube, all
 *   values that have no bit outside a mask;
 *   a window: a test of some bits, and a tree on either side, where the values
 *   of the other side never come (window.c).
 */
#include "compile/tree.h"

#include "compile/window.h"

/* What a chain is made of. */
struct chain {
	uint32_t rest; /* where values go that no link takes */
	uint32_t cube; /* mask of the subcube that is taken first, or 0 */
	uint32_t cube_node;
	size_t links[TREE_CHAIN_MAX]; /* runs, the heaviest first */
	size_t count;
};

static uint64_t weight_of(const struct tree *tree, size_t i, size_t j)
{
	return tree->before[j + 1] - tree->before[i];
}

/*
 * The node that a chain over i..j leaves its rest to: that of the runs with
 * several values, or the commonest. False if two such runs differ.
 */
static bool
chain_rest(const struct tree *tree, size_t i, size_t j, uint32_t *rest)
{
	uint64_t heaviest = 0;
	bool found = false;

	for (size_t k = i; k <= j; k++) {
		if (tree->runs[k].single)
			continue;
		if (found && *rest != tree->runs[k].node)
			return false;
		found = true;
		*rest = tree->runs[k].node;
	}
	for (size_t k = i; !found && k <= j; k++) {
		uint64_t weight = 0;

		for (size_t l = i; l <= j; l++)
			if (tree->runs[l].node == tree->runs[k].node)
				weight += tree->price + tree->runs[l].weight;
		if (weight > heaviest) {
			heaviest = weight;
			*rest = tree->runs[k].node;
		}
	}
	return true;
}

/*
 * The largest subcube at zero: the first links in order of value, all to one
 * node, that are just the values without a bit outside a mask.
 */
static size_t find_cube(const struct tree *tree, const size_t *links,
			size_t count, uint32_t *mask)
{
	size_t best = 0;
	uint32_t bits = 0;

	*mask = 0;
	for (size_t k = 0; k < count; k++) {
		const struct leaf_run *run = &tree->runs[links[k]];

		if (run->node != tree->runs[links[0]].node)
			break;
		bits |= run->first;
		if (k > 0 && k + 1 == (size_t)1 << __builtin_popcount(bits)) {
			best = k + 1;
			*mask = bits;
		}
	}
	return best;
}

static void sort_links(const struct tree *tree, struct chain *chain)
{
	for (size_t k = 1; k < chain->count; k++)
		for (size_t l = k; l > 0; l--) {
			size_t *a = &chain->links[l - 1], *b = a + 1, swap = *a;

			if (tree->runs[*a].weight >= tree->runs[*b].weight)
				break;
			*a = *b;
			*b = swap;
		}
}

/* The chain over i..j, if there can be one. */
static bool
chain_find(const struct tree *tree, size_t i, size_t j, struct chain *chain)
{
	size_t taken;

	chain->count = 0;
	if (j - i > 2 * TREE_CHAIN_MAX || !chain_rest(tree, i, j, &chain->rest))
		return false;
	for (size_t k = i; k <= j; k++) {
		if (tree->runs[k].node == chain->rest)
			continue;
		if (chain->count == TREE_CHAIN_MAX)
			return false;
		chain->links[chain->count++] = k;
	}
	taken = find_cube(tree, chain->links, chain->count, &chain->cube);
	if (taken)
		chain->cube_node = tree->runs[chain->links[0]].node;
	chain->count -= taken;
	for (size_t k = 0; k < chain->count; k++)
		chain->links[k] = chain->links[k + taken];
	sort_links(tree, chain);
	return true;
}

static uint64_t chain_cost(const struct tree *tree, size_t i, size_t j,
			   const struct chain *chain)
{
	uint64_t left = weight_of(tree, i, j), cost = 0;

	if (chain->cube) {
		cost = left + tree->price;
		for (size_t k = i; k <= j; k++)
			if (!(tree->runs[k].first & ~chain->cube) &&
			    tree->runs[k].node == chain->cube_node)
				left -= tree->runs[k].weight;
	}
	for (size_t k = 0; k < chain->count; k++) {
		cost += left + tree->price;
		left -= tree->runs[chain->links[k]].weight;
	}
	return cost;
}

/* The cheapest threshold for i..j, without what the test itself costs. */
static uint64_t
best_split(const struct tree *tree, size_t i, size_t j, size_t *at)
{
	const uint64_t *low = tree->by_first + i * tree->count;
	const uint64_t *high = tree->by_last + j * tree->count;
	uint64_t best = UINT64_MAX;

	/* A part never costs more than the whole: past a dear one all are. */
	for (size_t k = i + 1; k <= j && low[k - 1] < best; k++) {
		uint64_t cost = low[k - 1] + high[k];

		if (cost < best) {
			best = cost;
			*at = k;
		}
	}
	return best;
}

static void set_plan(struct tree *tree, size_t i, size_t j, struct plan plan)
{
	const size_t n = tree->count;

	tree->plans[i * n + j] = plan;
	tree->by_first[i * n + j] = tree->by_last[j * n + i] = plan.cost;
}

static void plan_interval(struct tree *tree, size_t i, size_t j)
{
	struct plan best = { .cost = UINT64_MAX };
	struct chain chain;
	uint64_t cost;
	size_t at = i + 1;

	if (chain_find(tree, i, j, &chain))
		best = (struct plan){ chain_cost(tree, i, j, &chain),
				      chain.cube, SHAPE_CHAIN, 0 };
	cost = weight_of(tree, i, j) + tree->price +
	       best_split(tree, i, j, &at);
	if (cost < best.cost)
		best = (struct plan){ cost, 0, SHAPE_THRESHOLD, (uint8_t)at };
	if (tree->windows && j - i < tree->graph->cost.window)
		window_try(tree, i, j, &best);
	set_plan(tree, i, j, best);
}

/*
 * Where the plan goes through an interval, see whether a window is cheaper: the
 * parts first, for they make the whole cheaper, too. Windows of many runs are
 * looked for here alone: to try them in every interval takes much longer and
 * gains little.
 */
static void improve(struct tree *tree, size_t i, size_t j)
{
	struct plan *plan = &tree->plans[i * tree->count + j];

	if (i == j)
		return;
	if (plan->shape == SHAPE_THRESHOLD) {
		const struct plan *low = plan - j + plan->at - 1;
		const struct plan *high =
			&tree->plans[plan->at * tree->count + j];

		improve(tree, i, (size_t)plan->at - 1);
		improve(tree, plan->at, j);
		plan->cost = weight_of(tree, i, j) + tree->price + low->cost +
			     high->cost;
	}
	window_try(tree, i, j, plan);
}

bool tree_plan(struct tree *tree)
{
	const size_t n = tree->count;

	tree->plans = arena_array(tree->graph->arena, struct plan, n * n);
	tree->by_first = arena_array(tree->graph->arena, uint64_t, n * n);
	tree->by_last = arena_array(tree->graph->arena, uint64_t, n * n);
	if (!tree->plans || !tree->by_first || !tree->by_last) {
		tree->graph->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		tree->before[i + 1] = tree->before[i] + tree->runs[i].weight;
	for (size_t length = 1; length < n; length++)
		for (size_t i = 0; i + length < n; i++)
			plan_interval(tree, i, i + length);
	if (tree->windows)
		improve(tree, 0, n - 1);
	return !tree->graph->no_memory;
}

/* ------------------------------------------------------------- build -- */

/*
 * Where A holds the word masked it is tested masked, too, so that it need not
 * be loaded again.
 */
static uint32_t
test(const struct tree *tree, enum op op, uint32_t k, uint32_t yes, uint32_t no)
{
	return graph_test(tree->graph, tree->word, op, tree->mask, k, yes, no);
}

static uint32_t build_chain(const struct tree *tree, size_t i, size_t j)
{
	struct chain chain;
	uint32_t node;

	chain_find(tree, i, j, &chain);
	node = chain.rest;
	while (chain.count-- > 0) {
		const struct leaf_run *run =
			&tree->runs[chain.links[chain.count]];

		node = test(tree, OP_EQ, run->first, run->node, node);
	}
	if (!chain.cube)
		return node;
	/* Bits outside the word's mask are never looked at. */
	return test(tree, OP_SET, tree->mask & ~chain.cube, node,
		    chain.cube_node);
}

static uint32_t build(const struct tree *tree, size_t i, size_t j)
{
	const struct plan *plan = &tree->plans[i * tree->count + j];
	uint32_t low, high;

	if (i == j)
		return tree->runs[i].node;
	switch (plan->shape) {
	case SHAPE_CHAIN:
		return build_chain(tree, i, j);
	case SHAPE_WINDOW:
		return window_build(tree, i, j, plan->mask);
	default:
		low = build(tree, i, (size_t)plan->at - 1);
		high = build(tree, plan->at, j);
		return test(tree, OP_GE, tree->runs[plan->at].first, high, low);
	}
}

uint32_t tree_build(const struct tree *tree)
{
	return build(tree, 0, tree->count - 1);
}
