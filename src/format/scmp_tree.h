/*
 * format/scmp_tree.h - how libseccomp keeps the rules of one call.
 *
 * It splits a 64-bit comparison into tests of halves, joins the rules of a call
 * in a tree of such tests, and refuses a rule for what it finds in the tree.
 * The tree says which rules are refused, and is what its pseudo filter code
 * shows. It is not what the rules mean: see scmp_order.h.
 *
 * A level is a sorted list of tests; if none of them leads anywhere, what
 * follows the test above goes on. Levels may be shared, and are copied before
 * they change.
 */
#ifndef FORMAT_SCMP_TREE_H
#define FORMAT_SCMP_TREE_H

#include <callgate/scmp.h>

#include "base/arena.h"

/* One condition, made plain: `value` has no bits outside `mask`. */
struct scmp_condition {
	uint64_t mask, value;
	uint8_t argument;
	uint8_t op; /* enum cg_scmp_operator */
};

enum scmp_test {
	SCMP_TEST_EQ,
	SCMP_TEST_MASKED,
	SCMP_TEST_GE,
	SCMP_TEST_GT,
};

enum scmp_end {
	SCMP_NOWHERE, /* falls through */
	SCMP_ANSWER,
	SCMP_LEVEL,
};

struct scmp_level;

struct scmp_branch {
	struct scmp_level *level;
	uint32_t answer;
	enum scmp_end end;
};

/* A test of one half of an argument, or of a 32-bit one (half 0). */
struct scmp_node {
	struct scmp_branch yes, no;
	uint64_t place; /* the condition's value, or that of its half */
	uint32_t mask, value;
	uint8_t argument, half, test, rank;
};

struct scmp_level {
	struct scmp_node **nodes; /* sorted, the last one first */
	size_t count, room;
	bool shared; /* several branches lead here */
};

enum scmp_fit {
	SCMP_FITS,    /* there is room for it */
	SCMP_COVERED, /* other rules say so already: nothing is to be done */
	SCMP_LOST,    /* its tree has no room for it, but it counts */
	SCMP_REFUSED, /* one with another answer is in its place */
	SCMP_NOMEM,
};

/*
 * What would become of a rule with `count` conditions, at least one, sorted by
 * argument. Changes nothing but `*arena`, where it leaves the rule as tests in
 * `*made` for scmp_tree_add().
 */
enum scmp_fit
scmp_tree_try(struct arena *arena, const struct scmp_level *root, unsigned bits,
	      const struct scmp_condition *conditions, size_t count,
	      uint32_t answer, struct scmp_branch *made);

/* Whether a rule that is in the tree could as well not be: SCMP_COVERED. */
enum scmp_fit
scmp_tree_covers(struct arena *arena, const struct scmp_level *root,
		 unsigned bits, const struct scmp_condition *conditions,
		 size_t count, uint32_t answer);

/* Join a rule that SCMP_FITS into the tree. False if memory ran out: then the
   tree is not to be used any more. */
bool scmp_tree_add(struct arena *arena, struct scmp_level *root, unsigned bits,
		   const struct scmp_branch *made);

#endif
