/*
 * profile/trail.h - which instructions of a function run, by what it is handed.
 *
 * A function is followed from its entry with the constants that one caller
 * hands to it; a branch that they decide is followed one way. What that leaves
 * out does not run for this caller.
 *
 * Why nothing is lost: only what is in registers counts, and of memory only
 * what nobody can write (known.h). A function is followed only if we see how
 * all of its code is come to: with nothing known about its arguments, and as if
 * each call came back, the ways that we see lead to each of its instructions
 * that does anything. If one remains - a label whose address is stored, a jump
 * in the disguise of a return - we do not know the ways of that function, and
 * all of it counts as it stands, for every caller. The same holds if it has a
 * second entry, for Go, for other machines than x86_64, and with all data taken
 * as used. To its landing pads only the unwinder leads: they are left out while
 * nothing that can run unwinds, and all of the function counts when it does.
 */
#ifndef PROFILE_TRAIL_H
#define PROFILE_TRAIL_H

#include "profile/known.h"
#include "profile/reach.h"

struct trail {
	struct code code;
	uint32_t
		*leaders; /* where runs of instructions begin, from the start */
	size_t leader_count;
	uint32_t *places; /* where its tables of jumps lead, inside of it */
	size_t place_count;
	uint32_t kept;   /* registers that it gives back as they were */
	uint8_t decides; /* arguments (bits) that decide anything in it */
	bool pads;       /* its landing pads are left out: if nothing unwinds */
	bool jumps;      /* by a table */
	bool followed;
};

/* Whether it is followed, as things stand. */
bool trail_counts(const struct reach *reach, const struct trail *trail);

/* What is known about the function at an entry. NULL: not now, or no memory. */
const struct trail *trail_of(struct reach *reach, uint64_t entry);

/*
 * Hand out each instruction that runs, but branches that are not taken, in
 * order of address within a run. False without memory.
 */
typedef void trail_visit(void *context, uint64_t at, const struct step *step,
			 const struct known *known);
bool trail_walk(struct reach *reach, const struct trail *trail, uint64_t entry,
		const struct handed *handed, trail_visit *visit, void *context);

#endif
