/*
 * reference.h - what rules mean, read literally.
 *
 * From the contract in callgate/scmp.h, and nothing of what implements it. Slow
 * and plain.
 */
#ifndef TESTS_COMPAT_REFERENCE_H
#define TESTS_COMPAT_REFERENCE_H

#include <callgate/callgate.h>

#include "made.h"

enum { FILTERS_MAX = 20, READ_MAX = OPS_MAX * 2 };

/* A rule for one number of one architecture. */
struct read_rule {
	uint32_t nr, action;
	unsigned count;
	struct scmp_arg_cmp args[6]; /* sorted by argument */
};

struct read_filter {
	const struct cg_scmp_arch *arch;
	struct read_rule rules[READ_MAX];
	size_t count;
	uint32_t prioritised[OPS_MAX]; /* numbers that were given a priority */
	size_t priority_count;
};

struct reference {
	bool stray; /* a priority for a call without a rule, somewhere */
	uint32_t answer, foreign;
	struct read_filter filters[FILTERS_MAX];
	size_t count;
};

/* Read a sequence of which `codes` say what was taken. */
void reference_read(struct reference *reference,
		    const struct sequence *sequence, const int *codes);

/* Whether each call has one rule at most: then there is one way to write it. */
bool reference_simple(const struct reference *reference);

/* The rules, in the order in which they decide, as a policy; NULL if not. */
struct cg_policy *reference_policy(const struct reference *reference);

/* Where libseccomp does not do what its rules say; the manual page tells. */
enum difference {
	DIFFERENCE_NONE,    /* it must */
	DIFFERENCE_UNEQUAL, /* several rules for a call, not all on equality */
	DIFFERENCE_MASKED,  /* masks, on several architectures */
	DIFFERENCE_PSEUDO,  /* a rule for a call that the architecture lacks */
	DIFFERENCE_STRAY,   /* a priority for a call without a rule */
	DIFFERENCE_FAR,     /* long filters for the other byte order */
	DIFFERENCES,
};

/* The kind that libseccomp may show for a call; its filter's length counts. */
enum difference
reference_difference(const struct reference *reference,
		     const struct cg_call *call, size_t instructions);

#endif
