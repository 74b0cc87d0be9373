/*
 * bpf/insn.h - the classic BPF that seccomp accepts, as numbers.
 *
 * The names are those of linux/bpf_common.h without their prefix, so that this
 * builds and means the same on every system.
 */
#ifndef BPF_INSN_H
#define BPF_INSN_H

#include <callgate/program.h>

enum bpf_code {
	LD_ABS = 0x20,  /* A = word at offset k of struct seccomp_data */
	LD_IMM = 0x00,  /* A = k */
	LD_MEM = 0x60,  /* A = M[k] */
	LD_LEN = 0x80,  /* A = 64, the size of struct seccomp_data */
	LDX_IMM = 0x01, /* X = k */
	LDX_MEM = 0x61, /* X = M[k] */
	LDX_LEN = 0x81, /* X = 64 */
	ST = 0x02,      /* M[k] = A */
	STX = 0x03,     /* M[k] = X */
	ADD_K = 0x04,
	ADD_X = 0x0c,
	SUB_K = 0x14,
	SUB_X = 0x1c,
	MUL_K = 0x24,
	MUL_X = 0x2c,
	DIV_K = 0x34,
	DIV_X = 0x3c,
	OR_K = 0x44,
	OR_X = 0x4c,
	AND_K = 0x54,
	AND_X = 0x5c,
	LSH_K = 0x64,
	LSH_X = 0x6c,
	RSH_K = 0x74,
	RSH_X = 0x7c,
	NEG = 0x84,
	XOR_K = 0xa4,
	XOR_X = 0xac,
	JA = 0x05, /* skip k instructions */
	JEQ_K = 0x15,
	JEQ_X = 0x1d,
	JGT_K = 0x25,
	JGT_X = 0x2d,
	JGE_K = 0x35,
	JGE_X = 0x3d,
	JSET_K = 0x45,
	JSET_X = 0x4d,
	RET_K = 0x06,
	RET_A = 0x16,
	TAX = 0x07,
	TXA = 0x87,
};

enum {
	DATA_NR = 0, /* offsets in struct seccomp_data (linux/seccomp.h) */
	DATA_ARCH = 4,
	DATA_IP = 8,
	DATA_ARGS = 16,
	DATA_SIZE = 64,
	MEMORY_CELLS = 16,
};

/* Offset of one half of argument `i`, in the byte order of the kernel. */
static inline uint32_t data_arg(unsigned i, bool high, bool big_endian)
{
	return DATA_ARGS + 8 * i + (high != big_endian ? 4 : 0);
}

#endif
