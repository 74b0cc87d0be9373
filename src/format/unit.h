/*
 * format/unit.h - the lines of systemd's unit files, as its parser has them.
 */
#ifndef FORMAT_UNIT_H
#define FORMAT_UNIT_H

#include "format/read.h"

/* Text of several lines joined, and where each piece of it stood. */
struct unit_text {
	const char *text; /* ends with NUL */
	const struct unit_piece *pieces;
	size_t piece_count;
	const char *source;
};

/* "Key=value" in a section. */
struct unit_line {
	const char *section; /* "" before the first */
	const char *key;
	struct unit_text value;
	struct place place; /* of the key */
};

/* Where the byte at `offset` of a joined text stands in its file. */
struct place unit_place(const struct unit_text *text, size_t offset);

/*
 * Call `each` for every assignment of a source. What systemd passes over, this
 * warns of; what makes it refuse the whole file is an error.
 */
bool unit_read(struct reading *reading, const struct cg_source *source,
	       bool (*each)(void *context, const struct unit_line *line),
	       void *context);

#endif
