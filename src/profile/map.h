/* profile/map.h - from an address to a number, growing in an arena. */
#ifndef PROFILE_MAP_H
#define PROFILE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct map_slot;

/* All zeros is an empty map. */
struct map {
	struct map_slot *slots;
	size_t room, count;
};

/* The number of `key`, or NULL. Valid until the next add. */
uint32_t *map_get(const struct map *map, uint64_t key);

/* False if memory has run out. `*there`: it was there, and stays as it was. */
bool map_add(struct arena *arena, struct map *map, uint64_t key, uint32_t value,
	     bool *there);

#endif
