#include "compile/join.h"

#include <stdlib.h>

static int by_value(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static const struct run *piece_of(const struct runs *pieces, uint32_t value)
{
	size_t low = 0, high = pieces->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (pieces->at[middle].first <= value)
			low = middle;
		else
			high = middle;
	}
	return &pieces->at[low];
}

/* A piece's weight counts where it begins. */
static uint32_t weight_at(const struct run *piece, uint32_t value)
{
	return piece->first == value ? piece->weight : 0;
}

bool join_runs(struct graph *graph, const struct runs *pieces, uint32_t bit,
	       struct runs *out)
{
	uint32_t *cuts = arena_array(graph->arena, uint32_t, 2 * pieces->count);
	size_t count = 0;

	if (!cuts)
		return false;
	for (size_t i = 0; i < pieces->count; i++) {
		uint32_t first = pieces->at[i].first;

		/* What begins above the bit begins where the bit is off, too.
		 */
		cuts[count++] = first & ~bit;
		if (first & bit)
			cuts[count++] = first & ~(2 * bit - 1);
	}
	qsort(cuts, count, sizeof(*cuts), by_value);
	for (size_t i = 0; i < count; i++) {
		const struct run *off = piece_of(pieces, cuts[i]);
		const struct run *on = piece_of(pieces, cuts[i] | bit);
		uint32_t node, weight;

		if (i && cuts[i] == cuts[i - 1])
			continue;
		node = graph_test(graph, WORD_NR, OP_SET, UINT32_MAX, bit,
				  on->node, off->node);
		weight = weight_at(off, cuts[i]) + weight_at(on, cuts[i] | bit);
		if (!runs_add(out, graph->arena, cuts[i], node, weight))
			return false;
	}
	return true;
}
