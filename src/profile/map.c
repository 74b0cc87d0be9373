#include "profile/map.h"

struct map_slot {
	uint64_t key; /* 0: free */
	uint32_t value;
};

static size_t start_of(const struct map *map, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) &
	       (map->room - 1);
}

static struct map_slot *slot_of(const struct map *map, uint64_t key)
{
	size_t at = start_of(map, key);

	while (map->slots[at].key && map->slots[at].key != key)
		at = (at + 1) & (map->room - 1);
	return &map->slots[at];
}

/* 0 marks what is free, and stands for itself by another name. */
static uint64_t stored(uint64_t key)
{
	return key ? key : UINT64_MAX;
}

uint32_t *map_get(const struct map *map, uint64_t key)
{
	struct map_slot *slot;

	if (!map->room)
		return NULL;
	slot = slot_of(map, stored(key));
	return slot->key ? &slot->value : NULL;
}

static bool grow(struct arena *arena, struct map *map)
{
	struct map larger = { .room = map->room ? map->room * 2 : 32,
			      .count = map->count };

	larger.slots = arena_array(arena, struct map_slot, larger.room);
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < map->room; i++)
		if (map->slots[i].key)
			*slot_of(&larger, map->slots[i].key) = map->slots[i];
	arena_release(arena, map->slots, map->room * sizeof(*map->slots));
	*map = larger;
	return true;
}

bool map_add(struct arena *arena, struct map *map, uint64_t key, uint32_t value,
	     bool *there)
{
	struct map_slot *slot;

	if (2 * map->count >= map->room && !grow(arena, map))
		return false;
	key = stored(key);
	slot = slot_of(map, key);
	*there = slot->key != 0;
	if (*there)
		return true;
	*slot = (struct map_slot){ key, value };
	map->count++;
	return true;
}
