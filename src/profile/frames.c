/* Unwind tables: where functions begin and end, stripped or not. */
#include <stdlib.h>

#include "profile/elf_parts.h"

enum {
	ENCODING_OMIT = 0xff,
	ENCODING_PC = 0x10,
	ENCODING_APPLY = 0x70,
	ENCODING_INDIRECT = 0x80,
	CIE_KEPT = 16,
};

/* What the frames of one common entry share. */
struct cie {
	uint64_t at; /* its place in the table */
	uint64_t personality;
	uint8_t code, data; /* how addresses are written */
	bool valid, indirect, augmented;
};

struct reader {
	const struct image *image;
	struct bytes table;
	uint64_t start; /* the address of the table */
	struct cie cies[CIE_KEPT];
	struct frame *frames; /* NULL: only count */
	size_t count;
};

static uint64_t leb(struct bytes bytes, uint64_t *at)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = bytes_u8(bytes, (*at)++);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && *at < bytes.size);
	return value;
}

static unsigned size_of(const struct reader *reader, uint8_t encoding)
{
	switch (encoding & 7) {
	case 2:
		return 2;
	case 3:
		return 4;
	case 4:
		return 8;
	default:
		return reader->image->word;
	}
}

/* A number as an encoding says, and where it leaves off. */
static uint64_t
encoded(const struct reader *reader, uint8_t encoding, uint64_t *at)
{
	const uint64_t place = *at;
	uint64_t value;

	if ((encoding & 0x0f) == 1 || (encoding & 0x0f) == 9) {
		value = leb(reader->table, at);
	} else {
		value = (uint64_t)bytes_signed(reader->table, place,
					       size_of(reader, encoding));
		*at += size_of(reader, encoding);
	}
	if (value && (encoding & ENCODING_APPLY) == ENCODING_PC)
		value += reader->start + place;
	if (reader->image->word == 4)
		value &= 0xffffffff;
	return value;
}

static struct cie read_cie(const struct reader *reader, uint64_t at)
{
	const struct bytes table = reader->table;
	struct cie cie = { .at = at };
	const char *letters = bytes_text(table, at + 9);
	uint64_t next;

	if (bytes_u32(table, at + 4) != 0 || !letters)
		return cie;
	cie.valid = true;
	next = at + 9 + strlen(letters) + 1;
	if (strncmp(letters, "eh", 2) == 0) {
		cie.valid = false;
		return cie;
	}
	leb(table, &next);
	leb(table, &next);
	if (bytes_u8(table, at + 8) == 1)
		next++;
	else
		leb(table, &next);
	cie.augmented = letters[0] == 'z';
	cie.data = ENCODING_OMIT;
	for (; *letters; letters++) {
		if (*letters == 'z')
			leb(table, &next);
		else if (*letters == 'R')
			cie.code = bytes_u8(table, next++);
		else if (*letters == 'L')
			cie.data = bytes_u8(table, next++);
		else if (*letters == 'P') {
			uint8_t how = bytes_u8(table, next++);

			cie.indirect = how & ENCODING_INDIRECT;
			cie.personality = encoded(reader, how & 0x7f, &next);
		}
	}
	return cie;
}

static const struct cie *cie_at(struct reader *reader, uint64_t at)
{
	struct cie *cie = &reader->cies[at / 4 % CIE_KEPT];

	if (!cie->valid || cie->at != at)
		*cie = read_cie(reader, at);
	return cie;
}

/*
 * Where the landing pads of a function count from, if they do not count from
 * its start: the compiler has put them elsewhere.
 */
static uint64_t landing_start(const struct image *image, uint64_t table)
{
	struct bytes bytes = image_rest(image, table);
	struct reader reader = { .image = image,
				 .table = bytes,
				 .start = table };
	uint64_t at = 1;

	if (!bytes.size || bytes.at[0] == ENCODING_OMIT)
		return 0;
	return encoded(&reader, bytes.at[0], &at);
}

/* Where the list of calls begins and ends; false if it cannot be read. */
static bool find_calls(struct reader *reader, uint64_t *at, uint64_t *end,
		       uint8_t *encoding)
{
	const struct bytes table = reader->table;

	if (bytes_u8(table, (*at)++) != ENCODING_OMIT)
		encoded(reader, bytes_u8(table, *at - 1) & 0x7f, at);
	if (bytes_u8(table, (*at)++) != ENCODING_OMIT)
		leb(table, at);
	*encoding = bytes_u8(table, (*at)++);
	*end = leb(table, at);
	if (*at > table.size || *end > table.size - *at)
		return false;
	*end += *at;
	return *encoding == 1 || *encoding == 3;
}

bool image_pads(const struct image *image, const struct frame *frame,
		image_pad *visit, void *context)
{
	const uint64_t start = frame->landing ? frame->landing : frame->start;
	struct reader reader = {
		.image = image,
		.table = image_rest(image, frame->table),
		.start = frame->table,
	};
	uint64_t at = 0, end;
	uint8_t encoding;

	if (!frame->table)
		return true;
	if (reader.table.size < 4 || !find_calls(&reader, &at, &end, &encoding))
		return false;
	while (at < end) {
		uint64_t pad;

		encoded(&reader, encoding, &at);
		encoded(&reader, encoding, &at);
		pad = encoded(&reader, encoding, &at);
		leb(reader.table, &at);
		if (at > end || (pad && !visit(context, start + pad)))
			return false;
	}
	return true;
}

static void read_fde(struct reader *reader, uint64_t at, uint64_t back)
{
	const struct cie *cie;
	struct frame frame = { 0 };
	uint64_t next = at + 8, length;

	if (back > at + 4)
		return;
	cie = cie_at(reader, at + 4 - back);
	if (!cie->valid)
		return;
	frame.start = encoded(reader, cie->code & 0x7f, &next);
	frame.end = encoded(reader, cie->code & 0x0f, &next);
	frame.end += frame.start;
	frame.personality = cie->personality;
	frame.indirect = cie->indirect;
	if (cie->augmented) {
		length = leb(reader->table, &next);
		if (length && cie->data != ENCODING_OMIT) {
			uint64_t table =
				encoded(reader, cie->data & 0x7f, &next);

			frame.table = table;
			if (table && reader->frames)
				frame.landing =
					landing_start(reader->image, table);
		}
	}
	if (frame.start >= frame.end ||
	    !image_segment(reader->image, frame.start) ||
	    !image_segment(reader->image, frame.end - 1))
		return;
	if (reader->frames)
		reader->frames[reader->count] = frame;
	reader->count++;
}

static void read_all(struct reader *reader)
{
	uint64_t at = 0;

	while (bytes_has(reader->table, at, 8)) {
		uint64_t length = bytes_u32(reader->table, at);
		uint64_t back = bytes_u32(reader->table, at + 4);

		if (!length || length == 0xffffffff)
			break;
		if (back)
			read_fde(reader, at, back);
		at += 4 + length;
	}
}

static int by_start(const void *left, const void *right)
{
	const struct frame *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->end < b->end) - (a->end > b->end);
}

/* Frames that overlap (hand-written ones do) are cut where the next begins. */
static void part(struct image *image)
{
	size_t kept = 0;

	for (size_t i = 0; i < image->frame_count; i++) {
		struct frame *last = &image->frames[kept ? kept - 1 : 0];

		if (kept && last->start == image->frames[i].start)
			continue;
		if (kept && last->end > image->frames[i].start)
			last->end = image->frames[i].start;
		image->frames[kept++] = image->frames[i];
	}
	image->frame_count = kept;
}

/* A common entry of the usual kind, and behind it one of a function. */
static bool is_table(const struct image *image, uint64_t address)
{
	const struct bytes table = image_rest(image, address);
	const uint64_t length = bytes_u32(table, 0);
	const uint64_t next = 4 + length;
	const char *letters = bytes_text(table, 9);

	if (length < 12 || length > 64 || length % 4 || bytes_u32(table, 4) ||
	    bytes_u8(table, 8) != 1 || !letters || letters[0] != 'z' ||
	    strlen(letters) > 6 || strspn(letters, "zRPLSB") != strlen(letters))
		return false;
	return bytes_u32(table, next) >= 12 &&
	       bytes_u32(table, next + 4) == next + 4;
}

/* Static programs have no .eh_frame_hdr: without sections its looks tell. */
static uint64_t look_for_table(const struct image *image)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];
		const struct bytes all = image_rest(image, segment->start);
		const uint64_t skip = -segment->start & 3;

		for (uint64_t at = skip; at + 32 < all.size; at += 4)
			if (!bytes_u32(all, at + 4) &&
			    bytes_u8(all, at + 9) == 'z' &&
			    is_table(image, segment->start + at))
				return segment->start + at;
	}
	return 0;
}

/* .eh_frame, by its section or by what .eh_frame_hdr points to. */
static uint64_t find_table(const struct image *image, const struct parts *parts)
{
	struct reader header = {
		.image = image,
		.table = image_rest(image, parts->frame_header),
		.start = parts->frame_header,
	};
	uint64_t at = 4;

	if (parts->frames.start)
		return parts->frames.start;
	if (!parts->frame_header && !image->section_count)
		return look_for_table(image);
	if (!parts->frame_header || header.table.size < 8 ||
	    header.table.at[0] != 1)
		return 0;
	return encoded(&header, header.table.at[1], &at);
}

bool frames_read(struct arena *arena, struct image *image,
		 const struct parts *parts, struct cg_error *err)
{
	struct reader reader = { .image = image };

	reader.start = find_table(image, parts);
	reader.table = image_rest(image, reader.start);
	if (parts->frames.start)
		reader.table =
			bytes_part(reader.table, 0,
				   parts->frames.end - parts->frames.start);
	read_all(&reader);
	reader.frames = arena_array(arena, struct frame, reader.count + 1);
	if (!reader.frames)
		return fail_nomem(err);
	reader.count = 0;
	read_all(&reader);
	image->frames = reader.frames;
	image->frame_count = reader.count;
	if (image->frame_count)
		qsort(image->frames, image->frame_count, sizeof(*image->frames),
		      by_start);
	part(image);
	return true;
}
