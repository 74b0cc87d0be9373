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
#include <callgate/rules.h>

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

/* Tests of arguments, all of which must hold; none hold for every call. */
struct cg_tests {
	const struct cg_test *tests;
	size_t count;
};

/*
 * The calls with one number that get one pair of answers: those that pass the
 * tests of at least one of the ways.
 */
struct cg_region {
	enum cg_relation relation; /* of these answers */
	struct cg_witness witness; /* one of the calls; and the answers */
	const struct cg_tests *ways;
	size_t way_count;
	/*
	 * The same in words, one of which must hold: "domain == AF_ALG &&
	 * args[1] & 0xf != 3"; "" where every call is one. An argument by its
	 * name is as wide as the kernel reads it, args[1] all of its 64 bits.
	 */
	const char *const *texts;
	size_t text_count;
};

/* One system call on which two filters differ. */
struct cg_difference {
	const struct cg_abi *abi;      /* NULL: an arch that no ABI has */
	const struct cg_syscall *call; /* NULL: a number without a name */
	bool whole; /* every call of the ABI or architecture, all alike */
	enum cg_relation relation; /* for this call alone */
	struct cg_witness witness; /* numbers included */
	/*
	 * Where the number has no name: all from the witness's up to this are
	 * alike, and nameless. If `more`, there were too many of such rows to
	 * tell, and others that differ lie behind this one.
	 */
	uint32_t nr_last;
	bool more;
	/*
	 * For which arguments: a region for each pair of answers, disjoint, and
	 * together all calls of that number that differ. Borrowed, until `each`
	 * returns. None where it would take too many tests, or tests cannot say
	 * it (of the instruction pointer): then the witness is all there is.
	 */
	const struct cg_region *regions;
	size_t region_count;
};

/*
 * All differences of two filters: `each` is called once for every call of every
 * ABI that differs, once for each row of numbers without a name that do, and
 * once for architectures that no ABI has. An ABI of which neither filter looks
 * at the number is told of once, as a whole. Nothing is left out. What it says
 * of regions takes memory and time within bounds of its own. Fails as
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
