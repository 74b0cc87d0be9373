/*
 * profile/known.h - the constants that registers hold for sure. x86_64 only.
 *
 * Less than flow.h knows, and cheap: no memory but what nobody can write, and
 * no sets. What is not known is never guessed: each instruction that is not
 * followed makes what it may change unknown, as tests of the decoder hold.
 */
#ifndef PROFILE_KNOWN_H
#define PROFILE_KNOWN_H

#include "profile/step.h"
#include "profile/world.h"

enum { KNOWN_REGISTERS = 16, KNOWN_ARGUMENTS = 6 };

enum known_kind {
	KNOWN_NOTHING,
	KNOWN_NUMBER,
	KNOWN_PLACE, /* the address of something: not 0, and no more */
	KNOWN_STACK, /* the same, close to the stack pointer */
};

/* What the flags tell of. All zeros: nothing. */
struct compared {
	uint8_t kind; /* enum compared_kind */
	uint8_t size;
	uint64_t left, right;
};

enum compared_kind {
	COMPARED_NOTHING,
	COMPARED_NUMBERS, /* of left - right */
	COMPARED_BITS,    /* of left & right */
	COMPARED_DIFFER,  /* two things that are not the same */
	COMPARED_RESULT,  /* of arithmetic that made `left`: its sign, if 0 */
};

struct known {
	uint64_t numbers[KNOWN_REGISTERS]; /* 0 if it is no number */
	uint8_t kinds[KNOWN_REGISTERS];    /* enum known_kind */
	uint8_t from[KNOWN_REGISTERS];     /* bits: made of these arguments */
	uint8_t flags_from;                /* the same of the flags */
	struct compared flags;
};

/* What a caller hands to a function in the registers of arguments. */
struct handed {
	uint64_t numbers[KNOWN_ARGUMENTS];
	uint8_t kinds[KNOWN_ARGUMENTS]; /* up to KNOWN_PLACE */
};

enum verdict { VERDICT_MAYBE, VERDICT_NEVER, VERDICT_ALWAYS };

/* At the entry of a function. */
struct known known_at_entry(const struct handed *handed);

/* What a callee gets, and of it only the arguments in `wanted` (bits). */
struct handed known_handed(const struct world *world, const struct known *known,
			   uint8_t wanted);

/* Whether all that `special` is called with, `general` covers. */
bool handed_covers(const struct handed *general, const struct handed *special);

/* The arguments (bits) that an instruction decides something by. */
uint8_t known_decides(const struct known *known, const struct step *step);

/* Go over one instruction; of a call only what known_call() does not. */
void known_step(struct known *known, const struct loaded *in,
		const struct step *step);

/* A call comes back; `kept` are the registers that it has not changed. */
void known_call(struct known *known, uint32_t kept);

/* Two ways meet; true if `into` has become another. */
bool known_join(struct known *into, const struct known *from);

/* Whether a branch is taken. */
enum verdict known_branch(const struct known *known, const struct step *step);

/* Where a jump through a register or a constant word goes. */
bool known_target(const struct known *known, const struct loaded *in,
		  const struct step *step, uint64_t *out);

#endif
