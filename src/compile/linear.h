/*
 * compile/linear.h - the shape that go-seccomp-bpf gives a policy: number after
 * number in the order of the file. For comparison, and for those who need its
 * length; every other shape is faster.
 */
#ifndef COMPILE_LINEAR_H
#define COMPILE_LINEAR_H

#include "compile/graph.h"
#include "policy/resolve.h"

/* As dispatch_decide(); requires a policy of one ABI. */
bool linear_decide(struct graph *graph, const struct resolved *resolved,
		   uint32_t *out, struct cg_error *err);

#endif
