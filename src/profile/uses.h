/*
 * profile/uses.h - what becomes of an address that code has formed.
 *
 * Most addresses go to a function, or to memory, and then whoever has them may
 * read all of the object. But where all that is ever done with one, on every
 * way from there until the register holds something else, is to read words at
 * fixed distances from it, to compare it or to measure a distance to it, then
 * these words are all that can be read by it.
 */
#ifndef PROFILE_USES_H
#define PROFILE_USES_H

#include "profile/reach.h"

enum { USES_MAX = 32 };

struct use {
	uint64_t at;      /* the instruction */
	uint64_t address; /* of what it reads or writes */
	uint8_t size;
	uint8_t flow; /* FLOW_CALL, FLOW_JUMP: it goes where that says */
	bool read, write;
};

struct uses {
	struct use at[USES_MAX];
	unsigned count;
};

/*
 * Follow `address`, which stands in register `name` from the instruction at
 * `from` on. False if it goes anywhere else, or that cannot be told.
 */
bool uses_find(const struct reach *reach, const struct code *code,
	       uint64_t from, uint8_t name, uint64_t address, struct uses *out);

/*
 * Whether all that is done with an address in a register is to read what lies
 * there and behind it: never what lies before.
 */
bool uses_go_up(const struct reach *reach, const struct code *code,
		uint64_t from, uint8_t name);

#endif
