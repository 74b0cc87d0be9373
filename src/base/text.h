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
 * The same, for whoever suggests a word for one that was typed: of three
 * letters one may be wrong, or nearly all short words would be near.
 */
unsigned text_near(const char *typed, const char *known, unsigned limit);

/*
 * Whether `length` bytes are valid UTF-8 without NUL; if not, `*at` is the
 * offset of the first byte that is wrong.
 */
bool text_is_utf8(const char *text, size_t length, size_t *at);

/*
 * Whether there is a character that ends a line or turns the direction of
 * writing: U+2028 to U+202E, U+2066 to U+2069. It has three bytes.
 */
bool text_is_unseen(const char *text);

/* Equal but for the case of ASCII letters. */
bool text_same_letters(const char *a, const char *b);

#endif
