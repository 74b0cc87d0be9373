#include "cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
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

/*
 * Names come from files and programs that may hope to paint our terminal: of
 * control characters, C1 among them, and what is not UTF-8, nothing is left.
 */
static void clean(char *text, size_t length, bool keep_lines)
{
	size_t at = 0, wrong;

	while (!text_is_utf8(text + at, length - at, &wrong)) {
		at += wrong;
		text[at] = '?';
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = '?';
		else if (text_is_unseen(text + i))
			memset(text + i, '?', 3);
		else if (c == '\t')
			text[i] = ' ';
		else if (c == 0x7f || (c < ' ' && !(keep_lines && c == '\n')))
			text[i] = '?';
	}
}

__attribute__((format(printf, 3, 0))) static void
say(enum colour colour, const char *kind, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		out_die_nomem();
	clean(text, strlen(text), true);
	fflush(stdout);
	fprintf(stderr, "callgate: %s%s%s%s\n", out_colour(stderr, colour),
		kind, out_colour(stderr, PLAIN), text);
	free(text);
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

enum { SHOWN_MAX = 100, SHOWN_LEFT = 40 };

/* The line with a caret under the column; long lines are cut around it. */
static void
show_line(const struct cg_error *err, const char *text, size_t length)
{
	size_t size = 0, from = 0, column = err->column;
	char shown[SHOWN_MAX + 1];
	const char *line;

	if (!text || !err->line || !column)
		return;
	line = line_of(text, length, err->line, &size);
	if (!line || column > size + 1)
		return;
	if (column > SHOWN_MAX - SHOWN_LEFT)
		from = column - SHOWN_LEFT;
	if (size - from > SHOWN_MAX)
		size = from + SHOWN_MAX;
	memcpy(shown, line + from, size - from);
	shown[size - from] = '\0';
	clean(shown, size - from, false);
	fprintf(stderr, "%6u | %s\n       | ", err->line, shown);
	/* One space a character, not a byte. */
	for (size_t i = 0; i + 1 < column - from; i++)
		if (((unsigned char)shown[i] & 0xc0) != 0x80)
			fputc(' ', stderr);
	fprintf(stderr, "%s^%s\n", out_colour(stderr, RED),
		out_colour(stderr, PLAIN));
}

static void say_at(enum colour colour, const char *kind,
		   const struct cg_error *err, const char *text, size_t length)
{
	struct cg_error shown = *err;

	clean(shown.source, strlen(shown.source), false);
	clean(shown.message, strlen(shown.message), false);
	fflush(stdout);
	fprintf(stderr, "callgate: %s", shown.source);
	if (err->line)
		fprintf(stderr, ":%u:%u", err->line, err->column);
	if (err->source[0] || err->line)
		fprintf(stderr, ": ");
	fprintf(stderr, "%s%s%s%s\n", out_colour(stderr, colour), kind,
		shown.message, out_colour(stderr, PLAIN));
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

int out_command_status(const struct cg_error *err)
{
	if (out_status(err) == EXIT_USAGE)
		return EXIT_USAGE;
	if (err->status != CG_E_SYSTEM)
		return EXIT_FAILED;
	switch (err->sys_errno) {
	case ENOENT:
	case ENOTDIR:
		return EXIT_NOT_FOUND;
	case EACCES:
	case ENOEXEC:
	case ELOOP:
	case ENAMETOOLONG:
	case E2BIG:
	case ETXTBSY:
		return EXIT_CANNOT_EXECUTE;
	default:
		return EXIT_FAILED;
	}
}

void out_die_nomem(void)
{
	fputs("callgate: out of memory\n", stderr);
	exit(EXIT_REFUSED);
}

void out_plain(struct buf *buf, const char *name)
{
	size_t length = strlen(name);
	char *text = strdup(name);

	if (!text)
		out_die_nomem();
	clean(text, length, false);
	buf_add(buf, text, length);
	free(text);
}

void out_name(const char *name)
{
	struct buf plain = { 0 };

	out_plain(&plain, name);
	if (plain.length)
		fwrite(plain.text, 1, plain.length, stdout);
	buf_free(&plain);
}

void out_buf(struct buf *buf)
{
	size_t length = buf->length;
	char *text = buf_done(buf);

	if (!text)
		out_die_nomem();
	fwrite(text, 1, length, stdout);
	free(text);
}

int out_finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "callgate: cannot write the output: %s\n",
		strerror(errno));
	return EXIT_REFUSED;
}
