#include "compile/graph.h"

#include <callgate/program.h>

#include <string.h>

enum { TABLE_FIRST = 64 };

void graph_init(struct graph *graph, struct arena *arena,
		const struct cost *cost)
{
	*graph = (struct graph){ .arena = arena, .cost = *cost };
}

static uint32_t node_hash(const struct node *node)
{
	uint64_t hash = node->op | (uint64_t)node->word << 8 |
			(uint64_t)node->lasting << 16 | (uint64_t)node->k << 32;

	hash = (hash ^ node->mask) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ hash >> 29 ^ node->yes) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ hash >> 32 ^ node->no) * 0x94d049bb133111ebu;
	return (uint32_t)(hash >> 32);
}

static bool node_same(const struct node *a, const struct node *b)
{
	return a->op == b->op && a->word == b->word &&
	       a->lasting == b->lasting && a->mask == b->mask && a->k == b->k &&
	       a->yes == b->yes && a->no == b->no;
}

static void place(struct graph *graph, uint32_t index)
{
	size_t mask = graph->table_size - 1;
	size_t at = node_hash(&graph->nodes[index]) & mask;

	while (graph->table[at])
		at = (at + 1) & mask;
	graph->table[at] = index + 1;
}

static bool grow(struct graph *graph)
{
	size_t size = graph->table_size ? 2 * graph->table_size : TABLE_FIRST;
	struct node *nodes;

	nodes = arena_grow(graph->arena, graph->nodes, &graph->room,
			   graph->count + 1, sizeof(*nodes));
	if (!nodes)
		return false;
	graph->nodes = nodes;
	if (2 * graph->count < graph->table_size)
		return true;
	graph->table = arena_array(graph->arena, uint32_t, size);
	if (!graph->table)
		return false;
	graph->table_size = size;
	for (size_t i = 0; i < graph->count; i++)
		place(graph, (uint32_t)i);
	return true;
}

static uint32_t add(struct graph *graph, const struct node *node)
{
	size_t at;

	if (graph->too_large || graph->no_memory)
		return GRAPH_NONE;
	for (at = graph->table_size ? node_hash(node) & (graph->table_size - 1)
				    : 0;
	     graph->table_size && graph->table[at];
	     at = (at + 1) & (graph->table_size - 1))
		if (node_same(&graph->nodes[graph->table[at] - 1], node))
			return graph->table[at] - 1;
	if (graph->count == GRAPH_NODES_MAX) {
		graph->too_large = true;
		return GRAPH_NONE;
	}
	if (!grow(graph)) {
		graph->no_memory = true;
		return GRAPH_NONE;
	}
	graph->nodes[graph->count] = *node;
	place(graph, (uint32_t)graph->count);
	return (uint32_t)graph->count++;
}

uint32_t graph_return(struct graph *graph, uint32_t answer)
{
	const struct node node = { .op = OP_RETURN, .k = answer };

	return add(graph, &node);
}

uint32_t graph_test(struct graph *graph, uint8_t word, enum op op,
		    uint32_t mask, uint32_t k, uint32_t yes, uint32_t no)
{
	const struct node node = {
		.op = (uint8_t)op,
		.word = word,
		.mask = mask,
		.k = k,
		.yes = yes,
		.no = no,
	};

	return yes == no ? yes : add(graph, &node);
}

uint32_t graph_masked(struct graph *graph, uint32_t node, uint32_t mask)
{
	struct node masked = graph->nodes[node];

	masked.mask = mask;
	masked.lasting = true;
	return add(graph, &masked);
}

/* The last first: each took a place in the table that was free. */
void graph_forget(struct graph *graph, size_t count)
{
	const size_t mask = graph->table_size - 1;

	while (graph->count > count) {
		size_t at = node_hash(&graph->nodes[--graph->count]) & mask;

		while (graph->table[at] != graph->count + 1)
			at = (at + 1) & mask;
		graph->table[at] = 0;
	}
	graph->too_large = false;
}

bool graph_ok(const struct graph *graph, struct cg_error *err)
{
	if (graph->no_memory)
		return fail_nomem(err);
	if (graph->too_large)
		return fail(err, CG_E_TOOLONG,
			    "the policy needs more than %d tests; the kernel "
			    "takes %d instructions",
			    GRAPH_NODES_MAX, CG_PROGRAM_MAX);
	return true;
}
