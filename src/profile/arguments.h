/*
 * profile/arguments.h - which constants calls are made with. x86_64 only.
 *
 * Of a few calls one argument is worth a condition (abi/interest.h). Where each
 * instruction that makes such a call has known constants for it, these are all
 * that the program can hand to the kernel there. If a single one has not, the
 * call has no values, and no condition.
 *
 * Why nothing is lost: only registers are followed, and never the stack or any
 * other memory that can be written, so that out-parameters, setjmp, vfork,
 * threads and signal handlers cannot change what is known; lists of variable
 * arguments lie in such memory. A call of a function of the same image keeps
 * only the registers that this function is seen to keep. A value that comes
 * from the caller is looked up at each call and jump that leads to the
 * function; if its address is known to anybody, or it was come to by any other
 * way, nothing is known. Each function on the way must be one of which trail.h
 * sees how all code is come to, without landing pads while anything unwinds.
 * A site counts only where its number is a constant by the same rules: a call
 * made by syscall(2), or by whatever else is handed its number, has no values.
 * Programs with code of Go, calls of i386, all data used, or an open gap have
 * none at all. The kernel restarts a call with the registers it was made with.
 */
#ifndef PROFILE_ARGUMENTS_H
#define PROFILE_ARGUMENTS_H

#include "profile/flow.h"
#include "profile/resolve.h"

enum { ARGUMENT_VALUES = 16 };

struct argument_value {
	uint64_t value;    /* what the kernel looks at */
	uint64_t at;       /* the instruction that has the constant */
	uint32_t function; /* that it is in */
};

struct argument_values {
	struct argument_value at[ARGUMENT_VALUES];
	size_t count; /* 0: not known */
};

/* Whether a program is one whose arguments can be known. */
bool arguments_can(const struct resolve *resolve);

/* A flow that only knows registers, to ask arguments_find() with. */
bool arguments_flows(struct flows *flows, const struct resolve *resolve);

/*
 * What `argument` of call `nr` is at all the sites that make it; `wide`: the
 * kernel looks at all 64 bits. False without memory.
 */
bool arguments_find(struct flows *flows, const struct resolve *resolve,
		    uint32_t nr, unsigned argument, bool wide,
		    struct argument_values *out);

#endif
