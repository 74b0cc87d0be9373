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

/*
 * A JSON string, quotes included, escaped as RFC 8259 wants. What is not UTF-8
 * becomes U+FFFD, byte for byte.
 */
void buf_json(struct buf *buf, const char *text);

/* The text, the caller's to free(), or NULL. The buffer is empty again. */
char *buf_done(struct buf *buf);
void buf_free(struct buf *buf);

#endif
