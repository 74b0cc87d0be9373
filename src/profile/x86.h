/* profile/x86.h - decode x86, 64 and 32 bits. The table is data/x86.tbl. */
#ifndef PROFILE_X86_H
#define PROFILE_X86_H

#include "profile/step.h"

enum {
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RBX,
	X86_RSP,
	X86_RBP,
	X86_RSI,
	X86_RDI,
	X86_R8,
	X86_R9,
	X86_R10,
	X86_R11,
	X86_R12,
	X86_R13,
	X86_R14,
	X86_R15
};

/*
 * The instruction at the start of `code`, which stands at `address`. `wide` is
 * 64-bit mode. out->length is 0 if there is none: bytes that are no instruction
 * we know, or one that does not end within `code`.
 */
void x86_step(struct bytes code, uint64_t address, bool wide, struct step *out);

/* What tools/gen-x86 makes of a row. */
enum x86_shape {
	SHAPE_MODRM = 1,
	SHAPE_IMM8 = 2,
	SHAPE_IMM16 = 4,
	SHAPE_IMMZ = 8,
	SHAPE_IMMV = 16,
	SHAPE_REL8 = 32,
	SHAPE_RELZ = 64,
	SHAPE_ADDRESS = 128,
	SHAPE_FAR = 256,
	SHAPE_ENTER = 512,
	SHAPE_BYTE = 1024,
	SHAPE_WIDE = 2048,
	SHAPE_NARROW_ONLY = 4096,
	SHAPE_BAD = 8192,
	SHAPE_BY_REG = 16384, /* eight rows at `writes` of x86_groups */
};

enum x86_access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_LONG = 4,
	ACCESS_HIDDEN = 8,
};

enum x86_writes {
	WRITES_E = 1 << 16,
	WRITES_G = 1 << 17,
	WRITES_O = 1 << 18,
	WRITES_V = 1 << 19,
};

enum x86_form {
	FORM_NONE,
	FORM_EG,
	FORM_GE,
	FORM_EI,
	FORM_AI,
	FORM_OI,
	FORM_OA,
	FORM_AE,
	FORM_EA,
	FORM_GM,
	FORM_E1,
	FORM_E,
	FORM_O,
	FORM_I,
};

/* Ops of the table that are not in step.h. */
enum x86_op {
	X86_OP_INCREMENT = 64,
	X86_OP_DECREMENT,
	X86_OP_EXTEND1,
	X86_OP_EXTEND2,
	X86_OP_EXTEND4,
	X86_OP_ZERO1,
	X86_OP_ZERO2,
	X86_OP_BRANCH,
	X86_OP_JUMP,
	X86_OP_CALL,
	X86_OP_RETURN,
	X86_OP_STOP,
	X86_OP_INTERRUPT,
	X86_OP_SYSCALL,
	X86_OP_SYSENTER,
	X86_OP_BORROW, /* sbb */
	X86_OP_EXTEND, /* cdqe and its like */
};

struct x86_row {
	uint32_t writes; /* 1 << register, and enum x86_writes */
	uint16_t shape;  /* enum x86_shape */
	uint8_t op, form, access;
};

enum { X86_MAPS = 8 };
extern const struct x86_row x86_rows[X86_MAPS][256];
extern const struct x86_row x86_groups[][8];

#endif
