#include "profile/object.h"

bool is_near(const struct image *image, uint64_t own)
{
	for (size_t i = 0; i < image->segment_count; i++)
		if (own + NEAR > image->segments[i].start &&
		    own < image->segments[i].end + NEAR)
			return true;
	return false;
}

bool is_mixed(const struct section *section)
{
	static const char *const names[] = {
		".data", ".bss",   ".rodata", ".data.rel.ro", ".tdata",
		".tbss", ".ldata", ".lbss",   ".lrodata",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(section->name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

bool is_got(const struct section *section)
{
	return strncmp(section->name, ".got", 4) == 0;
}

enum { STREAM_TABLE_WORDS = 21 };

bool is_stream_tables(const struct loaded *in, const struct section *section)
{
	return in->libc && section &&
	       strcmp(section->name, "__libc_IO_vtables") == 0;
}

/* How far apart the records are; 0 if the section's size does not tell. */
static uint64_t
stream_table_stride(const struct loaded *in, const struct section *section)
{
	const uint64_t size = (uint64_t)STREAM_TABLE_WORDS * in->image.word;
	const uint64_t all = section->end - section->start;
	uint64_t found = 0;

	for (uint64_t align = in->image.word; align <= 32; align *= 2) {
		const uint64_t stride = (size + align - 1) / align * align;

		if (all < size || (all - size) % stride != 0 || stride == found)
			continue;
		if (found)
			return 0;
		found = stride;
	}
	return found;
}

static struct span stream_table(const struct loaded *in,
				const struct section *section, uint64_t own)
{
	const uint64_t stride = stream_table_stride(in, section);
	const struct symbol *symbol = loaded_object(in, in->image.base + own);
	struct span span = { section->start, section->end };

	if (symbol) {
		span.start = symbol->value;
		span.end = symbol->value + symbol->size;
	} else if (stride) {
		span.start += (own - span.start) / stride * stride;
		span.end = span.start + stride;
	}
	span.start += in->image.base;
	span.end += in->image.base;
	return span;
}

/*
 * What else an address may mean. Compilers also form addresses a little before
 * or just behind an object, with the distance in the instruction that uses it:
 * where an address is not that of a symbol, its neighbours count, too. Where it
 * is, what ends there counts: a loop may go down from the end of an array.
 */
struct span object_around(struct loaded *in, uint64_t address, bool upward)
{
	const uint64_t base = in->image.base, own = address - base;
	const struct section *section = image_section(&in->image, own);
	const struct segment *segment = image_segment(&in->image, own);
	struct span whole = { segment->start, segment->end };
	const struct symbol *symbol = loaded_object(in, address);
	const struct symbol *before;

	if (section)
		whole = (struct span){ section->start, section->end };
	whole.start += base;
	whole.end += base;
	/* aarch64 reaches objects by way of their neighbours. */
	if (in->image.machine == MACHINE_AARCH64 || !section)
		return whole;
	if (is_stream_tables(in, section))
		return stream_table(in, section, own);
	if (!is_mixed(section))
		return whole;
	if (!symbol)
		return loaded_between(in, address, whole);
	whole.start = base + symbol->value;
	whole.end = whole.start + symbol->size;
	before = loaded_object(in, whole.start - 1);
	if (!upward && address == whole.start && own > section->start && before)
		whole.start = base + before->value;
	if (address != base + symbol->value && whole.end - address <= NEAR)
		whole.end = loaded_next_end(in, whole.end);
	return whole;
}
