/*
 * run/listener.h - give the listener of a command's filter to an agent, as
 * container runtimes do (listenerPath of the OCI runtime specification).
 */
#ifndef RUN_LISTENER_H
#define RUN_LISTENER_H

#include "bpf/insn.h"
#include "trace/inject.h"

/*
 * Reach the agent at the socket `path`; `*out` is the caller's to close. Fails
 * with CG_E_INPUT (no such path can be), CG_E_SYSTEM (nobody is there, or
 * nobody answers).
 */
bool listener_connect(const char *path, int *out, struct cg_error *err);

/*
 * Take the listener from the command, which has it as `number` and is under
 * `program` already, and hand it to the agent: the command has none then. Calls
 * that this takes and the filter leaves to the agent go on. `inject->listener`
 * is a copy, the caller's to close once it needs no more calls. Fails with
 * CG_E_INPUT (the filter does not let the command close it), CG_E_SYSTEM,
 * CG_E_UNSUPPORTED: before Linux 5.6 it cannot be taken.
 */
bool listener_hand_over(struct inject *inject, int number,
			const struct cg_program *program, int agent,
			struct cg_error *err);

#endif
