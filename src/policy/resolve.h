/*
 * policy/resolve.h - a policy in numbers, one table for each ABI.
 *
 * This is what eval reads literally, what compile compiles and what prove
 * takes as the truth. Doors and twins (abi/doors.h) are entries here.
 */
#ifndef POLICY_RESOLVE_H
#define POLICY_RESOLVE_H

#include "policy/model.h"

struct number_interval {
	uint64_t first, last; /* both included, within `bits` */
};

/*
 * One test of one argument, in numbers. With x the argument, cut to its low
 * `bits`, and values likewise; orders are signed in `bits` where `is_signed`.
 */
struct test {
	uint8_t argument; /* where it stands on this ABI, 0..5 */
	uint8_t bits;     /* 32 or 64 */
	bool is_signed;
	enum compare compare;
	uint64_t value;
	uint64_t mask; /* of COMPARE_IN and COMPARE_NOT_IN; else all ones */
	const struct number_interval *intervals;
	size_t interval_count;
};

/* If all tests hold for a call with this number, this is the answer. */
struct resolved_entry {
	uint32_t nr; /* as seccomp_data.nr shows it */
	uint32_t answer;
	const struct test *tests;
	size_t count;
	const struct entry *from;
	uint32_t order; /* place among all entries: the first match decides */
};

/*
 * What answers a number when none of its entries matches, from the number
 * `first` up to where the next rest begins.
 */
struct rest {
	uint32_t first;
	uint32_t answer;
	enum cg_cause cause;
	struct place place; /* of what says so */
	uint32_t order;     /* as an entry's; UINT32_MAX for a default */
};

struct resolved_abi {
	const struct cg_abi *abi;
	struct resolved_entry *entries; /* sorted by nr, then by order */
	size_t count, room;
	const struct rest *rests; /* sorted, the first from 0 */
	size_t rest_count;
	/* Entries that a rest comes before: none of them ever counts. */
	struct resolved_entry *covered;
	size_t covered_count;
};

/* Numbers under one audit architecture, and which table they are in. */
struct region {
	uint32_t arch;
	uint32_t first, last;           /* both included */
	const struct resolved_abi *abi; /* or NULL, and `answer` answers */
	uint32_t answer;
};

struct resolved {
	struct resolved_abi *abis;
	size_t count;
	/* Sorted by arch, then by first; no gap within an arch. */
	struct region *regions;
	size_t region_count;
	uint32_t foreign; /* the answer to an arch that is in no region */
	bool big_endian;
};

/* Make `policy->resolved`, in the policy's arena. */
bool policy_resolve(struct cg_policy *policy, struct cg_error *err);

/* The region of a call, or NULL where `foreign` answers. */
const struct region *
resolved_region(const struct resolved *resolved, uint32_t arch, uint32_t nr);

/* The entries of a number: the first of them, `*count` in order. */
const struct resolved_entry *
resolved_entries(const struct resolved_abi *abi, uint32_t nr, size_t *count);

/* What answers a number when no entry matches. */
const struct rest *resolved_rest(const struct resolved_abi *abi, uint32_t nr);

/*
 * Whether any number from `first` to `last` is one of `abi`: x32 has a part of
 * x86_64's, and nothing outside.
 */
bool abi_has_numbers(const struct cg_abi *abi, uint32_t first, uint32_t last);

/* Sort the entries of a table as it wants them. */
void resolved_sort(struct resolved_abi *abi);

/* Fill `regions`, once `abis` and `foreign` are; false without memory. */
bool resolved_regions(struct resolved *resolved, struct arena *arena,
		      bool elastic);

#endif
