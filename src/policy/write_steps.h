/* policy/write_steps.h - what is to be written of one number. */
#ifndef POLICY_WRITE_STEPS_H
#define POLICY_WRITE_STEPS_H

#include "policy/resolve.h"

/* One action for some of a number's calls. */
struct step {
	const char *action;
	const char **rules; /* sorted, each once; none: for all calls */
	size_t count;
};

struct steps {
	struct step *at;
	size_t count;
};

/* What the steps are made of. */
struct steps_of {
	const struct cg_abi *abi;
	const struct cg_syscall *call; /* or NULL, and it goes by number */
	uint32_t nr;
	const struct resolved_entry *entries;
	size_t count;
	uint32_t rest;         /* the answer where no entry matches */
	const char *otherwise; /* what happens without any step */
	bool exact;
};

/* Stands in a rule for a condition that only an exact rule can say. */
#define UNSAYABLE "?"

/*
 * The steps of a number, in order: none where `otherwise` says it all.
 * False if memory ran out.
 */
bool steps_make(struct arena *arena, const struct steps_of *of,
		struct steps *out);

bool steps_same(const struct steps *a, const struct steps *b);

#endif
