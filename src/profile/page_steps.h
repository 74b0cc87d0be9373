/*
 * profile/page_steps.h - what one instruction does with halves of addresses.
 *
 * For pages.c: what registers may hold, and what is known of a whole function.
 */
#ifndef PROFILE_PAGE_STEPS_H
#define PROFILE_PAGE_STEPS_H

#include "profile/page_sets.h"
#include "profile/pages.h"

enum { PAGE_PARTS = 128, PAGE_REGISTERS = 32 };

/* Where a register points into the stack: from sp at the entry, or ... */
enum { NO_STACK = INT32_MIN, SOME_STACK = INT32_MIN + 1 };

/* What registers may hold. */
struct halves {
	uint32_t sets[PAGE_REGISTERS];
	int32_t stack[PAGE_REGISTERS];
};

/* Code that is followed together. */
struct page_part {
	struct span span;
	struct halves **before; /* by instruction; NULL: nobody came yet */
	unsigned char *leads;   /* by instruction: bit 0 a leader, 1 queued */
};

struct page_slot {
	int32_t offset;
	uint32_t set;
};

/* All that is known while one function is followed. */
struct page_walk {
	struct arena own;
	const struct code *code;
	const struct image *image;
	struct page_sets sets;
	struct page_part parts[PAGE_PARTS];
	unsigned count;
	uint64_t words;
	uint64_t *queue;
	size_t queued, queue_room;
	struct page_slot *slots;
	size_t slot_count, slot_room;
	uint32_t somewhere; /* stored on the stack, nobody knows where */
	uint32_t stored;    /* on the stack at all */
	struct halves *jumping, *calling, *returning; /* where these happen */
	bool leaked;   /* an address on the stack was stored */
	bool anywhere; /* a jump may lead to any instruction */
	uint64_t visits, most;
	bool gave_up, changed, nomem, telling;
	unsigned char *used; /* by origin, of those there were before telling */
	size_t used_count;
	struct map lost; /* pages that were told as a whole */
	pages_visit *visit;
	void *context;
};

/* Whether a number may be an address: only if nothing moves. */
bool page_numbers(const struct code *code);

/* Whether an instruction is one of the function, not of a part elsewhere. */
bool page_is_given(const struct page_walk *walk, uint64_t at);

/* Two ways meet; true if `into` has become more. */
bool halves_join(struct page_walk *walk, struct halves *into,
		 const struct halves *from);

/* Go over one instruction. */
void halves_step(struct page_walk *walk, struct halves *halves, uint64_t at,
		 const struct step *step);

/* The registers (bits) that hold pages. */
uint32_t
halves_holders(const struct page_walk *walk, const struct halves *halves);

/* All of a page counts; all pages that registers hold. */
void page_lose(struct page_walk *walk, uint64_t at, uint64_t page);
void halves_lose(struct page_walk *walk, uint64_t at,
		 const struct halves *halves);

/* What movk may make of a number that nobody knows. */
void page_any_number(struct page_walk *walk, uint64_t at,
		     const struct step *step);

#endif
