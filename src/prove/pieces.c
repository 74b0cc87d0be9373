#include "prove/pieces.h"

enum {
	ARGUMENT_BITS = 64,
	INTERVALS_MAX = PIECES_MAX,
	APART_MAX = 64, /* values that are left out one by one */
	FEW_BITS = 3,
	MOST_BITS = 24,
	FEW_RANGES = 16,
};

struct range {
	uint64_t first, last; /* both included; no bit outside the mask */
};

/* The values as intervals, found from the lowest to the highest. */
struct ranges {
	struct arena *arena;
	struct range *at;
	size_t count, room, most;
	bool open; /* the last one reaches up to what was looked at */
	enum pieces_result result;
};

struct find {
	struct diagrams *all;
	unsigned base; /* the variable of the argument's highest bit */
	uint64_t mask; /* bits that matter */
};

static bool is_value(const struct diagrams *all, dd a)
{
	return diagram_variable(all, a) == BITS;
}

/* ------------------------------------------------------------- ranges -- */

static bool
add_range(struct ranges *ranges, uint64_t first, uint64_t last, bool inside)
{
	if (inside && ranges->open) {
		ranges->at[ranges->count - 1].last = last;
		return true;
	}
	ranges->open = inside;
	if (!inside)
		return true;
	if (ranges->count == ranges->most) {
		ranges->result = PIECES_TOO_MANY;
		return false;
	}
	ranges->at = arena_grow(ranges->arena, ranges->at, &ranges->room,
				ranges->count + 1, sizeof(*ranges->at));
	if (!ranges->at) {
		ranges->result = PIECES_FAILED;
		return false;
	}
	ranges->at[ranges->count++] = (struct range){ first, last };
	return true;
}

/*
 * All masked values below `bit` (64: all) with `value` above, in order; of bits
 * that do not matter only 0 is a value.
 */
static bool go(const struct find *find, struct ranges *ranges, dd a,
	       unsigned bit, uint64_t value, dd wanted)
{
	unsigned variable;
	dd zero = a, one = a;

	if (is_value(find->all, a)) {
		uint64_t below = bit == ARGUMENT_BITS
					 ? UINT64_MAX
					 : ((uint64_t)1 << bit) - 1;

		return add_range(ranges, value, value | (below & find->mask),
				 a == wanted);
	}
	bit--;
	if (!(find->mask >> bit & 1))
		return go(find, ranges, a, bit, value, wanted);
	variable = find->base + ARGUMENT_BITS - 1 - bit;
	if (diagram_variable(find->all, a) == variable) {
		zero = diagram_zero(find->all, a);
		one = diagram_one(find->all, a);
	}
	return go(find, ranges, zero, bit, value, wanted) &&
	       go(find, ranges, one, bit, value | (uint64_t)1 << bit, wanted);
}

static bool find_ranges(const struct find *find, struct ranges *ranges, dd set,
			dd wanted, size_t most)
{
	ranges->count = 0;
	ranges->open = false;
	ranges->most = most;
	ranges->result = PIECES_MADE;
	return go(find, ranges, set, ARGUMENT_BITS, 0, wanted);
}

/* -------------------------------------------------------------- pieces -- */

static struct cg_test *
add_piece(struct arena *arena, struct pieces *out, size_t tests)
{
	struct cg_test *room = arena_array(arena, struct cg_test, tests);

	out->at = arena_grow(arena, out->at, &out->room, out->count + 1,
			     sizeof(*out->at));
	if (!room || !out->at)
		return NULL;
	out->at[out->count++] = (struct piece_tests){ room, 0 };
	return room;
}

static void add_test(struct pieces *out, unsigned argument, enum cg_operator op,
		     uint64_t mask, uint64_t value)
{
	struct piece_tests *piece = &out->at[out->count - 1];

	piece->tests[piece->count++] = (struct cg_test){
		.argument = (uint8_t)argument,
		.op = op,
		.mask = mask,
		.value = value,
	};
}

static enum pieces_result
from_ranges(struct arena *arena, unsigned argument, uint64_t mask,
	    const struct ranges *ranges, struct pieces *out)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->at[i];

		if (!add_piece(arena, out, 2))
			return PIECES_FAILED;
		if (range->first == range->last) {
			add_test(out, argument, CG_EQ, mask, range->first);
			continue;
		}
		if (range->first)
			add_test(out, argument, CG_GE, mask, range->first);
		if (range->last != mask)
			add_test(out, argument, CG_LE, mask, range->last);
	}
	return PIECES_MADE;
}

/* All but some single values: one piece. */
static enum pieces_result
from_apart(struct arena *arena, unsigned argument, uint64_t mask,
	   const struct ranges *apart, struct pieces *out)
{
	if (!add_piece(arena, out, apart->count))
		return PIECES_FAILED;
	for (size_t i = 0; i < apart->count; i++)
		add_test(out, argument, CG_NE, mask, apart->at[i].first);
	return PIECES_MADE;
}

static bool all_single(const struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (ranges->at[i].first != ranges->at[i].last)
			return false;
	return true;
}

/* Each way to the truth: the bits that it looks at, and what they are. */
static enum pieces_result
from_paths(const struct find *find, struct arena *arena, unsigned argument,
	   dd a, uint64_t mask, uint64_t value, struct pieces *out)
{
	enum pieces_result result;
	uint64_t bit;

	if (a == DD_FALSE)
		return PIECES_MADE;
	if (a == DD_TRUE) {
		if (out->count >= out->most)
			return PIECES_TOO_MANY;
		if (!add_piece(arena, out, 1))
			return PIECES_FAILED;
		add_test(out, argument, CG_EQ, mask, value);
		return PIECES_MADE;
	}
	bit = (uint64_t)1 << (find->base + ARGUMENT_BITS - 1 -
			      diagram_variable(find->all, a));
	result = from_paths(find, arena, argument, diagram_zero(find->all, a),
			    mask | bit, value, out);
	return result != PIECES_MADE ? result
				     : from_paths(find, arena, argument,
						  diagram_one(find->all, a),
						  mask | bit, value | bit, out);
}

/* ------------------------------------------------------ what it looks at -- */

/* Nodes that were visited. */
struct seen {
	struct arena *arena;
	dd *slots; /* by hash; DD_FALSE, which is never kept, is free */
	size_t count, size;
};

static dd *slot_of(const struct seen *seen, dd a)
{
	size_t at = (a * (size_t)0x9e3779b1u) & (seen->size - 1);

	while (seen->slots[at] && seen->slots[at] != a)
		at = (at + 1) & (seen->size - 1);
	return &seen->slots[at];
}

static bool grow(struct seen *seen)
{
	const dd *old = seen->slots;
	size_t size = seen->size;

	seen->size = size ? 2 * size : 64;
	seen->slots = arena_array(seen->arena, dd, seen->size);
	for (size_t i = 0; seen->slots && i < size; i++)
		if (old[i])
			*slot_of(seen, old[i]) = old[i];
	return seen->slots != NULL;
}

/* The bits that a set looks at; at most ARGUMENT_BITS deep. */
static bool
mark_bits(const struct find *find, struct seen *seen, dd a, uint64_t *mask)
{
	dd *slot;

	if (is_value(find->all, a))
		return true;
	if (2 * seen->count >= seen->size && !grow(seen))
		return false;
	slot = slot_of(seen, a);
	if (*slot)
		return true;
	*slot = a;
	seen->count++;
	*mask |= (uint64_t)1 << (find->base + ARGUMENT_BITS - 1 -
				 diagram_variable(find->all, a));
	return mark_bits(find, seen, diagram_zero(find->all, a), mask) &&
	       mark_bits(find, seen, diagram_one(find->all, a), mask);
}

/*
 * Where only a few bits do not matter, it was values that were compared: 10 and
 * up, not 10 with or without its lowest bit; A or B, not bits that both have.
 */
static bool widen(struct find *find, struct ranges *inside, dd set)
{
	const uint64_t full = find->mask >> 32 ? UINT64_MAX : UINT32_MAX;
	const uint64_t kept = find->mask;
	struct ranges wide = { .arena = inside->arena };
	bool few = __builtin_popcountll(full & ~kept) <= FEW_BITS &&
		   __builtin_popcountll(kept) >= MOST_BITS;
	size_t most = few ? FEW_RANGES : 0;

	if (inside->result != PIECES_MADE || full == kept)
		return true;
	find->mask = full;
	find_ranges(find, &wide, set, DD_TRUE,
		    most > inside->count ? most : inside->count);
	if (wide.result == PIECES_MADE)
		*inside = wide;
	else
		find->mask = kept;
	return wide.result != PIECES_FAILED;
}

enum pieces_result pieces_find(struct diagrams *all, struct arena *arena,
			       unsigned argument, dd set, struct pieces *out)
{
	struct find find = { .all = all,
			     .base = 32 * (WORD_ARGS + 2 * argument) };
	struct seen seen = { .arena = arena };
	struct ranges inside = { .arena = arena }, apart = { .arena = arena };
	struct pieces paths = { 0 };
	enum pieces_result result;
	size_t most;

	if (!mark_bits(&find, &seen, set, &find.mask))
		return PIECES_FAILED;
	find_ranges(&find, &inside, set, DD_TRUE, INTERVALS_MAX);
	if (inside.result == PIECES_FAILED || !widen(&find, &inside, set))
		return PIECES_FAILED;
	find_ranges(&find, &apart, set, DD_FALSE, APART_MAX);
	if (apart.result == PIECES_FAILED)
		return PIECES_FAILED;
	most = inside.result == PIECES_MADE ? inside.count : PIECES_MAX + 1;
	if (apart.result == PIECES_MADE && most > 1 && all_single(&apart))
		return from_apart(arena, argument, find.mask, &apart, out);
	if (most <= 2)
		return from_ranges(arena, argument, find.mask, &inside, out);
	paths.most = most - 1;
	result = from_paths(&find, arena, argument, set, 0, 0, &paths);
	if (result == PIECES_MADE) {
		*out = paths;
		return PIECES_MADE;
	}
	if (result == PIECES_TOO_MANY && most <= PIECES_MAX)
		return from_ranges(arena, argument, find.mask, &inside, out);
	return result;
}
