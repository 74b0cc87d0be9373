/*
 * policy/clause.h - tests in one form: the values that a masked argument has.
 *
 * Whatever a test was written as, it comes to sorted intervals of values of
 * (argument & mask), 64 bits, unsigned. So tests can be joined and compared.
 */
#ifndef POLICY_CLAUSE_H
#define POLICY_CLAUSE_H

#include "policy/resolve.h"

/* Sorted intervals, neither overlapping nor touching. */
struct set {
	struct number_interval *at;
	size_t count;
};

struct clause {
	uint8_t argument; /* where it stands on the ABI */
	uint64_t mask;
	struct set set; /* drawn in to values that the mask leaves */
};

/* Clauses that must all hold: by argument, then by mask, each pair once. */
struct clauses {
	struct clause *at;
	size_t count;
	bool never; /* they cannot hold together */
};

/* The clauses of an entry; false if memory ran out. */
bool clauses_make(struct arena *arena, const struct resolved_entry *entry,
		  struct clauses *out);

/* Whether two differ, and which comes first: an order for sorting. */
int clauses_order(const struct clauses *a, const struct clauses *b);

/*
 * Either of two, where that can be said as one: those that differ in the set of
 * one clause. `*joined` says whether they were; false if memory ran out.
 */
bool clauses_or(struct arena *arena, struct clauses *into,
		const struct clauses *other, bool *joined);

/* All masked values that are not in the set; false if memory ran out. */
bool set_inverse(struct arena *arena, const struct set *in, uint64_t mask,
		 struct set *out);

/* Sort, and join what overlaps or touches. */
void set_tidy(struct set *set);

#endif
