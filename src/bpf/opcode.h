/* bpf/opcode.h - what each instruction is called, takes and becomes. */
#ifndef BPF_OPCODE_H
#define BPF_OPCODE_H

#include "bpf/insn.h"

/* What an instruction works with, and how assembly text writes it. */
enum operand {
	OPERAND_NONE,  /* nothing */
	OPERAND_DATA,  /* [k]     a word of struct seccomp_data */
	OPERAND_IMM,   /* #k      the constant itself */
	OPERAND_CELL,  /* M[k]    a cell of scratch memory */
	OPERAND_LEN,   /* #len    the size of struct seccomp_data */
	OPERAND_X,     /* x       the index register */
	OPERAND_A,     /* a       the accumulator */
	OPERAND_LABEL, /* L       k instructions further on */
};

struct opcode {
	const char *name;
	enum operand operand;
	bool branch;       /* goes on at jt or at jf */
	uint8_t converted; /* eBPF instructions that the kernel makes of it */
	uint32_t k_first, k_last; /* what the kernel takes for k */
	const char *k_rule;       /* that, in words; NULL if any k will do */
};

/* What a code means; NULL if seccomp has no such instruction. */
const struct opcode *opcode_find(uint16_t code);

/*
 * The code that assembly text spells so, or -1. With `operand` below 0 the
 * first of that name will do.
 */
int opcode_spelt(const char *name, size_t length, int operand);

#endif
