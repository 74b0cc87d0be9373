/*
 * view/plain.h - texts that a terminal may have.
 *
 * Names come from processes that may hope to paint our terminal: control
 * characters, what is not UTF-8, and characters that are not seen or that turn
 * the line around are written as \xNN or \u{NNNN}.
 */
#ifndef VIEW_PLAIN_H
#define VIEW_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* The first `columns` of a text, or fewer; what is cut ends in a mark. Returns
   how many columns it takes. `utf8`: whether the terminal understands that. */
size_t plain_fit(const char *text, size_t columns, bool utf8, struct buf *out);

/* A path in as many columns; its last part is what is left of a long one. */
size_t
plain_fit_path(const char *path, size_t columns, bool utf8, struct buf *out);

/* All of it, in lines of `columns`, each but the first behind `indent` blanks,
   and each with a newline. `column` is where the first one begins. */
void plain_wrap(const char *text, size_t column, size_t columns, size_t indent,
		bool utf8, struct buf *out);

#endif
