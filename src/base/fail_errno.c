/* In a file of its own: fail.c builds on every system, this on GNU alone. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

void fail_set_errno(struct cg_error *err, enum cg_status status, int number,
		    const char *format, ...)
{
	char text[128], message[CG_MESSAGE_MAX];
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	fail_set(err, status, "%s", message);
	err->sys_errno = number;
	used = strlen(err->message);
	/* The GNU form may return a text of its own instead of filling ours. */
	snprintf(err->message + used, sizeof(err->message) - used, ": %s",
		 strerror_r(number, text, sizeof(text)));
}
