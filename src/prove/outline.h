/*
 * prove/outline.h - a program as spans of arch and nr.
 *
 * Nearly every filter sorts by arch, then by nr, and looks at arguments last.
 * Then there is no need for diagrams of these two words: what a filter does
 * with each stretch of numbers is as canonical, and far quicker to be had.
 */
#ifndef PROVE_OUTLINE_H
#define PROVE_OUTLINE_H

#include "bpf/insn.h"
#include "prove/spans.h"

/*
 * The spans of a program that bpf_check accepts; `at` is the caller's to free.
 * False if it is not of that kind, or memory or nodes ran out: then
 * walk_program() may still know.
 */
bool outline_program(struct diagrams *all, const struct cg_insn *insns,
		     size_t count, bool big_endian, struct spans *out);

#endif
