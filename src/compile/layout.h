/* compile/layout.h - from a graph of tests to instructions. */
#ifndef COMPILE_LAYOUT_H
#define COMPILE_LAYOUT_H

#include "bpf/insn.h"
#include "compile/graph.h"

/* A program; it may have more than CG_PROGRAM_MAX instructions. */
struct code {
	struct cg_insn *insns; /* in the graph's arena */
	size_t count;
};

/*
 * Lay out the part of the graph that `root` reaches.
 *
 * Ensures   a word is loaded right before a test, and only on the way from
 *           tests of other words; every jump is within 255, by a second copy
 *           of a return or, failing that, an unconditional jump.
 * Fails     with CG_E_NOMEM.
 */
bool layout_code(struct graph *graph, uint32_t root, bool big_endian,
		 struct code *out, struct cg_error *err);

#endif
