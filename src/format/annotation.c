/*
 * crun's annotation run.oci.seccomp_bpf_data: the bytes of a filter in base64,
 * which crun loads in place of a profile.
 */
#include <string.h>

#include "bpf/image.h"
#include "format/read.h"
#include "format/write.h"

#define KEY "run.oci.seccomp_bpf_data"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BYTES_MAX = CG_PROGRAM_MAX * INSN_SIZE };

/* ------------------------------------------------------------- writing -- */

static void encode(struct buf *out, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)bytes[i] << 16;
		char text[4] = { '=', '=', '=', '=' };

		if (left > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		for (size_t j = 0; j <= left; j++)
			text[j] = digits[group >> (18 - 6 * j) & 63];
		buf_add(out, text, sizeof(text));
	}
}

static bool annotation_write(struct writing *writing)
{
	size_t length;
	unsigned char *bytes = writing_bytes(writing, &length);

	if (!bytes)
		return fail_nomem(writing->err);
	buf_puts(&writing->out, KEY "=");
	encode(&writing->out, bytes, length);
	buf_puts(&writing->out, "\n");
	return true;
}

/* ------------------------------------------------------------- reading -- */

struct decode {
	struct reading *reading;
	const char *text;
	size_t at, end;
	unsigned char *out;
	size_t length;
};

static bool fail_here(struct decode *decode, const char *what)
{
	struct place place = { decode->reading->sources[0].name, 1,
			       (uint32_t)decode->at + 1 };

	for (size_t i = 0; i < decode->at; i++)
		if (decode->text[i] == '\n') {
			place.line++;
			place.column = (uint32_t)(decode->at - i);
		}
	return fail_at(decode->reading->err, CG_E_SYNTAX, place, "%s", what);
}

/* Four digits, of which the last ones may be `=`: up to three bytes. */
static bool decode_group(struct decode *decode)
{
	uint32_t group = 0;
	size_t padding = 0;

	for (size_t i = 0; i < 4; i++, decode->at++) {
		char letter = decode->at < decode->end
				      ? decode->text[decode->at]
				      : '\0';
		const char *digit = letter ? strchr(digits, letter) : NULL;

		if (letter == '=' && i >= 2)
			padding++;
		else if (!digit || padding)
			return fail_here(decode, "this is no base64");
		group = group << 6 | (digit ? (uint32_t)(digit - digits) : 0);
	}
	if (padding && decode->at < decode->end)
		return fail_here(decode, "the text goes on behind its end");
	if (decode->length + 3 > BYTES_MAX)
		return fail_here(decode, "longer than a filter can be");
	for (size_t i = 0; i < 3 - padding; i++)
		decode->out[decode->length++] =
			(unsigned char)(group >> (16 - 8 * i));
	return true;
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\n' ||
	       letter == '\r' || letter == '"';
}

/* The key may stand before it, in quotes or not, with = or a colon. */
static void find_value(struct decode *decode, const struct cg_source *source)
{
	const char *key =
		memmem(source->text, source->length, KEY, strlen(KEY));

	decode->text = source->text;
	decode->end = source->length;
	while (decode->end && is_blank(source->text[decode->end - 1]))
		decode->end--;
	if (key)
		decode->at = (size_t)(key - source->text) + strlen(KEY);
	while (decode->at < decode->end &&
	       (is_blank(source->text[decode->at]) ||
		(key && strchr("=:", source->text[decode->at]))))
		decode->at++;
}

static bool annotation_read(struct reading *reading)
{
	struct decode decode = { .reading = reading };
	struct cg_insn *insns;

	if (reading->source_count != 1)
		return fail(reading->err, CG_E_INPUT,
			    "one annotation is one file");
	decode.out = arena_array(reading->arena, unsigned char, BYTES_MAX);
	insns = arena_array(reading->arena, struct cg_insn, CG_PROGRAM_MAX);
	if (!decode.out || !insns)
		return fail_nomem(reading->err);
	find_value(&decode, &reading->sources[0]);
	while (decode.at < decode.end)
		if (!decode_group(&decode))
			return false;
	if (!decode.length || decode.length % INSN_SIZE)
		return fail_here(&decode, "this is no filter: its bytes are no "
					  "multiple of 8");
	reading->big_endian = reading->host->native->big_endian;
	image_read(decode.out, decode.length / INSN_SIZE, reading->big_endian,
		   insns);
	reading->insns = insns;
	reading->insn_count = decode.length / INSN_SIZE;
	return true;
}

static int sniff_annotation(const struct cg_source *source)
{
	return source_begins(source, KEY) || source_begins(source, "\"" KEY)
		       ? 95
		       : 0;
}

const struct format format_annotation = {
	.about = { .name = "crun-annotation",
		   .aliases = "annotation run.oci.seccomp_bpf_data",
		   .about = "the filter as crun's annotation, in base64",
		   .runtime = "crun",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_annotation,
	.read = annotation_read,
	.write = annotation_write,
	.wants_program = true,
};
