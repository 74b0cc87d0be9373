/* profile/elf_parts.h - what the readers of one ELF file hand each other. */
#ifndef PROFILE_ELF_PARTS_H
#define PROFILE_ELF_PARTS_H

#include "profile/elf.h"

/* Where parts of a file lie; all may be empty. */
struct parts {
	struct bytes dynamic;               /* the dynamic segment */
	struct bytes symbols, symbol_names; /* .symtab */
	struct span frames;                 /* .eh_frame, by its section */
	uint64_t frame_header;              /* .eh_frame_hdr, or 0 */
	/* By the dynamic segment. */
	struct bytes rela, rel, relr, jump;
	bool jump_is_rela;
};

/* Names of versions by index; `hidden` is bit 15 of a symbol's own. */
struct versions {
	struct bytes of; /* a 16-bit index for each symbol */
	const char **names;
	size_t count;
};

bool dynamic_read(struct arena *arena, struct image *image, struct parts *parts,
		  struct cg_error *err);

/* A static program that can be moved says so in a flag. */
bool dynamic_is_program(struct image *image, const struct parts *parts);

/* `versions` may be NULL. */
bool symbols_read(struct arena *arena, const struct image *image,
		  struct bytes table, struct bytes names,
		  const struct versions *versions, struct symbols *out,
		  struct cg_error *err);

bool relocs_read(struct arena *arena, struct image *image,
		 const struct parts *parts, struct cg_error *err);

/* What code takes for the GOT, that nothing else tells; 0: nothing. */
uint64_t got_find(const struct image *image);

bool frames_read(struct arena *arena, struct image *image,
		 const struct parts *parts, struct cg_error *err);

#endif
