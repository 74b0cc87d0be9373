/* profile/read.h - what the instructions of a function mention. */
#ifndef PROFILE_READ_H
#define PROFILE_READ_H

#include "profile/remarks.h"

/*
 * Read the code of a function, once for all its entries: what it mentions goes
 * into the arena. It changes nothing else but the memo, which may be NULL, and
 * may run beside others.
 */
void read_function(const struct reach *reach, struct arena *arena,
		   struct memo *memo, uint32_t function, struct remarks *out);

/*
 * For what was noted (reach.c). `known` is what is known at the call or jump,
 * NULL if nothing is; `again`: it was told before, for another caller.
 */
void reach_edge(struct reach *reach, uint64_t target, uint32_t region,
		struct cause cause, const struct known *known, bool again);

/* The same for a label that a jump leads to, or where that is 0, a table of
   branches: what it hands there is not told then, which is a gap. */
void reach_label(struct reach *reach, uint64_t target, uint32_t region,
		 uint64_t jump, struct cause cause);
void reach_site(struct reach *reach, uint64_t at, uint32_t region,
		uint8_t trap);
void reach_indirect(struct reach *reach, uint64_t at, uint32_t region,
		    bool jump);
void reach_store(struct reach *reach, uint64_t word, uint64_t at,
		 uint32_t region);

void reach_personality(struct reach *reach, uint64_t address, unsigned word,
		       struct cause cause);

#endif
