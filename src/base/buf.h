/*
 * base/buf.h - text that grows, and remembers if it could not.
 *
 * Write as much as you like and ask once, at the end: buf_done() hands out the
 * text, or NULL if memory ran out anywhere on the way.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros is an empty buffer. */
struct buf {
	char *text; /* NUL at its end, once anything was written */
	size_t length, room;
	bool failed;
};

void buf_add(struct buf *buf, const char *text, size_t length);
void buf_puts(struct buf *buf, const char *text);
__attribute__((format(printf, 2, 3))) void
buf_printf(struct buf *buf, const char *format, ...);

/* In decimal; and in hexadecimal, as 0x7ffc0000. */
void buf_number(struct buf *buf, uint64_t number);
void buf_hex(struct buf *buf, uint64_t number);

/* Make room for so much more at once. */
void buf_reserve(struct buf *buf, size_t more);

/* Room for `length` more bytes, which are the text's from now on: write all of
   them. NULL without memory. */
char *buf_extend(struct buf *buf, size_t length);

/*
 * A JSON string, quotes included, escaped as RFC 8259 wants. What is not UTF-8
 * becomes U+FFFD, byte for byte.
 */
void buf_json(struct buf *buf, const char *text);

/* The text, the caller's to free(), or NULL. The buffer is empty again. */
char *buf_done(struct buf *buf);
void buf_free(struct buf *buf);

#endif
