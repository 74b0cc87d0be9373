/*
 * compile/join.h - two ABIs that differ in one bit of nr, in one tree.
 *
 * x32 has the audit architecture of x86_64, and its numbers are those of x86_64
 * with bit 30 set; most mean the same call. With that bit taken off, one tree
 * serves both, and looks at the bit again only where they differ.
 */
#ifndef COMPILE_JOIN_H
#define COMPILE_JOIN_H

#include "compile/runs.h"

/*
 * Runs of nr without `bit`, from pieces of nr: each piece as runs_add() takes
 * it, but neighbours may go to one node. Where the two values that become one
 * go to different nodes, a test of the bit tells them apart.
 *
 * Requires  pieces sorted, the first from 0; `bit` a single one.
 * Fails     only if memory runs out; for the graph ask graph_ok().
 */
bool join_runs(struct graph *graph, const struct runs *pieces, uint32_t bit,
	       struct runs *out);

#endif
