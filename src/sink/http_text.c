/* Texts of HTTP that need no connection: URLs, base64. */
#include <stdlib.h>
#include <string.h>

#include "sink/http.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789+/";

char *http_base64(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	char *out = malloc((length + 2) / 3 * 4 + 1), *to = out;

	for (; out && length; at += 3) {
		const size_t part = length < 3 ? length : 3;
		unsigned bits = (unsigned)at[0] << 16;

		if (part > 1)
			bits |= (unsigned)at[1] << 8;
		if (part > 2)
			bits |= at[2];
		*to++ = letters[bits >> 18];
		*to++ = letters[bits >> 12 & 63];
		*to++ = part > 1 ? letters[bits >> 6 & 63] : '=';
		*to++ = part > 2 ? letters[bits & 63] : '=';
		length -= part;
	}
	if (to)
		*to = '\0';
	return out;
}

char *http_unbase64(const char *text, size_t *length)
{
	size_t digits = strspn(text, letters), used = 0;
	char *out = malloc(digits + 1);
	unsigned bits = 0, have = 0;

	/* Padding may be missing; nothing else may follow. */
	if (!out || digits % 4 == 1 ||
	    text[digits + strspn(text + digits, "=")]) {
		free(out);
		return NULL;
	}
	for (size_t i = 0; i < digits; i++) {
		bits = bits << 6 |
		       (unsigned)(strchr(letters, text[i]) - letters);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[used++] = (char)(bits >> have & 255);
		}
	}
	out[used] = '\0';
	*length = used;
	return out;
}

bool http_is_url(const char *text)
{
	const char *behind = strstr(text, "://");
	size_t scheme = behind ? (size_t)(behind - text) : 0;

	return ((scheme == 4 && memcmp(text, "http", 4) == 0) ||
		(scheme == 5 && memcmp(text, "https", 5) == 0)) &&
	       behind[3] && !strchr("/:?#", behind[3]) &&
	       !strpbrk(text, " \t\r\n\"<>");
}
