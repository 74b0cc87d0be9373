/*
 * callgate/prove.h - compare filters and policies for every possible input.
 *
 * Both sides become the same canonical form, a reduced ordered decision
 * diagram over the 512 bits of struct seccomp_data, so an answer holds for all
 * 2^512 inputs. Nothing is sampled.
 */
#ifndef CALLGATE_PROVE_H
#define CALLGATE_PROVE_H

#include <callgate/chain.h>
#include <callgate/policy.h>
#include <callgate/program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How two filters relate, by what each lets a process do. */
enum cg_relation {
	CG_EQUAL,     /* the same answer, data included, to every call */
	CG_STRICTER,  /* left allows no more than right, anywhere */
	CG_LOOSER,    /* left allows no less than right, anywhere */
	CG_DIFFERENT, /* each is stricter somewhere, or errnos differ only */
};

/* A call on which two filters differ, and what each answers. */
struct cg_witness {
	struct cg_call call;
	uint32_t left, right;
};

/* One side of a comparison: exactly one of the three is not NULL. */
struct cg_side {
	const struct cg_policy *policy;
	const struct cg_program *program;
	const struct cg_chain *chain; /* all of its filters together */
};

/*
 * Compare two filters. If they are not equal, `*witness`, unless it is NULL,
 * is a call on which they differ; for CG_DIFFERENT one where left is looser,
 * if there is one. Both sides must be of one byte order.
 *
 * `nodes` bounds the diagram (0: 1 << 20). Fails with CG_E_UNDECIDED,
 * CG_E_NOMEM, CG_E_INPUT.
 */
CG_API CG_CHECKED enum cg_status
cg_compare(struct cg_side left, struct cg_side right, size_t nodes,
	   enum cg_relation *out, struct cg_witness *witness,
	   struct cg_error *err);

/*
 * Prove that a program does what a policy says. CG_OK is the proof; CG_E_PROOF
 * says it does not, with the call in `*witness` unless it is NULL.
 */
CG_API CG_CHECKED enum cg_status
cg_prove(const struct cg_policy *policy, const struct cg_program *program,
	 size_t nodes, struct cg_witness *witness, struct cg_error *err);

/* One system call on which two filters differ. */
struct cg_difference {
	const struct cg_abi *abi;      /* NULL: an arch that no ABI has */
	const struct cg_syscall *call; /* NULL: a number without a name */
	bool whole; /* every call of the ABI or architecture, all alike */
	enum cg_relation relation; /* for this call alone */
	struct cg_witness witness; /* numbers included */
};

/*
 * All differences of two filters: `each` is called once for every call of every
 * ABI that differs, and once for each ABI whose numbers without a name do, and
 * for architectures that no ABI has. An ABI of which neither filter looks at
 * the number is told of once, as a whole. Nothing is left out. Fails as
 * cg_compare.
 */
CG_API CG_CHECKED enum cg_status
cg_differences(struct cg_side left, struct cg_side right, size_t nodes,
	       void (*each)(void *context,
			    const struct cg_difference *difference),
	       void *context, struct cg_error *err);

/* An answer that a filter can give, and a call that gets it. */
struct cg_outcome {
	uint32_t answer;
	struct cg_call call;
};

/*
 * All answers that a filter can give to `call` when only arch, nr and the
 * arguments in `known` (bit i: argument i) are fixed. At most `room` go to
 * `out`; `*count` is how many there are. Fails as cg_compare.
 */
CG_API CG_CHECKED enum cg_status
cg_outcomes(struct cg_side side, const struct cg_call *call, uint32_t known,
	    size_t nodes, struct cg_outcome *out, size_t room, size_t *count,
	    struct cg_error *err);

/* All answers that a filter can give to one system call. */
struct cg_reached {
	const struct cg_abi *abi;
	const struct cg_syscall *call;
	uint32_t nr;                       /* as seccomp_data.nr shows it */
	const struct cg_outcome *outcomes; /* borrowed; 4096 at most */
	size_t count;
};

/*
 * Go over all calls of an ABI, whatever their arguments: `each` is called once
 * for every call that has a name, in the order of numbers, until it returns
 * false. Far cheaper than cg_outcomes() for each. Fails as cg_compare, or with
 * CG_E_INPUT if the filter is for kernels of another byte order than the ABI.
 */
CG_API CG_CHECKED enum cg_status
cg_reach(struct cg_side side, const struct cg_abi *abi, size_t nodes,
	 bool (*each)(void *context, const struct cg_reached *reach),
	 void *context, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
