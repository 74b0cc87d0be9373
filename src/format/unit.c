#include "format/unit.h"

#include <string.h>

#include "base/text.h"

enum { LINE_MAX_BYTES = 1 << 20 }; /* systemd's own limit */

/* From `offset` of the joined text on, bytes stand side by side in the file. */
struct unit_piece {
	size_t offset;
	uint32_t line, column;
};

struct scan {
	struct reading *reading;
	const struct cg_source *source;
	const char *next, *end;
	uint32_t line;
	const char *section;
	bool known_section;
	/* The line that is being put together. */
	struct buf joined;
	struct unit_piece *pieces;
	size_t count, room;
	bool (*each)(void *context, const struct unit_line *line);
	void *context;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct place unit_place(const struct unit_text *text, size_t offset)
{
	size_t i = 0, end = text->piece_count;

	/* The last piece that begins at or before it. */
	while (end - i > 1) {
		size_t middle = i + (end - i) / 2;

		if (text->pieces[middle].offset > offset)
			end = middle;
		else
			i = middle;
	}
	return (struct place){
		.source = text->source,
		.line = text->pieces[i].line,
		.column = text->pieces[i].column +
			  (uint32_t)(offset - text->pieces[i].offset),
	};
}

/* ---------------------------------------------------------- one line -- */

static struct place start_of(const struct scan *scan)
{
	return (struct place){ scan->source->name, scan->pieces[0].line,
			       scan->pieces[0].column };
}

/* The text from `from` to `to`, without blanks at its ends. */
static bool
cut(struct scan *scan, const char *from, const char *to, struct unit_text *out)
{
	struct unit_piece *pieces;
	size_t skip, count = 0;

	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	skip = (size_t)(from - scan->joined.text);
	pieces = arena_array(scan->reading->arena, struct unit_piece,
			     scan->count);
	out->text = arena_text(scan->reading->arena, from, (size_t)(to - from));
	if (!pieces || !out->text)
		return fail_nomem(scan->reading->err);
	for (size_t i = 0; i < scan->count; i++) {
		struct unit_piece piece = scan->pieces[i];
		bool before = piece.offset <= skip;

		count = before ? 0 : count;
		piece.column += before ? (uint32_t)(skip - piece.offset) : 0;
		piece.offset = before ? 0 : piece.offset - skip;
		pieces[count++] = piece;
	}
	out->pieces = pieces;
	out->piece_count = count;
	out->source = scan->source->name;
	return true;
}

static bool read_section(struct scan *scan, const char *from, const char *to)
{
	if (to[-1] != ']' || to - from < 2)
		return fail_at(scan->reading->err, CG_E_SYNTAX, start_of(scan),
			       "a section is written [Name]: systemd refuses "
			       "the file for this line");
	scan->section = arena_text(scan->reading->arena, from + 1,
				   (size_t)(to - from) - 2);
	if (!scan->section)
		return fail_nomem(scan->reading->err);
	return true;
}

static bool read_assignment(struct scan *scan, const char *from, const char *to)
{
	struct reading *reading = scan->reading;
	const char *equals = memchr(from, '=', (size_t)(to - from));
	struct unit_line line = { .section = scan->section,
				  .place = start_of(scan) };
	struct unit_text key;

	if (!scan->section[0])
		return reading_warn(reading, line.place,
				    "systemd passes over what stands outside "
				    "of any section");
	if (!equals || equals == from)
		return reading_warn(reading, line.place,
				    "systemd passes over a line without %s",
				    equals ? "a name before its '='" : "'='");
	if (!cut(scan, from, equals, &key) ||
	    !cut(scan, equals + 1, to, &line.value))
		return false;
	line.key = key.text;
	return scan->each(scan->context, &line);
}

/* A line is complete. */
static bool finish_line(struct scan *scan)
{
	struct reading *reading = scan->reading;
	const char *from = scan->joined.text;
	const char *to = from ? from + scan->joined.length : from;
	size_t wrong;

	if (scan->joined.failed)
		return fail_nomem(reading->err);
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	if (from == to)
		return true;
	if (*from == '[')
		return read_section(scan, from, to);
	if (!text_is_utf8(from, (size_t)(to - from), &wrong))
		return reading_warn(reading, start_of(scan),
				    "systemd passes over a line that is not "
				    "UTF-8");
	return read_assignment(scan, from, to);
}

/* ---------------------------------------------------------- all lines -- */

/* The bytes of the next line; which ends at \n, \r, NUL, or the end. */
static const char *take_line(struct scan *scan, size_t *length)
{
	const char *start = scan->next, *at = start;
	char first;

	while (at < scan->end && *at != '\n' && *at != '\r' && *at)
		at++;
	*length = (size_t)(at - start);
	scan->line++;
	if (at < scan->end) {
		first = *at++;
		if (at < scan->end && first && *at && *at != first &&
		    (*at == '\n' || *at == '\r'))
			at++;
	}
	scan->next = at;
	return start;
}

static bool add_piece(struct scan *scan, const char *text, size_t length)
{
	scan->pieces =
		arena_grow(scan->reading->arena, scan->pieces, &scan->room,
			   scan->count + 1, sizeof(*scan->pieces));
	if (!scan->pieces)
		return fail_nomem(scan->reading->err);
	scan->pieces[scan->count++] =
		(struct unit_piece){ scan->joined.length, scan->line, 1 };
	buf_add(&scan->joined, text, length);
	if (scan->joined.length > LINE_MAX_BYTES)
		return fail_at(scan->reading->err, CG_E_SYNTAX, start_of(scan),
			       "a line is at most %d bytes", LINE_MAX_BYTES);
	return true;
}

static bool is_comment(const char *text, size_t length)
{
	while (length && is_blank(*text)) {
		text++;
		length--;
	}
	return length && (*text == '#' || *text == ';');
}

/* An odd number of backslashes at the end joins the next line. */
static bool goes_on(const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && text[length - count - 1] == '\\')
		count++;
	return count % 2;
}

static bool read_lines(struct scan *scan)
{
	while (scan->next < scan->end) {
		size_t length;
		const char *text = take_line(scan, &length);

		/* Comments count even between the lines of one value. */
		if (is_comment(text, length))
			continue;
		if (goes_on(text, length)) {
			if (!add_piece(scan, text, length - 1))
				return false;
			buf_add(&scan->joined, " ", 1);
			continue;
		}
		if (!add_piece(scan, text, length) || !finish_line(scan))
			return false;
		scan->joined.length = scan->count = 0;
	}
	return !scan->count || finish_line(scan);
}

bool unit_read(struct reading *reading, const struct cg_source *source,
	       bool (*each)(void *context, const struct unit_line *line),
	       void *context)
{
	struct scan scan = {
		.reading = reading,
		.source = source,
		.next = source->text,
		.end = source->text + source->length,
		.section = "",
		.each = each,
		.context = context,
	};
	bool ok;

	if (source->length >= 3 && memcmp(scan.next, "\xef\xbb\xbf", 3) == 0)
		scan.next += 3;
	ok = read_lines(&scan);
	buf_free(&scan.joined);
	return ok;
}
