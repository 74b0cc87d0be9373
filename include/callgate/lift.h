/*
 * callgate/lift.h - from a filter back to a policy.
 */
#ifndef CALLGATE_LIFT_H
#define CALLGATE_LIFT_H

#include <callgate/prove.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cg_lift_options {
	size_t memory; /* bytes the policy may take at most; 0: 64 MiB */
	size_t nodes;  /* nodes of the diagrams at most; 0: 1 << 20 */
	/*
	 * Not NULL: what the filter answers to this ABI's architecture alone,
	 * and every other is refused (kill_process). For filters that do not
	 * look at the architecture.
	 */
	const struct cg_abi *only;
};

/*
 * A policy that means exactly what `side` does: rules for each ABI and number
 * that the filter tells apart, with as few tests of arguments as were found.
 * They depend on what it means, not on how it was written. `options` may be
 * NULL. The policy is proved equal before it is handed out.
 *
 * Fails with CG_E_INPUT where no policy can say it, and the message says what:
 * a filter that looks at the instruction pointer, has an answer of its own for
 * architectures that no ABI has, or has arguments decide about whole ranges of
 * numbers. With CG_E_UNDECIDED where it would take too many rules or nodes,
 * CG_E_NOMEM, or CG_E_PROOF, which is a bug of Callgate: please report it.
 */
CG_API CG_CHECKED enum cg_status
cg_lift(struct cg_side side, const struct cg_lift_options *options,
	struct cg_policy **out, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
