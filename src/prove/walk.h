/*
 * prove/walk.h - a BPF program as a decision diagram.
 */
#ifndef PROVE_WALK_H
#define PROVE_WALK_H

#include "bpf/insn.h"
#include "prove/live.h"

/*
 * Run the program on all inputs at once. Requires a program that bpf_check
 * accepts. Every opcode is understood; arithmetic on inputs may grow past the
 * budget, and then diagrams_exhausted() says so.
 */
dd walk_program(struct diagrams *all, const struct cg_insn *insns, size_t count,
		bool big_endian);

/*
 * The same from several places on, different ones, where no register is of
 * interest. `live` is live_find()'s.
 */
void walk_places(struct diagrams *all, const struct cg_insn *insns,
		 size_t count, bool big_endian, const struct liveness *live,
		 const uint32_t *places, size_t place_count, dd *results);

#endif
