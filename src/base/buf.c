#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool buf_room(struct buf *buf, size_t more)
{
	size_t room = buf->room ? buf->room : 256;
	char *text;

	if (more < buf->room - buf->length && !buf->failed)
		return true;
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

/* The length of the character that `text` begins with, 0 if it is none. */
static size_t character_length(const char *text)
{
	size_t wrong;

	for (size_t length = 1; length <= 4 && text[length - 1]; length++)
		if (text_is_utf8(text, length, &wrong))
			return length;
	return 0;
}

/* How much at the start stands for itself: printable ASCII, mostly all. */
static size_t plain_length(const char *text)
{
	const char *at = text;

	while (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		at++;
	return (size_t)(at - text);
}

void buf_json(struct buf *buf, const char *text)
{
	size_t length;

	buf_puts(buf, "\"");
	for (; *text; text += length ? length : 1) {
		unsigned char c = (unsigned char)*text;

		length = plain_length(text);
		if (length) {
			buf_add(buf, text, length);
			continue;
		}
		length = character_length(text);
		if (!length)
			buf_puts(buf, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_printf(buf, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(buf, "\\u%04x", c);
		else
			buf_add(buf, text, length);
	}
	buf_puts(buf, "\"");
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
