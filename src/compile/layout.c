/*
 * The program is written from its end to its beginning: when a test is placed,
 * what it jumps to has its place already, so the distance is known at once. A
 * place is counted from the end; instruction r is followed by r - 1.
 *
 * A test that needs another word than the one before it has a load in front.
 * Those that have the right word in A already jump behind the load.
 */
#include "compile/layout.h"

enum { JUMP_MAX = 255, CODE_MAX = 1 << 20 };

#define NO_PLACE UINT32_MAX

struct spot {
	uint32_t at_test; /* A holds word & mask */
	uint32_t at_mask; /* A holds the word; the AND comes here */
	uint32_t at_load; /* A holds anything */
	uint32_t far;     /* newest jump to at_test, at_mask or at_load */
	uint32_t far_to;
	bool needs_load, needs_mask;
	uint8_t visit;
};

enum { NEW, OPEN, PLACED };

struct layout {
	struct graph *graph;
	struct spot *spots;    /* by node */
	struct cg_insn *insns; /* from the end */
	size_t count, room;
	uint32_t *stack;
	bool big_endian, no_memory;
};

static void
emit(struct layout *layout, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	layout->insns =
		arena_grow(layout->graph->arena, layout->insns, &layout->room,
			   layout->count + 1, sizeof(*layout->insns));
	if (!layout->insns || layout->count >= CODE_MAX) {
		layout->no_memory = true;
		layout->count = layout->room = 0;
		layout->insns = NULL;
		return;
	}
	layout->insns[layout->count++] = (struct cg_insn){ code, jt, jf, k };
}

static uint32_t offset_of(const struct layout *layout, uint8_t word)
{
	unsigned half = word - WORD_ARGS;

	if (word == WORD_ARCH)
		return DATA_ARCH;
	if (word == WORD_NR)
		return DATA_NR;
	return data_arg(half / 2, half % 2 == 0, layout->big_endian);
}

/* ------------------------------------------------------------- loads -- */

/* The mask of what A holds after a node, as those behind it see it. */
static uint32_t left_mask(const struct node *node)
{
	return node->lasting ? UINT32_MAX : node->mask;
}

/* What A holds after a node: its word, masked or not. */
static void need(struct layout *layout, const struct node *from, uint32_t to)
{
	const struct node *node = &layout->graph->nodes[to];
	struct spot *spot = &layout->spots[to];

	if (node->op == OP_RETURN)
		return;
	if (!from || from->word != node->word ||
	    (left_mask(from) != UINT32_MAX && left_mask(from) != node->mask))
		spot->needs_load = true;
	else if (left_mask(from) != node->mask)
		spot->needs_mask = true;
}

/* Where a node is entered by one that leaves A as `from` does. */
static uint32_t
entry_of(const struct layout *layout, const struct node *from, uint32_t to)
{
	const struct node *node = &layout->graph->nodes[to];
	const struct spot *spot = &layout->spots[to];

	if (node->op == OP_RETURN)
		return spot->at_test;
	if (!from || from->word != node->word ||
	    (left_mask(from) != UINT32_MAX && left_mask(from) != node->mask))
		return spot->at_load;
	return left_mask(from) == node->mask ? spot->at_test : spot->at_mask;
}

/* ------------------------------------------------------------- jumps -- */

static bool in_reach(const struct layout *layout, uint32_t to)
{
	return to != NO_PLACE && layout->count - to - 1 <= JUMP_MAX;
}

/*
 * Bring the target of a jump that is about to be written into reach: by the
 * place it has, by a new copy of a return, or by a jump to it.
 */
static uint32_t
bring(struct layout *layout, const struct node *from, uint32_t to)
{
	const struct node *node = &layout->graph->nodes[to];
	struct spot *spot = &layout->spots[to];
	uint32_t place = entry_of(layout, from, to);

	if (in_reach(layout, place))
		return place;
	if (node->op == OP_RETURN) {
		emit(layout, RET_K, 0, 0, node->k);
		spot->at_test = (uint32_t)layout->count - 1;
		return spot->at_test;
	}
	if (spot->far_to != place || !in_reach(layout, spot->far)) {
		uint32_t skip = (uint32_t)layout->count - place - 1;

		emit(layout, JA, 0, 0, skip);
		spot->far = (uint32_t)layout->count - 1;
		spot->far_to = place;
	}
	return spot->far;
}

static uint16_t code_of(const struct node *node)
{
	return node->op == OP_EQ ? JEQ_K : node->op == OP_GE ? JGE_K : JSET_K;
}

static void place_test(struct layout *layout, uint32_t index)
{
	const struct node *node = &layout->graph->nodes[index];
	struct spot *spot = &layout->spots[index];
	uint32_t yes, no;

	/* Bringing the second may put the first out of reach again. */
	do {
		no = bring(layout, node, node->no);
		yes = bring(layout, node, node->yes);
		if (layout->no_memory)
			return;
	} while (!in_reach(layout, no));
	emit(layout, code_of(node), (uint8_t)(layout->count - yes - 1),
	     (uint8_t)(layout->count - no - 1), node->k);
	spot->at_test = (uint32_t)layout->count - 1;
	if (node->mask != UINT32_MAX && (spot->needs_load || spot->needs_mask))
		emit(layout, AND_K, 0, 0, node->mask);
	spot->at_mask = (uint32_t)layout->count - 1;
	if (spot->needs_load)
		emit(layout, LD_ABS, 0, 0, offset_of(layout, node->word));
	spot->at_load = (uint32_t)layout->count - 1;
}

/* ------------------------------------------------------------- order -- */

/* Find what each node must load, before any is placed. */
static void visit(struct layout *layout, uint32_t root)
{
	const struct node *nodes = layout->graph->nodes;
	size_t depth = 0;

	need(layout, NULL, root);
	layout->stack[depth++] = root;
	while (depth) {
		const struct node *node = &nodes[layout->stack[--depth]];

		if (node->op == OP_RETURN)
			continue;
		need(layout, node, node->yes);
		need(layout, node, node->no);
		for (unsigned i = 0; i < 2; i++) {
			uint32_t next = i ? node->yes : node->no;

			if (layout->spots[next].visit == OPEN)
				continue;
			layout->spots[next].visit = OPEN;
			layout->stack[depth++] = next;
		}
	}
}

/*
 * Children first, the `no` side before the `yes` side, so that what a test
 * falls to stands close. A node is placed when its second visit comes.
 */
static void place_all(struct layout *layout, uint32_t root)
{
	const struct node *nodes = layout->graph->nodes;
	size_t depth = 0;

	layout->stack[depth++] = root;
	while (depth && !layout->no_memory) {
		uint32_t index = layout->stack[depth - 1];
		const struct node *node = &nodes[index];
		struct spot *spot = &layout->spots[index];

		if (spot->visit == PLACED || node->op == OP_RETURN) {
			depth--;
		} else if (spot->visit == OPEN) {
			spot->visit = NEW; /* its children are on the stack */
			if (layout->spots[node->yes].visit == OPEN)
				layout->stack[depth++] = node->yes;
			if (layout->spots[node->no].visit == OPEN)
				layout->stack[depth++] = node->no;
		} else {
			depth--;
			place_test(layout, index);
			spot->visit = PLACED;
		}
	}
}

static bool layout_init(struct layout *layout, struct graph *graph)
{
	layout->spots = arena_array(graph->arena, struct spot, graph->count);
	/* A node can wait on the stack once for each node that leads to it. */
	layout->stack =
		arena_array_raw(graph->arena, uint32_t, 2 * graph->count + 2);
	if (!layout->spots || !layout->stack)
		return false;
	for (size_t i = 0; i < graph->count; i++) {
		layout->spots[i].at_test = layout->spots[i].far = NO_PLACE;
		layout->spots[i].far_to = NO_PLACE;
	}
	return true;
}

/* What was written from the end becomes the program. */
static void turn_round(struct code *code, struct cg_insn *insns, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct cg_insn insn = insns[i];

		insns[i] = insns[count - 1 - i];
		insns[count - 1 - i] = insn;
	}
	code->insns = insns;
	code->count = count;
}

bool layout_code(struct graph *graph, uint32_t root, bool big_endian,
		 struct code *out, struct cg_error *err)
{
	struct layout layout = { .graph = graph, .big_endian = big_endian };

	if (!layout_init(&layout, graph))
		return fail_nomem(err);
	visit(&layout, root);
	layout.spots[root].visit = OPEN;
	place_all(&layout, root);
	if (graph->nodes[root].op == OP_RETURN)
		emit(&layout, RET_K, 0, 0, graph->nodes[root].k);
	if (layout.no_memory)
		return fail_nomem(err);
	turn_round(out, layout.insns, layout.count);
	return true;
}
