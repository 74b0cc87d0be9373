#include "base/line.h"

#include <stdarg.h>
#include <stdio.h>

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
