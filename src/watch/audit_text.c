/*
 * Records of audit, type SECCOMP (1326), as text:
 *
 *	type=SECCOMP msg=audit(1795313417.332:51): auid=0 ... comm="nc" ...
 *	audit: type=1326 audit(1795313417.332:51): auid=0 ...
 *	audit(1795313417.332:51): auid=0 ...
 *
 * and node=NAME may stand before that.
 * Pairs of key and value follow, separated by blanks. A value stands in double
 * quotes, or bare; the kernel writes names with a blank, a quote or a control
 * byte as bare hexadecimal digits (kernel/audit.c, audit_log_untrustedstring).
 * What auditd adds for people stands behind a byte 0x1d, and is passed over.
 */
#include <callgate/watch.h>

#include <limits.h>
#include <string.h>

#include "watch/violation.h"

enum { ENRICHED = 0x1d };

struct text {
	const char *at, *end;
};

struct pair {
	struct text key, value;
	bool quoted;
};

static struct text find(struct text text, const char *what)
{
	const char *at = memmem(text.at, (size_t)(text.end - text.at), what,
				strlen(what));

	return (struct text){ at ? at : text.end, text.end };
}

static bool starts(struct text text, const char *with)
{
	size_t length = strlen(with);

	return (size_t)(text.end - text.at) >= length &&
	       memcmp(text.at, with, length) == 0;
}

static bool same(struct text text, const char *with)
{
	return (size_t)(text.end - text.at) == strlen(with) &&
	       starts(text, with);
}

/* A number in `base`, 10 or 16; false unless that is all there is. */
static bool
number(struct text text, unsigned base, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;

	if (text.at == text.end)
		return false;
	for (; text.at < text.end; text.at++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, *text.at | 0x20, base);

		if (!digit || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(digit - digits),
					   &value) ||
		    value > most)
			return false;
	}
	*out = value;
	return true;
}

/* ------------------------------------------------------------- header -- */

/* Whether the line says that it is of another type, or of ours. */
static bool is_ours(struct text line)
{
	static const char *const names[] = { "type=SECCOMP ", "type=1326 ",
					     "type=UNKNOWN[1326] " };
	struct text type = find(line, "type=");

	/* The text of a netlink message names no type: that is its header's. */
	if (type.at == line.end)
		return starts(line, "audit(");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (starts(type, names[i]))
			return true;
	return false;
}

/* "audit(1795313417.332:51): " at the start; goes on behind it. */
static bool read_stamp(struct text *line, struct cg_violation *out)
{
	struct text stamp = find(*line, "audit("), dot, colon, close;
	uint64_t seconds, part;

	if (stamp.at == line->end)
		return false;
	stamp.at += strlen("audit(");
	dot = find(stamp, ".");
	colon = find(stamp, ":");
	close = find(stamp, "):");
	if (close.at == line->end || dot.at > colon.at || colon.at > close.at ||
	    colon.at - dot.at != 4 ||
	    !number((struct text){ stamp.at, dot.at }, 10,
		    UINT64_MAX / 2000000000, &seconds) ||
	    !number((struct text){ dot.at + 1, colon.at }, 10, 999, &part) ||
	    !number((struct text){ colon.at + 1, close.at }, 10, UINT64_MAX,
		    &out->serial))
		return false;
	out->time = seconds * 1000000000 + part * 1000000;
	line->at = close.at + strlen("):");
	return true;
}

/* "node=NAME " at the start, where auditd is told to say it (name_format). */
static bool read_node(struct text line, struct violation *out)
{
	enum { MOST = 255 };
	size_t length = 0;

	if (!starts(line, "node="))
		return true;
	line.at += strlen("node=");
	while (line.at + length < line.end && line.at[length] > ' ' &&
	       line.at[length] < 0x7f)
		length++;
	if (!length || length > MOST || line.at + length == line.end ||
	    line.at[length] != ' ')
		return true;
	out->about.host = arena_text(&out->arena, line.at, length);
	return out->about.host;
}

/* -------------------------------------------------------------- pairs -- */

static const char *skip_blanks(struct text text)
{
	while (text.at < text.end && *text.at == ' ')
		text.at++;
	return text.at;
}

/* The next pair; false at the end, or where what comes is none. */
static bool next_pair(struct text *text, struct pair *out)
{
	const char *at = skip_blanks(*text), *equals, *close;

	equals = at;
	while (equals < text->end && *equals != '=' && *equals != ' ')
		equals++;
	if (equals == text->end || *equals != '=')
		return false;
	*out = (struct pair){ .key = { at, equals } };
	at = equals + 1;
	out->quoted = at < text->end && *at == '"';
	if (out->quoted) {
		close = memchr(at + 1, '"', (size_t)(text->end - at - 1));
		if (!close)
			return false;
		out->value = (struct text){ at + 1, close };
		text->at = close + 1;
		return true;
	}
	out->value.at = at;
	while (at < text->end && *at != ' ')
		at++;
	out->value.end = text->at = at;
	return true;
}

static bool is_hex_name(const struct pair *pair)
{
	size_t length = (size_t)(pair->value.end - pair->value.at);

	if (pair->quoted || length == 0 || length % 2)
		return false;
	for (const char *at = pair->value.at; at < pair->value.end; at++)
		if (!memchr("0123456789ABCDEF", *at, 16))
			return false;
	return true;
}

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
}

/* A name as the kernel meant it; a NUL between parts becomes a blank. */
static const char *
name_of(struct arena *arena, const struct pair *pair, bool untrusted)
{
	size_t length = (size_t)(pair->value.end - pair->value.at);
	char *out;

	if (!untrusted || !is_hex_name(pair))
		return arena_text(arena, pair->value.at, length);
	out = arena_array(arena, char, length / 2 + 1);
	for (size_t i = 0; out && i < length / 2; i++) {
		const char *at = pair->value.at + 2 * i;
		char c = (char)(digit(at[0]) << 4 | digit(at[1]));

		out[i] = c ? c : ' ';
	}
	return out;
}

/* Nothing was known there. */
static bool is_void(struct text value)
{
	return value.at == value.end || same(value, "?") ||
	       same(value, "(null)");
}

/* Where numbers go. */
static const struct number_row {
	const char *key;
	size_t offset;
	unsigned base;
} numbers[] = {
	{ "pid", offsetof(struct cg_violation, pid), 10 },
	{ "uid", offsetof(struct cg_violation, uid), 10 },
	{ "gid", offsetof(struct cg_violation, gid), 10 },
	{ "auid", offsetof(struct cg_violation, login_uid), 10 },
	{ "ses", offsetof(struct cg_violation, session), 10 },
	{ "sig", offsetof(struct cg_violation, signal), 10 },
	{ "arch", offsetof(struct cg_violation, arch), 16 },
	{ "syscall", offsetof(struct cg_violation, nr), 10 },
};

static const struct name_row {
	const char *key;
	size_t offset;
	bool untrusted; /* may stand in hexadecimal digits */
} names[] = {
	{ "comm", offsetof(struct cg_violation, name), true },
	{ "exe", offsetof(struct cg_violation, executable), true },
	{ "subj", offsetof(struct cg_violation, label), false },
};

/* 4294967295 and -1 are what the kernel writes for nobody. */
static bool take_number(const struct pair *pair, const struct number_row *row,
			struct cg_violation *out)
{
	uint64_t value = UINT32_MAX;

	if (!same(pair->value, "-1") &&
	    !number(pair->value, row->base, UINT32_MAX, &value))
		return false;
	*(uint32_t *)((char *)out + row->offset) = (uint32_t)value;
	return true;
}

/* "0x7ffc0000": with its sign. */
static bool take_hex(struct text value, uint64_t *out)
{
	if (!starts(value, "0x"))
		return false;
	value.at += 2;
	return number(value, 16, UINT64_MAX, out);
}

static bool take_rest(const struct pair *pair, struct cg_violation *out)
{
	uint64_t value;

	if (same(pair->key, "ip")) {
		out->has_ip = take_hex(pair->value, &out->ip);
		return out->has_ip;
	}
	if (same(pair->key, "compat")) {
		out->has_compat = true;
		out->compat = same(pair->value, "1");
		return out->compat || same(pair->value, "0");
	}
	if (!same(pair->key, "code"))
		return true; /* what nobody asked for */
	if (!take_hex(pair->value, &value) || value > UINT32_MAX)
		return false;
	out->verdict = (uint32_t)value;
	out->has_verdict = true;
	return true;
}

enum taken { TAKEN, DAMAGED, NO_MEMORY };

static enum taken take(const struct pair *pair, struct violation *violation)
{
	struct cg_violation *out = &violation->about;

	if (is_void(pair->value) && !pair->quoted)
		return TAKEN;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (same(pair->key, numbers[i].key))
			return take_number(pair, &numbers[i], out) ? TAKEN
								   : DAMAGED;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name;

		if (!same(pair->key, names[i].key))
			continue;
		name = name_of(&violation->arena, pair, names[i].untrusted);
		*(const char **)((char *)out + names[i].offset) = name;
		return name ? TAKEN : NO_MEMORY;
	}
	return take_rest(pair, out) ? TAKEN : DAMAGED;
}

/* -------------------------------------------------------------- whole -- */

static bool read_pairs(struct text line, const char *start,
		       struct violation *violation, struct cg_error *err)
{
	const char *enriched =
		memchr(line.at, ENRICHED, (size_t)(line.end - line.at));
	struct pair pair;

	if (enriched)
		line.end = enriched;
	while (next_pair(&line, &pair)) {
		const struct place place = {
			.column = (uint32_t)(pair.key.at - start) + 1
		};

		switch (take(&pair, violation)) {
		case NO_MEMORY:
			return fail_nomem(err);
		case DAMAGED:
			return fail_at(err, CG_E_INPUT, place,
				       "'%.*s=%.*s' is nothing the kernel "
				       "writes in a SECCOMP record",
				       (int)(pair.key.end - pair.key.at),
				       pair.key.at,
				       (int)(pair.value.end - pair.value.at),
				       pair.value.at);
		case TAKEN:
			break;
		}
	}
	line.at = skip_blanks(line);
	return line.at == line.end ||
	       fail_at(err, CG_E_INPUT,
		       (struct place){ .column = (uint32_t)(line.at - start) +
						 1 },
		       "here stands no key=value");
}

static bool
parse(struct text line, struct violation **out, struct cg_error *err)
{
	const char *start = line.at;
	struct violation *violation = violation_new();

	if (!violation || !read_node(line, violation)) {
		violation_free(violation);
		return fail_nomem(err);
	}
	if (!read_stamp(&line, &violation->about)) {
		cg_violation_free(&violation->about);
		return fail(err, CG_E_INPUT,
			    "the record has no audit(SECONDS.MILLIS:SERIAL):");
	}
	if (!read_pairs(line, start, violation, err)) {
		cg_violation_free(&violation->about);
		return false;
	}
	*out = violation;
	return true;
}

enum cg_status
cg_violation_parse(const char *line, size_t length, struct cg_violation **out,
		   struct cg_error *err)
{
	struct violation *violation = NULL;
	struct cg_error here = { 0 };
	struct text text = { line, line + length };

	while (text.end > text.at &&
	       (text.end[-1] == '\n' || text.end[-1] == '\r' ||
		text.end[-1] == '\0'))
		text.end--;
	if (!is_ours(text)) {
		*out = NULL;
		return CG_OK;
	}
	if (length > CG_RECORD_MAX)
		fail_set(&here, CG_E_INPUT, "a record of %zu bytes; %d at most",
			 length, CG_RECORD_MAX);
	else if (parse(text, &violation, &here))
		*out = &violation->about;
	if (here.status != CG_OK && err)
		*err = here;
	return here.status;
}
