/*
 * Policies that came to harm: cut off at each byte, and with each byte another.
 * What is left is refused with a place in it, or is a policy like any other:
 * it compiles, is proved, and its judges agree.
 */
#include <inttypes.h>

#include "judges.h"
#include "tap.h"
#include "unit/bpf_random.h"

enum { CALLS = 20, CHANGES = 2 };

static struct totals {
	size_t tried, refused, wrong;
} totals;

static void note(const char *what, const char *preset, size_t at,
		 const struct cg_error *err)
{
	totals.wrong++;
	tap_note("%s, byte %zu: %s: %d at %" PRIu32 ":%" PRIu32 ": %s", preset,
		 at, what, (int)err->status, err->line, err->column,
		 err->message);
}

static uint32_t count_lines(const char *text, size_t length)
{
	uint32_t lines = 1;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines;
}

/* The place of an error lies in the text. */
static bool
has_place(const struct cg_error *err, const char *text, size_t length)
{
	bool expected = err->status == CG_E_SYNTAX ||
			err->status == CG_E_MEANING || err->status == CG_E_ARCH;

	return expected && err->message[0] && err->line >= 1 &&
	       err->column >= 1 && err->line <= count_lines(text, length);
}

static void judge(const char *preset, size_t at, struct judges *judges)
{
	if (!cg_policy_enabled(judges->policy))
		return;
	if (!judges_compile(judges, CG_FORM_BEST)) {
		note("it does not compile", preset, at, &judges->err);
		return;
	}
	for (uint64_t i = 0; i < CALLS; i++) {
		struct cg_call call;
		uint32_t answer;

		cg_policy_sample(judges->policy, at, i, &call);
		if (!judges_ask(judges, &call, &answer)) {
			note("the judges differ", preset, at, &judges->err);
			return;
		}
	}
}

static void
try_text(const char *preset, size_t at, const char *text, size_t length)
{
	struct judges judges = { 0 };
	enum cg_status status;

	totals.tried++;
	status = cg_policy_parse(text, length, preset, NULL, &judges.policy,
				 &judges.err);
	if (status == CG_OK) {
		judge(preset, at, &judges);
	} else {
		totals.refused++;
		if (!has_place(&judges.err, text, length))
			note("no place", preset, at, &judges.err);
	}
	judges_done(&judges);
}

/* Bytes that mean something to somebody on the way. */
static char other_byte(uint64_t *seed, char old)
{
	static const char bytes[] = " \n\t#:-,[]{}()&*!|>'\"%@`?~0x_=<./\\\0"
				    "\xff\xc3\xe2\x80";
	char byte;

	do
		byte = bytes[random_below(seed, sizeof(bytes) - 1)];
	while (byte == old);
	return byte;
}

static void break_preset(const struct cg_preset *preset)
{
	uint64_t seed = preset->length;
	char *text = malloc(preset->length);

	if (!text) {
		totals.wrong++;
		return;
	}
	/* Of its own size, so that a sanitizer sees who reads past its end. */
	for (size_t length = 0; length < preset->length; length++) {
		char *cut = malloc(length ? length : 1);

		if (!cut) {
			totals.wrong++;
			break;
		}
		memcpy(cut, preset->text, length);
		try_text(preset->name, length, cut, length);
		free(cut);
	}
	memcpy(text, preset->text, preset->length);
	for (size_t i = 0; i < preset->length; i++)
		for (int j = 0; j < CHANGES; j++) {
			text[i] = other_byte(&seed, preset->text[i]);
			try_text(preset->name, i, text, preset->length);
			text[i] = preset->text[i];
		}
	free(text);
}

int main(void)
{
	const struct cg_preset *preset;
	struct tap tap = { 0 };

	for (size_t i = 0; (preset = cg_preset_get(i)); i++) {
		totals = (struct totals){ 0 };
		break_preset(preset);
		tap_ok(&tap,
		       !totals.wrong && totals.refused > totals.tried / 10 &&
			       totals.refused < totals.tried,
		       "%s: %zu broken texts, %zu refused", preset->name,
		       totals.tried, totals.refused);
	}
	return tap_done(&tap);
}
