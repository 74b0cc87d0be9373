/*
 * compile/graph.h - decisions as a graph of tests, each node there once.
 *
 * A node either returns an answer or tests one 32-bit word of the call and
 * goes on to one of two nodes. Equal nodes are one node, over the whole
 * program, so that equal ends of different calls are shared.
 */
#ifndef COMPILE_GRAPH_H
#define COMPILE_GRAPH_H

#include "base/arena.h"
#include "base/fail.h"
#include "compile/cost.h"

/* Words of a call in the order in which they are tested. */
enum word {
	WORD_ARCH,
	WORD_NR,
	WORD_ARGS, /* + 2 * argument, + 1 for the low half */
};

enum op {
	OP_RETURN, /* the answer in `k` */
	OP_EQ,     /* (word & mask) == k */
	OP_GE,     /* (word & mask) >= k, unsigned */
	OP_SET,    /* (word & k) != 0; no bit of k lies outside `mask` */
};

struct node {
	uint8_t op, word;
	/* What follows takes the word masked for the word. */
	bool lasting;
	uint32_t mask, k;
	uint32_t yes, no; /* nodes, made before this one */
};

enum { GRAPH_NODES_MAX = 1 << 17 };

struct graph {
	struct arena *arena;
	struct cost cost; /* what its tests are chosen by */
	struct node *nodes;
	size_t count, room;
	uint32_t *table;
	size_t table_size;
	bool too_large; /* more than GRAPH_NODES_MAX nodes were asked for */
	bool no_memory;
};

/* No node; also what the makers below answer once they have failed. */
#define GRAPH_NONE UINT32_MAX

void graph_init(struct graph *graph, struct arena *arena,
		const struct cost *cost);
uint32_t graph_return(struct graph *graph, uint32_t answer);
uint32_t graph_test(struct graph *graph, uint8_t word, enum op op,
		    uint32_t mask, uint32_t k, uint32_t yes, uint32_t no);

/*
 * The test that `node` is, of the word masked by `mask`, and all that follows
 * of the word masked, too: what `node` does with word & mask. NODE tests the
 * whole word.
 */
uint32_t graph_masked(struct graph *graph, uint32_t node, uint32_t mask);

/*
 * Forget the nodes made since there were `count`. Nobody may hold one of them.
 */
void graph_forget(struct graph *graph, size_t count);

/* Whether everything asked for so far was made; if not, `err` says why. */
bool graph_ok(const struct graph *graph, struct cg_error *err);

#endif
