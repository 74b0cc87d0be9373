#include "base/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void line_add(struct line *line, const char *format, ...)
{
	size_t left = line->size - line->length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->out + line->length, left, format, args);
	va_end(args);
	if (n > 0)
		line->length += (size_t)n < left ? (size_t)n : left - 1;
}

void line_puts(struct line *line, const char *text)
{
	const size_t left = line->size - line->length - 1;
	size_t length = strlen(text);

	if (length > left)
		length = left;
	memcpy(line->out + line->length, text, length);
	line->length += length;
	line->out[line->length] = '\0';
}
