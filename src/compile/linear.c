#include "compile/linear.h"

#include <stdlib.h>

#include "compile/arguments.h"
#include "compile/runs.h"

static int by_order(const void *left, const void *right)
{
	const struct resolved_entry *const *a = left, *const *b = right;

	return ((*a)->order > (*b)->order) - ((*a)->order < (*b)->order);
}

/* The first entry of each number, in the order of the policy. */
static const struct resolved_entry **
first_entries(struct arena *arena, const struct resolved_abi *abi,
	      size_t *count)
{
	const struct resolved_entry **first;

	first = arena_array(arena, const struct resolved_entry *,
			    abi->count + 1);
	*count = 0;
	for (size_t i = 0; first && i < abi->count; i++)
		if (i == 0 || abi->entries[i].nr != abi->entries[i - 1].nr)
			first[(*count)++] = &abi->entries[i];
	if (first)
		qsort(first, *count, sizeof(*first), by_order);
	return first;
}

/* Numbers that no entry names. */
static bool
rest_node(struct graph *graph, const struct resolved_abi *abi, uint32_t *out)
{
	struct runs runs = { 0 };

	for (size_t i = 0; i < abi->rest_count; i++)
		if (!runs_add(&runs, graph->arena, abi->rests[i].first,
			      graph_return(graph, abi->rests[i].answer), 1))
			return false;
	*out = runs_decide(graph, WORD_NR, UINT32_MAX, &runs);
	return true;
}

bool linear_decide(struct graph *graph, const struct resolved *resolved,
		   uint32_t *out, struct cg_error *err)
{
	const struct resolved_abi *abi = &resolved->abis[0];
	const struct resolved_entry **first;
	size_t count;
	uint32_t node, chain;

	first = first_entries(graph->arena, abi, &count);
	if (!first || !rest_node(graph, abi, &node))
		return fail_nomem(err);
	while (count-- > 0) {
		const struct resolved_entry *entries = first[count];
		uint32_t decided;
		size_t same;

		entries = resolved_entries(abi, entries->nr, &same);
		if (!arguments_decide(graph, entries, same,
				      resolved_rest(abi, entries->nr)->answer,
				      &decided, err))
			return false;
		node = graph_test(graph, WORD_NR, OP_EQ, UINT32_MAX,
				  entries->nr, decided, node);
	}
	chain = node;
	for (size_t i = 0; i < resolved->region_count; i++) {
		const struct region *region = &resolved->regions[i];

		/* The regions have no gap: where one ends the next begins. */
		if (region->arch != abi->abi->audit_arch || !region->first)
			continue;
		node = graph_test(graph, WORD_NR, OP_GE, UINT32_MAX,
				  region->first,
				  region->abi
					  ? chain
					  : graph_return(graph, region->answer),
				  node);
	}
	*out = graph_test(graph, WORD_ARCH, OP_EQ, UINT32_MAX,
			  abi->abi->audit_arch, node,
			  graph_return(graph, resolved->foreign));
	return graph_ok(graph, err);
}
