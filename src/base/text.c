#include "base/text.h"

#include <string.h>

enum {
	LONGEST = 63, /* longer names are never close to anything */
	SHORT = 3,    /* letters of a word that one may be wrong of */
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
	size_t rows = strlen(a), columns = strlen(b);
	unsigned table[3][LONGEST + 1];

	if (rows > LONGEST || columns > LONGEST)
		return limit + 1;
	/* Each letter that one has more than the other is added or dropped. */
	if ((rows > columns ? rows - columns : columns - rows) > limit)
		return limit + 1;
	for (size_t j = 0; j <= columns; j++)
		table[0][j] = (unsigned)j;
	for (size_t i = 1; i <= rows; i++) {
		unsigned *row = table[i % 3], *above = table[(i + 2) % 3];
		unsigned *higher = table[(i + 1) % 3], best = (unsigned)i;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= columns; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], higher[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
	}
	return least(table[rows % 3][columns], limit + 1);
}

unsigned text_near(const char *typed, const char *known, unsigned limit)
{
	unsigned distance = text_distance(typed, known, limit);

	return distance > 1 && strlen(typed) <= SHORT ? limit + 1 : distance;
}

/* The length of the sequence at `text`, from 1 to 4, or 0 if it is wrong. */
static size_t sequence(const unsigned char *text, size_t left)
{
	/* RFC 3629: the second byte is narrower after some first ones. */
	static const struct {
		unsigned char first, last, low, high, length;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = forms[i].length;

		if (text[0] < forms[i].first || text[0] > forms[i].last)
			continue;
		if (n > left || (n > 1 && (text[1] < forms[i].low ||
					   text[1] > forms[i].high)))
			return 0;
		for (size_t j = 2; j < n; j++)
			if (text[j] < 0x80 || text[j] > 0xbf)
				return 0;
		return n;
	}
	return 0;
}

bool text_is_utf8(const char *text, size_t length, size_t *at)
{
	for (size_t i = 0, n; i < length; i += n) {
		n = sequence((const unsigned char *)text + i, length - i);
		if (n == 0) {
			*at = i;
			return false;
		}
	}
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_same_letters(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

bool text_is_unseen(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	return at[0] == 0xe2 &&
	       ((at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||
		(at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}
