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

#include "compile/twin.h"
#include "compile/window.h"

enum { NEAR = 16 }; /* intervals of up to so many runs are short ones */

_Static_assert(TREE_RUNS_MAX <= UINT8_MAX, "a plan holds a run in a byte");

/* What a chain is made of. */
struct chain {
	uint32_t rest; /* where values go that no link takes */
	uint32_t cube; /* mask of the subcube that is taken first, or 0 */
	uint32_t cube_node;
	size_t links[TREE_CHAIN_MAX]; /* runs, the heaviest first */
	size_t count;
	/* How many tests less than all links the values that they take need,
	   by weight: what is saved against testing all links always. */
	uint64_t saved;
	bool settled; /* a run of several values says which the rest is */
};

static uint64_t weight_of(const struct tree *tree, size_t i, size_t j)
{
	return tree->before[j + 1] - tree->before[i];
}

/*
 * The node that a chain over i..j leaves its rest to: that of the runs with
 * several values, or the commonest. False if two such runs differ.
 */
static bool chain_rest(const struct tree *tree, size_t i, size_t j,
		       uint32_t *rest, bool *settled)
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
	*settled = found;
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
	if (!count || tree->runs[links[0]].first)
		return 0;
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

/* Put a run in its place among the links. */
static void add_link(const struct tree *tree, struct chain *chain, size_t run)
{
	const uint64_t weight = tree->runs[run].weight;
	size_t at = chain->count++;

	for (; at > 0; at--) {
		size_t before = chain->links[at - 1];

		if (tree->runs[before].weight >= weight)
			break;
		chain->links[at] = before;
	}
	chain->links[at] = run;
	chain->saved += weight * (chain->count - 1 - at);
	while (at-- > 0)
		chain->saved += tree->runs[chain->links[at]].weight;
}

/* The chain over i..j, if there can be one. */
static bool
chain_find(const struct tree *tree, size_t i, size_t j, struct chain *chain)
{
	size_t links[TREE_CHAIN_MAX], count = 0, taken;

	if (j - i > 2 * TREE_CHAIN_MAX ||
	    !chain_rest(tree, i, j, &chain->rest, &chain->settled))
		return false;
	for (size_t k = i; k <= j; k++) {
		if (tree->runs[k].node == chain->rest)
			continue;
		if (count == TREE_CHAIN_MAX)
			return false;
		links[count++] = k;
	}
	taken = find_cube(tree, links, count, &chain->cube);
	if (taken)
		chain->cube_node = tree->runs[links[0]].node;
	chain->count = 0;
	chain->saved = 0;
	for (size_t k = taken; k < count; k++)
		add_link(tree, chain, links[k]);
	return true;
}

/* The chain over i..j, where there is one over i..j - 1. */
static bool
chain_extend(const struct tree *tree, size_t i, size_t j, struct chain *chain)
{
	const struct leaf_run *run = &tree->runs[j];

	/* A value of 0 may be part of a subcube. */
	if (!chain->settled ||
	    (!tree->runs[i].first && tree->runs[i].node != chain->rest))
		return chain_find(tree, i, j, chain);
	if (j - i > 2 * TREE_CHAIN_MAX)
		return false;
	if (run->node == chain->rest)
		return true;
	if (!run->single || chain->count == TREE_CHAIN_MAX)
		return false;
	add_link(tree, chain, j);
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
	return cost + chain->count * (left + tree->price) - chain->saved;
}

/*
 * Where to look for the cheapest threshold for i..j. With thresholds alone it
 * would not lie below that of the interval without the last run, nor above that
 * of the one without the first. With the other shapes this is nearly so, which
 * is what the cost's `slack` is for.
 */
static size_t slack_of(const struct tree *tree, size_t i, size_t j)
{
	const struct cost *cost = &tree->graph->cost;

	return j - i < NEAR ? cost->slack : cost->far_slack;
}

static size_t last_split(const struct tree *tree, size_t i, size_t j)
{
	size_t last;

	if (j == i + 1)
		return j;
	last = tree->plans[(i + 1) * tree->count + j] + slack_of(tree, i, j);
	return last < j ? last : j;
}

/* `split` is that of the interval without the last run. */
static size_t
first_split(const struct tree *tree, size_t i, size_t j, size_t split)
{
	const size_t slack = slack_of(tree, i, j);

	return split > i + slack ? split - slack : i + 1;
}

/*
 * The cheapest threshold for i..j, of those `from`..`to`; `*best` is its cost
 * without the test itself. `low` and `high` are the costs of the intervals that
 * begin with i and of those that end with j.
 */
static size_t best_split(const uint32_t *low, const uint32_t *high, size_t from,
			 size_t to, uint64_t *best)
{
	uint32_t least = low[from - 1] + high[from];
	size_t at = from;

	for (size_t k = from + 1; k <= to; k++) {
		uint32_t cost = low[k - 1] + high[k];

		if (cost < least) {
			least = cost;
			at = k;
		}
	}
	*best = least;
	return at;
}

/* All intervals that begin with run i; those that begin later have plans. */
static void plan_from(struct tree *tree, size_t i)
{
	const size_t n = tree->count;
	uint32_t *const low = tree->costs + i * n;
	struct chain chain;
	size_t split = i;   /* of the interval before */
	bool chains = true; /* more runs do not make a chain possible */

	low[i] = 0;
	chain.settled = false;
	for (size_t j = i + 1; j < n; j++) {
		const uint64_t test = weight_of(tree, i, j) + tree->price;
		uint32_t *const high = tree->costs + j * n;
		uint64_t cost, chained = UINT64_MAX;
		uint8_t shape = SHAPE_THRESHOLD;

		chains = chains && chain_extend(tree, i, j, &chain);
		if (chains)
			chained = chain_cost(tree, i, j, &chain);
		/* Nothing does with less than one test. */
		if (chained <= test) {
			split = (i + j + 1) / 2;
			cost = UINT64_MAX;
		} else {
			split = best_split(low, high,
					   first_split(tree, i, j, split),
					   last_split(tree, i, j), &cost);
			cost += test;
		}
		if (chained <= cost) {
			shape = SHAPE_CHAIN;
			cost = chained;
		}
		if (tree->windows && j - i < tree->window &&
		    window_fits(tree, i, j))
			window_try(tree, i, j, &shape, &cost);
		tree->plans[i * n + j] = (uint8_t)split;
		tree->plans[j * n + i] = shape;
		low[j] = high[i] = (uint32_t)cost;
	}
}

/*
 * Where the plan goes through an interval, see whether a window is cheaper: the
 * parts first, for they make the whole cheaper, too. Windows of many runs are
 * looked for here alone: to try them in every interval takes much longer and
 * gains little. Returns what the interval costs then.
 */
static uint64_t improve(struct tree *tree, size_t i, size_t j)
{
	uint8_t *shape = &tree->plans[j * tree->count + i];
	uint64_t cost = tree->costs[i * tree->count + j];

	if (i == j)
		return 0;
	if (*shape == SHAPE_THRESHOLD) {
		const size_t at = tree->plans[i * tree->count + j];

		cost = weight_of(tree, i, j) + tree->price +
		       improve(tree, i, at - 1) + improve(tree, at, j);
	}
	if (j - i >= tree->window && window_fits(tree, i, j))
		window_try(tree, i, j, shape, &cost);
	return cost;
}

void tree_plan(struct tree *tree)
{
	const size_t n = tree->count;

	tree->before[0] = 0;
	for (size_t i = 0; i < n; i++)
		tree->before[i + 1] = tree->before[i] + tree->runs[i].weight;
	for (size_t i = n; i-- > 0;)
		plan_from(tree, i);
	if (tree->windows)
		improve(tree, 0, n - 1);
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
	const uint8_t shape = tree->plans[j * tree->count + i];
	uint32_t low, high;
	size_t at;

	if (i == j)
		return tree->runs[i].node;
	low = twin_find(tree, i, j);
	if (low != GRAPH_NONE)
		return low;
	switch (shape) {
	case SHAPE_THRESHOLD:
		at = tree->plans[i * tree->count + j];
		low = build(tree, i, at - 1);
		high = build(tree, at, j);
		return test(tree, OP_GE, tree->runs[at].first, high, low);
	case SHAPE_CHAIN:
		return build_chain(tree, i, j);
	default:
		return window_build(tree, i, j, shape);
	}
}

uint32_t tree_build(const struct tree *tree)
{
	return build(tree, 0, tree->count - 1);
}
