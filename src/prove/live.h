/* prove/live.h - which registers an instruction's future still reads. */
#ifndef PROVE_LIVE_H
#define PROVE_LIVE_H

#include "bpf/insn.h"

struct liveness {
	uint32_t registers; /* bit 0 A, bit 1 X, bit 2 + i cell i; before it */
};

/* Fill `live` for each of `count` instructions that bpf_check accepts. */
void live_find(const struct cg_insn *insns, size_t count,
	       struct liveness *live);

#endif
