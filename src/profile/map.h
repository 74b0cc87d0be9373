/* profile/map.h - from an address to a number, growing in an arena. */
#ifndef PROFILE_MAP_H
#define PROFILE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct map_slot;

/*
 * One key of two numbers. What is looked up by it alone must not meet another
 * pair's: each number is spread over all bits before the other comes in.
 */
static inline uint64_t map_key(uint64_t a, uint64_t b)
{
	a = (a + UINT64_C(0x2545f4914f6cdd1d)) * UINT64_C(0x9e3779b97f4a7c15);
	a = (a ^ a >> 32) * UINT64_C(0xd6e8feb86659fd93);
	a = ((a ^ a >> 29) + b) * UINT64_C(0x9e3779b97f4a7c15);
	a = (a ^ a >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return a ^ a >> 29;
}

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
