#include "watch/sentence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "watch/json.h"

/* The bytes of the character there if it may be shown as it is, else 0. */
static size_t safe_character(const char *text, size_t length)
{
	const unsigned char c = (unsigned char)*text;
	const size_t part = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	size_t bad;

	if (c < 0xc2)
		return 0;
	/* C1 control characters are U+0080 to U+009F. */
	if (part > length || !text_is_utf8(text, part, &bad) ||
	    (c == 0xc2 && (unsigned char)text[1] < 0xa0) ||
	    text_is_unseen(text))
		return 0;
	return part;
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

/* Printable ASCII and well-formed UTF-8 stay; a backslash is doubled. */
static void put_safe(struct buf *out, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t part = 0;

		while (is_plain(text[part]))
			part++;
		if (!part)
			part = safe_character(text, (size_t)(end - text));
		if (part)
			buf_add(out, text, part);
		else if (*text == '\\')
			buf_puts(out, "\\\\");
		else
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		text += part ? part : 1;
	}
}

const char *
sentence_call(const struct cg_violation *violation, char room[SENTENCE_CALL])
{
	struct cg_call call = { .nr = violation->nr,
				.arch = violation->arch,
				.ip = violation->ip };

	if (!violation->has_args)
		return NULL;
	memcpy(call.args, violation->args, sizeof(call.args));
	cg_call_print(&call, violation->memory, room, SENTENCE_CALL);
	return room;
}

/* What became of the caller, or the call. */
static const char *fate_of(const struct cg_violation *violation)
{
	static const struct {
		uint32_t verdict;
		const char *fate;
	} rows[] = {
		{ CG_RET_KILL_PROCESS, "was killed for" },
		{ CG_RET_KILL_THREAD, "lost a thread for" },
		{ CG_RET_TRAP, "was sent SIGSYS for" },
		{ CG_RET_ERRNO, "was refused" },
		{ CG_RET_USER_NOTIF, "had to wait for a supervisor for" },
		{ CG_RET_TRACE, "was left to a tracer for" },
		{ CG_RET_LOG, "was logged for" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (violation->has_verdict &&
		    rows[i].verdict == violation->verdict)
			return rows[i].fate;
	/* The kernel kills for an action that it does not know. */
	return violation->has_verdict ? "was killed for" : "violated with";
}

/* With its arguments, where they are known. */
static void put_call(struct buf *out, const struct cg_violation *violation,
		     const struct violation_call *is, const char *text)
{
	if (!violation->arch) {
		buf_puts(out, "a call");
	} else if (is->name && text) {
		buf_puts(out, text);
	} else if (is->name) {
		buf_puts(out, is->name);
	} else {
		buf_printf(out, "call %" PRIu32, is->number);
	}
}

static void put_sentence(struct buf *out, const struct cg_violation *violation,
			 const char *text)
{
	const struct violation_call call = violation_call(violation);
	const char *error = violation->error && call.abi
				    ? cg_errno_name(violation->error, call.abi)
				    : NULL;

	put_safe(out, violation->executable ? violation->executable
		      : violation->name     ? violation->name
					    : "a process");
	if (violation->pid != CG_UNSET) {
		buf_puts(out, " (pid ");
		buf_number(out, violation->pid);
		buf_puts(out, ")");
	}
	buf_puts(out, " ");
	buf_puts(out, fate_of(violation));
	buf_puts(out, " ");
	put_call(out, violation, &call, text);
	if (error) {
		buf_puts(out, " with ");
		buf_puts(out, error);
	}
	if (call.abi) {
		buf_puts(out, " on ");
		buf_puts(out, call.abi->name);
	} else if (violation->arch) {
		buf_puts(out, " on arch ");
		buf_hex(out, violation->arch);
	}
}

char *sentence_of(const struct cg_violation *violation, const char *call)
{
	struct buf out = { 0 };

	put_sentence(&out, violation, call);
	return buf_done(&out);
}

static void put_named(struct buf *out, const char *what, const char *name)
{
	if (!name)
		return;
	buf_printf(out, ", %s ", what);
	put_safe(out, name);
}

char *sentence_line(const struct cg_violation *violation)
{
	struct buf out = { 0 };
	struct json stamp = { 0 };
	char *time, room[SENTENCE_CALL];

	/* ["2026-..."] without what JSON puts around it. */
	json_time(&stamp, NULL, violation->time);
	time = violation->time ? json_done(&stamp) : NULL;
	if (time)
		buf_add(&out, time + 1, strlen(time) - 2);
	buf_puts(&out, time ? " " : "");
	free(time);
	put_sentence(&out, violation, sentence_call(violation, room));
	if (violation->uid != CG_UNSET)
		buf_printf(&out, ", uid %" PRIu32, violation->uid);
	if (violation->parent)
		buf_printf(&out, ", parent %" PRIu32, violation->parent);
	put_named(&out, "pod", violation->pod);
	put_named(&out, "container", violation->container);
	put_named(&out, "unit", violation->unit);
	return buf_done(&out);
}

void sentence_free(char *sentence)
{
	free(sentence);
}
