/*
 * profile/pack.h - numbers in few bytes, for what is kept between two runs.
 *
 * A distance is a number that may be small either way; it takes 7 bits a byte.
 * What is read is judged like all input: past its end there are zeros, and it
 * is told that there are.
 */
#ifndef PROFILE_PACK_H
#define PROFILE_PACK_H

#include "base/arena.h"
#include "profile/bytes.h"

struct packing {
	struct arena *arena;
	unsigned char *at;
	size_t count, room;
	bool failed; /* no memory */
};

void pack_byte(struct packing *packing, unsigned byte);
void pack_distance(struct packing *packing, uint64_t distance);
/* Up to its NUL; NULL is another text than "". */
void pack_text(struct packing *packing, const char *text);

struct unpacking {
	struct bytes from;
	uint64_t at;
	bool failed; /* it has ended, or makes no sense */
};

unsigned unpack_byte(struct unpacking *unpacking);
uint64_t unpack_distance(struct unpacking *unpacking);

/* A number of things of which each takes a byte at least, or 0. */
size_t unpack_count(struct unpacking *unpacking);

/* A text, in the bytes themselves; NULL if that is what was packed. */
const char *unpack_text(struct unpacking *unpacking);

#endif
