/* base/line.h - text in the caller's room, cut where that ends. */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stddef.h>

struct line {
	char *out;           /* ends with NUL once anything was added */
	size_t size, length; /* length stays below size, size above 0 */
};

__attribute__((format(printf, 2, 3))) void
line_add(struct line *line, const char *format, ...);

/* As it is. */
void line_puts(struct line *line, const char *text);

#endif
