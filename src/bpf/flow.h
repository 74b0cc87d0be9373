/*
 * bpf/flow.h - what is known before each instruction of a program.
 *
 * For a reader of listings, not for a proof: what A holds, which ABIs the way
 * here leaves open, which call it is. Everything unknown is said to be so.
 */
#ifndef BPF_FLOW_H
#define BPF_FLOW_H

#include "base/arena.h"
#include "bpf/insn.h"

enum { FLOW_ARCHS = 31 };

struct facts {
	bool reached; /* some way leads here */
	bool word;    /* A holds a word of the call, masked */
	uint8_t offset;
	uint32_t mask;
	/*
	 * The values that arch may have: bit i for arch[i] of struct flow,
	 * bit FLOW_ARCHS for all others.
	 */
	uint32_t archs;
	uint32_t nr_first, nr_last; /* what nr may be, both included */
};

struct flow {
	const struct cg_insn *insns;
	size_t count;
	bool big_endian;
	uint32_t arch[FLOW_ARCHS]; /* the values that the program names */
	size_t archs;
	struct facts *facts; /* one an instruction, in the arena */
};

/* False if memory ran out. What bpf_check refuses does no harm here. */
bool flow_run(struct arena *arena, const struct cg_insn *insns, size_t count,
	      bool big_endian, struct flow *out);

/* Whether the way to an instruction has left named values of arch only. */
bool flow_settled(const struct facts *facts);

#endif
