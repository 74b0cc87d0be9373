#include "prove/diagram.h"

#include "bpf/answer.h"

#include <stdlib.h>
#include <string.h>

struct node {
	uint32_t variable; /* BITS: an answer; its value is in `zero` */
	dd zero, one;
};

/*
 * What diagram_if() found out before; as long as it is not overwritten. With
 * one of these, which are no diagrams, for `test`, it is what apply() found.
 */
#define JOIN UINT32_MAX
#define LOOSER (UINT32_MAX - 1)
#define STRICTER (UINT32_MAX - 2)
struct memo {
	dd test, yes, no, result;
};

struct diagrams {
	struct node *nodes;
	size_t count, room, most;
	uint32_t *table; /* node + 1 by hash, 0 is free; a power of two */
	size_t table_size;
	struct memo *memo; /* NULL until it is of use */
	size_t memo_size;  /* 0 then, or a power of two */
	bool exhausted, no_memory;
};

enum { FIRST_ROOM = 32, FIRST_MEMO = 64, MEMO_MOST = 1 << 14 };

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t hash = a * 0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 29) ^ b) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ (hash >> 32) ^ c) * 0x94d049bb133111ebu;
	return (uint32_t)(hash >> 32);
}

struct diagrams *diagrams_new(size_t nodes)
{
	struct diagrams *all = malloc(sizeof(*all));

	if (!all)
		return NULL;
	*all = (struct diagrams){ .count = 0 };
	all->most = nodes < 2 ? 2 : nodes;
	if (all->most > UINT32_MAX / 4)
		all->most = UINT32_MAX / 4;
	all->room = FIRST_ROOM;
	all->table_size = 2 * FIRST_ROOM;
	all->nodes = malloc(all->room * sizeof(*all->nodes));
	all->table = calloc(all->table_size, sizeof(*all->table));
	if (!all->nodes || !all->table) {
		diagrams_free(all);
		return NULL;
	}
	/* The truth values; in no table, so that no answer equals them. */
	all->nodes[DD_FALSE] = (struct node){ BITS, 0, 0 };
	all->nodes[DD_TRUE] = (struct node){ BITS, 1, 0 };
	all->count = 2;
	return all;
}

void diagrams_free(struct diagrams *all)
{
	if (!all)
		return;
	free(all->nodes);
	free(all->table);
	free(all->memo);
	free(all);
}

bool diagrams_exhausted(const struct diagrams *all)
{
	return all->exhausted;
}

bool diagrams_out_of_memory(const struct diagrams *all)
{
	return all->no_memory;
}

void diagrams_exhaust(struct diagrams *all)
{
	all->exhausted = true;
}

void diagrams_no_memory(struct diagrams *all)
{
	all->exhausted = all->no_memory = true;
}

static void place(struct diagrams *all, dd a)
{
	const struct node *node = &all->nodes[a];
	size_t mask = all->table_size - 1;
	size_t at = mix(node->variable, node->zero, node->one) & mask;

	while (all->table[at])
		at = (at + 1) & mask;
	all->table[at] = a + 1;
}

/* It only remembers: without one, or without a larger one, go on. */
static void grow_memo(struct diagrams *all)
{
	size_t size = all->memo ? 2 * all->memo_size : FIRST_MEMO;
	struct memo *memo = calloc(size, sizeof(*memo));

	if (!memo)
		return;
	free(all->memo);
	all->memo = memo;
	all->memo_size = size;
}

/* What was found out about these; NULL if that is not remembered. */
static const struct memo *
recall(struct diagrams *all, uint32_t slot, dd test, dd yes, dd no)
{
	const struct memo *memo;

	if (!all->memo) {
		grow_memo(all);
		return NULL;
	}
	memo = &all->memo[slot & (all->memo_size - 1)];
	return memo->test == test && memo->yes == yes && memo->no == no ? memo
									: NULL;
}

static void remember(struct diagrams *all, uint32_t slot, struct memo memo)
{
	if (!all->exhausted && all->memo)
		all->memo[slot & (all->memo_size - 1)] = memo;
}

/* Twice the room for nodes, their table, and for the memo beside them. */
static bool grow(struct diagrams *all)
{
	size_t room = 2 * all->room;
	struct node *nodes = realloc(all->nodes, room * sizeof(*nodes));
	uint32_t *table;

	if (!nodes)
		return false;
	all->nodes = nodes;
	table = calloc(2 * room, sizeof(*table));
	if (!table)
		return false;
	free(all->table);
	all->table = table;
	all->table_size = 2 * room;
	all->room = room;
	for (dd a = 2; a < all->count; a++)
		place(all, a);
	if (all->memo && all->memo_size < MEMO_MOST)
		grow_memo(all);
	return true;
}

static dd unique(struct diagrams *all, uint32_t variable, dd zero, dd one)
{
	size_t mask = all->table_size - 1;
	size_t at = mix(variable, zero, one) & mask;

	for (; all->table[at]; at = (at + 1) & mask) {
		const struct node *node = &all->nodes[all->table[at] - 1];

		if (node->variable == variable && node->zero == zero &&
		    node->one == one)
			return all->table[at] - 1;
	}
	if (all->count == all->most)
		diagrams_exhaust(all);
	else if (all->count == all->room && !all->exhausted && !grow(all))
		diagrams_no_memory(all);
	if (all->exhausted)
		return DD_FALSE;
	all->nodes[all->count] = (struct node){ variable, zero, one };
	place(all, (dd)all->count);
	return (dd)all->count++;
}

dd diagram_answer(struct diagrams *all, uint32_t answer)
{
	return unique(all, BITS, answer, 0);
}

dd diagram_node(struct diagrams *all, unsigned variable, dd zero, dd one)
{
	return zero == one ? zero : unique(all, variable, zero, one);
}

dd diagram_bit(struct diagrams *all, enum word word, unsigned bit)
{
	return diagram_node(all, 32 * word + 31 - bit, DD_FALSE, DD_TRUE);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static dd branch(const struct node *nodes, dd a, unsigned variable, bool one)
{
	if (nodes[a].variable != variable)
		return a;
	return one ? nodes[a].one : nodes[a].zero;
}

/* At most BITS deep, for each level decides one more bit. */
dd diagram_if(struct diagrams *all, dd test, dd yes, dd no)
{
	const struct node *nodes = all->nodes;
	const struct memo *memo;
	unsigned top;
	uint32_t slot;
	dd zero, one, result;

	if (test == DD_TRUE || yes == no)
		return yes;
	if (test == DD_FALSE)
		return no;
	if (yes == DD_TRUE && no == DD_FALSE)
		return test;
	slot = mix(test, yes, no);
	memo = recall(all, slot, test, yes, no);
	if (memo)
		return memo->result;
	if (all->exhausted)
		return DD_FALSE;
	top = least(nodes[test].variable,
		    least(nodes[yes].variable, nodes[no].variable));
	zero = diagram_if(all, branch(nodes, test, top, false),
			  branch(nodes, yes, top, false),
			  branch(nodes, no, top, false));
	nodes = all->nodes; /* it may have moved */
	one = diagram_if(all, branch(nodes, test, top, true),
			 branch(nodes, yes, top, true),
			 branch(nodes, no, top, true));
	result = diagram_node(all, top, zero, one);
	remember(all, slot, (struct memo){ test, yes, no, result });
	return result;
}

/* Whether the first of two answers is taken. */
static bool takes_first(uint32_t way, uint32_t a, uint32_t b)
{
	switch (way) {
	case JOIN:
		return answer_join(a, b) == a;
	case LOOSER:
		return answer_looser(a, b) == a;
	default:
		return answer_stricter(a, b) == a;
	}
}

/* Answer by answer one of the two, as `way` has it; at most BITS deep. */
static dd apply(struct diagrams *all, uint32_t way, dd a, dd b)
{
	const struct node *nodes = all->nodes;
	const struct memo *memo;
	unsigned top = least(nodes[a].variable, nodes[b].variable);
	uint32_t slot = mix(way, a, b);
	dd zero, one, result;

	if (a == b || all->exhausted)
		return a;
	if (top == BITS)
		return takes_first(way, nodes[a].zero, nodes[b].zero) ? a : b;
	memo = recall(all, slot, way, a, b);
	if (memo)
		return memo->result;
	zero = apply(all, way, branch(nodes, a, top, false),
		     branch(nodes, b, top, false));
	nodes = all->nodes; /* it may have moved */
	one = apply(all, way, branch(nodes, a, top, true),
		    branch(nodes, b, top, true));
	result = diagram_node(all, top, zero, one);
	remember(all, slot, (struct memo){ way, a, b, result });
	return result;
}

dd diagram_join(struct diagrams *all, dd newer, dd older)
{
	return apply(all, JOIN, newer, older);
}

dd diagram_looser(struct diagrams *all, dd a, dd b)
{
	return apply(all, LOOSER, a, b);
}

dd diagram_stricter(struct diagrams *all, dd a, dd b)
{
	return apply(all, STRICTER, a, b);
}

unsigned diagram_variable(const struct diagrams *all, dd a)
{
	return all->nodes[a].variable;
}

dd diagram_zero(const struct diagrams *all, dd a)
{
	return all->nodes[a].zero;
}

dd diagram_one(const struct diagrams *all, dd a)
{
	return all->nodes[a].one;
}

uint32_t diagram_leaf(const struct diagrams *all, dd a)
{
	return all->nodes[a].zero;
}

size_t diagrams_count(const struct diagrams *all)
{
	return all->count;
}

/* ------------------------------------------------------------- forget -- */

/* Mark what `root` is made of, from node `mark` on: branches come first. */
static void
find_live(const struct diagrams *all, size_t mark, dd root, bool *live)
{
	live[root - mark] = true;
	for (dd a = root; a >= mark; a--) {
		const struct node *node = &all->nodes[a];

		if (!live[a - mark] || node->variable == BITS)
			continue;
		if (node->zero >= mark)
			live[node->zero - mark] = true;
		if (node->one >= mark)
			live[node->one - mark] = true;
	}
}

/* Move the live nodes together; `moved` gets their new numbers. */
static void close_up(struct diagrams *all, size_t mark, dd root,
		     const bool *live, dd *moved)
{
	size_t count = mark;

	for (dd a = (dd)mark; a <= root; a++) {
		struct node node = all->nodes[a];

		if (!live[a - mark])
			continue;
		if (node.variable != BITS && node.zero >= mark)
			node.zero = moved[node.zero - mark];
		if (node.variable != BITS && node.one >= mark)
			node.one = moved[node.one - mark];
		moved[a - mark] = (dd)count;
		all->nodes[count++] = node;
	}
	all->count = count;
}

/*
 * Take the nodes from `mark` on out of the table, the last first: each took a
 * place that was free, so that without it the table is as it was before.
 */
static void displace(struct diagrams *all, size_t mark)
{
	const size_t mask = all->table_size - 1;

	for (size_t a = all->count; a-- > mark;) {
		const struct node *node = &all->nodes[a];
		size_t at = mix(node->variable, node->zero, node->one) & mask;

		while (all->table[at] != a + 1)
			at = (at + 1) & mask;
		all->table[at] = 0;
	}
}

static void forget_memo(struct diagrams *all, size_t mark)
{
	for (size_t i = 0; i < all->memo_size; i++) {
		struct memo *memo = &all->memo[i];

		if (memo->test >= mark || memo->yes >= mark ||
		    memo->no >= mark || memo->result >= mark)
			*memo = (struct memo){ 0 };
	}
}

dd diagrams_keep(struct diagrams *all, size_t mark, dd root)
{
	size_t count = root >= mark ? root - mark + 1 : 0;
	bool *live = calloc(count + 1, sizeof(*live));
	dd *moved = calloc(count + 1, sizeof(*moved));

	/* Without the memory to forget, all is kept. */
	if (live && moved && !all->exhausted) {
		forget_memo(all, mark);
		displace(all, mark);
		if (count) {
			find_live(all, mark, root, live);
			close_up(all, mark, root, live, moved);
			root = moved[root - mark];
		} else {
			all->count = mark;
		}
		for (size_t a = mark; a < all->count; a++)
			place(all, (dd)a);
	}
	free(live);
	free(moved);
	return root;
}
