/*
 * Runs are first freed of what no masked value can reach, then cut to windows
 * that a tree can be planned for; the tree itself is tree.c's.
 */
#include "compile/runs.h"

#include "compile/tree.h"

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

enum { CUT_LEAST = 8 }; /* either side of a cut has that part of the runs */

/* Where to cut a list that is too long: near the middle of its weight. */
static size_t cut_point(const struct leaf_run *runs, size_t count)
{
	uint64_t total = 0, sum = 0;

	for (size_t i = 0; i < count; i++)
		total += runs[i].weight;
	for (size_t i = 0; i < count; i++) {
		sum += runs[i].weight;
		if (sum * 2 < total)
			continue;
		if (i < count / CUT_LEAST)
			return count / CUT_LEAST;
		return i > count - count / CUT_LEAST ? count - count / CUT_LEAST
						     : i;
	}
	return count / 2;
}

/* The plans are large, and needed only until there are nodes. */
static uint32_t plan_and_build(struct tree *tree)
{
	size_t size = tree->count * tree->count;
	uint32_t node = GRAPH_NONE;
	struct arena_room room;
	struct arena scratch;

	arena_begin(&scratch, tree->graph->arena->budget, &room);

	tree->plans = arena_array_raw(&scratch, uint8_t, size);
	tree->costs = arena_array_raw(&scratch, uint32_t, size);
	if (tree->plans && tree->costs) {
		tree_plan(tree);
		node = tree_build(tree);
	} else {
		tree->graph->no_memory = true;
	}
	arena_free(&scratch);
	return node;
}

static uint32_t decide(struct tree *tree);

/* Cut what is too long for one plan at thresholds; log2 deep. */
static uint32_t decide_halves(const struct tree *tree)
{
	struct tree low = *tree, high = *tree;
	uint32_t below, above;
	size_t cut;

	cut = cut_point(tree->runs, tree->count);
	low.count = cut;
	low.last = tree->runs[cut].first - 1;
	high.count = tree->count - cut;
	high.runs = tree->runs + cut;
	below = decide(&low);
	above = decide(&high);
	return graph_test(tree->graph, tree->word, OP_GE, tree->mask,
			  tree->runs[cut].first, above, below);
}

static uint32_t decide(struct tree *tree)
{
	return tree->count <= TREE_RUNS_MAX ? plan_and_build(tree)
					    : decide_halves(tree);
}

/* The smallest value from `from` on that has no bit outside `mask`, or none. */
static bool next_within(uint32_t from, uint32_t mask, uint32_t *out)
{
	uint32_t value = from;

	if (mask == UINT32_MAX) {
		*out = from;
		return true;
	}
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
	if (mask == UINT32_MAX) {
		*out = *runs;
		return true;
	}
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

/* How many values from `first` to `last` have no bit outside the mask: 2 or
   more count as 2. */
static bool is_single(uint32_t first, uint64_t last, uint32_t mask)
{
	uint32_t value, next;

	if (mask == UINT32_MAX)
		return last == first;
	return next_within(first, mask, &value) &&
	       (value == UINT32_MAX || value + (uint64_t)1 > last ||
		!next_within(value + 1, mask, &next) || next > last);
}

static struct leaf_run *
leaves_of(struct arena *arena, uint32_t mask, const struct runs *runs)
{
	struct leaf_run *leaves =
		arena_array(arena, struct leaf_run, runs->count);

	for (size_t i = 0; leaves && i < runs->count; i++) {
		const struct run *run = &runs->at[i];
		uint64_t last = i + 1 < runs->count
					? runs->at[i + 1].first - (uint64_t)1
					: UINT32_MAX;

		leaves[i] = (struct leaf_run){
			.first = run->first,
			.node = run->node,
			.weight = run->weight,
			.single = is_single(run->first, last, mask),
		};
		/* The one value that can come, which need not be the first. */
		if (leaves[i].single)
			next_within(run->first, mask, &leaves[i].first);
	}
	return leaves;
}

/* Settle the weights of the runs, and the price, which must not overflow. */
static void weigh(struct tree *tree, struct leaf_run *leaves, unsigned share)
{
	const struct cost *cost = &tree->graph->cost;
	uint64_t total = 0;
	unsigned shift = 0;

	for (size_t i = 0; i < tree->count; i++) {
		if (cost->even)
			leaves[i].weight = 1000;
		total += leaves[i].weight;
	}
	tree->price = (total * cost->place / 1000 + 1) << share;
	while ((total + tree->price) >> shift > TREE_WEIGHT_MOST)
		shift++;
	if (!shift)
		return;
	for (size_t i = 0; i < tree->count; i++)
		leaves[i].weight >>= shift;
	tree->price >>= shift;
}

/* What takes one test, or none, needs no plan. */
static bool decide_few(struct graph *graph, uint8_t word, uint32_t mask,
		       const struct leaf_run *runs, size_t count, uint32_t *out)
{
	/* Zero against the rest needs no AND. */
	if (count == 2 && mask != UINT32_MAX && mask &&
	    runs[1].first <= (mask & -mask))
		*out = graph_test(graph, word, OP_SET, UINT32_MAX, mask,
				  runs[1].node, runs[0].node);
	else if (count == 3 && runs[1].single && runs[0].node == runs[2].node)
		*out = graph_test(graph, word, OP_EQ, mask, runs[1].first,
				  runs[1].node, runs[0].node);
	else if (count == 1)
		*out = runs[0].node;
	else
		return false;
	return true;
}

static uint32_t
decide_word(struct graph *graph, uint8_t word, uint32_t mask,
	    const struct runs *runs, uint32_t bit, unsigned share)
{
	struct tree tree = { .graph = graph,
			     .word = word,
			     .mask = mask,
			     .last = UINT32_MAX,
			     .bit = bit,
			     .made = graph->count,
			     .window = bit || share ? graph->cost.guest_window
						    : graph->cost.window,
			     .windows = true };
	struct runs kept = { 0 };
	struct leaf_run *leaves = NULL;
	uint32_t node;

	if (reachable(graph->arena, mask, runs, &kept))
		leaves = leaves_of(graph->arena, mask, &kept);
	tree.runs = leaves;
	if (!leaves) {
		graph->no_memory = true;
		return GRAPH_NONE;
	}
	if (kept.count <= 3 &&
	    decide_few(graph, word, mask, leaves, kept.count, &node))
		return node;
	tree.count = kept.count;
	weigh(&tree, leaves, share);
	return decide(&tree);
}

uint32_t runs_decide(struct graph *graph, uint8_t word, uint32_t mask,
		     const struct runs *runs)
{
	return decide_word(graph, word, mask, runs, 0, 0);
}

uint32_t runs_decide_nr(struct graph *graph, const struct runs *runs,
			uint32_t bit, unsigned share)
{
	return decide_word(graph, WORD_NR, UINT32_MAX, runs, bit, share);
}
