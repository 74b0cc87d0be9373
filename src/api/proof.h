/* api/proof.h - the proof that cg_compile() and cg_prove() share. */
#ifndef API_PROOF_H
#define API_PROOF_H

#include <callgate/prove.h>

/* As cg_prove(), but `witness` and `err` are wanted, and CG_E_PROOF leaves
   the message to the caller. */
enum cg_status
proof_of(const struct cg_policy *policy, const struct cg_program *program,
	 size_t nodes, struct cg_witness *witness, struct cg_error *err);

#endif
