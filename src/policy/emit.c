/* A policy as text: the few shapes that it has, in YAML and in JSON. */
#include <string.h>

#include "policy/write.h"

enum { COLUMNS = 80 };

static void indent(struct emit *emit)
{
	for (unsigned i = 0; i < emit->depth; i++)
		buf_puts(emit->out, "  ");
}

/* Whether YAML takes the text for what it is without quotes. */
static bool is_plain(const char *text, bool in_brackets)
{
	const char *special = in_brackets ? ",[]{}#&*!|>'\"%@`\\" : "#'\"\\";

	return text[strcspn(text, special)] == '\0' && !strstr(text, ": ") &&
	       text[0] != '@' && text[0] != '&';
}

static void scalar(struct emit *emit, const char *text, bool in_brackets)
{
	if (emit->json || !is_plain(text, in_brackets))
		buf_json(emit->out, text);
	else
		buf_puts(emit->out, text);
}

/* The next item or key of what is open: its line, and a comma before it. */
static void next(struct emit *emit)
{
	if (emit->json && emit->open[emit->depth])
		buf_puts(emit->out, ",");
	if (emit->behind_dash) {
		emit->behind_dash = false;
		return;
	}
	if (emit->out->length)
		buf_puts(emit->out, "\n");
	emit->open[emit->depth] = true;
	indent(emit);
}

static void key(struct emit *emit, const char *name)
{
	next(emit);
	buf_printf(emit->out, emit->json ? "\"%s\":" : "%s:", name);
}

static void deeper(struct emit *emit, const char *bracket)
{
	if (emit->json)
		buf_puts(emit->out, bracket);
	emit->open[++emit->depth] = false;
}

static void up(struct emit *emit, const char *bracket)
{
	emit->depth--;
	if (!emit->json)
		return;
	buf_puts(emit->out, "\n");
	indent(emit);
	buf_puts(emit->out, bracket);
}

void emit_begin(struct emit *emit)
{
	if (emit->json)
		deeper(emit, "{");
	key(emit, "seccomp");
	deeper(emit, " {");
}

void emit_end(struct emit *emit)
{
	up(emit, "}");
	if (emit->json)
		up(emit, "}");
	buf_puts(emit->out, "\n");
}

void emit_text(struct emit *emit, const char *name, const char *text)
{
	key(emit, name);
	buf_puts(emit->out, " ");
	scalar(emit, text, false);
}

void emit_quoted(struct emit *emit, const char *name, const char *text)
{
	key(emit, name);
	buf_puts(emit->out, " ");
	buf_json(emit->out, text);
}

void emit_true(struct emit *emit, const char *name)
{
	key(emit, name);
	buf_puts(emit->out, " true");
}

static bool fits(const struct emit *emit, const char *name,
		 const char *const *items, size_t count)
{
	size_t length = 2 * emit->depth + strlen(name) + 4;

	for (size_t i = 0; i < count; i++)
		length += strlen(items[i]) + 2 + (emit->json ? 2 : 0);
	return length <= COLUMNS;
}

void emit_list(struct emit *emit, const char *name, const char *const *items,
	       size_t count, bool in_line)
{
	key(emit, name);
	if (in_line && fits(emit, name, items, count)) {
		buf_puts(emit->out, " [");
		for (size_t i = 0; i < count; i++) {
			buf_puts(emit->out, i ? ", " : "");
			scalar(emit, items[i], true);
		}
		buf_puts(emit->out, "]");
		return;
	}
	deeper(emit, " [");
	for (size_t i = 0; i < count; i++) {
		next(emit);
		buf_puts(emit->out, emit->json ? "" : "- ");
		scalar(emit, items[i], false);
	}
	up(emit, "]");
}

void emit_groups(struct emit *emit)
{
	key(emit, "syscalls");
	deeper(emit, " [");
}

void emit_group(struct emit *emit)
{
	next(emit);
	if (emit->json) {
		deeper(emit, "{");
		return;
	}
	buf_puts(emit->out, "- ");
	emit->behind_dash = true;
	emit->open[++emit->depth] = false;
}

void emit_group_end(struct emit *emit)
{
	up(emit, "}");
}

void emit_groups_end(struct emit *emit)
{
	up(emit, "]");
}
