/*
 * record/draft.h - what a policy made of a recording will say.
 *
 * Pure. First it is decided which calls are allowed, why, and by which
 * arguments; then that is written as a policy.
 */
#ifndef RECORD_DRAFT_H
#define RECORD_DRAFT_H

#include "record/recording.h"

enum draft_cause {
	DRAFT_SEEN,    /* it was recorded */
	DRAFT_NEED,    /* every program may need it */
	DRAFT_KIN,     /* it does what a recorded one does */
	DRAFT_MISSING, /* recorded, and the kernel never had it */
	DRAFT_OPTION,  /* not seen, and libc does without if it is missing */
};

/* A call by name: the ABIs are all those of the recording. */
struct draft_call {
	const struct cg_syscall *call;
	enum draft_cause cause;
	const char *kin;  /* for KIN: the one that was seen */
	const char *rule; /* the whole one-line rule, or NULL: any arguments */
};

struct draft {
	struct arena *arena;
	const struct cg_recording *recording;
	uint32_t phases; /* 1 << phase */
	uint32_t slack;  /* per cent */
	bool no_arguments;
	const struct cg_abi *abis[8]; /* the native one first */
	size_t abi_count;
	struct draft_call *calls; /* sorted by cause, then by name */
	size_t count, room;
	size_t seen;     /* DRAFT_SEEN ones */
	size_t left_out; /* kin that the slack had no room for */
	size_t nameless; /* recorded numbers without a name */
	uint32_t kernel; /* CG_KERNEL of the oldest one; 0: not known */
};

enum { DRAFT_SLACK = 20 };

/* Decide. Fails with CG_E_INPUT (nothing in these phases) or CG_E_NOMEM. */
bool draft_make(struct draft *draft, struct cg_error *err);

/* The rule for a call with conditions, or NULL where there are none to set. */
const char *
draft_rule(struct draft *draft, const struct cg_syscall *call, bool *nomem);

/* Write it as a policy. */
void draft_write(const struct draft *draft, struct buf *out);

#endif
