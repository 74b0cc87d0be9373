/*
 * watch/witness.h - what the witness in the kernel saw, as violations. Pure.
 */
#ifndef WATCH_WITNESS_H
#define WATCH_WITNESS_H

#include "watch/chains.h"
#include "watch/violation.h"

enum witnessed {
	WITNESSED_NOTHING, /* the call failed for a reason of its own */
	WITNESSED_VIOLATION,
	WITNESSED_UNKNOWN, /* its filters are not known */
};

/* The call as its filters saw it. */
struct cg_call witness_call_of(const struct witness_call *message);

/* `chain` may be NULL, where it could not be read. */
enum witnessed witness_judge(const struct witness_call *message,
			     const struct chain *chain, struct judgement *out);

/* NULL without memory. `booted` is CLOCK_BOOTTIME's zero since 1970, in ns. */
struct violation *
witness_violation(const struct witness_call *message, const struct chain *chain,
		  const struct judgement *judgement, int64_t booted);

/* Which arguments are to be looked at. */
void witness_peeks(struct witness_config *config);

#endif
