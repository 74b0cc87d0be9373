#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message longer than its room ends in "...", so that the cut shows. */
__attribute__((format(printf, 4, 0))) static void
set(struct cg_error *err, enum cg_status status, struct place place,
    const char *format, va_list args)
{
	int length;

	*err = (struct cg_error){ .status = status,
				  .line = place.line,
				  .column = place.column };
	if (place.source)
		snprintf(err->source, sizeof(err->source), "%s", place.source);
	length = vsnprintf(err->message, sizeof(err->message), format, args);
	if (length >= (int)sizeof(err->message))
		memcpy(err->message + sizeof(err->message) - 4, "...", 4);
}

void fail_set(struct cg_error *err, enum cg_status status, const char *format,
	      ...)
{
	va_list args;

	va_start(args, format);
	set(err, status, (struct place){ 0 }, format, args);
	va_end(args);
}

void fail_set_at(struct cg_error *err, enum cg_status status,
		 struct place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(err, status, place, format, args);
	va_end(args);
}
