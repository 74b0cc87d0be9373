/*
 * callgate/chain.h - several filters in force at once.
 *
 * A thread may be under many filters: each seccomp(2) adds one, and children
 * inherit all of them. The kernel runs them all, and the strictest answer
 * counts; where two are equally strict, that of the newer filter does, with
 * its data.
 */
#ifndef CALLGATE_CHAIN_H
#define CALLGATE_CHAIN_H

#include <callgate/program.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cg_chain;

/*
 * Make a chain of programs, the oldest first; they are copied. With `count` 0
 * it is the chain of a thread that nothing confines, on this machine.
 * Fails with CG_E_INPUT (they are not of one byte order), CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_chain_new(const struct cg_program *const *programs, size_t count,
	     struct cg_chain **out, struct cg_error *err);

/* Free a chain. NULL is fine. */
CG_API void cg_chain_free(struct cg_chain *chain);

/* How many filters there are. */
CG_API size_t cg_chain_count(const struct cg_chain *chain);

/* A filter, borrowed; 0 is the oldest. NULL past the end. */
CG_API const struct cg_program *
cg_chain_program(const struct cg_chain *chain, size_t index);

/*
 * The CG_FLAG_* that a filter of a live thread is known to have been loaded
 * with. The kernel (4.16+) tells of CG_FLAG_LOG alone.
 */
CG_API uint32_t cg_chain_flags(const struct cg_chain *chain, size_t index);

/* Whether two chains hold the same instructions in the same order. */
CG_API bool
cg_chain_same(const struct cg_chain *left, const struct cg_chain *right);

/* What a chain answers to a call, and what that costs. */
struct cg_chain_answer {
	uint32_t answer;
	size_t decided_by; /* the index of the filter whose answer it is */
	size_t steps;      /* instructions executed, of all filters together */
	bool cached;       /* kernels from 5.11 on run none of them */
};

/* Ask. A chain of no filters allows every call, after no instruction. */
CG_API void
cg_chain_decide(const struct cg_chain *chain, const struct cg_call *call,
		struct cg_chain_answer *out);

#ifdef __cplusplus
}
#endif

#endif
