#include "bpf/sim.h"

#include <assert.h>

enum {
	CLASS = 0x07,     /* bits of a code that tell ld from jmp from ret */
	OPERATION = 0xf0, /* bits that tell add from sub, jeq from jgt */
	BY_X = 0x08,      /* the second operand is X, not k */
	CLASS_ALU = 0x04,
	CLASS_JUMP = 0x05,
};

struct machine {
	uint32_t a, x, memory[MEMORY_CELLS];
};

static uint32_t
data_word(const struct cg_call *call, uint32_t offset, bool big_endian)
{
	bool second = offset % 8 == 4;
	uint64_t wide;

	if (offset == DATA_NR)
		return call->nr;
	if (offset == DATA_ARCH)
		return call->arch;
	wide = offset < DATA_ARGS ? call->ip
				  : call->args[(offset - DATA_ARGS) / 8];
	return (uint32_t)(second != big_endian ? wide >> 32 : wide);
}

/* `b` is not 0 where it divides. Shifts by 32 and more wrap, as in eBPF. */
static uint32_t compute(uint16_t code, uint32_t a, uint32_t b)
{
	switch (code & OPERATION) {
	case ADD_K &OPERATION:
		return a + b;
	case SUB_K &OPERATION:
		return a - b;
	case MUL_K &OPERATION:
		return a * b;
	case DIV_K &OPERATION:
		return a / b;
	case OR_K &OPERATION:
		return a | b;
	case AND_K &OPERATION:
		return a & b;
	case LSH_K &OPERATION:
		return a << (b & 31);
	case RSH_K &OPERATION:
		return a >> (b & 31);
	case XOR_K &OPERATION:
		return a ^ b;
	default:
		assert(code == NEG);
		return -a;
	}
}

static bool holds(uint16_t code, uint32_t a, uint32_t b)
{
	switch (code & OPERATION) {
	case JEQ_K &OPERATION:
		return a == b;
	case JGT_K &OPERATION:
		return a > b;
	case JGE_K &OPERATION:
		return a >= b;
	default:
		assert((code & OPERATION) == (JSET_K & OPERATION));
		return (a & b) != 0;
	}
}

/* What moves a value from one place to another. */
static void move(struct machine *m, const struct cg_insn *insn,
		 const struct cg_call *call, bool big_endian)
{
	switch (insn->code) {
	case LD_ABS:
		m->a = data_word(call, insn->k, big_endian);
		break;
	case LD_IMM:
		m->a = insn->k;
		break;
	case LD_MEM:
		m->a = m->memory[insn->k];
		break;
	case LD_LEN:
		m->a = DATA_SIZE;
		break;
	case LDX_IMM:
		m->x = insn->k;
		break;
	case LDX_MEM:
		m->x = m->memory[insn->k];
		break;
	case LDX_LEN:
		m->x = DATA_SIZE;
		break;
	case ST:
		m->memory[insn->k] = m->a;
		break;
	case STX:
		m->memory[insn->k] = m->x;
		break;
	case TAX:
		m->x = m->a;
		break;
	default:
		assert(insn->code == TXA);
		m->a = m->x;
	}
}

uint32_t bpf_path(const struct cg_insn *insns, size_t count, bool big_endian,
		  const struct cg_call *call, uint16_t *path, size_t *steps)
{
	struct machine m = { 0 };
	uint32_t answer = 0; /* a division by zero leaves it so */
	size_t done = 0;

	for (size_t pc = 0; pc < count; pc++) {
		const struct cg_insn *insn = &insns[pc];
		uint16_t code = insn->code;
		uint32_t operand = code & BY_X ? m.x : insn->k;

		if (path)
			path[done] = (uint16_t)pc;
		done++;
		if (code == RET_K || code == RET_A) {
			answer = code == RET_K ? insn->k : m.a;
			break;
		}
		if (code == DIV_X && m.x == 0)
			break;
		if (code == JA)
			pc += insn->k;
		else if ((code & CLASS) == CLASS_JUMP)
			pc += holds(code, m.a, operand) ? insn->jt : insn->jf;
		else if ((code & CLASS) == CLASS_ALU)
			m.a = compute(code, m.a, operand);
		else
			move(&m, insn, call, big_endian);
	}
	if (steps)
		*steps = done;
	return answer;
}

uint32_t bpf_sim(const struct cg_insn *insns, size_t count, bool big_endian,
		 const struct cg_call *call, size_t *steps)
{
	return bpf_path(insns, count, big_endian, call, NULL, steps);
}

bool bpf_cached(const struct cg_insn *insns, size_t count, uint32_t arch,
		uint32_t nr)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < count; pc++) {
		const struct cg_insn *insn = &insns[pc];

		switch (insn->code) {
		case LD_ABS:
			if (insn->k != DATA_NR && insn->k != DATA_ARCH)
				return false;
			a = insn->k == DATA_NR ? nr : arch;
			break;
		case AND_K:
			a &= insn->k;
			break;
		case JA:
			pc += insn->k;
			break;
		case JEQ_K:
		case JGT_K:
		case JGE_K:
		case JSET_K:
			pc += holds(insn->code, a, insn->k) ? insn->jt
							    : insn->jf;
			break;
		case RET_K:
			return insn->k == CG_RET_ALLOW;
		default:
			return false;
		}
	}
	return false;
}
