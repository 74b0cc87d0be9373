/*
 * profile/flow.h - what registers and the stack hold inside a function.
 *
 * All of a function's code is followed forward from one entry until nothing
 * changes. What is sound about it: an instruction that we do not follow leaves
 * unknown values; a place where ways meet has what either brings; and once the
 * address of anything on the stack has gone to where others may see it, every
 * call and every write through a pointer makes all of the stack unknown.
 */
#ifndef PROFILE_FLOW_H
#define PROFILE_FLOW_H

#include "profile/reach.h"
#include "profile/values.h"

enum { STACK_SLOTS = 48 };

struct stack_slot {
	int32_t offset;
	uint32_t value;
	uint8_t size;
};

struct state {
	uint32_t registers[REGISTER_MAX];
	bool reached;
	bool escaped;        /* others may know addresses on the stack */
	bool touched;        /* other memory may have changed since entry */
	bool lost_arguments; /* what lay above the frame at entry may, too */
	uint8_t slot_count;
	struct stack_slot slots[STACK_SLOTS];
};

/* What is known before one instruction. */
struct point {
	uint64_t at;
	struct state *state; /* cut behind its last slot */
};

struct course {
	struct point *points; /* sorted */
	size_t count;
	uint32_t result; /* what the function returns */
	uint32_t labels; /* it begins at, if at more than one place */
	bool gave_up;    /* too large: nothing is known */
};

/* Where stubs lead, of those that were asked for lately. */
enum { THROUGH_SIZE = 8192 };

struct through {
	size_t images;
	uint64_t from[THROUGH_SIZE], to[THROUGH_SIZE];
};

struct flows {
	struct arena *arena;
	struct reach *reach;
	struct values values;
	struct course **known; /* by function; NULL: not yet */
	struct course **loose; /* by region: code that no entry leads to */
	struct course **joint; /* by region: of all its labels together */
	size_t known_room, loose_room, joint_room;
	/* The stack is not known, nor what a call keeps but by its code. */
	bool registers_only;
	struct map returning;    /* functions, by entry: 1 returns, 2 never */
	struct map twice;        /* 1: comes back more than once */
	struct through *through; /* where stubs lead; or NULL */
	bool nomem;
};

bool flows_init(struct flows *flows, struct arena *arena, struct reach *reach);

/*
 * The flow from an entry, made once. NULL without memory. Of labels, of which a
 * region may have thousands, it is one flow from all of them: what it says of
 * an entry is said of any. Whoever asks for one must ask for each.
 */
const struct course *flow_of(struct flows *flows, uint32_t function);

/* The same for code of a region to which none of its entries leads. */
const struct course *flow_loose(struct flows *flows, uint32_t region);

/* What is known before the instruction at `at`; NULL: never come to. */
const struct state *flow_at(const struct course *flow, uint64_t at);

/* What memory at an address on the stack, or a register, holds in a state. */
uint32_t state_slot(struct flows *flows, const struct state *state,
		    int32_t offset, unsigned size);

/* What the word at `address` of the world holds. */
uint32_t flow_memory(struct flows *flows, uint64_t address, unsigned size);

/* The function that a call or jump goes to, through stubs; 0 if not known. */
uint64_t flow_callee(const struct flows *flows, const struct loaded *in,
		     const struct step *step);

/* Through stubs, which are nothing but a jump through a word. */
uint64_t flow_through(const struct flows *flows, uint64_t target);

/* Whether a function ever comes back. */
bool flow_returns(struct flows *flows, uint64_t entry, unsigned depth);

/* The registers (bits) that a callee gives back as they were. */
uint32_t
flow_kept(const struct flows *flows, const struct loaded *in, uint64_t callee);

/* Whether it comes back more than once, as setjmp does. */
bool flow_returns_twice(struct flows *flows, uint64_t entry);

/* The registers of a machine, by their use. */
struct convention {
	uint8_t number; /* of a system call */
	uint8_t result, second_result, stack, frame;
	uint8_t arguments[8];
	uint8_t argument_count; /* in registers */
	uint32_t kept;          /* across calls, as bits */
	uint8_t word;
	bool pushes; /* a call puts its return address on the stack */
};
const struct convention *convention_of(enum machine machine);

/* For flow.c (transfer.c): go over one instruction. */
void state_step(struct flows *flows, struct state *state,
		const struct loaded *in, uint64_t at, const struct step *step);
/* aarch64: two registers to or from memory at once. */
void state_pair(struct flows *flows, struct state *state,
		const struct loaded *in, uint64_t at, const struct step *step);
/* What the kernel leaves behind, and a call. */
void state_trap(struct flows *flows, struct state *state,
		const struct loaded *in);
void state_call(struct flows *flows, struct state *state,
		const struct loaded *in, uint64_t at, uint64_t callee,
		unsigned pops);

#endif
