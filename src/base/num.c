#include "base/num.h"

#include <string.h>

unsigned num_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return NUM_NO_DIGIT;
}

/* The base that a prefix asks for; moves `text` past it. */
static unsigned base_of(const char **text, size_t *length)
{
	unsigned base = 10;
	size_t prefix = 0;

	if (*length > 1 && (*text)[0] == '0') {
		switch ((*text)[1]) {
		case 'x':
		case 'X':
			base = 16;
			prefix = 2;
			break;
		case 'o':
		case 'O':
			base = 8;
			prefix = 2;
			break;
		case 'b':
		case 'B':
			base = 2;
			prefix = 2;
			break;
		default:
			base = 8;
			prefix = 1;
			break;
		}
	}
	*text += prefix;
	*length -= prefix;
	return base;
}

enum num_result num_read(const char *text, size_t length, uint64_t *out)
{
	uint64_t value = 0;
	bool too_large = false;
	unsigned base;

	if (length > 1 && text[0] == '-' && num_digit(text[1]) < 10)
		return NUM_NEGATIVE;
	base = base_of(&text, &length);
	if (length == 0)
		return NUM_NOT;
	for (size_t i = 0; i < length; i++) {
		unsigned d = num_digit(text[i]);

		if (d >= base)
			return NUM_NOT;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, d, &value))
			too_large = true;
	}
	if (too_large)
		return NUM_TOO_LARGE;
	*out = value;
	return NUM_OK;
}

enum num_result
num_read_signed(const char *text, size_t length, uint64_t *out, bool *negative)
{
	enum num_result result;
	uint64_t value;

	*negative = length > 0 && text[0] == '-';
	if (!*negative)
		return num_read(text, length, out);
	result = num_read(text + 1, length - 1, &value);
	if (result == NUM_NEGATIVE)
		return NUM_NOT;
	if (result != NUM_OK)
		return result;
	if (value > (uint64_t)1 << 63)
		return NUM_TOO_LARGE;
	*out = -value;
	return NUM_OK;
}

size_t num_write(uint64_t number, unsigned base, char out[NUM_TEXT])
{
	char digits[NUM_TEXT];
	size_t at = sizeof(digits) - 1, length;

	digits[at] = '\0';
	/* By a constant each, which is no division. */
	if (base == 16)
		do
			digits[--at] = "0123456789abcdef"[number % 16];
		while (number /= 16);
	else
		do
			digits[--at] = (char)('0' + number % 10);
		while (number /= 10);
	length = sizeof(digits) - 1 - at;
	memcpy(out, digits + at, length + 1);
	return length;
}
