/*
 * record/tally.h - what a backend has counted so far.
 *
 * Laid out without pointers, so that it can lie in memory that the recorder
 * shares with the process that traces.
 */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include "record/kernel_side.h"
#include "record/recording.h"

enum {
	TALLY_VALUES = 16384, /* powers of 2 */
	TALLY_ERRORS = 8192,
	TALLY_STRANGERS = 1024,
	TALLY_STACKS = 512,
	TALLY_STACK_TEXT = 2048,
};

/* Hash tables; an entry without a count is free. */
struct tally_value {
	struct side_value key;
	uint64_t count;
};
struct tally_error {
	struct side_error key;
	uint64_t count;
};
struct tally_stranger {
	struct side_stranger key;
	uint64_t count;
};

struct tally_stack {
	uint32_t cell; /* 1 + cell; 0: free */
	char text[TALLY_STACK_TEXT];
};

struct tally {
	uint32_t lane;
	uint32_t reserved;
	struct side_count counts[SIDE_CELLS];
	uint64_t firsts[SIDE_CELLS]; /* ns since 1970 */
	uint64_t lasts[SIDE_CELLS];
	uint32_t distinct[SIDE_CELLS][SIDE_ARGUMENTS];
	uint64_t others[SIDE_CELLS][SIDE_ARGUMENTS];
	struct tally_value values[TALLY_VALUES];
	struct tally_error errors[TALLY_ERRORS];
	struct tally_stranger strangers[TALLY_STRANGERS];
	struct tally_stack stacks[TALLY_STACKS];
	uint64_t lost[LOSSES];
};

/* Which ABI each door of this machine is; NULL where it has none. */
struct tally_doors {
	const struct cg_abi *abi[SIDE_DOORS];
};
struct tally_doors tally_doors(const struct cg_abi *native);

/*
 * The door of a call as a filter sees it, and its number without the ABI's
 * base. False if this machine has no such ABI.
 */
bool tally_door(const struct tally_doors *doors, uint32_t audit_arch,
		uint32_t nr, uint32_t *door, uint32_t *bare);

/* Add to the tables; what has no room is counted as lost. */
void tally_value(struct tally *tally, uint32_t cell, uint32_t argument,
		 uint64_t value, uint64_t count);
void tally_error(struct tally *tally, uint32_t cell, uint32_t number,
		 uint64_t count);
void tally_stranger(struct tally *tally, uint32_t lane, uint32_t door,
		    uint32_t nr, uint64_t count);
/* Whether a stack of this cell is wanted still, and there is room for it. */
struct tally_stack *tally_stack(struct tally *tally, uint32_t cell);

/*
 * Make a recording of it. `phased` says that lanes 0 and 1 are start-up and
 * service. False if memory ran out.
 */
bool tally_collect(const struct tally *tally, const struct tally_doors *doors,
		   bool phased, struct cg_recording *out);

#endif
