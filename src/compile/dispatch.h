/* compile/dispatch.h - from the tables of all ABIs to one graph. */
#ifndef COMPILE_DISPATCH_H
#define COMPILE_DISPATCH_H

#include "compile/graph.h"
#include "policy/resolve.h"

/*
 * The node that decides a call: by arch, then nr, then arguments.
 *
 * Ensures   what depends on arch and nr alone is decided before any argument
 *           is loaded, so that the kernel's action cache can hold it.
 * Fails     with CG_E_NOMEM or CG_E_TOOLONG.
 */
bool dispatch_decide(struct graph *graph, const struct resolved *resolved,
		     uint32_t *out, struct cg_error *err);

#endif
