#include "compile/twin.h"

enum { FUEL = 256 }; /* nodes and parts looked at for one run */

struct look {
	const struct tree *tree;
	unsigned fuel;
};

static bool reaches(struct look *look, uint32_t at, uint32_t low, uint32_t high,
		    uint32_t wanted);

/* The same on either side of a value. */
static bool split(struct look *look, const struct node *node, uint32_t at,
		  uint32_t low, uint32_t high, uint32_t wanted)
{
	if (low >= at)
		return reaches(look, node->yes, low, high, wanted);
	if (high < at)
		return reaches(look, node->no, low, high, wanted);
	return reaches(look, node->no, low, at - 1, wanted) &&
	       reaches(look, node->yes, at, high, wanted);
}

static bool except(struct look *look, const struct node *node, uint32_t low,
		   uint32_t high, uint32_t wanted)
{
	const uint32_t at = node->k;

	if (at < low || at > high)
		return reaches(look, node->no, low, high, wanted);
	return reaches(look, node->yes, at, at, wanted) &&
	       (at == low || reaches(look, node->no, low, at - 1, wanted)) &&
	       (at == high || reaches(look, node->no, at + 1, high, wanted));
}

/* Whether all values low..high lead from the node `at` to `wanted`. */
static bool reaches(struct look *look, uint32_t at, uint32_t low, uint32_t high,
		    uint32_t wanted)
{
	const struct tree *tree = look->tree;
	const struct node *node = &tree->graph->nodes[at];
	uint32_t half;

	if (at == wanted)
		return true;
	if (node->op == OP_RETURN || node->word != tree->word ||
	    node->mask != UINT32_MAX || !look->fuel--)
		return false;
	switch (node->op) {
	case OP_EQ:
		return except(look, node, low, high, wanted);
	case OP_GE:
		return split(look, node, node->k, low, high, wanted);
	default:
		break;
	}
	/* The bits that differ, and all below them. */
	half = low == high ? 0 : UINT32_MAX >> __builtin_clz(low ^ high);
	if (!(node->k & half))
		return reaches(look, low & node->k ? node->yes : node->no, low,
			       high, wanted);
	/* In two at the highest of them. */
	half = high & ~(half >> 1);
	return reaches(look, at, low, half - 1, wanted) &&
	       reaches(look, at, half, high, wanted);
}

/* Whether a node decides run k with the bit taken off. */
static bool serves(const struct tree *tree, uint32_t node, size_t k)
{
	struct look look = { tree, FUEL };
	const uint32_t bit = tree->bit, wanted = tree->runs[k].node;
	const uint32_t first = tree->runs[k].first;
	const uint64_t last = k + 1 < tree->count
				      ? tree->runs[k + 1].first - (uint64_t)1
				      : tree->last;
	const uint32_t past = 2 * bit;

	if (last < past)
		return reaches(&look, node, first - bit, (uint32_t)last - bit,
			       wanted);
	/* Numbers past those of the higher ABI, with the bit and without. */
	return reaches(&look, node, first - bit, bit - 1, wanted) &&
	       reaches(&look, node, past,
		       last < past + bit ? (uint32_t)last : past + bit - 1,
		       wanted);
}

uint32_t twin_find(const struct tree *tree, size_t i, size_t j)
{
	struct graph *graph = tree->graph;

	if (!tree->bit || j - i + 1 < TWIN_RUNS_LEAST ||
	    tree->runs[i].first < tree->bit ||
	    tree->runs[j].first >= 2 * tree->bit)
		return GRAPH_NONE;
	/* The smallest were made first. */
	for (size_t at = tree->made; at < graph->count; at++) {
		const struct node *node = &graph->nodes[at];
		size_t k = i;

		if (node->op == OP_RETURN || node->word != tree->word ||
		    node->mask != UINT32_MAX)
			continue;
		while (k <= j && serves(tree, (uint32_t)at, k))
			k++;
		if (k > j)
			return graph_masked(graph, (uint32_t)at, ~tree->bit);
	}
	return GRAPH_NONE;
}
