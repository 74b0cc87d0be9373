#include "profile/values.h"

#include <string.h>

struct value_set {
	uint32_t hash;
	bool stack;
	unsigned count;
	struct item at[];
};

static int compare(const struct item *a, const struct item *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return (int)a->stale - (int)b->stale;
}

bool items_add(struct items *items, struct item item)
{
	unsigned at = 0;

	while (at < items->count && compare(&items->at[at], &item) < 0)
		at++;
	if (at < items->count && compare(&items->at[at], &item) == 0)
		return true;
	if (items->count == ITEMS_MAX)
		return false;
	memmove(&items->at[at + 1], &items->at[at],
		(items->count - at) * sizeof(item));
	items->at[at] = item;
	items->count++;
	return true;
}

static uint32_t hash_of(const struct items *items)
{
	uint64_t hash = items->count;

	for (unsigned i = 0; i < items->count; i++) {
		const struct item *item = &items->at[i];

		hash = (hash ^ item->number) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
		hash += (uint32_t)item->offset + ((uint64_t)item->kind << 32) +
			((uint64_t)item->name << 40) +
			((uint64_t)item->size << 48) +
			((uint64_t)item->stale << 56);
		hash *= UINT64_C(0xbf58476d1ce4e5b9);
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

static bool
same(const struct value_set *set, const struct items *items, uint32_t hash)
{
	if (set->hash != hash || set->count != items->count)
		return false;
	for (unsigned i = 0; i < items->count; i++)
		if (compare(&set->at[i], &items->at[i]) != 0)
			return false;
	return true;
}

static bool grow_slots(struct values *values)
{
	const size_t count = values->slot_count ? values->slot_count * 2 : 1024;
	uint32_t *slots = arena_array(values->arena, uint32_t, count);

	if (!slots)
		return false;
	for (size_t i = 2; i < values->count; i++) {
		size_t at = values->sets[i]->hash & (count - 1);

		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = (uint32_t)i;
	}
	values->slots = slots;
	values->slot_count = count;
	return true;
}

bool values_init(struct values *values, struct arena *arena)
{
	*values = (struct values){ .arena = arena };
	values->joins = arena_array(arena, struct joined, JOINS_KEPT);
	values->sets = arena_grow(arena, NULL, &values->room, 64,
				  sizeof(*values->sets));
	if (!values->sets || !values->joins)
		return false;
	values->count = 2;
	return grow_slots(values);
}

static uint32_t
add_set(struct values *values, const struct items *items, uint32_t hash)
{
	struct value_set *set =
		arena_alloc(values->arena, 1,
			    sizeof(*set) + items->count * sizeof(struct item));
	struct value_set **sets =
		arena_grow(values->arena, values->sets, &values->room,
			   values->count + 1, sizeof(*sets));

	if (!set || !sets) {
		values->nomem = true;
		return VALUE_ANY;
	}
	values->sets = sets;
	set->hash = hash;
	set->count = items->count;
	for (unsigned i = 0; i < items->count; i++) {
		set->at[i] = items->at[i];
		set->stack |= items->at[i].kind == ITEM_STACK;
	}
	sets[values->count] = set;
	return (uint32_t)values->count++;
}

uint32_t values_of(struct values *values, const struct items *items)
{
	const uint32_t hash = hash_of(items);
	size_t at;

	if (!items->count)
		return VALUE_NONE;
	if (2 * values->count > values->slot_count && !grow_slots(values)) {
		values->nomem = true;
		return VALUE_ANY;
	}
	at = hash & (values->slot_count - 1);
	while (values->slots[at]) {
		if (same(values->sets[values->slots[at]], items, hash))
			return values->slots[at];
		at = (at + 1) & (values->slot_count - 1);
	}
	values->slots[at] = add_set(values, items, hash);
	return values->slots[at];
}

uint32_t values_one(struct values *values, struct item item)
{
	struct items items = { .at = { item }, .count = 1 };

	return values_of(values, &items);
}

uint32_t values_number(struct values *values, uint64_t number)
{
	return values_one(values, (struct item){ .kind = ITEM_NUMBER,
						 .number = number });
}

bool values_items(const struct values *values, uint32_t value,
		  struct items *out)
{
	const struct value_set *set;

	out->count = 0;
	if (value == VALUE_ANY)
		return false;
	if (value == VALUE_NONE)
		return true;
	set = values->sets[value];
	out->count = set->count;
	for (unsigned i = 0; i < set->count; i++)
		out->at[i] = set->at[i];
	return true;
}

static uint32_t join(struct values *values, uint32_t a, uint32_t b)
{
	struct items left, right;

	if (!values_items(values, a, &left) || !values_items(values, b, &right))
		return VALUE_ANY;
	for (unsigned i = 0; i < right.count; i++)
		if (!items_add(&left, right.at[i]))
			return VALUE_ANY;
	return values_of(values, &left);
}

uint32_t values_join(struct values *values, uint32_t a, uint32_t b)
{
	struct joined *kept;

	if (a == b || b == VALUE_NONE)
		return a;
	if (a == VALUE_NONE)
		return b;
	if (a == VALUE_ANY || b == VALUE_ANY)
		return VALUE_ANY;
	kept = &values->joins[(a * 31 + b) % JOINS_KEPT];
	if (kept->a != a || kept->b != b)
		*kept = (struct joined){ a, b, join(values, a, b) };
	return kept->both;
}

bool values_has_stack(const struct values *values, uint32_t value)
{
	return value > VALUE_NONE && values->sets[value]->stack;
}
