#include "prove/compare.h"

#include <stdlib.h>

#include "prove/call_bits.h"

static void witness_from(const struct diagrams *all, const struct cg_call *call,
			 dd left, dd right, struct cg_witness *out)
{
	*out = (struct cg_witness){
		.call = *call,
		.left = diagram_leaf(all, left),
		.right = diagram_leaf(all, right),
	};
}

static dd follow(const struct diagrams *all, dd a, unsigned variable, bool one)
{
	if (diagram_variable(all, a) != variable)
		return a;
	return one ? diagram_one(all, a) : diagram_zero(all, a);
}

static unsigned top_variable(const struct diagrams *all, dd left, dd right)
{
	unsigned a = diagram_variable(all, left);
	unsigned b = diagram_variable(all, right);

	return a < b ? a : b;
}

/* Canonical form: where two differ, one of the two branches differs, too. */
void compare_witness(const struct diagrams *all, dd left, dd right,
		     struct cg_witness *out)
{
	struct cg_call call = { 0 };
	unsigned variable;

	while ((variable = top_variable(all, left, right)) < BITS) {
		dd left_zero = follow(all, left, variable, false);
		dd right_zero = follow(all, right, variable, false);
		bool one = left_zero == right_zero;

		call_set_bit(&call, variable, one);
		left = one ? follow(all, left, variable, true) : left_zero;
		right = one ? follow(all, right, variable, true) : right_zero;
	}
	witness_from(all, &call, left, right, out);
}

/* ---------------------------------------------------------- relation -- */

enum {
	LEFT_STRICTER = 1,
	LEFT_LOOSER = 2,
	OTHERWISE = 4, /* neither: another errno, other data */
	EVERY = 7,
};

/* What was found below a pair of nodes. */
struct seen {
	dd left, right;
	uint8_t found; /* 0: the slot is free */
};

struct relate {
	const struct diagrams *all;
	struct seen *table;
	size_t count, size;
	bool failed;
	int32_t (*rank)(uint32_t answer);
	struct cg_call call;
	unsigned wanted; /* find_path stops at such a leaf pair */
};

/*
 * The kernel takes the smallest action as a signed number (seccomp(2)), and
 * kills the process where it does not know the action.
 */
static int32_t strictness(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_KILL_THREAD:
	case CG_RET_TRAP:
	case CG_RET_ERRNO:
	case CG_RET_USER_NOTIF:
	case CG_RET_TRACE:
	case CG_RET_LOG:
	case CG_RET_ALLOW:
		return (int32_t)(answer & CG_RET_ACTION);
	default:
		return INT32_MIN;
	}
}

/* Refused, up to somebody else, or let through. */
static int32_t permission(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_USER_NOTIF:
	case CG_RET_TRACE:
		return 1;
	case CG_RET_LOG:
	case CG_RET_ALLOW:
		return 2;
	default:
		return 0;
	}
}

static unsigned relate_leaves(const struct relate *relate, dd left, dd right)
{
	int32_t a = relate->rank(diagram_leaf(relate->all, left));
	int32_t b = relate->rank(diagram_leaf(relate->all, right));

	return a < b ? LEFT_STRICTER : a > b ? LEFT_LOOSER : OTHERWISE;
}

static struct seen *slot_of(struct relate *relate, dd left, dd right)
{
	size_t mask = relate->size - 1;
	size_t at = (left * 0x9e3779b97f4a7c15u + right) * 0xbf58476d1ce4e5b9u;

	for (at = at >> 20 & mask; relate->table[at].found;
	     at = (at + 1) & mask)
		if (relate->table[at].left == left &&
		    relate->table[at].right == right)
			break;
	return &relate->table[at];
}

static void remember(struct relate *relate, dd left, dd right, unsigned found)
{
	struct seen *old = relate->table;
	size_t size = relate->size;

	if (2 * relate->count >= size) {
		relate->table = calloc(2 * size, sizeof(*relate->table));
		if (!relate->table) {
			relate->table = old;
			relate->failed = true;
			return;
		}
		relate->size = 2 * size;
		for (size_t i = 0; i < size; i++)
			if (old[i].found)
				*slot_of(relate, old[i].left, old[i].right) =
					old[i];
		free(old);
	}
	*slot_of(relate, left, right) =
		(struct seen){ left, right, (uint8_t)found };
	relate->count++;
}

/* Which kinds of leaf pairs lie below; at most BITS deep. */
static unsigned explore(struct relate *relate, dd left, dd right)
{
	unsigned variable, found;
	struct seen *seen;

	if (left == right || relate->failed)
		return 0;
	variable = top_variable(relate->all, left, right);
	if (variable == BITS)
		return relate_leaves(relate, left, right);
	seen = slot_of(relate, left, right);
	if (seen->found)
		return seen->found;
	found = explore(relate, follow(relate->all, left, variable, false),
			follow(relate->all, right, variable, false));
	if (found != EVERY)
		found |= explore(relate,
				 follow(relate->all, left, variable, true),
				 follow(relate->all, right, variable, true));
	remember(relate, left, right, found);
	return found;
}

/* Walk down to a leaf pair of the wanted kind, which is known to be there. */
static void
find_path(struct relate *relate, dd left, dd right, struct cg_witness *out)
{
	unsigned variable;

	while ((variable = top_variable(relate->all, left, right)) < BITS) {
		dd left_zero = follow(relate->all, left, variable, false);
		dd right_zero = follow(relate->all, right, variable, false);
		bool one = !(explore(relate, left_zero, right_zero) &
			     relate->wanted);

		call_set_bit(&relate->call, variable, one);
		left = one ? follow(relate->all, left, variable, true)
			   : left_zero;
		right = one ? follow(relate->all, right, variable, true)
			    : right_zero;
	}
	witness_from(relate->all, &relate->call, left, right, out);
}

bool compare_relation(const struct diagrams *all, dd left, dd right,
		      enum cg_relation *out, struct cg_witness *witness)
{
	struct relate relate = { .all = all, .size = 1024, .rank = strictness };
	unsigned found;

	relate.table = calloc(relate.size, sizeof(*relate.table));
	if (!relate.table)
		return false;
	found = explore(&relate, left, right);
	*out = found == LEFT_STRICTER ? CG_STRICTER
	       : found == LEFT_LOOSER ? CG_LOOSER
				      : CG_DIFFERENT;
	relate.wanted = found & LEFT_LOOSER     ? LEFT_LOOSER
			: found & LEFT_STRICTER ? LEFT_STRICTER
						: OTHERWISE;
	if (!relate.failed && witness)
		find_path(&relate, left, right, witness);
	free(relate.table);
	return !relate.failed;
}

bool compare_permits(const struct diagrams *all, dd left, dd right, bool *out,
		     struct cg_witness *witness)
{
	struct relate relate = { .all = all,
				 .size = 1024,
				 .rank = permission,
				 .wanted = LEFT_STRICTER };

	relate.table = calloc(relate.size, sizeof(*relate.table));
	if (!relate.table)
		return false;
	*out = !(explore(&relate, left, right) & LEFT_STRICTER);
	if (!relate.failed && !*out)
		find_path(&relate, left, right, witness);
	free(relate.table);
	return !relate.failed;
}

/* ------------------------------------------------------- call by call -- */

/* Follow a diagram along a call, up to the first bit past `word`. */
static dd fix(const struct diagrams *all, dd a, const struct cg_call *call,
	      unsigned word, uint32_t *free_bits)
{
	unsigned variable;

	*free_bits = UINT32_MAX;
	while ((variable = diagram_variable(all, a)) < 32 * (word + 1)) {
		if (variable >= 32 * word)
			*free_bits &= ~(1u << (31 - variable % 32));
		a = call_bit(call, variable) ? diagram_one(all, a)
					     : diagram_zero(all, a);
	}
	return a;
}

dd compare_fix(const struct diagrams *all, dd a, uint32_t arch, uint32_t nr)
{
	const struct cg_call call = { .arch = arch, .nr = nr };
	uint32_t free_bits;

	return fix(all, a, &call, WORD_NR, &free_bits);
}

dd compare_fix_arch(const struct diagrams *all, dd a, uint32_t arch)
{
	const struct cg_call call = { .arch = arch };
	uint32_t free_bits;

	return fix(all, a, &call, WORD_ARCH, &free_bits);
}

/*
 * Go over the values of a word, from `first` to `last`, block by block: bits
 * that neither diagram looks at change nothing, and where these are the lowest
 * bits, all that they reach lies in a row.
 */
static bool
differs_within(const struct diagrams *all, dd left, dd right,
	       struct cg_call *call, unsigned word, uint64_t first,
	       uint32_t last, const uint32_t *skip, size_t count, uint32_t *out)
{
	uint32_t *value = word == WORD_ARCH ? &call->arch : &call->nr;
	size_t i = 0;

	while (first <= last) {
		uint32_t left_free, right_free, both;

		while (i < count && skip[i] < first)
			i++;
		if (i < count && skip[i] == first) {
			first++;
			continue;
		}
		*value = (uint32_t)first;
		if (fix(all, left, call, word, &left_free) !=
		    fix(all, right, call, word, &right_free)) {
			*out = *value;
			return true;
		}
		both = left_free & right_free;
		first = (uint64_t)(*value | (both & ~(both + 1))) + 1;
	}
	return false;
}

bool compare_other_number(const struct diagrams *all, dd left, dd right,
			  uint32_t arch, uint32_t first, uint32_t last,
			  const uint32_t *skip, size_t count, uint32_t *nr)
{
	struct cg_call call = { .arch = arch };

	return differs_within(all, left, right, &call, WORD_NR, first, last,
			      skip, count, nr);
}

uint32_t compare_same_numbers(const struct diagrams *all, dd left, dd right,
			      uint32_t arch, uint32_t nr, uint32_t last,
			      const uint32_t *skip, size_t count)
{
	struct cg_call call = { .arch = arch, .nr = nr };
	uint32_t left_free, right_free, both;
	const dd a = fix(all, left, &call, WORD_NR, &left_free);
	const dd b = fix(all, right, &call, WORD_NR, &right_free);

	for (size_t i = 0; i < count; i++)
		if (skip[i] > nr && skip[i] <= last)
			last = skip[i] - 1;
	for (;;) {
		both = left_free & right_free;
		nr |= both & ~(both + 1);
		if (nr >= last)
			return last;
		call.nr = nr + 1;
		if (fix(all, left, &call, WORD_NR, &left_free) != a ||
		    fix(all, right, &call, WORD_NR, &right_free) != b)
			return nr;
		nr++;
	}
}

bool compare_other_arch(const struct diagrams *all, dd left, dd right,
			const uint32_t *skip, size_t count, uint32_t *arch)
{
	struct cg_call call = { 0 };

	return differs_within(all, left, right, &call, WORD_ARCH, 0, UINT32_MAX,
			      skip, count, arch);
}
