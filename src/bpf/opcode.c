#include "bpf/opcode.h"

#include <string.h>

enum { CODES = 0xb0 }; /* above the last code that has a row */

#define ANY 0, UINT32_MAX, NULL
#define WORDS 0, DATA_SIZE - 4, "words of the call lie at 0, 4, ... 60"
#define CELLS 0, MEMORY_CELLS - 1, "scratch memory has the cells 0 to 15"
#define DIVISOR 1, UINT32_MAX, "a divisor must not be 0"
#define SHIFT 0, 31, "a shift must be below 32"

/*
 * `converted` counts what bpf_convert_filter() makes of
 * the instruction at its shortest: RET_K moves and exits, DIV_X tests for zero
 * first. Jumps may take more (bpf_converted_length).
 */
static const struct opcode opcodes[CODES] = {
	/* clang-format off */
	/*	      name    operand        branch converted  k */
	[LD_ABS]  = { "ld",   OPERAND_DATA,  false, 1, WORDS },
	[LD_IMM]  = { "ld",   OPERAND_IMM,   false, 1, ANY },
	[LD_MEM]  = { "ld",   OPERAND_CELL,  false, 1, CELLS },
	[LD_LEN]  = { "ld",   OPERAND_LEN,   false, 1, ANY },
	[LDX_IMM] = { "ldx",  OPERAND_IMM,   false, 1, ANY },
	[LDX_MEM] = { "ldx",  OPERAND_CELL,  false, 1, CELLS },
	[LDX_LEN] = { "ldx",  OPERAND_LEN,   false, 1, ANY },
	[ST]      = { "st",   OPERAND_CELL,  false, 1, CELLS },
	[STX]     = { "stx",  OPERAND_CELL,  false, 1, CELLS },
	[ADD_K]   = { "add",  OPERAND_IMM,   false, 1, ANY },
	[ADD_X]   = { "add",  OPERAND_X,     false, 1, ANY },
	[SUB_K]   = { "sub",  OPERAND_IMM,   false, 1, ANY },
	[SUB_X]   = { "sub",  OPERAND_X,     false, 1, ANY },
	[MUL_K]   = { "mul",  OPERAND_IMM,   false, 1, ANY },
	[MUL_X]   = { "mul",  OPERAND_X,     false, 1, ANY },
	[DIV_K]   = { "div",  OPERAND_IMM,   false, 1, DIVISOR },
	[DIV_X]   = { "div",  OPERAND_X,     false, 5, ANY },
	[OR_K]    = { "or",   OPERAND_IMM,   false, 1, ANY },
	[OR_X]    = { "or",   OPERAND_X,     false, 1, ANY },
	[AND_K]   = { "and",  OPERAND_IMM,   false, 1, ANY },
	[AND_X]   = { "and",  OPERAND_X,     false, 1, ANY },
	[LSH_K]   = { "lsh",  OPERAND_IMM,   false, 1, SHIFT },
	[LSH_X]   = { "lsh",  OPERAND_X,     false, 1, ANY },
	[RSH_K]   = { "rsh",  OPERAND_IMM,   false, 1, SHIFT },
	[RSH_X]   = { "rsh",  OPERAND_X,     false, 1, ANY },
	[NEG]     = { "neg",  OPERAND_NONE,  false, 1, ANY },
	[XOR_K]   = { "xor",  OPERAND_IMM,   false, 1, ANY },
	[XOR_X]   = { "xor",  OPERAND_X,     false, 1, ANY },
	[JA]      = { "ja",   OPERAND_LABEL, false, 1, ANY },
	[JEQ_K]   = { "jeq",  OPERAND_IMM,   true,  1, ANY },
	[JEQ_X]   = { "jeq",  OPERAND_X,     true,  1, ANY },
	[JGT_K]   = { "jgt",  OPERAND_IMM,   true,  1, ANY },
	[JGT_X]   = { "jgt",  OPERAND_X,     true,  1, ANY },
	[JGE_K]   = { "jge",  OPERAND_IMM,   true,  1, ANY },
	[JGE_X]   = { "jge",  OPERAND_X,     true,  1, ANY },
	[JSET_K]  = { "jset", OPERAND_IMM,   true,  1, ANY },
	[JSET_X]  = { "jset", OPERAND_X,     true,  1, ANY },
	[RET_K]   = { "ret",  OPERAND_IMM,   false, 2, ANY },
	[RET_A]   = { "ret",  OPERAND_A,     false, 1, ANY },
	[TAX]     = { "tax",  OPERAND_NONE,  false, 1, ANY },
	[TXA]     = { "txa",  OPERAND_NONE,  false, 1, ANY },
	/* clang-format on */
};

const struct opcode *opcode_find(uint16_t code)
{
	return code < CODES && opcodes[code].name ? &opcodes[code] : NULL;
}

int opcode_spelt(const char *name, size_t length, int operand)
{
	for (uint16_t code = 0; code < CODES; code++) {
		const struct opcode *row = &opcodes[code];

		if (row->name && strlen(row->name) == length &&
		    memcmp(row->name, name, length) == 0 &&
		    (operand < 0 || row->operand == (enum operand)operand))
			return code;
	}
	return -1;
}
