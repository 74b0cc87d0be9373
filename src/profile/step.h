/*
 * profile/step.h - one instruction of any machine, as far as we understand it.
 *
 * We follow constants and addresses through moves and simple arithmetic. All
 * else is told by what it may change: an instruction that is not understood is
 * one that leaves unknown values, never one that does nothing.
 */
#ifndef PROFILE_STEP_H
#define PROFILE_STEP_H

#include "profile/bytes.h"

/*
 * Registers by their number in the machine's own order. x86 has 16, of which
 * rsp is 4; aarch64 has x0 to x30, and sp is 31.
 */
enum {
	REGISTER_MAX = 32,
	REGISTER_PC = 0xfe,
	REGISTER_NONE = 0xff,
};

enum flow {
	FLOW_ON,
	FLOW_JUMP,   /* to `target`, or where the operand `to` says */
	FLOW_BRANCH, /* to `target`, or on */
	FLOW_CALL,   /* to `target`, or where the operand `to` says */
	FLOW_RETURN,
	FLOW_STOP, /* an instruction that traps */
};

enum trap {
	TRAP_NONE,
	TRAP_SYSCALL,  /* the machine's own */
	TRAP_INT80,    /* i386's, also inside x86_64 programs */
	TRAP_SYSENTER, /* i386's */
	TRAP_OLD_PAGE, /* x86_64: by the page that is older than the vdso, */
	TRAP_OLD_TIME, /* ... gettimeofday, time and getcpu */
	TRAP_OLD_CPU,
};

enum op {
	OP_OTHER,   /* only `writes` */
	OP_MOVE,    /* to = from */
	OP_ADDRESS, /* to = the address of `memory` */
	OP_ADD,     /* to = to + from, or left + from where left is given */
	OP_SUB,
	OP_AND,
	OP_OR,
	OP_XOR,
	OP_LEFT,
	OP_RIGHT,
	OP_SIGNED_RIGHT,
	OP_COMPARE, /* flags of to - from */
	OP_TEST,    /* flags of to & from */
	OP_EXCHANGE,
	OP_CHOOSE,    /* to = from, or stays */
	OP_CONDITION, /* to = 0 or 1 */
	OP_PUSH,
	OP_POP,
	OP_LEAVE,  /* x86: rsp = rbp, then pop rbp */
	OP_BORROW, /* to = 0 or -1 */
	OP_KEEP,   /* aarch64 movk: 16 bits of `to` from `from` */
};

enum operand_kind {
	OPERAND_NONE,
	OPERAND_REGISTER,
	OPERAND_NUMBER,
	OPERAND_MEMORY,
};

struct operand {
	uint8_t kind; /* enum operand_kind */
	uint8_t name; /* of a register */
};

/* An address: base + index * scale + offset. */
struct memory {
	bool used;           /* there is one */
	bool read, write;    /* what is done there */
	bool long_;          /* perhaps more than `size` bytes */
	bool thread;         /* relative to the thread's own segment */
	bool narrowed;       /* x86_64: cut to 32 bits */
	uint8_t base, index; /* REGISTER_NONE; base REGISTER_PC: offset is it */
	uint8_t scale, size;
	int64_t offset; /* with REGISTER_PC: the address itself */
};

struct step {
	uint8_t length;    /* in bytes; 0: no instruction */
	uint8_t flow;      /* enum flow */
	uint8_t trap;      /* enum trap */
	uint8_t op;        /* enum op */
	uint8_t size;      /* bytes of `to`: 1, 2, 4, 8 */
	uint8_t narrow;    /* bytes of `from` if it is widened, or 0 */
	bool sign;         /* widened with its sign */
	bool direct;       /* `target` is known */
	bool hidden_write; /* writes memory that no operand names */
	bool wide_number;  /* `number` is wide enough to be an address */
	bool page;         /* aarch64: the address is that of a page, adrp */
	bool high;         /* x86: an operand may be ah, ch, dh or bh */
	uint8_t condition; /* of a branch or choice, in the machine's code;
			      past 15: something else */
	uint8_t left;      /* register for OP_ADD, or REGISTER_NONE */
	uint8_t post;      /* aarch64: a base that changes; its new offset is */
	int64_t post_by;   /* ... base + post_by */
	uint8_t second;    /* aarch64: the other register of a pair */
	uint8_t first;     /* ... and the one, as in the instruction */
	bool pair;         /* both of `size` bytes, as they are in memory */
	struct operand to, from;
	int64_t number;
	struct memory memory;
	uint64_t target;
	uint32_t writes; /* 1 << register: unknown afterwards */
	uint32_t reads;  /* of OP_OTHER: registers that it may use */
	uint16_t pops;   /* bytes that a return takes besides its address */
};

/* These lie together in enum op. */
static inline bool step_is_arithmetic(const struct step *step)
{
	return step->op >= OP_ADD && step->op <= OP_SIGNED_RIGHT;
}

#endif
