#include "record/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum { NAME_MAX = 64, SNIFF_LINES = 200 };

bool log_next(const char **at, const char *end, struct log_line *line)
{
	const char *stop;

	if (*at >= end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	line->text = *at;
	line->length = (size_t)((stop ? stop : end) - *at);
	*at = stop ? stop + 1 : end;
	if (line->length && line->text[line->length - 1] == '\r')
		line->length--;
	return true;
}

const char *log_find(struct log_line line, const char *letters)
{
	if (!line.text)
		return NULL;
	return memmem(line.text, line.length, letters, strlen(letters));
}

bool log_fail(const struct log *log, const char *format, ...)
{
	char message[CG_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return fail_at(log->err, CG_E_MEANING,
		       ((struct place){ log->source, log->line, 1 }), "%s",
		       message);
}

bool log_number(const char **at, const char *end, uint64_t *out)
{
	const char *stop = *at;

	while (stop < end && *stop >= '0' && *stop <= '9')
		stop++;
	if (stop == *at || stop - *at > 20)
		return false;
	/* A leading 0 would make it octal. */
	while (*at + 1 < stop && **at == '0')
		++*at;
	if (num_read(*at, (size_t)(stop - *at), out) != NUM_OK)
		return false;
	*at = stop;
	return true;
}

bool log_call(const struct cg_abi *abi, const char *name, size_t length,
	      uint32_t *nr)
{
	static const char unknown[] = "syscall_0x";
	const size_t prefix = sizeof(unknown) - 1;
	const struct cg_syscall *call;
	char text[NAME_MAX];
	uint64_t number;

	if (length == 0 || length >= sizeof(text))
		return false;
	memcpy(text, name, length);
	text[length] = '\0';
	if (strncmp(text, unknown, prefix) == 0) {
		if (num_read(text + prefix - 2, length - prefix + 2, &number) !=
			    NUM_OK ||
		    number > UINT32_MAX)
			return false;
		*nr = (uint32_t)number;
		return true;
	}
	call = cg_syscall_by_name(text);
	return call && cg_syscall_number(call, abi, nr);
}

/* "name(" somewhere near the start of a line, with a call's name. */
static bool like_strace(struct log_line line)
{
	const char *open = memchr(line.text, '(', line.length);
	const char *name = open;
	const struct cg_syscall *call;
	char text[NAME_MAX];

	if (!open)
		return false;
	while (name > line.text && name[-1] != ' ' && name[-1] != ']')
		name--;
	if (open - name >= NAME_MAX || open == name)
		return false;
	memcpy(text, name, (size_t)(open - name));
	text[open - name] = '\0';
	call = cg_syscall_by_name(text);
	return call && (log_find(line, ") = ") || log_find(line, ")  ") ||
			log_find(line, "<unfinished ...>"));
}

static bool like_audit(struct log_line line)
{
	return log_find(line, "audit(") && log_find(line, "arch=") &&
	       log_find(line, "syscall=");
}

enum log_kind log_sniff(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	struct log_line line;

	for (int i = 0; i < SNIFF_LINES && log_next(&at, end, &line); i++) {
		if (log_find(line, "\"callgate-recording\"") ||
		    (line.length > 19 &&
		     memcmp(line.text, "callgate-recording:", 19) == 0))
			return LOG_RECORDING;
		if (log_find(line, "% time     seconds  usecs/call"))
			return LOG_STRACE_TABLE;
		if (like_audit(line))
			return LOG_AUDIT;
		if (like_strace(line))
			return LOG_STRACE;
	}
	return LOG_NONE;
}
