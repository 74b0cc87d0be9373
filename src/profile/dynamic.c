/* The dynamic segment: what the loader is told about an ELF file. */
#include "profile/elf_parts.h"

enum {
	DT_NULL = 0,
	DT_NEEDED = 1,
	DT_PLTRELSZ = 2,
	DT_PLTGOT = 3,
	DT_HASH = 4,
	DT_STRTAB = 5,
	DT_SYMTAB = 6,
	DT_RELA = 7,
	DT_RELASZ = 8,
	DT_STRSZ = 10,
	DT_INIT = 12,
	DT_FINI = 13,
	DT_SONAME = 14,
	DT_RPATH = 15,
	DT_REL = 17,
	DT_RELSZ = 18,
	DT_PLTREL = 20,
	DT_JMPREL = 23,
	DT_INIT_ARRAY = 25,
	DT_FINI_ARRAY = 26,
	DT_INIT_ARRAYSZ = 27,
	DT_FINI_ARRAYSZ = 28,
	DT_RUNPATH = 29,
	DT_PREINIT_ARRAY = 32,
	DT_PREINIT_ARRAYSZ = 33,
	DT_RELRSZ = 35,
	DT_RELR = 36,
	DT_LOW = 40, /* tags below are kept in an array */
	DT_GNU_HASH = 0x6ffffef5,
	DT_VERSYM = 0x6ffffff0,
	DT_FLAGS_1 = 0x6ffffffb,
	DT_VERDEF = 0x6ffffffc,
	DT_VERNEED = 0x6ffffffe,
	DF_1_NODEFLIB = 0x800,
	DF_1_PIE = 0x8000000,
	NEEDED_MAX = 4096,
	VERSIONS_MAX = 4096,
	STB_LOCAL = 0,
	STB_WEAK = 2,
	STT_OBJECT = 1,
	STT_FUNC = 2,
	STT_TLS = 6,
	STT_GNU_IFUNC = 10,
	SHN_UNDEF = 0,
	SHN_ABS = 0xfff1,
};

struct tags {
	uint64_t low[DT_LOW];
	uint64_t gnu_hash, versym, verdef, verneed, flags;
	struct bytes texts;
};

static bool
fail_part(const struct image *image, const char *what, struct cg_error *err)
{
	return fail(err, CG_E_INPUT, "%s: %s lies outside of the file",
		    image->path, what);
}

static const char *tag_text(const struct tags *tags, unsigned tag)
{
	return tags->low[tag] ? bytes_text(tags->texts, tags->low[tag]) : NULL;
}

static void read_tags(const struct image *image, struct bytes dynamic,
		      struct tags *tags, size_t *needed)
{
	const unsigned word = image->word;

	for (uint64_t at = 0; bytes_has(dynamic, at, 2 * word);
	     at += 2 * word) {
		uint64_t tag = bytes_number(dynamic, at, word);
		uint64_t value = bytes_number(dynamic, at + word, word);

		if (tag == DT_NULL)
			break;
		if (tag < DT_LOW)
			tags->low[tag] = value;
		*needed += tag == DT_NEEDED;
		if (tag == DT_GNU_HASH)
			tags->gnu_hash = value;
		else if (tag == DT_VERSYM)
			tags->versym = value;
		else if (tag == DT_VERDEF)
			tags->verdef = value;
		else if (tag == DT_VERNEED)
			tags->verneed = value;
		else if (tag == DT_FLAGS_1)
			tags->flags = value;
	}
}

static bool
read_needed(struct arena *arena, struct image *image, struct bytes dynamic,
	    const struct tags *tags, size_t count, struct cg_error *err)
{
	const unsigned word = image->word;

	if (count > NEEDED_MAX)
		return fail(err, CG_E_INPUT, "%s: needs %zu libraries",
			    image->path, count);
	image->needed = arena_array(arena, const char *, count + 1);
	if (!image->needed)
		return fail_nomem(err);
	for (uint64_t at = 0; image->needed_count < count; at += 2 * word) {
		uint64_t value = bytes_number(dynamic, at + word, word);
		const char *name;

		if (bytes_number(dynamic, at, word) != DT_NEEDED)
			continue;
		name = bytes_text(tags->texts, value);
		if (!name)
			return fail_part(image, "the name of a library", err);
		image->needed[image->needed_count++] = name;
	}
	return true;
}

/* ---------------------------------------------------------- versions -- */

static bool name_version(struct arena *arena, struct versions *versions,
			 size_t index, const char *name)
{
	size_t room = versions->count;
	const char **names;

	if (index >= VERSIONS_MAX)
		return true;
	names = arena_grow(arena, versions->names, &room, index + 1,
			   sizeof(*names));
	if (!names)
		return false;
	versions->names = names;
	versions->count = room;
	names[index] = name;
	return true;
}

/* Each is a list of records with a list of names each. */
static bool read_version_list(struct arena *arena, const struct image *image,
			      const struct tags *tags, bool needs,
			      struct versions *versions)
{
	struct bytes all =
		image_rest(image, needs ? tags->verneed : tags->verdef);
	uint64_t at = 0;

	for (size_t i = 0; i < VERSIONS_MAX && bytes_has(all, at, 16); i++) {
		uint64_t inner = at + bytes_u32(all, at + (needs ? 8 : 12));
		uint64_t next = bytes_u32(all, at + (needs ? 12 : 16));
		size_t count = needs ? bytes_u16(all, at + 2) : 1;

		for (size_t k = 0; k < count && k < VERSIONS_MAX; k++) {
			uint32_t text = bytes_u32(all, inner + (needs ? 8 : 0));
			uint16_t index =
				needs ? bytes_u16(all, inner + 6) & 0x7fff
				      : bytes_u16(all, at + 4) & 0x7fff;

			if (!name_version(arena, versions, index,
					  bytes_text(tags->texts, text)))
				return false;
			inner += bytes_u32(all, inner + (needs ? 12 : 4));
		}
		if (!next)
			break;
		at += next;
	}
	return true;
}

/* ----------------------------------------------------------- symbols -- */

static enum symbol_kind kind_of(uint8_t info)
{
	switch (info & 15) {
	case STT_FUNC:
		return SYMBOL_FUNCTION;
	case STT_GNU_IFUNC:
		return SYMBOL_IFUNC;
	case STT_OBJECT:
		return SYMBOL_OBJECT;
	case STT_TLS:
		return SYMBOL_TLS;
	default:
		return SYMBOL_OTHER;
	}
}

static struct symbol
read_symbol(const struct image *image, struct bytes table, uint64_t at,
	    struct bytes names, uint16_t *place)
{
	const bool wide = image->word == 8;
	const uint8_t info = bytes_u8(table, at + (wide ? 4 : 12));
	const char *name = bytes_text(names, bytes_u32(table, at));

	*place = bytes_u16(table, at + (wide ? 6 : 14));
	return (struct symbol){
		.name = name ? name : "",
		.value = wide ? bytes_u64(table, at + 8)
			      : bytes_u32(table, at + 4),
		.size = wide ? bytes_u64(table, at + 16)
			     : bytes_u32(table, at + 8),
		.kind = (uint8_t)kind_of(info),
		.defined = *place != SHN_UNDEF,
		.weak = info >> 4 == STB_WEAK,
		.local = info >> 4 == STB_LOCAL,
	};
}

bool symbols_read(struct arena *arena, const struct image *image,
		  struct bytes table, struct bytes names,
		  const struct versions *versions, struct symbols *out,
		  struct cg_error *err)
{
	const unsigned size = image->word == 8 ? 24 : 16;
	const size_t count = table.size / size;
	uint16_t place;

	out->at = arena_array(arena, struct symbol, count + 1);
	if (!out->at)
		return fail_nomem(err);
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		uint16_t index = versions ? bytes_u16(versions->of, 2 * i) : 0;
		struct symbol *symbol = &out->at[i];

		*symbol = read_symbol(image, table, i * size, names, &place);
		/* An absolute symbol is a number, not a place. */
		if (place == SHN_ABS)
			symbol->kind = SYMBOL_TLS;
		symbol->hidden = index & 0x8000;
		index &= 0x7fff;
		if (versions && index > 1 && index < versions->count)
			symbol->version = versions->names[index];
	}
	return true;
}

/* One more than the highest symbol that a table of relocations names. */
static uint64_t
count_named(const struct image *image, struct bytes table, bool rela)
{
	const unsigned word = image->word, size = (rela ? 3 : 2) * word;
	uint64_t count = 0;

	for (uint64_t at = 0; bytes_has(table, at, size); at += size) {
		const uint64_t info = bytes_number(table, at + word, word);
		const uint64_t symbol = info >> (word == 8 ? 32 : 8);

		if (symbol >= count)
			count = symbol + 1;
	}
	return count;
}

/* The hash tables hold what others may look for. */
static uint64_t count_hashed(const struct image *image, const struct tags *tags,
			     struct bytes table)
{
	const unsigned size = image->word == 8 ? 24 : 16;
	struct bytes hash = image_rest(image, tags->gnu_hash);
	uint64_t buckets, chains, last = 0, first;

	if (tags->low[DT_HASH])
		return bytes_u32(image_rest(image, tags->low[DT_HASH]), 4);
	if (!tags->gnu_hash || hash.size < 16)
		return 0;
	first = bytes_u32(hash, 4);
	buckets = 16 + (uint64_t)bytes_u32(hash, 8) * image->word;
	chains = buckets + 4 * (uint64_t)bytes_u32(hash, 0);
	if (!bytes_has(hash, 0, chains))
		return UINT64_MAX;
	for (uint64_t at = buckets; at < chains; at += 4)
		if (bytes_u32(hash, at) > last)
			last = bytes_u32(hash, at);
	if (last < first)
		return first;
	while (bytes_has(hash, chains + 4 * (last - first), 4) &&
	       !(bytes_u32(hash, chains + 4 * (last - first)) & 1) &&
	       last < table.size / size)
		last++;
	return last + 1;
}

/*
 * All that the loader can come to: by name, or by a relocation. What is not
 * defined here needs no place in a hash table.
 */
static uint64_t
count_symbols(const struct image *image, const struct tags *tags,
	      const struct parts *parts, struct bytes table)
{
	const uint64_t counts[] = {
		count_hashed(image, tags, table),
		count_named(image, parts->rela, true),
		count_named(image, parts->rel, false),
		count_named(image, parts->jump, parts->jump_is_rela),
	};
	uint64_t most = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (counts[i] > most)
			most = counts[i];
	return most;
}

static bool
read_symbols(struct arena *arena, struct image *image, const struct tags *tags,
	     const struct parts *parts, struct cg_error *err)
{
	const unsigned size = image->word == 8 ? 24 : 16;
	struct bytes table = image_rest(image, tags->low[DT_SYMTAB]);
	uint64_t count = count_symbols(image, tags, parts, table);
	struct versions versions = { 0 };

	if (!tags->low[DT_SYMTAB])
		return true;
	if (count > table.size / size)
		return fail_part(image, "the table of symbols", err);
	if (tags->versym)
		versions.of = bytes_part(image_rest(image, tags->versym), 0,
					 2 * count);
	if ((tags->verdef &&
	     !read_version_list(arena, image, tags, false, &versions)) ||
	    (tags->verneed &&
	     !read_version_list(arena, image, tags, true, &versions)))
		return fail_nomem(err);
	return symbols_read(arena, image, bytes_part(table, 0, count * size),
			    tags->texts, &versions, &image->dynamic, err);
}

static struct span span_of(const struct tags *tags, unsigned at, unsigned size)
{
	const uint64_t start = tags->low[at], length = tags->low[size];

	if (!start || !length || start > UINT64_MAX - length)
		return (struct span){ 0, 0 };
	return (struct span){ start, start + length };
}

/* Tables that the loader reads must be there as long as it is told. */
static bool
table_of(const struct image *image, const struct tags *tags, unsigned at,
	 unsigned size, struct bytes *out, struct cg_error *err)
{
	if (!tags->low[at] || !tags->low[size])
		return true;
	*out = image_bytes(image, tags->low[at], tags->low[size]);
	if (out->size)
		return true;
	return fail_part(image, "a table of relocations", err);
}

bool dynamic_read(struct arena *arena, struct image *image, struct parts *parts,
		  struct cg_error *err)
{
	struct tags tags = { 0 };
	size_t needed = 0;

	read_tags(image, parts->dynamic, &tags, &needed);
	image->no_default_libs = tags.flags & DF_1_NODEFLIB;
	if (tags.low[DT_STRTAB])
		tags.texts = image_bytes(image, tags.low[DT_STRTAB],
					 tags.low[DT_STRSZ]);
	image->soname = tag_text(&tags, DT_SONAME);
	image->rpath = tag_text(&tags, DT_RPATH);
	image->runpath = tag_text(&tags, DT_RUNPATH);
	image->init = tags.low[DT_INIT];
	image->fini = tags.low[DT_FINI];
	image->got = tags.low[DT_PLTGOT];
	image->init_array = span_of(&tags, DT_INIT_ARRAY, DT_INIT_ARRAYSZ);
	image->fini_array = span_of(&tags, DT_FINI_ARRAY, DT_FINI_ARRAYSZ);
	image->preinit_array =
		span_of(&tags, DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ);
	parts->jump_is_rela = tags.low[DT_PLTREL] == DT_RELA;
	return read_needed(arena, image, parts->dynamic, &tags, needed, err) &&
	       table_of(image, &tags, DT_RELA, DT_RELASZ, &parts->rela, err) &&
	       table_of(image, &tags, DT_REL, DT_RELSZ, &parts->rel, err) &&
	       table_of(image, &tags, DT_RELR, DT_RELRSZ, &parts->relr, err) &&
	       table_of(image, &tags, DT_JMPREL, DT_PLTRELSZ, &parts->jump,
			err) &&
	       read_symbols(arena, image, &tags, parts, err);
}

bool dynamic_is_program(struct image *image, const struct parts *parts)
{
	struct tags tags = { 0 };
	size_t needed = 0;

	read_tags(image, parts->dynamic, &tags, &needed);
	return tags.flags & DF_1_PIE;
}
