/*
 * The product of two diagrams has a leaf for each pair of different answers.
 * The calls that get one pair are a set, and a set is covered argument by
 * argument: its values lead to parts, the parts are covered in turn.
 *
 * Values may stand with a part that has less than theirs, if that takes fewer
 * tests: what is said twice is still so. It cannot say more than the set.
 */
#include "prove/regions.h"

#include <stdlib.h>
#include <string.h>

#include "prove/call_bits.h"
#include "prove/compare.h"
#include "prove/permit.h"
#include "prove/pieces.h"

enum {
	ARGUMENT_BITS = 64,
	FIRST_ARGUMENT = 32 * WORD_ARGS,
	FIRST_IP = 32 * WORD_IP,
	NODES_MAX = 1 << 16,
	PRODUCT_MAX = 1 << 14, /* pairs of nodes */
	PAIRS_MAX = 64,        /* of answers */
	PARTS_MAX = 64,        /* that one argument decides between */
	WAYS_MAX = 128,        /* of all regions together */
	STEPS_MAX = 1 << 12,
	TESTS_MAX = 512, /* of one way */
};

/* A pair of nodes, and what became of it; `left` 0 is a free slot. */
struct pair {
	dd left, right, is;
};

/* What a node is, in the set being made. */
struct mark {
	uint32_t of;
	dd is;
};

struct find {
	const struct diagrams *all; /* what is read */
	struct diagrams *own;       /* what is made */
	struct arena *arena;
	enum regions_result result; /* of the first failure */
	struct pair *table;
	size_t table_size, table_count;
	struct pair answers[PAIRS_MAX];
	size_t answer_count;
	struct mark *marks; /* by node of what is covered */
	uint32_t mark;
	struct cg_test prefix[TESTS_MAX];
	size_t prefix_count;
	struct cg_tests ways[WAYS_MAX];
	size_t way_count, steps;
};

static bool give_up(struct find *find, enum regions_result result)
{
	if (find->result == REGIONS_MADE)
		find->result = result;
	return false;
}

/* Nodes of our own ran out, or the memory for them. */
static bool give_up_nodes(struct find *find)
{
	return give_up(find, diagrams_out_of_memory(find->own)
				     ? REGIONS_FAILED
				     : REGIONS_TOO_MANY);
}

/* ------------------------------------------------------------- product -- */

static struct pair *slot_of(const struct find *find, dd left, dd right)
{
	const size_t mask = find->table_size - 1;
	size_t at = (left * (size_t)0x9e3779b1u ^ right * (size_t)0x85ebca6bu) &
		    mask;

	while (find->table[at].left &&
	       (find->table[at].left != left || find->table[at].right != right))
		at = (at + 1) & mask;
	return &find->table[at];
}

static bool grow_table(struct find *find)
{
	const struct pair *old = find->table;
	const size_t size = find->table_size;

	if (find->table_count == PRODUCT_MAX)
		return give_up(find, REGIONS_TOO_MANY);
	if (2 * find->table_count < size)
		return true;
	find->table_size = size ? 2 * size : 64;
	find->table = arena_array(find->arena, struct pair, find->table_size);
	if (!find->table)
		return give_up(find, REGIONS_FAILED);
	for (size_t i = 0; i < size; i++)
		if (old[i].left)
			*slot_of(find, old[i].left, old[i].right) = old[i];
	return true;
}

/* Two answers: none if they are one, or the leaf of their pair. */
static bool product_of_answers(struct find *find, dd left, dd right, dd *out)
{
	size_t i = 0;

	*out = DD_FALSE;
	if (left == right)
		return true;
	while (i < find->answer_count && (find->answers[i].left != left ||
					  find->answers[i].right != right))
		i++;
	if (i == PAIRS_MAX)
		return give_up(find, REGIONS_TOO_MANY);
	*out = diagram_answer(find->own, (uint32_t)i);
	if (i == find->answer_count)
		find->answers[find->answer_count++] =
			(struct pair){ left, right, *out };
	return true;
}

static dd branch(const struct diagrams *all, dd a, unsigned variable, bool one)
{
	if (diagram_variable(all, a) != variable)
		return a;
	return one ? diagram_one(all, a) : diagram_zero(all, a);
}

/* At most BITS deep. */
static bool product(struct find *find, dd left, dd right, dd *out)
{
	const unsigned a = diagram_variable(find->all, left);
	const unsigned b = diagram_variable(find->all, right);
	const unsigned top = a < b ? a : b;
	const struct pair *known;
	dd zero, one;

	if (left == right || top == BITS)
		return product_of_answers(find, left, right, out);
	if (!grow_table(find))
		return false;
	known = slot_of(find, left, right);
	if (known->left) {
		*out = known->is;
		return true;
	}
	if (!product(find, branch(find->all, left, top, false),
		     branch(find->all, right, top, false), &zero) ||
	    !product(find, branch(find->all, left, top, true),
		     branch(find->all, right, top, true), &one) ||
	    !grow_table(find))
		return false;
	*out = diagram_node(find->own, top, zero, one);
	*slot_of(find, left, right) = (struct pair){ left, right, *out };
	find->table_count++;
	return !diagrams_exhausted(find->own) || give_up_nodes(find);
}

/* ---------------------------------------------------------------- sets -- */

/* Fresh marks for all nodes that there are now. */
static bool new_marks(struct find *find)
{
	find->mark = 1;
	find->marks = arena_array(find->arena, struct mark,
				  diagrams_count(find->own));
	return find->marks || give_up(find, REGIONS_FAILED);
}

/*
 * Those who get to one of `good`, which lie at `end` or below, as a set; with
 * `end` BITS these are leaves.
 */
static dd
set_of(struct find *find, dd a, unsigned end, const dd *good, size_t count)
{
	const unsigned variable = diagram_variable(find->own, a);
	dd zero, one;

	if (variable >= end) {
		for (size_t i = 0; i < count; i++)
			if (good[i] == a)
				return DD_TRUE;
		return DD_FALSE;
	}
	if (find->marks[a].of == find->mark)
		return find->marks[a].is;
	zero = set_of(find, diagram_zero(find->own, a), end, good, count);
	one = set_of(find, diagram_one(find->own, a), end, good, count);
	find->marks[a].of = find->mark;
	find->marks[a].is = diagram_node(find->own, variable, zero, one);
	return find->marks[a].is;
}

/* ------------------------------------------------------------ covering -- */

static bool add_way(struct find *find)
{
	const size_t size = find->prefix_count * sizeof(*find->prefix);
	struct cg_test *tests =
		arena_array(find->arena, struct cg_test, find->prefix_count);

	if (find->way_count == WAYS_MAX)
		return give_up(find, REGIONS_TOO_MANY);
	if (!tests)
		return give_up(find, REGIONS_FAILED);
	memcpy(tests, find->prefix, size);
	find->ways[find->way_count++] =
		(struct cg_tests){ tests, find->prefix_count };
	return true;
}

/* What the values of an argument lead to. */
struct parts {
	dd at[PARTS_MAX];
	size_t count;
};

static bool
find_parts(struct find *find, dd a, unsigned end, struct parts *parts)
{
	if (a == DD_FALSE || find->marks[a].of == find->mark)
		return true;
	find->marks[a].of = find->mark;
	if (diagram_variable(find->own, a) < end)
		return find_parts(find, diagram_zero(find->own, a), end,
				  parts) &&
		       find_parts(find, diagram_one(find->own, a), end, parts);
	if (parts->count == PARTS_MAX)
		return give_up(find, REGIONS_TOO_MANY);
	parts->at[parts->count++] = a;
	return true;
}

static size_t cost_of(const struct pieces *pieces)
{
	size_t cost = 0;

	for (size_t i = 0; i < pieces->count; i++)
		cost += 1 + 2 * pieces->at[i].count;
	return cost;
}

/* Those parts that hold wherever `part` does, itself the first of them. */
static size_t find_wider(struct find *find, const struct parts *parts, dd part,
			 dd out[PARTS_MAX])
{
	size_t count = 0;

	out[count++] = part;
	for (size_t i = 0; i < parts->count; i++)
		if (parts->at[i] != part &&
		    diagram_if(find->own, part, parts->at[i], DD_TRUE) ==
			    DD_TRUE)
			out[count++] = parts->at[i];
	return count;
}

/* Tests for the values that lead to one of `good`. */
static bool find_pieces(struct find *find, dd a, unsigned argument,
			const dd *good, size_t count, struct pieces *out)
{
	const unsigned end = FIRST_ARGUMENT + ARGUMENT_BITS * (argument + 1);
	enum pieces_result result;
	dd set;

	*out = (struct pieces){ 0 };
	find->mark++;
	set = set_of(find, a, end, good, count);
	if (diagrams_exhausted(find->own))
		return give_up_nodes(find);
	if (set == DD_TRUE) { /* any value: one piece without a test */
		out->at = arena_array(find->arena, struct piece_tests, 1);
		out->count = out->at ? 1 : 0;
		return out->at || give_up(find, REGIONS_FAILED);
	}
	result = pieces_find(find->own, find->arena, argument, set, out);
	if (diagrams_exhausted(find->own))
		return give_up_nodes(find);
	return result == PIECES_MADE ||
	       give_up(find, result == PIECES_FAILED ? REGIONS_FAILED
						     : REGIONS_TOO_MANY);
}

static bool cover(struct find *find, dd a);

static bool cover_part(struct find *find, const struct pieces *pieces, dd part)
{
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece_tests *piece = &pieces->at[i];
		const size_t kept = find->prefix_count;

		if (kept + piece->count > TESTS_MAX)
			return give_up(find, REGIONS_TOO_MANY);
		for (size_t j = 0; j < piece->count; j++)
			find->prefix[find->prefix_count++] = piece->tests[j];
		if (!cover(find, part))
			return false;
		find->prefix_count = kept;
	}
	return true;
}

/* Ways for a set, behind the prefix; at most one argument deeper each time. */
static bool cover(struct find *find, dd a)
{
	const unsigned variable = diagram_variable(find->own, a);
	struct parts parts = { .count = 0 };
	unsigned argument;

	if (a == DD_TRUE)
		return add_way(find);
	if (variable < FIRST_ARGUMENT || variable >= FIRST_IP ||
	    find->steps++ == STEPS_MAX)
		return give_up(find, REGIONS_TOO_MANY);
	argument = (variable - FIRST_ARGUMENT) / ARGUMENT_BITS;
	find->mark++;
	if (!find_parts(find, a,
			FIRST_ARGUMENT + ARGUMENT_BITS * (argument + 1),
			&parts))
		return false;
	for (size_t i = 0; i < parts.count; i++) {
		dd good[PARTS_MAX];
		size_t count = find_wider(find, &parts, parts.at[i], good);
		struct pieces exact, wide;

		if (!find_pieces(find, a, argument, good, 1, &exact) ||
		    !find_pieces(find, a, argument, good, count, &wide) ||
		    !cover_part(find,
				cost_of(&wide) < cost_of(&exact) ? &wide
								 : &exact,
				parts.at[i]))
			return false;
	}
	return true;
}

/* -------------------------------------------------------------- regions -- */

static bool make_region(struct find *find, dd whole, const struct pair *answers,
			struct cg_region *out)
{
	struct cg_tests *ways;
	dd set;

	find->way_count = 0;
	if (!new_marks(find))
		return false;
	set = set_of(find, whole, BITS, &answers->is, 1);
	/* What is covered has nodes that were made just now. */
	if (diagrams_exhausted(find->own))
		return give_up_nodes(find);
	if (!new_marks(find) || !cover(find, set))
		return false;
	ways = arena_array(find->arena, struct cg_tests, find->way_count);
	if (!ways)
		return give_up(find, REGIONS_FAILED);
	memcpy(ways, find->ways, find->way_count * sizeof(*ways));
	permit_example(find->own, set, true, &out->witness.call);
	out->witness.left = diagram_leaf(find->all, answers->left);
	out->witness.right = diagram_leaf(find->all, answers->right);
	out->ways = ways;
	out->way_count = find->way_count;
	return compare_relation(find->all, answers->left, answers->right,
				&out->relation, NULL) ||
	       give_up(find, REGIONS_FAILED);
}

static int by_arguments(const void *left, const void *right)
{
	const struct cg_region *a = left, *b = right;

	for (size_t i = 0; i < 6; i++)
		if (a->witness.call.args[i] != b->witness.call.args[i])
			return a->witness.call.args[i] < b->witness.call.args[i]
				       ? -1
				       : 1;
	return 0;
}

static bool find_all(struct find *find, dd left, dd right,
		     const struct cg_call *call, struct cg_region **out)
{
	struct cg_region *regions;
	dd whole;

	if (!product(find, left, right, &whole))
		return false;
	regions =
		arena_array(find->arena, struct cg_region, find->answer_count);
	if (!regions)
		return give_up(find, REGIONS_FAILED);
	for (size_t i = 0; i < find->answer_count; i++) {
		regions[i].witness.call = *call;
		if (!make_region(find, whole, &find->answers[i], &regions[i]))
			return false;
	}
	qsort(regions, find->answer_count, sizeof(*regions), by_arguments);
	*out = regions;
	return true;
}

enum regions_result
regions_find(const struct diagrams *all, dd left, dd right, uint32_t arch,
	     uint32_t nr, struct arena *arena, struct cg_region **out,
	     size_t *count)
{
	const struct cg_call call = { .arch = arch, .nr = nr };
	struct find *find = arena_array(arena, struct find, 1);

	if (!find)
		return REGIONS_FAILED;
	find->all = all;
	find->arena = arena;
	find->own = diagrams_new(NODES_MAX);
	if (!find->own)
		return REGIONS_FAILED;
	if (find_all(find, left, right, &call, out))
		*count = find->answer_count;
	diagrams_free(find->own);
	return find->result;
}
