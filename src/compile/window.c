#include "compile/window.h"

enum { BITS = 7 }; /* that the values of a window can differ in */

/* Runs i..j as sets of values, bit v being the v-th from the first. */
struct window {
	const struct tree *tree;
	size_t first, count;
	uint64_t runs[WINDOW_MOST];
	uint64_t nodes[WINDOW_MOST]; /* the values that go to one node */
	size_t node_count;
	uint64_t all;
	uint64_t bits[BITS]; /* the values that have bit i */
};

/*
 * The runs of one side: what is left of each, neighbours to one node joined;
 * and a tree for them, with the room for its plans.
 */
struct side {
	struct leaf_run runs[WINDOW_MOST];
	size_t count;
	struct tree tree;
	uint8_t plans[WINDOW_MOST * WINDOW_MOST];
	uint32_t costs[WINDOW_MOST * WINDOW_MOST];
};

static uint64_t rotate_right(uint64_t value, unsigned by)
{
	return by ? value >> by | value << (64 - by) : value;
}

/* Which of the 64 values from `low` on have each of the lowest bits. */
static void bits_init(struct window *window, uint64_t low, uint64_t all)
{
	static const uint64_t patterns[] = {
		0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
		0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000,
	};
	unsigned phase = low % 64;
	uint64_t beyond = phase ? UINT64_MAX << (64 - phase) : 0;

	for (unsigned b = 0; b < 6; b++)
		window->bits[b] = rotate_right(patterns[b], phase) & all;
	/* Bit 6 changes once at most, where the next 64 values begin. */
	window->bits[6] = (low >> 6 & 1 ? ~beyond : beyond) & all;
}

static uint64_t up_to(uint64_t values)
{
	return values < WINDOW_SPAN ? ((uint64_t)1 << values) - 1 : UINT64_MAX;
}

/* Sort the window's values by where they go. */
static void nodes_init(struct window *window)
{
	const struct leaf_run *runs = window->tree->runs + window->first;
	size_t of[WINDOW_MOST]; /* a run that goes to the node */

	window->node_count = 0;
	for (size_t k = 0; k < window->count; k++) {
		size_t n = 0;

		while (n < window->node_count &&
		       runs[of[n]].node != runs[k].node)
			n++;
		if (n == window->node_count) {
			of[n] = k;
			window->nodes[window->node_count++] = 0;
		}
		window->nodes[n] |= window->runs[k];
	}
}

static void
window_init(struct window *window, const struct tree *tree, size_t i, size_t j)
{
	uint64_t low = tree->runs[i].first;
	uint64_t end =
		j + 1 < tree->count ? tree->runs[j + 1].first : tree->last + 1;

	window->tree = tree;
	window->first = i;
	window->count = j - i + 1;
	for (size_t k = i; k <= j; k++) {
		uint64_t from = tree->runs[k].first - low;
		uint64_t to = (k < j ? tree->runs[k + 1].first : end) - low;

		window->runs[k - i] = up_to(to) & ~up_to(from);
	}
	window->all = up_to(end - low);
	bits_init(window, low, window->all);
	nodes_init(window);
}

/*
 * How many tests a side needs at least with comparisons alone: one for each
 * border, less one for each single value between two runs to the same node.
 */
static unsigned tests_of(const struct window *window, uint64_t values)
{
	const struct leaf_run *runs = window->tree->runs + window->first;
	uint32_t before = GRAPH_NONE, last = GRAPH_NONE;
	unsigned borders = 0, saved = 0;
	bool used = true; /* whether the last run's neighbour was saved */
	bool single = false;

	for (size_t k = 0; k < window->count; k++) {
		uint64_t part = window->runs[k] & values;

		if (!part)
			continue;
		if (runs[k].node == last) {
			single = false;
			continue;
		}
		/* before, last, this one: is last a single between equals? */
		if (single && !used && before == runs[k].node) {
			saved++;
			used = true;
		} else {
			used = false;
		}
		borders += last != GRAPH_NONE;
		before = last;
		last = runs[k].node;
		single = !(part & (part - 1));
	}
	return borders - saved;
}

/* The same for all values of the runs i..j, which are neighbours. */
static unsigned tests_between(const struct tree *tree, size_t i, size_t j)
{
	const struct leaf_run *runs = tree->runs;
	unsigned tests = (unsigned)(j - i);
	bool used = false;

	for (size_t k = i + 2; k <= j; k++) {
		used = !used && runs[k].first - runs[k - 1].first == 1 &&
		       runs[k - 2].node == runs[k].node;
		tests -= used;
	}
	return tests;
}

static void
side_init(const struct window *window, uint64_t values, struct side *side)
{
	const struct leaf_run *runs = window->tree->runs + window->first;

	side->count = 0;
	for (size_t k = 0; k < window->count; k++) {
		uint64_t part = window->runs[k] & values;
		unsigned width = (unsigned)__builtin_popcountll(part);
		unsigned whole =
			(unsigned)__builtin_popcountll(window->runs[k]);
		struct leaf_run *last =
			side->count ? &side->runs[side->count - 1] : NULL;
		uint64_t weight = runs[k].weight * width / whole;

		if (!part)
			continue;
		if (last && last->node == runs[k].node) {
			last->weight += weight;
			last->single = false;
			continue;
		}
		side->runs[side->count++] = (struct leaf_run){
			.first =
				runs[0].first + (uint32_t)__builtin_ctzll(part),
			.node = runs[k].node,
			.weight = weight,
			.single = width == 1,
		};
	}
}

/* Plan a side's tree; more bit tests in it would gain nothing. */
static void side_plan(const struct window *window, struct side *side)
{
	const struct tree *whole = window->tree;
	struct tree *tree = &side->tree;

	tree->graph = whole->graph;
	tree->word = whole->word;
	tree->mask = whole->mask;
	tree->runs = side->runs;
	tree->count = side->count;
	tree->last = whole->last;
	tree->price = whole->price;
	tree->windows = false;
	tree->bit = 0;
	tree->plans = side->plans;
	tree->costs = side->costs;
	tree_plan(tree);
}

static uint64_t side_cost(const struct window *window, uint64_t values)
{
	struct side side;

	side_init(window, values, &side);
	side_plan(window, &side);
	return side.costs[side.count - 1];
}

static uint64_t values_with(const struct window *window, uint32_t mask)
{
	uint64_t values = 0;

	for (unsigned b = 0; b < BITS; b++)
		if (mask >> b & 1)
			values |= window->bits[b];
	return values;
}

/* Whether these values all go to one node. */
static bool alike(const struct window *window, uint64_t values)
{
	for (size_t n = 0; n < window->node_count; n++)
		if (!(values & ~window->nodes[n]))
			return true;
	return false;
}

/* Whether a test of these bits would save a place, whatever it costs else. With
   tests on both sides it costs `both` at least. */
static bool saves(const struct window *window, uint64_t yes, uint64_t no,
		  unsigned plain, uint64_t both, uint64_t best)
{
	unsigned sides, tests = 1;

	if (!yes || !no)
		return false;
	/* The least that either side can need, before it is counted. */
	sides = 2u - alike(window, yes) - alike(window, no);
	if (1 + sides >= plain || (sides == 2 && both >= best))
		return false;
	tests += tests_of(window, yes);
	return tests < plain && tests + tests_of(window, no) < plain;
}

/* The bits that tell some of the window's values from others. */
static unsigned
bits_of(const struct window *window, uint32_t mask, unsigned char out[BITS])
{
	unsigned count = 0;

	for (unsigned b = 0; b < BITS; b++)
		if (mask >> b & 1 && window->bits[b] &&
		    window->bits[b] != window->all)
			out[count++] = (unsigned char)b;
	return count;
}

/* Fewer tests than how many would cost less than `best`, or take less room. */
static unsigned fewer_than(const struct tree *tree, unsigned plain,
			   uint64_t weight, uint64_t best)
{
	uint64_t most = (best - weight - 1) / tree->price + 1;

	return most < plain ? (unsigned)most : plain;
}

void window_try(const struct tree *tree, size_t i, size_t j, uint8_t *shape,
		uint64_t *best)
{
	uint64_t weight = tree->before[j + 1] - tree->before[i];
	struct window window;
	unsigned char bits[BITS], tests[BITS];
	const uint64_t both = 2 * weight + 3 * tree->price;
	unsigned count, plain;

	if (weight + tree->price >= *best)
		return;
	plain = fewer_than(tree, tests_between(tree, i, j), weight, *best);
	if (plain < 3)
		return;
	window_init(&window, tree, i, j);
	count = bits_of(&window, tree->mask, bits);
	for (unsigned a = 0; a < count; a++)
		tests[a] =
			(unsigned char)tests_of(&window, window.bits[bits[a]]);
	for (unsigned a = 0; plain >= 3 && a < count; a++)
		for (unsigned b = a; b < count; b++) {
			uint32_t mask = 1u << bits[a] | 1u << bits[b];
			uint64_t yes =
				window.bits[bits[a]] | window.bits[bits[b]];
			uint64_t no = window.all & ~yes, cost;

			/* With more values it does not take fewer tests. */
			if (1u + tests[a] >= plain || 1u + tests[b] >= plain ||
			    !saves(&window, yes, no, plain, both, *best))
				continue;
			cost = weight + tree->price;
			if (cost < *best)
				cost += side_cost(&window, yes);
			if (cost < *best)
				cost += side_cost(&window, no);
			if (cost >= *best)
				continue;
			*shape = (uint8_t)mask;
			*best = cost;
			plain = fewer_than(tree, plain, weight, cost);
		}
}

static uint32_t side_build(const struct window *window, uint64_t values)
{
	struct side side;

	side_init(window, values, &side);
	side_plan(window, &side);
	return tree_build(&side.tree);
}

uint32_t
window_build(const struct tree *tree, size_t i, size_t j, uint32_t mask)
{
	struct window window;
	uint64_t yes;

	window_init(&window, tree, i, j);
	yes = values_with(&window, mask);
	return graph_test(tree->graph, tree->word, OP_SET, tree->mask, mask,
			  side_build(&window, yes),
			  side_build(&window, window.all & ~yes));
}
