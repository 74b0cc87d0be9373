/*
 * callgate/write.h - from a policy or a program back to text that a person can
 * read, keep and change.
 */
#ifndef CALLGATE_WRITE_H
#define CALLGATE_WRITE_H

#include <callgate/policy.h>
#include <callgate/program.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cg_policy_text { CG_TEXT_YAML, CG_TEXT_JSON };

/*
 * Write a policy in the language of callgate-policy(5), wherever it came from:
 * calls and constants by name, calls with the same action in one group. What
 * means the same, and was built the same way, is written the same, in a sorted
 * order; groups, comments and `extends` of the text that it was read from are
 * not kept.
 *
 * The text is read back and proved equal before it is handed out: it is the
 * caller's, to free(). `nodes` bounds the proof (0: 1 << 20).
 *
 * Fails with CG_E_INPUT (the policy is not enabled, or its text would be longer
 * than a policy may be), CG_E_NOMEM, CG_E_UNDECIDED, or CG_E_PROOF, which is a
 * bug of Callgate: please report it.
 */
CG_API CG_CHECKED enum cg_status
cg_policy_write(const struct cg_policy *policy, enum cg_policy_text form,
		size_t nodes, char **text, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
