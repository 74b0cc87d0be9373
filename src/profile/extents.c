#include "profile/extents.h"

#include <stdlib.h>

enum { GO_FUNCTIONS_MAX = 1 << 22 };

static int by_start(const void *left, const void *right)
{
	const struct frame *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->end < b->end) - (a->end > b->end);
}

/* New frames count only where there was none, or one that ended too early. */
static bool merge(struct arena *arena, struct image *image, struct frame *added,
		  size_t count)
{
	const size_t most = image->frame_count + count;
	struct frame *all = arena_array(arena, struct frame, most + 1);
	size_t kept = 0, i = 0, k = 0;

	if (!all)
		return false;
	if (count)
		qsort(added, count, sizeof(*added), by_start);
	while (i < image->frame_count || k < count) {
		const bool old = k >= count ||
				 (i < image->frame_count &&
				  image->frames[i].start <= added[k].start);
		struct frame next = old ? image->frames[i++] : added[k++];

		if (!old && i < image->frame_count &&
		    next.end > image->frames[i].start)
			next.end = image->frames[i].start;
		if (kept && all[kept - 1].end > next.start) {
			if (!old)
				continue;
			all[kept - 1].end = next.start;
		}
		if (next.start < next.end)
			all[kept++] = next;
	}
	image->frames = all;
	image->frame_count = kept;
	return true;
}

static bool
stands_in_code(const struct image *image, uint64_t start, uint64_t size)
{
	const struct segment *segment = image_segment(image, start);

	return segment && segment->execute && size &&
	       size <= segment->end - start;
}

static bool by_symbols(struct arena *arena, struct image *image)
{
	const struct symbols *tables[] = { &image->all, &image->dynamic };
	struct frame *added;
	size_t count = 0;

	added = arena_array(arena, struct frame,
			    image->all.count + image->dynamic.count + 1);
	if (!added)
		return false;
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct symbol *symbol = &tables[t]->at[i];

			if (symbol->defined &&
			    (symbol->kind == SYMBOL_FUNCTION ||
			     symbol->kind == SYMBOL_IFUNC) &&
			    stands_in_code(image, symbol->value, symbol->size))
				added[count++] = (struct frame){
					.start = symbol->value,
					.end = symbol->value + symbol->size,
				};
		}
	return count == 0 || merge(arena, image, added, count);
}

/* ------------------------------------------------------------------ Go -- */

/* The table of functions that each Go program carries, since Go 1.2. */
struct pclntab {
	struct bytes bytes;
	unsigned word;
	uint64_t count, text, functions, names;
	bool relative; /* since 1.18: entries count from `text` */
};

static bool
read_pclntab(const struct image *image, uint64_t address, struct pclntab *out)
{
	const struct bytes bytes = image_rest(image, address);
	const uint32_t magic = bytes_u32(bytes, 0);
	const unsigned word = bytes_u8(bytes, 7);

	*out = (struct pclntab){ .bytes = bytes, .word = word };
	if (word != image->word || bytes_u8(bytes, 4) || bytes_u8(bytes, 5))
		return false;
	out->count = bytes_number(bytes, 8, word);
	switch (magic) {
	case 0xfffffff1: /* 1.20 */
	case 0xfffffff0: /* 1.18 */
		out->relative = true;
		out->text = bytes_number(bytes, 8 + 2 * word, word);
		out->names = bytes_number(bytes, 8 + 3 * word, word);
		out->functions = bytes_number(bytes, 8 + 7 * word, word);
		break;
	case 0xfffffffa: /* 1.16 */
		out->functions = bytes_number(bytes, 8 + 6 * word, word);
		break;
	case 0xfffffffb: /* 1.2 */
		out->functions = 8 + word;
		break;
	default:
		return false;
	}
	return out->count > 0 && out->count < GO_FUNCTIONS_MAX &&
	       out->functions < bytes.size;
}

/* Stripped of section names, the table is still there: by its first bytes. */
static uint64_t find_pclntab(const struct image *image, struct pclntab *out)
{
	if (image->pclntab.start)
		return read_pclntab(image, image->pclntab.start, out)
			       ? image->pclntab.start
			       : 0;
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];

		for (uint64_t at = segment->start;
		     at + 64 < segment->start + segment->stored; at += 16) {
			struct bytes head = image_bytes(image, at, 8);

			if (head.size && head.at[1] == 0xff &&
			    head.at[2] == 0xff && head.at[3] == 0xff &&
			    head.at[4] == 0 && head.at[5] == 0 &&
			    head.at[7] == image->word &&
			    read_pclntab(image, at, out))
				return at;
		}
	}
	return 0;
}

static uint64_t entry_of(const struct pclntab *table, uint64_t index)
{
	if (table->relative)
		return table->text +
		       bytes_u32(table->bytes, table->functions + index * 8);
	return bytes_number(table->bytes,
			    table->functions + index * 2 * table->word,
			    table->word);
}

/* What a function is called; NULL before 1.18. */
static const char *name_of(const struct pclntab *table, uint64_t index)
{
	const uint64_t about =
		table->functions +
		bytes_u32(table->bytes, table->functions + index * 8 + 4);

	if (!table->relative)
		return NULL;
	return bytes_text(table->bytes,
			  table->names + bytes_u32(table->bytes, about + 4));
}

static bool is_repeater(const struct pclntab *table, uint64_t index)
{
	const char *name = name_of(table, index);

	return name && strcmp(name, "runtime.runPerThreadSyscall") == 0;
}

static bool by_pclntab(struct arena *arena, struct image *image)
{
	struct pclntab table;
	struct frame *added;
	uint64_t at = find_pclntab(image, &table);
	size_t count = 0;

	if (!at)
		return true;
	image->pclntab.start = at;
	/* From 1.26 on the header has no address: text begins its section. */
	if (table.relative && !table.text)
		for (size_t i = 0; i < image->section_count; i++)
			if (strcmp(image->sections[i].name, ".text") == 0)
				table.text = image->sections[i].start;
	added = arena_array(arena, struct frame, table.count + 1);
	if (!added)
		return false;
	for (uint64_t i = 0; i < table.count; i++) {
		uint64_t start = entry_of(&table, i);
		uint64_t end = entry_of(&table, i + 1);

		if (is_repeater(&table, i))
			image->go_repeater = start;
		if (end > start && stands_in_code(image, start, end - start))
			added[count++] =
				(struct frame){ .start = start, .end = end };
	}
	image->pclntab.end = at + table.bytes.size;
	return merge(arena, image, added, count);
}

bool extents_add(struct arena *arena, struct image *image)
{
	if (image->go && !by_pclntab(arena, image))
		return false;
	return by_symbols(arena, image);
}
