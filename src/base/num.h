/* base/num.h - read numbers strictly, and print them without surprises. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum num_result {
	NUM_OK,
	NUM_NOT,       /* not a number at all */
	NUM_NEGATIVE,  /* a number below 0 where none is wanted */
	NUM_TOO_LARGE, /* 2^64 or more */
};

enum { NUM_NO_DIGIT = 255 };

/* What a digit is worth, to base 16; NUM_NO_DIGIT of anything else. */
unsigned num_digit(char c);

/*
 * Read all `length` characters of `text` as one number: decimal, 0x hex, 0o or
 * 0-prefixed octal, 0b binary. No sign, no space, no separator.
 */
enum num_result num_read(const char *text, size_t length, uint64_t *out);

/*
 * As num_read, with a leading '-' for values down to -2^63, which are handed
 * out as two's complement; `*negative` says so.
 */
enum num_result
num_read_signed(const char *text, size_t length, uint64_t *out, bool *negative);

/*
 * The digits to base 10 or 16, and NUL; how many there are. Numbers are most of
 * what some texts are made of, and printf is slow.
 */
enum { NUM_TEXT = 21 };
size_t num_write(uint64_t number, unsigned base, char out[NUM_TEXT]);

#endif
