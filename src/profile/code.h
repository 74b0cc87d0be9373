/*
 * profile/code.h - which bytes are the code of one function.
 *
 * Where an unwind table or a symbol tells the bounds, all instructions inside
 * are the function's. Where nothing does, its code is what can be come to from
 * its entry by falling through, by branches and by tables of branches.
 */
#ifndef PROFILE_CODE_H
#define PROFILE_CODE_H

#include "profile/step.h"
#include "profile/world.h"

enum { SPANS_MAX = 4096 };

/* Addresses are those of the world. */
struct code {
	struct loaded *in;
	struct span *spans; /* sorted, in the arena */
	size_t count;
	uint64_t *starts; /* inside of spans, where the looking went on */
	size_t start_count;
	bool bounded;      /* by a table or symbol, not by looking */
	bool unreadable;   /* some bytes of it are no instruction */
	struct memo *memo; /* of what was decoded; NULL: none is kept */
};

/* Instructions that one thread has decoded lately, wherever they are. */
struct memo {
	struct memo_slot *slots;
	size_t mask;
	struct arena *arena;
	uint64_t *begins;  /* bits: instructions begin there; or NULL */
	struct span begun; /* of one function, as far as it was gone through */
};

/* Room for 1 << bits of them. False without memory. */
bool memo_init(struct memo *memo, struct arena *arena, unsigned bits);

/* Decode the instruction at `address`; length 0 if there is none. */
void code_step(const struct loaded *in, uint64_t address, struct step *out);

/* The same, perhaps from a memo; NULL: there is none. */
void code_recall(struct memo *memo, const struct loaded *in, uint64_t address,
		 struct step *out);

/* The same, for code in code->in, perhaps from its memo. */
void code_read(const struct code *code, uint64_t address, struct step *out);

/* Whether an address is inside of an instruction of a function with bounds. */
bool code_is_inside(struct memo *memo, const struct loaded *in,
		    uint64_t address);

/* The bounds of a function, if a table tells them. The memo may be NULL. */
bool code_known(struct memo *memo, const struct loaded *in, uint64_t entry,
		struct span *out);

/*
 * The bytes around an address of a segment: the function that a table tells of,
 * or all between two of them, of the section if that is known.
 */
struct span code_gap(const struct loaded *in, uint64_t address);

/* Code whose bounds are known. False if memory has run out. */
bool code_one(struct arena *arena, struct span span, struct code *code);

/* Code in code->in of which no table tells anything. */
bool code_look(struct arena *arena, uint64_t entry, struct code *code);

/* The one or the other; the code has the memo, which may be NULL. */
bool code_find(struct arena *arena, struct memo *memo, struct loaded *in,
	       uint64_t entry, struct code *out);

/*
 * One span around an entry, for whoever only follows the flow from there: the
 * function, or all that lies between functions that are known. False without
 * memory, or where nothing is loaded.
 */
bool code_around(struct arena *arena, struct memo *memo, struct loaded *in,
		 uint64_t entry, struct code *out);

bool code_holds(const struct code *code, uint64_t address);

/*
 * Hand out each instruction, in order; also those which begin inside of others,
 * if a branch goes there. False as soon as `visit` says so, or without memory.
 */
typedef bool
code_visit(void *context, uint64_t address, const struct step *step);
bool code_each(struct arena *arena, struct code *code, code_visit *visit,
	       void *context);

/* What a function tells about the tables it branches by. */
struct tables {
	uint64_t at[256]; /* where they may begin */
	size_t count;
	bool too_many; /* there were more than that */
	uint64_t most; /* entries, by the comparisons there are; 0 */
	bool jumps;    /* there is a jump by a value */
};

void tables_note(struct tables *tables, const struct loaded *in,
		 const struct step *step);

/*
 * Each place that a table may lead to, as long as `accept` takes it; the first
 * one that is not taken is the end of the table. `likely` is false past the
 * largest number that the function compares anything with.
 */
typedef bool tables_accept(void *context, uint64_t target, bool likely);
void tables_each(const struct tables *tables, const struct loaded *in,
		 tables_accept *accept, void *context);

#endif
