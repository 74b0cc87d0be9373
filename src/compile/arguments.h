/*
 * compile/arguments.h - the entries of one call as tests of its arguments.
 */
#ifndef COMPILE_ARGUMENTS_H
#define COMPILE_ARGUMENTS_H

#include "compile/graph.h"
#include "policy/resolve.h"

/*
 * The node that decides among `count` entries of one number, in their order;
 * where none matches, the answer is `fallback`.
 *
 * Ensures   arguments are tested only where they matter: entries without
 *           conditions never load one.
 * Fails     with CG_E_NOMEM; for the graph, ask graph_ok().
 */
bool arguments_decide(struct graph *graph, const struct resolved_entry *entries,
		      size_t count, uint32_t fallback, uint32_t *out,
		      struct cg_error *err);

#endif
