/* abi/interest.h - which arguments of which calls are worth a condition. */
#ifndef ABI_INTEREST_H
#define ABI_INTEREST_H

#include <callgate/arch.h>

enum interest_kind {
	INTEREST_VALUES, /* one of a few values */
	INTEREST_BITS,   /* some bits were never set */
};

struct interest {
	const char *call;
	unsigned argument;
	enum interest_kind kind;
	const char *bits;     /* for BITS: the constants, joined by | */
	const char *siblings; /* for VALUES: what is as harmless, with commas;
				 or NULL */
};

/* The rows for a call: `*count` of them, from the one returned. */
const struct interest *
interest_of(const struct cg_syscall *call, size_t *count);

/* A bit for each argument of a call that is worth keeping. */
unsigned interest_arguments(const struct cg_abi *abi, uint32_t nr);

/* What the kernel looks at of a register that holds this argument. */
uint64_t interest_value(const struct cg_abi *abi, uint32_t nr,
			unsigned argument, uint64_t value);

#endif
