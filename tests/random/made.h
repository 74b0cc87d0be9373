/*
 * random/made.h - made-up policies: their text, and what it should mean.
 *
 * The text goes to the library as any other. What it means is kept beside it,
 * and made_answer() works from that alone: a second reference, which shares
 * nothing with the library but its tables of numbers and arguments.
 */
#ifndef RANDOM_MADE_H
#define RANDOM_MADE_H

#include <callgate/policy.h>

#include "base/buf.h"

enum {
	MADE_GROUPS = 6,
	MADE_ENTRIES = 24,
	MADE_CONDITIONS = 4,
	MADE_SET = 5,
	MADE_ABIS = 3,
};

enum made_compare {
	MADE_EQ,
	MADE_NE,
	MADE_LT,
	MADE_LE,
	MADE_GT,
	MADE_GE,
	MADE_ANY_BITS,
	MADE_NO_BITS,
	MADE_ALL_BITS,
	MADE_IN, /* (argument & mask) in the set */
	MADE_NOT_IN,
};

struct made_condition {
	unsigned argument;
	enum made_compare compare;
	bool typed;  /* as C compares it, not 64 bits unsigned */
	bool masked; /* and not all ones by default */
	uint64_t value, mask;
	struct made_range {
		uint64_t first, last;
	} set[MADE_SET];
	size_t count;
};

struct made_entry {
	const struct cg_syscall *call;
	struct made_condition conditions[MADE_CONDITIONS];
	size_t count;
};

struct made_group {
	uint32_t answer;
	struct made_entry entries[MADE_ENTRIES];
	size_t count;
	const struct cg_group *sets[2];
	size_t set_count;
};

struct made {
	struct buf text;
	const struct cg_abi *abis[MADE_ABIS]; /* the first is the main one */
	size_t abi_count;
	struct made_group groups[MADE_GROUPS];
	size_t count;
	uint32_t fallback;
	bool by_kernel; /* what no group names may be unknown to a kernel */
};

/* A policy by its seed: the same seed makes the same policy. */
void made_init(struct made *made, uint64_t seed);
void made_done(struct made *made);

/*
 * What the policy answers to a call, if that can be told from here: it is one
 * of the main ABI, x86_64, which has neither doors nor twins; but for x32's
 * numbers without their bit, where that is covered.
 */
bool made_answer(const struct made *made, const struct cg_call *call,
		 uint32_t *answer);

#endif
