/*
 * profile/pages.h - aarch64: addresses that are made of two halves.
 *
 * An address is the page that adrp loads, and the rest of it in another
 * instruction. (In programs that do not move it may be a number, too, that
 * movz and movk put together.) We follow which pages registers may hold along
 * all ways through a function: a register has the pages that any way brings,
 * and keeps them until it gets another value. What is spilled to the stack is
 * followed by its place there, or, where that is not known, comes back with
 * whatever is loaded from the stack.
 *
 * What is not followed is taken whole, never as nothing: a page that no use of
 * is found for, that is stored elsewhere, or that is in a function too large,
 * counts with all that lies in it. Pages that go to another function in
 * registers are followed into what has no name of its own: parts of functions
 * that compilers move away, and pieces that several share. What has a name is
 * taken to keep to the calling convention, which hands on no halves.
 */
#ifndef PROFILE_PAGES_H
#define PROFILE_PAGES_H

#include "profile/code.h"

/*
 * Told for each address. `step` is the instruction at `at` that has the second
 * half: it forms the address, or goes to memory there. `exact`: no more is
 * added to it. step NULL: all of the page at `address` counts.
 */
typedef void pages_visit(void *context, uint64_t at, const struct step *step,
			 uint64_t address, bool exact);

/* All addresses of a function. False without memory. */
bool pages_each(struct arena *arena, const struct code *code,
		pages_visit *visit, void *context);

#endif
