#include "view/leaves.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { DEPTH_MAX = 16, PATH_SIZE = 257 };

/* An object or a list that is open: where its path ends, and its next index. */
struct level {
	size_t path;
	unsigned index;
	bool list;
};

struct reader {
	const char *at;
	char path[PATH_SIZE];
	struct level levels[DEPTH_MAX];
	size_t depth;
	struct buf value;
	void (*leaf)(void *context, const char *path, const char *value);
	void *context;
};

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\r\n");
}

static bool take(struct reader *reader, char wanted)
{
	skip_blanks(reader);
	if (*reader->at != wanted)
		return false;
	reader->at++;
	return true;
}

/* --------------------------------------------------------------- texts -- */

static bool read_hex(const char *at, uint32_t *out)
{
	char digits[5] = "";
	char *end;

	strncpy(digits, at, 4);
	*out = (uint32_t)strtoul(digits, &end, 16);
	return strspn(digits, "0123456789abcdefABCDEF") == 4;
}

static void put_character(struct buf *out, uint32_t c)
{
	char bytes[4];
	size_t size = 0;

	if (c < 0x80) {
		bytes[size++] = (char)c;
	} else if (c < 0x800) {
		bytes[size++] = (char)(0xc0 | c >> 6);
		bytes[size++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		bytes[size++] = (char)(0xe0 | c >> 12);
		bytes[size++] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[size++] = (char)(0x80 | (c & 0x3f));
	} else {
		bytes[size++] = (char)(0xf0 | c >> 18);
		bytes[size++] = (char)(0x80 | (c >> 12 & 0x3f));
		bytes[size++] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[size++] = (char)(0x80 | (c & 0x3f));
	}
	buf_add(out, bytes, size);
}

/* Behind the u; a pair of surrogates is one character. */
static bool read_unicode(struct reader *reader)
{
	uint32_t c, low;

	if (!read_hex(reader->at, &c))
		return false;
	reader->at += 4;
	if (c >= 0xd800 && c < 0xdc00 && reader->at[0] == '\\' &&
	    reader->at[1] == 'u' && read_hex(reader->at + 2, &low) &&
	    low >= 0xdc00 && low < 0xe000) {
		reader->at += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	/* Half a pair is none, and a text ends before a NUL. */
	if ((c >= 0xd800 && c < 0xe000) || c == 0)
		c = 0xfffd;
	put_character(&reader->value, c);
	return true;
}

static bool read_escape(struct reader *reader)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char letter = *reader->at;
	const char *found = letter ? strchr(names, letter) : NULL;

	if (letter)
		reader->at++;
	if (letter == 'u')
		return read_unicode(reader);
	if (found)
		buf_add(&reader->value, &values[found - names], 1);
	return found;
}

/* Behind the quote; the text goes to reader->value. */
static bool read_text(struct reader *reader)
{
	reader->value.length = 0;
	buf_puts(&reader->value, "");
	while (*reader->at && *reader->at != '"') {
		const size_t plain = strcspn(reader->at, "\"\\");

		buf_add(&reader->value, reader->at, plain);
		reader->at += plain;
		if (*reader->at != '\\')
			continue;
		reader->at++;
		if (!read_escape(reader))
			return false;
	}
	/* A text without an end must not be passed over. */
	return take(reader, '"') && !reader->value.failed;
}

/* A number, true, false or null. */
static bool read_word(struct reader *reader)
{
	const size_t length = strcspn(reader->at, ",]} \t\r\n\"[{:");

	reader->value.length = 0;
	buf_add(&reader->value, reader->at, length);
	reader->at += length;
	return length && !reader->value.failed;
}

/* ----------------------------------------------------------- structure -- */

static bool push_name(struct reader *reader, const char *name)
{
	const size_t from = reader->levels[reader->depth - 1].path;
	const int size = snprintf(reader->path + from, PATH_SIZE - from, "%s%s",
				  from ? "." : "", name);

	return size >= 0 && (size_t)size < PATH_SIZE - from;
}

static bool open_level(struct reader *reader, bool list)
{
	if (reader->depth == DEPTH_MAX)
		return false;
	reader->levels[reader->depth++] =
		(struct level){ strlen(reader->path), 0, list };
	return true;
}

/* The name of a member, or its place in a list. */
static bool read_name(struct reader *reader)
{
	struct level *level = &reader->levels[reader->depth - 1];
	char index[16];

	if (level->list) {
		snprintf(index, sizeof(index), "%u", level->index++);
		return push_name(reader, index);
	}
	return take(reader, '"') && read_text(reader) &&
	       push_name(reader, reader->value.text) && take(reader, ':');
}

static bool read_value(struct reader *reader)
{
	if (take(reader, '{'))
		return open_level(reader, false);
	if (take(reader, '['))
		return open_level(reader, true);
	if (!(take(reader, '"') ? read_text(reader) : read_word(reader)))
		return false;
	reader->leaf(reader->context, reader->path, reader->value.text);
	return true;
}

/* What ends here; true as long as something is open. */
static bool close_levels(struct reader *reader, bool *first)
{
	while (reader->depth) {
		struct level *level = &reader->levels[reader->depth - 1];

		if (!take(reader, level->list ? ']' : '}'))
			return true;
		reader->path[level->path] = '\0';
		reader->depth--;
		*first = false;
	}
	return false;
}

/* One member after the other, whatever they are nested in. */
static bool read_members(struct reader *reader)
{
	bool first = true;

	while (close_levels(reader, &first)) {
		const size_t depth = reader->depth;

		if (!first && !take(reader, ','))
			return false;
		if (!read_name(reader) || !read_value(reader))
			return false;
		/* What was opened has no comma before its first member. */
		first = reader->depth > depth;
	}
	return true;
}

bool leaves_each(const char *json,
		 void (*leaf)(void *context, const char *path,
			      const char *value),
		 void *context)
{
	struct reader reader = { .at = json, .leaf = leaf, .context = context };
	bool ok;

	ok = take(&reader, '{') && open_level(&reader, false) &&
	     read_members(&reader);
	skip_blanks(&reader);
	ok = ok && !*reader.at;
	buf_free(&reader.value);
	return ok;
}
