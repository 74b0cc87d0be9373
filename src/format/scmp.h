/*
 * format/scmp.h - a filter as libseccomp's callers make it; see
 * callgate/scmp.h for what its functions promise.
 */
#ifndef FORMAT_SCMP_H
#define FORMAT_SCMP_H

#include <callgate/rules.h>
#include <callgate/scmp.h>

#include "base/arena.h"
#include "base/fail.h"
#include "format/scmp_tree.h"

/* A rule with conditions that was taken. */
struct scmp_rule {
	struct scmp_rule *next;
	const struct scmp_condition *conditions; /* sorted by argument */
	uint32_t answer;
	uint32_t number; /* rules of its call before it */
	uint8_t count;
	bool apart; /* not in the tree: another rule covers it */
};

/* The rules of one number. */
struct scmp_call {
	uint32_t nr;
	uint32_t answer; /* without condition, if `plain` */
	bool plain;
	bool ruled;              /* it has a rule */
	bool early;              /* it had a priority before it had a rule */
	uint8_t priority;        /* as its caller says */
	uint32_t count;          /* of rules with conditions */
	struct scmp_level *root; /* NULL if `plain` */
	struct scmp_rule *first, *last;
};

enum { SCMP_BLOCK = 16 };
struct scmp_block {
	struct scmp_block *next;
	size_t used;
	struct scmp_call calls[SCMP_BLOCK];
};

/* The rules for one architecture. */
struct scmp_filter {
	const struct cg_scmp_arch *arch;
	struct arena arena;
	struct scmp_block *first, *last;
	bool prioritised;        /* some call has a priority */
	size_t count;            /* of calls */
	struct scmp_call **hash; /* by number; NULL is free */
	size_t hash_size;        /* a power of two, or 0 */
};

enum { SCMP_ARCHES_MAX = 32 };

struct cg_scmp {
	const struct cg_scmp_arch *native;
	struct scmp_filter *filters[SCMP_ARCHES_MAX];
	size_t count;
	uint32_t answer, foreign;
	bool minus_one;
	bool broken; /* memory ran out in the middle of something */
};

/*
 * The `call->count` rules of a call in the order in which they decide, in
 * `arena`; NULL if memory ran out. (scmp_order.c)
 */
const struct scmp_rule **
scmp_order(struct arena *arena, const struct scmp_call *call, unsigned bits);

/*
 * The rules that a filter comes to, in `arena`; a caller may put its own before
 * them. `joined`: in the order of their numbers, and calls in a row that answer
 * alike whatever their arguments are one rule; else as they were added. Fails
 * as cg_scmp_policy(). (scmp_policy.c)
 */
bool scmp_rules(const struct cg_scmp *scmp, bool joined, struct arena *arena,
		struct cg_rules *out, struct cg_error *err);

#endif
