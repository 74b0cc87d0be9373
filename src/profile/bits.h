/*
 * profile/bits.h - what is still to be done, a bit each.
 *
 * Taken in order, round and round: of code that lies in order most ways go on
 * behind where they come from, so that what comes before is mostly settled.
 */
#ifndef PROFILE_BITS_H
#define PROFILE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if it was not there yet. */
static inline bool bits_add(uint64_t *bits, size_t index)
{
	const uint64_t bit = UINT64_C(1) << index % 64;
	const bool there = bits[index / 64] & bit;

	bits[index / 64] |= bit;
	return !there;
}

/* Take the next out of `count`, from `from` on; there must be one. */
static inline size_t bits_take(uint64_t *bits, size_t count, size_t from)
{
	const size_t words = count / 64 + 1;
	size_t word = from / 64;
	uint64_t left = bits[word] & ~UINT64_C(0) << from % 64;

	while (!left) {
		word = word + 1 < words ? word + 1 : 0;
		left = bits[word];
	}
	bits[word] &= ~(left & (0 - left));
	return word * 64 + (size_t)__builtin_ctzll(left);
}

#endif
