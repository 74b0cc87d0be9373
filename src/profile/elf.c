/* The headers of an ELF file: what is where. */
#include "profile/elf.h"

#include <stdlib.h>

#include "profile/elf_parts.h"

enum {
	ELF_HEADER_32 = 52,
	ELF_HEADER_64 = 64,
	TYPE_EXEC = 2,
	TYPE_DYN = 3,
	PT_LOAD = 1,
	PT_DYNAMIC = 2,
	PT_INTERP = 3,
	PT_NOTE = 4,
	PT_TLS = 7,
	PT_GNU_EH_FRAME = 0x6474e550,
	PF_X = 1,
	PF_W = 2,
	SHT_SYMTAB = 2,
	SHT_NOBITS = 8,
	SHF_WRITE = 1,
	SHF_ALLOC = 2,
	SHF_EXECINSTR = 4,
	SHF_TLS = 0x400,
	SEGMENTS_MAX = 512,
	SECTIONS_MAX = 65536,
	NOTE_BUILD_ID = 3,
};

/* ELF's own numbers for machines. */
static const struct known {
	uint16_t number;
	uint8_t word;
	enum machine machine;
} machines[] = {
	{ 62, 8, MACHINE_X86_64 },
	{ 3, 4, MACHINE_I386 },
	{ 183, 8, MACHINE_AARCH64 },
};

/* A field of a header whose place depends on the width of a word. */
static uint64_t field(const struct image *image, uint64_t at, unsigned narrow,
		      unsigned wide, unsigned size)
{
	if (image->word == 8)
		return bytes_number(image->file, at + wide, size);
	return bytes_number(image->file, at + narrow, size > 4 ? 4 : size);
}

static bool read_header(struct image *image, struct cg_error *err)
{
	const struct bytes file = image->file;
	const uint16_t type = bytes_u16(file, 16);
	const uint16_t number = bytes_u16(file, 18);
	const uint8_t class = bytes_u8(file, 4);

	if (file.size < 20 || memcmp(file.at, "\177ELF", 4) != 0)
		return fail(err, CG_E_INPUT, "%s: no ELF file", image->path);
	if (bytes_u8(file, 5) != 1)
		return fail(err, CG_E_INPUT,
			    "%s: a big-endian ELF file; x86_64, i386 and "
			    "aarch64 can be read",
			    image->path);
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		if (machines[i].number != number ||
		    machines[i].word != (class == 2 ? 8 : 4))
			continue;
		image->machine = machines[i].machine;
		image->word = machines[i].word;
	}
	if (!image->word)
		return fail(err, CG_E_INPUT,
			    "%s: for machine %u of %s bits; x86_64, i386 and "
			    "aarch64 can be read",
			    image->path, number, class == 2 ? "64" : "32");
	if (type != TYPE_EXEC && type != TYPE_DYN)
		return fail(err, CG_E_INPUT,
			    "%s: neither a program nor a library, but ELF type "
			    "%u",
			    image->path, type);
	if (file.size < (image->word == 8 ? ELF_HEADER_64 : ELF_HEADER_32))
		return fail(err, CG_E_INPUT, "%s: ends inside its header",
			    image->path);
	image->movable = type == TYPE_DYN;
	image->entry = field(image, 0, 24, 24, 8);
	return true;
}

/* ---------------------------------------------------------- segments -- */

struct program_header {
	uint32_t type, flags;
	uint64_t offset, address, stored, memory;
};

static struct program_header
program_header(const struct image *image, uint64_t at)
{
	return (struct program_header){
		.type = (uint32_t)field(image, at, 0, 0, 4),
		.flags = (uint32_t)field(image, at, 24, 4, 4),
		.offset = field(image, at, 4, 8, 8),
		.address = field(image, at, 8, 16, 8),
		.stored = field(image, at, 16, 32, 8),
		.memory = field(image, at, 20, 40, 8),
	};
}

static bool add_segment(struct image *image, const struct program_header *from,
			struct cg_error *err)
{
	struct segment *segment = &image->segments[image->segment_count];
	const uint64_t most =
		image->word == 8 ? UINT64_C(1) << 47 : UINT64_C(1) << 32;

	if (from->memory == 0)
		return true;
	if (from->stored > from->memory || from->address > most ||
	    from->memory > most - from->address)
		return fail(err, CG_E_INPUT,
			    "%s: a segment at 0x%llx is of no possible size",
			    image->path, (unsigned long long)from->address);
	/* What holds nothing lies nowhere: linkers leave the end of the file.
	 */
	if (from->stored && !bytes_has(image->file, from->offset, from->stored))
		return fail(err, CG_E_INPUT,
			    "%s: truncated: the segment at 0x%llx is not all "
			    "in the file",
			    image->path, (unsigned long long)from->address);
	*segment = (struct segment){
		.start = from->address,
		.end = from->address + from->memory,
		.offset = from->offset,
		.stored = from->stored,
		.write = from->flags & PF_W,
		.execute = from->flags & PF_X,
	};
	if (image->segment_count && segment[-1].end > segment->start)
		return fail(err, CG_E_INPUT,
			    "%s: segments at 0x%llx and 0x%llx overlap or are "
			    "not in order",
			    image->path, (unsigned long long)segment[-1].start,
			    (unsigned long long)segment->start);
	image->segment_count++;
	return true;
}

static void read_note(struct image *image, const struct program_header *from)
{
	struct bytes notes =
		bytes_part(image->file, from->offset, from->stored);
	uint64_t at = 0;

	while (bytes_has(notes, at, 12)) {
		uint64_t name = ((uint64_t)bytes_u32(notes, at) + 3) & ~3ull;
		uint64_t size = bytes_u32(notes, at + 4);
		struct bytes owner = bytes_part(notes, at + 12, name);

		if (owner.size == 4 && memcmp(owner.at, "GNU", 4) == 0 &&
		    bytes_u32(notes, at + 8) == NOTE_BUILD_ID)
			image->build_id =
				bytes_part(notes, at + 12 + name, size);
		if (owner.size == 4 && memcmp(owner.at, "Go\0", 4) == 0)
			image->go = true;
		at += 12 + name + ((size + 3) & ~3ull);
	}
}

/* What a program header tells besides memory. */
static void note_header(struct image *image, const struct program_header *from,
			struct parts *parts)
{
	switch (from->type) {
	case PT_DYNAMIC:
		parts->dynamic =
			bytes_part(image->file, from->offset, from->stored);
		image->has_dynamic = true;
		break;
	case PT_INTERP:
		image->interpreter = bytes_text(
			bytes_part(image->file, from->offset, from->stored), 0);
		break;
	case PT_GNU_EH_FRAME:
		parts->frame_header = from->address;
		break;
	case PT_TLS:
		image->threads = (struct span){ from->address,
						from->address + from->stored };
		break;
	case PT_NOTE:
		read_note(image, from);
		break;
	default:
		break;
	}
}

static bool read_segments(struct arena *arena, struct image *image,
			  struct parts *parts, struct cg_error *err)
{
	const uint64_t table = field(image, 0, 28, 32, 8);
	const uint64_t size = field(image, 0, 42, 54, 2);
	const uint64_t count = field(image, 0, 44, 56, 2);
	const unsigned least = image->word == 8 ? 56 : 32;

	if (!count || count > SEGMENTS_MAX || size < least ||
	    !bytes_has(image->file, table, size * count))
		return fail(err, CG_E_INPUT,
			    "%s: %llu program headers of %llu bytes are not "
			    "in the file",
			    image->path, (unsigned long long)count,
			    (unsigned long long)size);
	image->segments = arena_array(arena, struct segment, count);
	if (!image->segments)
		return fail_nomem(err);
	for (uint64_t i = 0; i < count; i++) {
		struct program_header header =
			program_header(image, table + i * size);

		if (header.type == PT_LOAD && !add_segment(image, &header, err))
			return false;
		note_header(image, &header, parts);
	}
	if (!image->segment_count)
		return fail(err, CG_E_INPUT, "%s: nothing of it is loaded",
			    image->path);
	image->low = image->segments[0].start;
	image->high = image->segments[image->segment_count - 1].end;
	return true;
}

/* ---------------------------------------------------------- sections -- */

static uint64_t section_field(const struct image *image, uint64_t at,
			      unsigned narrow, unsigned wide, unsigned size)
{
	return field(image, at, narrow, wide, size);
}

struct section_header {
	const char *name;
	uint32_t type, link;
	uint64_t flags, address, offset, size;
};

static struct section_header
section_header(const struct image *image, uint64_t at, struct bytes names)
{
	const char *name = bytes_text(names, section_field(image, at, 0, 0, 4));

	return (struct section_header){
		.name = name ? name : "",
		.type = (uint32_t)section_field(image, at, 4, 4, 4),
		.flags = section_field(image, at, 8, 8, 8),
		.address = section_field(image, at, 12, 16, 8),
		.offset = section_field(image, at, 16, 24, 8),
		.size = section_field(image, at, 20, 32, 8),
		.link = (uint32_t)section_field(image, at, 24, 40, 4),
	};
}

struct section_table {
	uint64_t at, size, count;
	struct bytes names;
};

/* Section headers that make no sense are as good as none. */
static bool
find_sections(const struct image *image, struct section_table *table)
{
	const uint64_t names = field(image, 0, 50, 62, 2);
	struct section_header header;

	table->at = field(image, 0, 32, 40, 8);
	table->size = field(image, 0, 46, 58, 2);
	table->count = field(image, 0, 48, 60, 2);
	if (!table->at || table->size < (image->word == 8 ? 64 : 40) ||
	    table->count > SECTIONS_MAX || names >= table->count ||
	    !bytes_has(image->file, table->at, table->size * table->count))
		return false;
	header = section_header(image, table->at + names * table->size,
				(struct bytes){ NULL, 0 });
	table->names = bytes_part(image->file, header.offset, header.size);
	return true;
}

static void note_section(struct image *image, const struct section_header *from,
			 struct parts *parts)
{
	if (strcmp(from->name, ".eh_frame") == 0 && from->type != SHT_NOBITS)
		parts->frames = (struct span){ from->address,
					       from->address + from->size };
	if (strcmp(from->name, ".gopclntab") == 0) {
		image->pclntab = (struct span){ from->address,
						from->address + from->size };
		image->go = true;
	}
}

static int by_start(const void *left, const void *right)
{
	const struct section *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* Sections that overlap or lie outside tell nothing that can be relied on. */
static bool sections_make_sense(const struct image *image)
{
	for (size_t i = 0; i < image->section_count; i++) {
		const struct section *section = &image->sections[i];

		if (!image_segment(image, section->start) ||
		    !image_segment(image, section->end - 1) ||
		    (i && section[-1].end > section->start))
			return false;
	}
	return true;
}

static bool read_sections(struct arena *arena, struct image *image,
			  struct parts *parts, struct cg_error *err)
{
	struct section_table table;

	if (!find_sections(image, &table))
		return true;
	image->sections = arena_array(arena, struct section, table.count + 1);
	if (!image->sections)
		return fail_nomem(err);
	for (uint64_t i = 0; i < table.count; i++) {
		struct section_header header = section_header(
			image, table.at + i * table.size, table.names);

		if (header.type == SHT_SYMTAB && !parts->symbols.size) {
			struct section_header texts = section_header(
				image, table.at + header.link * table.size,
				table.names);

			if (header.link >= table.count)
				continue;
			parts->symbols = bytes_part(image->file, header.offset,
						    header.size);
			parts->symbol_names = bytes_part(
				image->file, texts.offset, texts.size);
		}
		if (!(header.flags & SHF_ALLOC) || !header.size ||
		    header.flags & SHF_TLS ||
		    header.address > UINT64_MAX - header.size)
			continue;
		note_section(image, &header, parts);
		image->sections[image->section_count++] = (struct section){
			.start = header.address,
			.end = header.address + header.size,
			.name = header.name,
			.write = header.flags & SHF_WRITE,
			.execute = header.flags & SHF_EXECINSTR,
		};
	}
	if (image->section_count)
		qsort(image->sections, image->section_count,
		      sizeof(*image->sections), by_start);
	if (!sections_make_sense(image))
		image->section_count = 0;
	return true;
}

/* Where a program without a loader has the GOT that its code counts from. */
static uint64_t static_got(const struct image *image)
{
	static const char *const names[] = { ".got.plt", ".got" };

	for (size_t i = 0; i < image->all.count; i++)
		if (strcmp(image->all.at[i].name, "_GLOBAL_OFFSET_TABLE_") == 0)
			return image->all.at[i].value;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (size_t k = 0; k < image->section_count; k++)
			if (strcmp(image->sections[k].name, names[i]) == 0)
				return image->sections[k].start;
	return 0;
}

bool image_open(struct arena *arena, struct bytes file, const char *path,
		struct image *out, struct cg_error *err)
{
	struct image image = { .path = path, .file = file };
	struct parts parts = { 0 };

	if (!read_header(&image, err) ||
	    !read_segments(arena, &image, &parts, err) ||
	    !read_sections(arena, &image, &parts, err) ||
	    !dynamic_read(arena, &image, &parts, err) ||
	    !symbols_read(arena, &image, parts.symbols, parts.symbol_names,
			  NULL, &image.all, err) ||
	    !relocs_read(arena, &image, &parts, err) ||
	    !frames_read(arena, &image, &parts, err))
		return false;
	if (!image.got)
		image.got = static_got(&image);
	if (!image.got && image.machine != MACHINE_AARCH64)
		image.got = got_find(&image);
	*out = image;
	return true;
}

bool image_add_symbols(struct arena *arena, struct bytes file,
		       struct image *image)
{
	struct image other = { .path = "", .file = file };
	struct parts parts = { 0 };
	struct section_table table;
	struct symbols symbols;
	struct cg_error err;

	if (!read_header(&other, &err) || other.machine != image->machine ||
	    !find_sections(&other, &table))
		return false;
	for (uint64_t i = 0; i < table.count; i++) {
		struct section_header header = section_header(
			&other, table.at + i * table.size, table.names);
		struct section_header texts =
			section_header(&other,
				       table.at + header.link * table.size,
				       table.names);

		if (header.type == SHT_SYMTAB && header.link < table.count) {
			parts.symbols =
				bytes_part(file, header.offset, header.size);
			parts.symbol_names =
				bytes_part(file, texts.offset, texts.size);
		}
		if (header.type == 7 &&
		    strcmp(header.name, ".note.gnu.build-id") == 0)
			read_note(&other, &(struct program_header){
						  .offset = header.offset,
						  .stored = header.size });
	}
	if (!other.build_id.size ||
	    other.build_id.size != image->build_id.size ||
	    memcmp(other.build_id.at, image->build_id.at,
		   other.build_id.size) != 0)
		return false;
	if (!symbols_read(arena, image, parts.symbols, parts.symbol_names, NULL,
			  &symbols, &err))
		return false;
	image->all = symbols;
	image->debug = file;
	return true;
}

bool image_is_program(struct bytes file)
{
	struct image image = { .path = "", .file = file };
	struct arena arena = { .budget = 1 << 20 };
	struct parts parts = { 0 };
	struct cg_error err;
	bool is;

	if (file.size < 4 || memcmp(file.at, "\177ELF", 4) != 0)
		return false;
	/* What is an ELF file that we cannot read is told to be one. */
	is = !read_header(&image, &err) ||
	     !read_segments(&arena, &image, &parts, &err) || !image.movable ||
	     image.interpreter || dynamic_is_program(&image, &parts);
	arena_free(&arena);
	return is;
}

/* ---------------------------------------------------------- questions -- */

const struct segment *image_segment(const struct image *image, uint64_t address)
{
	for (size_t i = 0; i < image->segment_count; i++)
		if (address >= image->segments[i].start &&
		    address < image->segments[i].end)
			return &image->segments[i];
	return NULL;
}

struct bytes image_rest(const struct image *image, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);
	uint64_t skip;

	if (!segment)
		return (struct bytes){ NULL, 0 };
	skip = address - segment->start;
	if (skip >= segment->stored)
		return (struct bytes){ NULL, 0 };
	return bytes_part(image->file, segment->offset + skip,
			  segment->stored - skip);
}

struct bytes
image_bytes(const struct image *image, uint64_t address, uint64_t length)
{
	return bytes_part(image_rest(image, address), 0, length);
}

const struct section *image_section(const struct image *image, uint64_t address)
{
	size_t low = 0, high = image->section_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->sections[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->section_count &&
			       image->sections[low].start <= address
		       ? &image->sections[low]
		       : NULL;
}

size_t image_reloc_from(const struct image *image, uint64_t address)
{
	size_t low = 0, high = image->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->relocs[middle].where < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct frame *image_frame(const struct image *image, uint64_t address)
{
	size_t low = 0, high = image->frame_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->frames[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->frame_count && image->frames[low].start <= address
		       ? &image->frames[low]
		       : NULL;
}

const char *image_text(const struct image *image, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);

	if (!segment || segment->write)
		return NULL;
	return bytes_text(image_rest(image, address), 0);
}
