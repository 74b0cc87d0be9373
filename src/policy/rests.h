/*
 * policy/rests.h - what answers numbers that have no entry, interval by
 * interval.
 */
#ifndef POLICY_RESTS_H
#define POLICY_RESTS_H

#include "policy/resolve.h"

/* Rests being made. */
struct rests {
	struct arena *arena;
	struct rest *at;
	size_t count, room;
};

/*
 * From `first` on, `rest` answers; behind the last that was added. One that
 * begins where the last did takes its place, and one that says the same is part
 * of it. Past the last number there is nothing to add. False without memory.
 */
bool rests_add(struct rests *rests, uint64_t first, const struct rest *rest);

/* A rule without tests, for all numbers from rest.first to `last`. */
struct number_span {
	struct rest rest;
	uint32_t last;
};

/*
 * Lay spans over the rests that `abi` has. Of spans on one number that of the
 * lowest order answers; entries that come after it in order are dropped. The
 * spans are sorted in place, the entries of `abi` must be sorted.
 *
 * The work is n log n, however many numbers there are in the spans. False
 * without memory.
 */
bool rests_lay(struct arena *arena, struct resolved_abi *abi,
	       struct number_span *spans, size_t count);

#endif
