#include "prove/live.h"

enum { A = 1, X = 2 };

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

void live_find(const struct cg_insn *insns, size_t count, struct liveness *live)
{
	for (size_t i = count; i-- > 0;) {
		const struct cg_insn *insn = &insns[i];
		uint32_t after = 0, reads, writes;

		if (insn->code == JA)
			after = live[i + 1 + insn->k].registers;
		else if ((insn->code & 0x07) == (JEQ_K & 0x07))
			after = live[i + 1 + insn->jt].registers |
				live[i + 1 + insn->jf].registers;
		else if ((insn->code & 0x07) != (RET_K & 0x07))
			after = live[i + 1].registers;
		effects(insn, &reads, &writes);
		live[i].registers = (after & ~writes) | reads;
	}
}
