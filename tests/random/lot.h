/*
 * random/lot.h - how many made-up things a test tries, and from which seed.
 *
 * Both are the test's own choice, or the first argument's, or the
 * environment's: CALLGATE_SEED and the variable that the test names. Both are
 * told, so that a failure can be had again.
 */
#ifndef RANDOM_LOT_H
#define RANDOM_LOT_H

#include <inttypes.h>
#include <stdlib.h>

#include "tap.h"

struct lot {
	uint64_t wanted, seed;
};

static inline uint64_t lot_number(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* `argv` may be that of main() alone; `own` is what the test would choose. */
static inline struct lot
lot_draw(char *const argv[], const char *variable, struct lot own)
{
	struct lot lot;

	if (argv[1])
		own.wanted = strtoull(argv[1], NULL, 0);
	lot.wanted = lot_number(variable, own.wanted);
	lot.seed = lot_number("CALLGATE_SEED", own.seed);
	tap_note("CALLGATE_SEED=%" PRIu64 " %s=%" PRIu64, lot.seed, variable,
		 lot.wanted);
	return lot;
}

#endif
