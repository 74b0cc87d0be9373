#include "cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/opt.h"

const char *out_colour(FILE *stream, enum colour colour)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m",     [BOLD] = "\033[1m",
		[RED] = "\033[1;31m",    [GREEN] = "\033[32m",
		[YELLOW] = "\033[1;33m", [DIM] = "\033[2m",
	};
	const char *no_colour = getenv("NO_COLOR");

	if ((no_colour && *no_colour) || !isatty(fileno(stream)))
		return "";
	return codes[colour];
}

static void
say(enum colour colour, const char *kind, const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "callgate: %s%s%s", out_colour(stderr, colour), kind,
		out_colour(stderr, PLAIN));
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void out_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(RED, "", format, args);
	va_end(args);
}

void out_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(BOLD, "", format, args);
	va_end(args);
}

/* The line of a text, without its end. */
static const char *
line_of(const char *text, size_t length, uint32_t line, size_t *out)
{
	const char *end = text + length, *at = text, *stop;

	while (--line && at < end) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}
	if (at >= end)
		return NULL;
	stop = memchr(at, '\n', (size_t)(end - at));
	*out = (size_t)((stop ? stop : end) - at);
	return at;
}

/* The line with a caret under the column; long lines are cut around it. */
static void
show_line(const struct cg_error *err, const char *text, size_t length)
{
	size_t size = 0, from = 0, column = err->column;
	const char *line;

	if (!text || !err->line || !column)
		return;
	line = line_of(text, length, err->line, &size);
	if (!line || column > size + 1)
		return;
	if (column > 60)
		from = column - 40;
	if (size - from > 100)
		size = from + 100;
	fprintf(stderr, "%6u | ", err->line);
	for (size_t i = from; i < size; i++)
		fputc((unsigned char)line[i] < ' ' ? ' ' : line[i], stderr);
	fprintf(stderr, "\n       | ");
	/* One space a character, not a byte. */
	for (size_t i = from; i + 1 < column; i++)
		if (((unsigned char)line[i] & 0xc0) != 0x80)
			fputc(' ', stderr);
	fprintf(stderr, "%s^%s\n", out_colour(stderr, RED),
		out_colour(stderr, PLAIN));
}

static void say_at(enum colour colour, const char *kind,
		   const struct cg_error *err, const char *text, size_t length)
{
	fflush(stdout);
	fprintf(stderr, "callgate: ");
	if (err->source[0])
		fprintf(stderr, "%s", err->source);
	if (err->line)
		fprintf(stderr, ":%u:%u", err->line, err->column);
	if (err->source[0] || err->line)
		fprintf(stderr, ": ");
	fprintf(stderr, "%s%s%s%s\n", out_colour(stderr, colour), kind,
		err->message, out_colour(stderr, PLAIN));
	show_line(err, text, length);
}

void out_failure(const struct cg_error *err, const char *text, size_t length)
{
	say_at(RED, "", err, text, length);
}

void out_warning(const struct cg_error *err, const char *text, size_t length)
{
	say_at(YELLOW, "warning: ", err, text, length);
}

int out_status(const struct cg_error *err)
{
	switch (err->status) {
	case CG_OK:
		return EXIT_YES;
	case CG_E_SYSTEM:
	case CG_E_UNSUPPORTED:
	case CG_E_BLOCKED:
	case CG_E_THREAD:
	case CG_E_NOMEM:
		return EXIT_REFUSED;
	default:
		return EXIT_USAGE;
	}
}

void out_die_nomem(void)
{
	fputs("callgate: out of memory\n", stderr);
	exit(EXIT_REFUSED);
}

void out_call(const struct cg_call *call, char *out, size_t size)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	const struct cg_syscall *known =
		abi ? cg_syscall_at(abi, call->nr) : NULL;
	struct cg_argument arguments[6];
	size_t count = 0, used;
	char value[160];

	if (!known) {
		snprintf(out, size, "call %u of %s", call->nr,
			 abi ? abi->name : "an unknown architecture");
		return;
	}
	snprintf(out, size, "%s(", known->name);
	if (!cg_syscall_arguments(known, abi, arguments, &count)) {
		for (count = 0; count < 6; count++)
			arguments[count] = (struct cg_argument){
				.name = "", .type = "", .bits = abi->bits
			};
	}
	for (size_t i = 0; i < count; i++) {
		used = strlen(out);
		cg_argument_print(&arguments[i], abi, call->args[i], value,
				  sizeof(value));
		snprintf(out + used, size - used, "%s%s", i ? ", " : "", value);
	}
	used = strlen(out);
	snprintf(out + used, size - used, ")");
}

int out_finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "callgate: cannot write the output: %s\n",
		strerror(errno));
	return EXIT_REFUSED;
}
