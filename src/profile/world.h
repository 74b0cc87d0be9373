/*
 * profile/world.h - a program and its libraries, laid out in one memory.
 *
 * Each image gets addresses of its own, as the loader would give it, so that
 * an address alone tells the image. Symbols are looked up as the loader does:
 * in the order of loading, with their versions.
 */
#ifndef PROFILE_WORLD_H
#define PROFILE_WORLD_H

#include "profile/elf.h"

enum { IMAGES_MAX = 1024 };

/* Symbols of an image by address, for names and for where objects end. */
struct labels {
	const struct symbol **at; /* sorted by value, then by size */
	size_t count;
	uint64_t *ends; /* the last end of any up to this one */
};

struct shelf;

struct loaded {
	struct image image;
	uint32_t index;
	struct labels objects, functions;
	bool main;  /* a program, not one of its libraries */
	bool added; /* opened at run time: everything it exports is used */
	bool nss;   /* by its name services, which ask for functions by name */
	bool is_loader;
	bool whole;          /* all its data counts */
	bool libc;           /* the GNU C library, or a program that holds it */
	const char *why;     /* it was loaded: "needed by ..." */
	struct shelf *shelf; /* what is kept of its code; or NULL */
};

struct slot; /* of the table of symbols */

struct world {
	struct arena *arena;
	struct loaded **images; /* in the order of loading */
	size_t count, room;
	struct loaded **by_base; /* sorted */
	uint64_t next;           /* the next free address */
	struct slot *slots;
	size_t slot_count, slots_used;
};

/* Where a symbol was found. */
struct found {
	struct loaded *in; /* NULL: nowhere */
	const struct symbol *symbol;
};

/*
 * Take an image in, and give it its base. Images that overlap another (two
 * programs that cannot be moved) fail with CG_E_INPUT; CG_E_NOMEM.
 */
bool world_add(struct world *world, const struct image *image,
	       struct loaded **out, struct cg_error *err);

/* The image around an address, or NULL. */
struct loaded *world_at(const struct world *world, uint64_t address);

/*
 * The definition of a name that `version` (or NULL) of `from` means. `except`
 * is passed over, unless NULL.
 */
struct found world_find(const struct world *world, const char *name,
			const char *version, const struct loaded *except);

/* The definitions of a name one by one, of all images: `*at` begins at 0. */
struct found
world_each(const struct world *world, const char *name, size_t *at);

/* What a relocation's symbol means; nowhere if it is weak and undefined. */
struct found world_symbol(const struct world *world, const struct loaded *in,
			  const struct reloc *reloc);

/* The sized object around an address, or NULL where none is known. */
const struct symbol *
loaded_object(const struct loaded *loaded, uint64_t address);

/*
 * The bytes around an address that belong to no sized object, inside of
 * `whole`, with what lies next to them if the address is close to it.
 */
struct span loaded_between(const struct loaded *loaded, uint64_t address,
			   struct span whole);

/* The end of the object that begins at or a little behind an address. */
uint64_t loaded_next_end(const struct loaded *loaded, uint64_t address);

/* The function symbol at or before an address that is the closest, or NULL. */
const struct symbol *
loaded_function(const struct loaded *loaded, uint64_t address);

/* Whether a function symbol `name` begins at an address, perhaps among others.
 */
bool loaded_is_named(const struct loaded *loaded, uint64_t address,
		     const char *name);

/* Whether there is a function symbol of that name. */
bool loaded_has_function(const struct loaded *loaded, const char *name);

#endif
