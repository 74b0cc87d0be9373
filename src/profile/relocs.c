/* Relocations: which words of memory become addresses. */
#include <stdlib.h>

#include "profile/elf_parts.h"

enum { RELOCS_MAX = 1 << 25 };

/* The types that programs and libraries come with. */
static const struct type {
	enum machine machine;
	uint16_t type;
	enum reloc_kind kind;
} types[] = {
	{ MACHINE_X86_64, 1, RELOC_SYMBOL },
	{ MACHINE_X86_64, 5, RELOC_COPY },
	{ MACHINE_X86_64, 6, RELOC_SYMBOL },
	{ MACHINE_X86_64, 7, RELOC_SLOT },
	{ MACHINE_X86_64, 8, RELOC_BASE },
	{ MACHINE_X86_64, 16, RELOC_TLS },
	{ MACHINE_X86_64, 17, RELOC_TLS },
	{ MACHINE_X86_64, 18, RELOC_TLS },
	{ MACHINE_X86_64, 36, RELOC_TLSDESC },
	{ MACHINE_X86_64, 37, RELOC_IFUNC },
	{ MACHINE_X86_64, 38, RELOC_BASE },
	{ MACHINE_I386, 1, RELOC_SYMBOL },
	{ MACHINE_I386, 5, RELOC_COPY },
	{ MACHINE_I386, 6, RELOC_SYMBOL },
	{ MACHINE_I386, 7, RELOC_SLOT },
	{ MACHINE_I386, 8, RELOC_BASE },
	{ MACHINE_I386, 14, RELOC_TLS },
	{ MACHINE_I386, 35, RELOC_TLS },
	{ MACHINE_I386, 36, RELOC_TLS },
	{ MACHINE_I386, 37, RELOC_TLS },
	{ MACHINE_I386, 41, RELOC_TLSDESC },
	{ MACHINE_I386, 42, RELOC_IFUNC },
	{ MACHINE_AARCH64, 257, RELOC_SYMBOL },
	{ MACHINE_AARCH64, 1024, RELOC_COPY },
	{ MACHINE_AARCH64, 1025, RELOC_SYMBOL },
	{ MACHINE_AARCH64, 1026, RELOC_SLOT },
	{ MACHINE_AARCH64, 1027, RELOC_BASE },
	{ MACHINE_AARCH64, 1028, RELOC_TLS },
	{ MACHINE_AARCH64, 1029, RELOC_TLS },
	{ MACHINE_AARCH64, 1030, RELOC_TLS },
	{ MACHINE_AARCH64, 1031, RELOC_TLSDESC },
	{ MACHINE_AARCH64, 1032, RELOC_IFUNC },
};

/*
 * What is not in the table is some other form of a symbol's address: whoever
 * reaches the word reaches the symbol.
 */
static enum reloc_kind kind_of(enum machine machine, uint32_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].machine == machine && types[i].type == type)
			return types[i].kind;
	return RELOC_SYMBOL;
}

static bool
fail_reloc(const struct image *image, uint64_t where, struct cg_error *err)
{
	return fail(err, CG_E_INPUT,
		    "%s: a relocation at 0x%llx, where nothing is loaded",
		    image->path, (unsigned long long)where);
}

/* The addend that stands where the result will. */
static uint64_t addend_at(const struct image *image, uint64_t where)
{
	struct bytes word = image_bytes(image, where, image->word);

	return bytes_number(word, 0, image->word);
}

static bool read_table(struct image *image, struct bytes table, bool rela,
		       struct cg_error *err)
{
	const unsigned word = image->word;
	const unsigned size = (rela ? 3 : 2) * word;

	for (uint64_t at = 0; bytes_has(table, at, size); at += size) {
		struct reloc *reloc = &image->relocs[image->reloc_count];
		uint64_t where = bytes_number(table, at, word);
		uint64_t info = bytes_number(table, at + word, word);
		uint32_t type =
			(uint32_t)(word == 8 ? info & 0xffffffff : info & 0xff);

		if (type == 0)
			continue;
		if (!image_segment(image, where))
			return fail_reloc(image, where, err);
		*reloc = (struct reloc){
			.where = where,
			.symbol = (uint32_t)(info >> (word == 8 ? 32 : 8)),
			.kind = (uint8_t)kind_of(image->machine, type),
			.addend =
				rela ? bytes_number(table, at + 2 * word, word)
				     : addend_at(image, where),
		};
		if (reloc->symbol >= image->dynamic.count && reloc->symbol)
			return fail(err, CG_E_INPUT,
				    "%s: a relocation of symbol %u of %zu",
				    image->path, reloc->symbol,
				    image->dynamic.count);
		image->reloc_count++;
	}
	return true;
}

/* --------------------------------------------------------- packed ones -- */

static uint64_t count_packed(const struct image *image, struct bytes table)
{
	uint64_t count = 0;

	for (uint64_t at = 0; at < table.size; at += image->word) {
		uint64_t entry = bytes_number(table, at, image->word);

		count += entry & 1 ? (uint64_t)__builtin_popcountll(entry) - 1
				   : 1;
	}
	return count;
}

static bool
add_packed(struct image *image, uint64_t where, struct cg_error *err)
{
	if (!image_segment(image, where))
		return fail_reloc(image, where, err);
	image->relocs[image->reloc_count++] = (struct reloc){
		.where = where,
		.addend = addend_at(image, where),
		.kind = RELOC_BASE,
	};
	return true;
}

/* DT_RELR: an address, then bits for the words behind it. */
static bool
read_packed(struct image *image, struct bytes table, struct cg_error *err)
{
	const unsigned word = image->word;
	uint64_t next = 0;

	for (uint64_t at = 0; at < table.size; at += word) {
		uint64_t entry = bytes_number(table, at, word);

		if (!(entry & 1)) {
			if (!add_packed(image, entry, err))
				return false;
			next = entry + word;
			continue;
		}
		for (unsigned bit = 1; bit < 8 * word; bit++)
			if (entry >> bit & 1 &&
			    !add_packed(image, next + (bit - 1) * word, err))
				return false;
		next += (uint64_t)(8 * word - 1) * word;
	}
	return true;
}

/* ------------------------------------------------------------- all -- */

static int by_place(const void *left, const void *right)
{
	const struct reloc *a = left, *b = right;

	return (a->where > b->where) - (a->where < b->where);
}

/* A static program has its tables for the start-up code only, in sections. */
static struct bytes static_table(const struct image *image, const char *name)
{
	for (size_t i = 0; i < image->section_count; i++) {
		const struct section *section = &image->sections[i];

		if (strcmp(section->name, name) == 0)
			return image_bytes(image, section->start,
					   section->end - section->start);
	}
	return (struct bytes){ NULL, 0 };
}

/* Go and old linkers give tables that overlap: the same word twice is once. */
static void drop_twice(struct image *image)
{
	size_t kept = 0;

	for (size_t i = 0; i < image->reloc_count; i++)
		if (!kept || memcmp(&image->relocs[i], &image->relocs[kept - 1],
				    sizeof(*image->relocs)) != 0)
			image->relocs[kept++] = image->relocs[i];
	image->reloc_count = kept;
}

/* Whether a relocation changes an instruction, as far as sections tell. */
static bool is_in_code(const struct image *image, uint64_t where)
{
	const struct segment *segment = image_segment(image, where);
	const struct section *section = image_section(image, where);

	return segment->execute && (!section || section->execute);
}

static bool has_code_relocs(const struct image *image)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];
		size_t at = image_reloc_from(image, segment->start);

		for (; segment->execute && at < image->reloc_count &&
		       image->relocs[at].where < segment->end;
		     at++)
			if (is_in_code(image, image->relocs[at].where))
				return true;
	}
	return false;
}

/* Few if any copy, and they are asked for often. */
static bool list_copies(struct arena *arena, struct image *image)
{
	size_t count = 0;

	for (size_t i = 0; i < image->reloc_count; i++)
		count += image->relocs[i].kind == RELOC_COPY;
	image->copies = arena_array(arena, uint32_t, count + 1);
	if (!image->copies)
		return false;
	for (size_t i = 0; i < image->reloc_count; i++)
		if (image->relocs[i].kind == RELOC_COPY)
			image->copies[image->copy_count++] = (uint32_t)i;
	return true;
}

bool relocs_read(struct arena *arena, struct image *image,
		 const struct parts *parts, struct cg_error *err)
{
	const unsigned word = image->word;
	struct bytes rela = parts->rela, rel = parts->rel;
	uint64_t count;

	if (!image->has_dynamic) {
		rela = static_table(image, ".rela.plt");
		rel = static_table(image, ".rel.plt");
	}
	count = rela.size / (3 * word) + rel.size / (2 * word) +
		parts->jump.size / ((parts->jump_is_rela ? 3 : 2) * word) +
		count_packed(image, parts->relr);
	if (count > RELOCS_MAX)
		return fail(err, CG_E_INPUT,
			    "%s: %llu relocations; %d can be read at most",
			    image->path, (unsigned long long)count, RELOCS_MAX);
	image->relocs = arena_array(arena, struct reloc, count + 1);
	if (!image->relocs)
		return fail_nomem(err);
	if (!read_table(image, rela, true, err) ||
	    !read_table(image, rel, false, err) ||
	    !read_table(image, parts->jump, parts->jump_is_rela, err) ||
	    !read_packed(image, parts->relr, err))
		return false;
	if (image->reloc_count)
		qsort(image->relocs, image->reloc_count, sizeof(*image->relocs),
		      by_place);
	drop_twice(image);
	image->code_relocs = has_code_relocs(image);
	return list_copies(arena, image) || fail_nomem(err);
}
