/* base/text.h - small questions about text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How many letters must be added, dropped, changed or swapped with their
 * neighbour to make `a` from `b`; `limit` + 1 as soon as it is more than that.
 */
unsigned text_distance(const char *a, const char *b, unsigned limit);

/*
 * Whether `length` bytes are valid UTF-8 without NUL; if not, `*at` is the
 * offset of the first byte that is wrong.
 */
bool text_is_utf8(const char *text, size_t length, size_t *at);

/* Equal but for the case of ASCII letters. */
bool text_same_letters(const char *a, const char *b);

#endif
