#include "profile/page_sets.h"

#include <stdlib.h>

enum {
	SET_MAX = 64,       /* halves in one set */
	SETS_MAX = 1 << 20, /* all of one function */
};

static uint64_t mixed(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

void page_sets_init(struct page_sets *sets, struct arena *arena)
{
	*sets = (struct page_sets){ .arena = arena };
	sets->sets = arena_grow(arena, NULL, &sets->set_room, 64,
				sizeof(*sets->sets));
	sets->nomem = !sets->sets;
	sets->set_count = 1;
}

struct page_set page_sets_get(const struct page_sets *sets, uint32_t set)
{
	return sets->sets[set];
}

const struct half *page_sets_half(const struct page_sets *sets, uint32_t half)
{
	return &sets->halves[half];
}

uint64_t page_sets_origin(const struct page_sets *sets, uint32_t origin)
{
	return origin < sets->origin_count ? sets->origins[origin].at : 0;
}

/* --------------------------------------------------------------- halves -- */

static bool add_half(struct page_sets *sets, struct half half)
{
	struct half *grown =
		arena_grow(sets->arena, sets->halves, &sets->half_room,
			   sets->half_count + 1, sizeof(*grown));

	if (!grown) {
		sets->nomem = true;
		return false;
	}
	sets->halves = grown;
	grown[sets->half_count++] = half;
	return true;
}

/* The number of a half; 0 without memory, which is remembered. */
static uint32_t half_number(struct page_sets *sets, struct half half)
{
	uint64_t key = mixed(mixed(half.origin, half.indexed), half.value);
	const uint32_t *found;
	bool there;

	for (;; key++) {
		found = map_get(&sets->half_of, key);
		if (!found)
			break;
		if (sets->halves[*found].value == half.value &&
		    sets->halves[*found].origin == half.origin &&
		    sets->halves[*found].indexed == half.indexed)
			return *found;
	}
	if (!add_half(sets, half))
		return 0;
	if (!map_add(sets->arena, &sets->half_of, key,
		     (uint32_t)(sets->half_count - 1), &there))
		sets->nomem = true;
	return (uint32_t)(sets->half_count - 1);
}

static uint32_t
origin_number(struct page_sets *sets, uint64_t at, uint64_t page)
{
	const uint32_t *found = map_get(&sets->origin_of, at);
	struct origin *grown;
	bool there;

	if (found)
		return *found;
	grown = arena_grow(sets->arena, sets->origins, &sets->origin_room,
			   sets->origin_count + 1, sizeof(*grown));
	if (!grown || !map_add(sets->arena, &sets->origin_of, at,
			       (uint32_t)sets->origin_count, &there)) {
		sets->nomem = true;
		return 0;
	}
	sets->origins = grown;
	grown[sets->origin_count] = (struct origin){ at, page };
	return (uint32_t)sets->origin_count++;
}

/* ----------------------------------------------------------------- sets -- */

static bool same(struct page_set set, const uint32_t *list, uint32_t count)
{
	return set.count == count &&
	       (!count || memcmp(set.at, list, count * sizeof(*list)) == 0);
}

static uint32_t
add_set(struct page_sets *sets, const uint32_t *list, uint32_t count)
{
	struct page_set *grown;
	uint32_t *kept;

	if (sets->set_count == SETS_MAX) {
		sets->too_many = true;
		return NO_PAGES;
	}
	grown = arena_grow(sets->arena, sets->sets, &sets->set_room,
			   sets->set_count + 1, sizeof(*grown));
	kept = arena_array(sets->arena, uint32_t, count);
	if (!grown || !kept) {
		sets->nomem = true;
		return NO_PAGES;
	}
	memcpy(kept, list, count * sizeof(*list));
	sets->sets = grown;
	grown[sets->set_count] = (struct page_set){ kept, count };
	return (uint32_t)sets->set_count++;
}

/* The number of a sorted list. */
static uint32_t
set_number(struct page_sets *sets, const uint32_t *list, uint32_t count)
{
	uint64_t key = count;
	const uint32_t *found;
	uint32_t made;
	bool there;

	if (!count || sets->nomem)
		return NO_PAGES;
	for (uint32_t i = 0; i < count; i++)
		key = mixed(key, list[i]);
	for (;; key++) {
		found = map_get(&sets->set_of, key);
		if (!found)
			break;
		if (same(sets->sets[*found], list, count))
			return *found;
	}
	made = add_set(sets, list, count);
	if (made != NO_PAGES &&
	    !map_add(sets->arena, &sets->set_of, key, made, &there))
		sets->nomem = true;
	return made;
}

static int by_number(const void *left, const void *right)
{
	const uint32_t a = *(const uint32_t *)left;
	const uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Of too many numbers only that there are some is kept; pages all count. */
static uint32_t shorten(struct page_sets *sets, uint32_t *list, uint32_t count)
{
	const struct half any = { ANY_NUMBER, NO_ORIGIN, false };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (sets->halves[list[i]].origin != NO_ORIGIN)
			list[kept++] = list[i];
	if (kept < count)
		list[kept++] = half_number(sets, any);
	if (kept > SET_MAX)
		sets->too_many = true;
	return kept;
}

/* Of a list in any order. */
static uint32_t make_set(struct page_sets *sets, uint32_t *list, uint32_t count)
{
	uint32_t kept = 0;

	for (int round = 0; round < 2; round++) {
		if (count)
			qsort(list, count, sizeof(*list), by_number);
		kept = 0;
		for (uint32_t i = 0; i < count; i++)
			if (!kept || list[kept - 1] != list[i])
				list[kept++] = list[i];
		count = kept;
		if (kept <= SET_MAX)
			break;
		count = shorten(sets, list, kept);
	}
	return sets->too_many ? NO_PAGES : set_number(sets, list, count);
}

uint32_t page_sets_one(struct page_sets *sets, struct half half)
{
	const uint32_t number = half_number(sets, half);

	return set_number(sets, &number, 1);
}

uint32_t page_sets_load(struct page_sets *sets, uint64_t at, uint64_t page)
{
	const struct half half = {
		.value = page,
		.origin = origin_number(sets, at, page),
	};

	return page_sets_one(sets, half);
}

static uint32_t merge(uint32_t *list, struct page_set a, struct page_set b)
{
	uint32_t count = 0, i = 0, k = 0;

	while (i < a.count || k < b.count) {
		if (k == b.count || (i < a.count && a.at[i] <= b.at[k])) {
			k += k < b.count && a.at[i] == b.at[k];
			list[count++] = a.at[i++];
		} else {
			list[count++] = b.at[k++];
		}
	}
	return count;
}

uint32_t page_sets_join(struct page_sets *sets, uint32_t left, uint32_t right)
{
	const struct page_set a = sets->sets[left], b = sets->sets[right];
	struct joined *known =
		&sets->joined[(left * 31 + right) % JOINED_COUNT];
	uint32_t list[2 * SET_MAX];
	uint32_t count;

	if (left == right || right == NO_PAGES)
		return left;
	if (left == NO_PAGES)
		return right;
	if (known->left == left && known->right == right)
		return known->both;
	count = merge(list, a, b);
	known->left = left;
	known->right = right;
	known->both = count == a.count   ? left
		      : count <= SET_MAX ? set_number(sets, list, count)
					 : make_set(sets, list, count);
	return known->both;
}

/* ------------------------------------------------------------ arithmetic -- */

/* Each page moved by a number, or by who knows what. Numbers go: a loop that
   adds to one would never end. */
static uint32_t
moved(struct page_sets *sets, uint32_t set, uint64_t number, bool indexed)
{
	const struct page_set from = sets->sets[set];
	uint32_t list[SET_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < from.count; i++) {
		struct half half = sets->halves[from.at[i]];

		if (half.origin == NO_ORIGIN)
			continue;
		if (!half.indexed)
			half.value += number;
		half.indexed |= indexed;
		list[count++] = half_number(sets, half);
	}
	return make_set(sets, list, count);
}

uint32_t page_sets_add(struct page_sets *sets, uint32_t set, uint64_t number)
{
	return moved(sets, set, number, number != 0);
}

uint32_t page_sets_indexed(struct page_sets *sets, uint32_t set)
{
	return moved(sets, set, 0, true);
}

uint32_t page_sets_patch(struct page_sets *sets, uint32_t set, unsigned shift,
			 uint64_t number)
{
	const struct page_set from = sets->sets[set];
	uint32_t list[SET_MAX];

	for (uint32_t i = 0; i < from.count; i++) {
		struct half half = sets->halves[from.at[i]];

		if (half.origin == NO_ORIGIN && half.value != ANY_NUMBER)
			half.value =
				(half.value & ~(UINT64_C(0xffff) << shift)) |
				number << shift;
		list[i] = half_number(sets, half);
	}
	return make_set(sets, list, from.count);
}
