#include "prove/live.h"

enum { A = 1, X = 2 }; /* bits of struct liveness */

static uint32_t cell(const struct cg_insn *insn)
{
	return 4u << (insn->k % MEMORY_CELLS);
}

/* What an instruction reads, and what it overwrites. */
static void
effects(const struct cg_insn *insn, uint32_t *reads, uint32_t *writes)
{
	*reads = *writes = 0;
	switch (insn->code) {
	case LD_ABS:
	case LD_IMM:
	case LD_LEN:
		*writes = A;
		return;
	case LDX_IMM:
	case LDX_LEN:
		*writes = X;
		return;
	case LD_MEM:
		*reads = cell(insn);
		*writes = A;
		return;
	case LDX_MEM:
		*reads = cell(insn);
		*writes = X;
		return;
	case ST:
		*reads = A;
		*writes = cell(insn);
		return;
	case STX:
		*reads = X;
		*writes = cell(insn);
		return;
	case TAX:
		*reads = A;
		*writes = X;
		return;
	case TXA:
		*reads = X;
		*writes = A;
		return;
	case RET_K:
	case JA:
		return;
	case RET_A:
	case NEG:
		*reads = A;
		return;
	default: /* arithmetic and jumps: on A, with X where it says so */
		*reads = A | (insn->code & 0x08 ? X : 0);
		return;
	}
}

enum word live_word(uint32_t offset, bool big_endian)
{
	bool high = (offset % 8 == 4) != big_endian;

	if (offset == DATA_NR)
		return WORD_NR;
	if (offset == DATA_ARCH)
		return WORD_ARCH;
	if (offset < DATA_ARGS)
		return WORD_IP + !high;
	return WORD_ARGS + 2 * ((offset - DATA_ARGS) / 8) + !high;
}

void live_find(const struct cg_insn *insns, size_t count, bool big_endian,
	       struct liveness *live)
{
	for (size_t i = count; i-- > 0;) {
		const struct cg_insn *insn = &insns[i];
		struct liveness after = { 0, 0 };
		uint32_t reads, writes;

		if (insn->code == JA) {
			after = live[i + 1 + insn->k];
		} else if ((insn->code & 0x07) == (JEQ_K & 0x07)) {
			const struct liveness *yes = &live[i + 1 + insn->jt];
			const struct liveness *no = &live[i + 1 + insn->jf];

			after.registers = yes->registers | no->registers;
			after.words = yes->words | no->words;
		} else if ((insn->code & 0x07) != (RET_K & 0x07)) {
			after = live[i + 1];
		}
		effects(insn, &reads, &writes);
		live[i].registers = (after.registers & ~writes) | reads;
		live[i].words = after.words;
		if (insn->code == LD_ABS)
			live[i].words |= 1u << live_word(insn->k, big_endian);
	}
}
