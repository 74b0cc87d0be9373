#include "view/plain.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { PIECE = 16 };

/* One character of a text, as it is shown. */
struct piece {
	char text[PIECE];
	size_t bytes;   /* that it takes of the source */
	size_t columns; /* that it takes on the screen */
};

/* Characters that print as nothing, or that move what stands beside them. */
static bool is_unseen(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },     { 0x7f, 0xa0 },     { 0xad, 0xad },
		{ 0x300, 0x36f },   { 0x61c, 0x61c },   { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
		{ 0x2028, 0x202f }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
		{ 0xe000, 0xf8ff }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffc }, { 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* The character at `text`: its code and length; a wrong byte is none. */
static bool decode(const char *text, uint32_t *c, size_t *length)
{
	const unsigned char *at = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	*length = at[0] < 0x80   ? 1
		  : at[0] < 0xc2 ? 0
		  : at[0] < 0xe0 ? 2
		  : at[0] < 0xf0 ? 3
		  : at[0] < 0xf5 ? 4
				 : 0;
	if (*length <= 1) {
		*c = at[0];
		return *length;
	}
	*c = at[0] & (0x7f >> *length);
	for (size_t i = 1; i < *length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return false;
		*c = *c << 6 | (at[i] & 0x3f);
	}
	return *c >= least[*length] && *c <= 0x10ffff &&
	       (*c < 0xd800 || *c > 0xdfff);
}

static struct piece piece_at(const char *text, bool utf8)
{
	struct piece piece = { .bytes = 1 };
	size_t length;
	uint32_t c;
	int width;

	if (!decode(text, &c, &length)) {
		snprintf(piece.text, PIECE, "\\x%02x", (unsigned char)*text);
		piece.columns = 4;
		return piece;
	}
	piece.bytes = length;
	width = c < 0x80 ? 1 : utf8 ? wcwidth((wchar_t)c) : -1;
	if (width > 0 && !is_unseen(c)) {
		memcpy(piece.text, text, length);
		piece.columns = (size_t)width;
	} else {
		piece.columns = (size_t)snprintf(
			piece.text, PIECE, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
	}
	return piece;
}

static size_t width_of(const char *text, size_t most, bool utf8)
{
	size_t columns = 0;

	while (*text && columns <= most) {
		const struct piece piece = piece_at(text, utf8);

		columns += piece.columns;
		text += piece.bytes;
	}
	return columns;
}

size_t plain_fit(const char *text, size_t columns, bool utf8, struct buf *out)
{
	const bool cut = width_of(text, columns, utf8) > columns;
	const size_t room = cut && columns ? columns - 1 : columns;
	size_t used = 0;

	while (*text) {
		const struct piece piece = piece_at(text, utf8);

		if (used + piece.columns > room)
			break;
		buf_puts(out, piece.text);
		used += piece.columns;
		text += piece.bytes;
	}
	if (cut && columns) {
		buf_puts(out, utf8 ? "\u2026" : "~");
		used++;
	}
	return used;
}

size_t
plain_fit_path(const char *path, size_t columns, bool utf8, struct buf *out)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1] || columns < 4 ||
	    width_of(path, columns, utf8) <= columns)
		return plain_fit(path, columns, utf8, out);
	buf_puts(out, utf8 ? "\u2026" : "~");
	return 1 + plain_fit(slash, columns - 1, utf8, out);
}

void plain_wrap(const char *text, size_t column, size_t columns, size_t indent,
		bool utf8, struct buf *out)
{
	bool empty = column == 0;

	while (*text) {
		const struct piece piece = piece_at(text, utf8);

		text += piece.bytes;
		if (column + piece.columns > columns && !empty) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		empty = false;
		buf_puts(out, piece.text);
		column += piece.columns;
	}
	buf_puts(out, "\n");
}
