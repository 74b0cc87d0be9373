/* prove/live.h - what an instruction's future still reads. */
#ifndef PROVE_LIVE_H
#define PROVE_LIVE_H

#include "bpf/insn.h"
#include "prove/diagram.h"

struct liveness {
	uint32_t registers; /* bit 0 A, bit 1 X, bit 2 + i cell i; before it */
	uint32_t words;     /* bit i: enum word i may be loaded from here on */
};

/* The word at an offset of struct seccomp_data. */
enum word live_word(uint32_t offset, bool big_endian);

/* Fill `live` for each of `count` instructions that bpf_check accepts. */
void live_find(const struct cg_insn *insns, size_t count, bool big_endian,
	       struct liveness *live);

#endif
