/*
 * unit/bpf_random.h - random BPF programs, the same ones for the same seed.
 */
#ifndef UNIT_BPF_RANDOM_H
#define UNIT_BPF_RANDOM_H

#include "bpf/opcode.h"

/* splitmix64: small, and good enough to wander through programs. */
static inline uint64_t random_next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static inline uint32_t random_below(uint64_t *seed, uint32_t limit)
{
	return (uint32_t)(random_next(seed) % limit);
}

/* A number that something is likely to stumble over. */
static inline uint32_t random_edge(uint64_t *seed)
{
	static const uint32_t edges[] = {
		0,          1,          2,          31,         32,
		255,        256,        0x7fffffff, 0x80000000, 0xffffffff,
		0x40000000, 0xc000003e, 0xfffffffe, 0x00050001, 0x7fff0000,
	};
	const uint32_t pick = random_below(seed, 24);

	if (pick < sizeof(edges) / sizeof(edges[0]))
		return edges[pick];
	return (uint32_t)random_next(seed) >> random_below(seed, 32);
}

static inline uint16_t random_code(uint64_t *seed)
{
	for (;;) {
		uint16_t code = (uint16_t)random_below(seed, 0xb0);

		if (opcode_find(code))
			return code;
	}
}

/* Any instruction that may stand at `at` of `count`, `at` not the last. */
static inline struct cg_insn
random_insn(uint64_t *seed, size_t at, size_t count)
{
	const uint32_t room = (uint32_t)(count - at - 1);
	const uint32_t reach = room < 256 ? room : 256;
	struct cg_insn insn = { .code = random_code(seed) };
	const struct opcode *opcode = opcode_find(insn.code);

	if (opcode->branch) {
		/* The one below the other makes most jumps short. */
		insn.jt = (uint8_t)random_below(seed,
						random_below(seed, reach) + 1);
		insn.jf = (uint8_t)random_below(seed,
						random_below(seed, reach) + 1);
	}
	switch (opcode->operand) {
	case OPERAND_DATA:
		insn.k = 4 * random_below(seed, DATA_SIZE / 4);
		break;
	case OPERAND_CELL:
		insn.k = random_below(seed, MEMORY_CELLS);
		break;
	case OPERAND_LABEL:
		insn.k = random_below(seed, random_below(seed, room) + 1);
		break;
	case OPERAND_IMM:
		insn.k = random_edge(seed);
		if (insn.k < opcode->k_first || insn.k > opcode->k_last)
			insn.k = 1 + insn.k % 31;
		break;
	default:
		break;
	}
	return insn;
}

/*
 * `count` instructions, at least MEMORY_CELLS + 1, that bpf_check takes: every
 * cell is written before anything else is done.
 */
static inline void
random_program(uint64_t *seed, struct cg_insn *out, size_t count)
{
	for (size_t at = 0; at + 1 < count; at++)
		out[at] = at < MEMORY_CELLS
				  ? (struct cg_insn){ ST, 0, 0, (uint32_t)at }
				  : random_insn(seed, at, count);
	out[count - 1] = (struct cg_insn){ RET_A, 0, 0, 0 };
}

/* Change one field of one instruction, so that it may well be refused now. */
static inline void
random_mutate(uint64_t *seed, struct cg_insn *insns, size_t count)
{
	struct cg_insn *insn = &insns[random_below(seed, (uint32_t)count)];

	switch (random_below(seed, 8)) {
	case 0:
		insn->code = (uint16_t)random_next(seed);
		break;
	case 1:
		insn->code = (uint16_t)random_below(seed, 256);
		break;
	case 2:
		insn->code = random_code(seed);
		break;
	case 3:
		insn->jt = (uint8_t)random_below(seed, 256);
		break;
	case 4:
		insn->jf = (uint8_t)random_below(seed, 256);
		break;
	case 5:
		insn->k = random_edge(seed);
		break;
	case 6:
		insn->k += random_below(seed, 9) - 4;
		break;
	default:
		*insn = insns[random_below(seed, (uint32_t)count)];
	}
}

#endif
