#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

static bool buf_grow(struct buf *buf, size_t more)
{
	size_t room = buf->room ? buf->room : 256;
	char *text;

	if (buf->failed || more >= (size_t)-1 / 4 - buf->length) {
		buf->failed = true;
		return false;
	}
	while (room < buf->length + more + 1)
		room *= 2;
	if (room == buf->room)
		return true;
	text = realloc(buf->text, room);
	if (!text) {
		buf->failed = true;
		return false;
	}
	buf->text = text;
	buf->room = room;
	return true;
}

static inline bool buf_room(struct buf *buf, size_t more)
{
	return (more < buf->room - buf->length && !buf->failed) ||
	       buf_grow(buf, more);
}

char *buf_extend(struct buf *buf, size_t length)
{
	char *at;

	if (!buf_room(buf, length))
		return NULL;
	at = buf->text + buf->length;
	buf->length += length;
	buf->text[buf->length] = '\0';
	return at;
}

void buf_add(struct buf *buf, const char *text, size_t length)
{
	if (!buf_room(buf, length))
		return;
	if (length)
		memcpy(buf->text + buf->length, text, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	/* Mostly there is room, and once is enough. */
	const size_t left = buf->failed ? 0 : buf->room - buf->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(left ? buf->text + buf->length : NULL, left, format,
			   args);
	va_end(args);
	if (length >= 0 && (size_t)length < left) {
		buf->length += (size_t)length;
		return;
	}
	if (length < 0 || !buf_room(buf, (size_t)length)) {
		buf->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(buf->text + buf->length, (size_t)length + 1, format, args);
	va_end(args);
	buf->length += (size_t)length;
}

void buf_reserve(struct buf *buf, size_t more)
{
	(void)buf_room(buf, more);
}

void buf_number(struct buf *buf, uint64_t number)
{
	char text[NUM_TEXT];

	buf_add(buf, text, num_write(number, 10, text));
}

void buf_hex(struct buf *buf, uint64_t number)
{
	char text[NUM_TEXT];

	buf_add(buf, "0x", 2);
	buf_add(buf, text, num_write(number, 16, text));
}

/* The length of the character that `text` begins with, 0 if it is none. */
static size_t character_length(const char *text)
{
	size_t wrong;

	for (size_t length = 1; length <= 4 && text[length - 1]; length++)
		if (text_is_utf8(text, length, &wrong))
			return length;
	return 0;
}

#define EACH(byte) ((uint64_t)(byte)*UINT64_C(0x0101010101010101))

/* Whether one of eight bytes is `byte`, or below it (of 0x80 at most). */
static bool any_below(uint64_t word, unsigned byte)
{
	return ((word - EACH(byte)) & ~word & EACH(0x80)) != 0;
}

static bool any_is(uint64_t word, unsigned byte)
{
	return any_below(word ^ EACH(byte), 1);
}

/* How much at the start stands for itself: printable ASCII, mostly all. */
static size_t plain_length(const char *text, size_t length)
{
	size_t at = 0;
	uint64_t word;

	for (; length - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		if (word & EACH(0x80) || any_below(word, 0x20) ||
		    any_is(word, '"') || any_is(word, '\\') ||
		    any_is(word, 0x7f))
			break;
	}
	while (text[at] >= 0x20 && text[at] < 0x7f && text[at] != '"' &&
	       text[at] != '\\')
		at++;
	return at;
}

/* The rest of a string, from its first character on that may not be plain. */
static void add_escaped(struct buf *buf, const char *text, const char *end)
{
	size_t length;

	for (; text < end; text += length ? length : 1) {
		unsigned char c = (unsigned char)*text;
		const char escape[] = { '\\', (char)c };

		length = plain_length(text, (size_t)(end - text));
		if (length) {
			buf_add(buf, text, length);
			continue;
		}
		length = character_length(text);
		if (!length)
			buf_puts(buf, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_add(buf, escape, sizeof(escape));
		else if (c < 0x20 || c == 0x7f)
			buf_printf(buf, "\\u%04x", c);
		else
			buf_add(buf, text, length);
	}
}

void buf_json(struct buf *buf, const char *text)
{
	const size_t length = strlen(text);
	const size_t plain = plain_length(text, length);
	char *at = buf_extend(buf, plain + 1);

	if (!at)
		return;
	*at = '"';
	memcpy(at + 1, text, plain);
	if (plain < length)
		add_escaped(buf, text + plain, text + length);
	buf_add(buf, "\"", 1);
}

char *buf_done(struct buf *buf)
{
	char *text;

	buf_add(buf, "", 0); /* so that even an empty one has its NUL */
	text = buf->failed ? NULL : buf->text;
	if (!text)
		free(buf->text);
	*buf = (struct buf){ 0 };
	return text;
}

void buf_free(struct buf *buf)
{
	free(buf->text);
	*buf = (struct buf){ 0 };
}
