/* Filters as bytes, assembly, C and Go; and texts with variables. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/answer.h"
#include "bpf/asm.h"
#include "bpf/disasm.h"
#include "bpf/image.h"
#include "format/go_names.h"
#include "format/read.h"
#include "format/write.h"

#include "base/num.h"

/* ---------------------------------------------------------------- bytes -- */

static bool bytes_read(struct reading *reading)
{
	const struct cg_source *source = &reading->sources[0];
	size_t count = source->length / INSN_SIZE;
	struct cg_insn *insns;

	if (reading->source_count != 1 || !count ||
	    source->length % INSN_SIZE || count > CG_PROGRAM_MAX)
		return fail_at(reading->err, CG_E_INPUT, source_start(source),
			       "%zu bytes are no filter: it has 8 to %d, a "
			       "multiple of 8",
			       source->length, CG_PROGRAM_MAX * INSN_SIZE);
	insns = arena_array(reading->arena, struct cg_insn, count);
	if (!insns)
		return fail_nomem(reading->err);
	reading->big_endian = reading->host->native->big_endian;
	image_read((const unsigned char *)source->text, count,
		   reading->big_endian, insns);
	reading->insns = insns;
	reading->insn_count = count;
	return true;
}

static bool bytes_write(struct writing *writing)
{
	size_t length;
	unsigned char *bytes = writing_bytes(writing, &length);

	if (!bytes)
		return fail_nomem(writing->err);
	buf_add(&writing->out, (const char *)bytes, length);
	return true;
}

const struct format format_bpf = {
	.about = {
		.name = "bpf",
		.aliases = "raw bwrap bubblewrap setpriv crun-bpf",
		.about = "the filter as bytes, for bwrap --seccomp and the like",
		.runtime = "bubblewrap",
		.reads = true,
		.writes = true,
		.binary = true,
	},
	.read = bytes_read,
	.write = bytes_write,
	.wants_program = true,
};

/* ------------------------------------------------------------- assembly -- */

static bool assembly_read(struct reading *reading)
{
	const struct cg_source *source = &reading->sources[0];
	struct cg_insn *insns;

	if (!asm_read(reading->arena, source->text, source->length, &insns,
		      &reading->insn_count, reading->err)) {
		if (!reading->err->source[0])
			strncat(reading->err->source, source->name,
				CG_SOURCE_MAX - 1);
		return false;
	}
	if (!reading->insn_count)
		return fail_at(reading->err, CG_E_PROGRAM, source_start(source),
			       "there is no instruction here");
	reading->insns = insns;
	reading->big_endian = reading->host->native->big_endian;
	return true;
}

static bool assembly_write(struct writing *writing)
{
	disasm_assembly(writing->insns, writing->insn_count, &writing->out);
	return true;
}

static int assembly_sniff(const struct cg_source *source)
{
	return source_begins(source, "ld [4]") ||
			       source_begins(source, "ld\t[4]")
		       ? 70
		       : 0;
}

const struct format format_asm = {
	.about = {
		.name = "asm",
		.aliases = "assembly",
		.about = "the filter as assembly text",
		.reads = true,
		.writes = true,
	},
	.sniff = assembly_sniff,
	.read = assembly_read,
	.write = assembly_write,
	.wants_program = true,
};

/* ------------------------------------------------------- C and Go source -- */

/* A name that C and Go take, or an error. */
static bool
name_of(struct writing *writing, const char *usual, const char **out)
{
	const char *name = writing->options->name;
	size_t length;

	*out = name ? name : usual;
	if (!name)
		return true;
	length = strspn(name, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (length && !name[length] && !(name[0] >= '0' && name[0] <= '9'))
		return true;
	return fail(writing->err, CG_E_INPUT,
		    "'%.64s' is no name: letters, digits and _ make one", name);
}

static void write_rows(struct writing *writing, const char *form)
{
	for (size_t i = 0; i < writing->insn_count; i++) {
		const struct cg_insn *insn = &writing->insns[i];

		if (strcmp(form, "c") == 0)
			buf_printf(&writing->out,
				   "\t{ 0x%02x, %u, %u, 0x%08" PRIx32 " },\n",
				   insn->code, insn->jt, insn->jf, insn->k);
		else
			buf_printf(&writing->out,
				   "\t{Code: 0x%02x, Jt: %u, Jf: %u, K: "
				   "0x%08" PRIx32 "},\n",
				   insn->code, insn->jt, insn->jf, insn->k);
	}
}

static bool c_write(struct writing *writing)
{
	const char *name;

	if (!name_of(writing, "filter", &name))
		return false;
	buf_printf(&writing->out,
		   "/* Made by callgate for %s: a seccomp filter of %zu "
		   "instructions. */\n"
		   "#include <linux/filter.h>\n\n"
		   "const struct sock_filter %s[%zu] = {\n",
		   writing->host->native->name, writing->insn_count, name,
		   writing->insn_count);
	write_rows(writing, "c");
	buf_puts(&writing->out, "};\n");
	return true;
}

static bool header_write(struct writing *writing)
{
	const char *name;

	if (!name_of(writing, "filter", &name))
		return false;
	buf_printf(&writing->out,
		   "/* Made by callgate for %s: a seccomp filter of %zu "
		   "instructions. */\n"
		   "#ifndef CALLGATE_%s_H\n#define CALLGATE_%s_H\n\n"
		   "#include <linux/filter.h>\n\n"
		   "enum { %s_length = %zu };\n\n"
		   "static const struct sock_filter %s[%s_length] = {\n",
		   writing->host->native->name, writing->insn_count, name, name,
		   name, writing->insn_count, name, name);
	write_rows(writing, "c");
	buf_printf(&writing->out,
		   "};\n\n"
		   "/* For prctl(2) and seccomp(2): struct sock_fprog. */\n"
		   "#define %s_program \\\n"
		   "\t{ %s_length, (struct sock_filter *)%s }\n\n"
		   "#endif\n",
		   name, name, name);
	return true;
}

static bool go_write(struct writing *writing)
{
	const char *arch = go_arch(writing->host->native), *name;

	if (!name_of(writing, "main", &name))
		return false;
	if (!arch)
		return fail(writing->err, CG_E_ARCH, "Go has no port to %s",
			    writing->host->native->name);
	buf_printf(&writing->out,
		   "// Code generated by callgate. DO NOT EDIT.\n\n"
		   "//go:build linux && %s\n\n"
		   "package %s\n\n"
		   "import \"golang.org/x/sys/unix\"\n\n"
		   "// seccompFilter is a seccomp filter of %zu instructions.\n"
		   "var seccompFilter = []unix.SockFilter{\n",
		   arch, name, writing->insn_count);
	write_rows(writing, "go");
	buf_puts(&writing->out, "}\n");
	return true;
}

/* ------------------------------------------ reading C and Go back again -- */

struct quads {
	struct reading *reading;
	const char *next, *end;
	struct cg_insn *at;
	size_t count, room;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* One number behind an optional "Name:"; up to `most`. */
static bool take_field(struct quads *quads, uint64_t most, uint64_t *out)
{
	const char *start;

	for (;;) {
		while (quads->next < quads->end && *quads->next &&
		       strchr(" \t\r\n", *quads->next))
			quads->next++;
		start = quads->next;
		while (quads->next < quads->end && is_word(*quads->next))
			quads->next++;
		if (quads->next == quads->end || *quads->next != ':')
			break;
		quads->next++;
	}
	return num_read(start, (size_t)(quads->next - start), out) == NUM_OK &&
	       *out <= most;
}

static bool take_sign(struct quads *quads, char sign)
{
	while (quads->next < quads->end && *quads->next &&
	       strchr(" \t\r\n", *quads->next))
		quads->next++;
	if (quads->next == quads->end || *quads->next != sign)
		return false;
	quads->next++;
	return true;
}

/* "{ code, jt, jf, k }", the brace taken already. */
static bool take_quad(struct quads *quads, struct cg_insn *out)
{
	static const uint64_t most[4] = { UINT16_MAX, UINT8_MAX, UINT8_MAX,
					  UINT32_MAX };
	uint64_t field[4];

	for (size_t i = 0; i < 4; i++)
		if (!take_field(quads, most[i], &field[i]) ||
		    !take_sign(quads, i < 3 ? ',' : '}'))
			return false;
	*out = (struct cg_insn){ (uint16_t)field[0], (uint8_t)field[1],
				 (uint8_t)field[2], (uint32_t)field[3] };
	return true;
}

static struct place quad_place(const struct quads *quads, const char *at)
{
	struct place place = source_start(&quads->reading->sources[0]);

	for (const char *p = quads->reading->sources[0].text; p < at; p++) {
		place.column = *p == '\n' ? 1 : place.column + 1;
		place.line += *p == '\n';
	}
	return place;
}

/* All rows of the one array that starts with "{" and "{" again. */
static bool take_rows(struct quads *quads)
{
	struct reading *reading = quads->reading;

	while (take_sign(quads, '{')) {
		const char *start = quads->next - 1;

		if (quads->count == CG_PROGRAM_MAX)
			return fail_at(reading->err, CG_E_TOOLONG,
				       quad_place(quads, start),
				       "more than %d instructions",
				       CG_PROGRAM_MAX);
		quads->at = arena_grow(reading->arena, quads->at, &quads->room,
				       quads->count + 1, sizeof(*quads->at));
		if (!quads->at)
			return fail_nomem(reading->err);
		if (!take_quad(quads, &quads->at[quads->count++]))
			return fail_at(reading->err, CG_E_SYNTAX,
				       quad_place(quads, start),
				       "an instruction has four numbers: code, "
				       "jt, jf and k");
		take_sign(quads, ',');
	}
	if (take_sign(quads, '}'))
		return true;
	return fail_at(reading->err, CG_E_SYNTAX,
		       quad_place(quads, quads->next),
		       "'{' or '}' is wanted here");
}

static bool source_read(struct reading *reading)
{
	const struct cg_source *source = &reading->sources[0];
	struct quads quads = {
		.reading = reading,
		.next = source->text,
		.end = source->text + source->length,
	};

	/* The array begins where one brace stands in another, or behind the
	   type that has its name. */
	while (quads.next < quads.end) {
		const char *open =
			memmem(quads.next, (size_t)(quads.end - quads.next),
			       "ilter", 5);

		if (!open)
			break;
		quads.next = open + 5;
		open = memchr(quads.next, '{',
			      (size_t)(quads.end - quads.next));
		if (!open)
			break;
		quads.next = open + 1;
		if (!take_sign(&quads, '{'))
			continue;
		quads.next--;
		if (!take_rows(&quads))
			return false;
		reading->insns = quads.at;
		reading->insn_count = quads.count;
		reading->big_endian = reading->host->native->big_endian;
		return true;
	}
	return fail_at(reading->err, CG_E_SYNTAX, source_start(source),
		       "there is no array of struct sock_filter here");
}

static int c_sniff(const struct cg_source *source)
{
	return source_holds(source, "struct sock_filter ") ? 80 : 0;
}

static int go_sniff(const struct cg_source *source)
{
	return source_holds(source, "[]unix.SockFilter{") ? 80 : 0;
}

const struct format format_c = {
	.about = {
		.name = "c",
		.aliases = "",
		.about = "the filter as an array in C",
		.reads = true,
		.writes = true,
	},
	.sniff = c_sniff,
	.read = source_read,
	.write = c_write,
	.wants_program = true,
};

const struct format format_c_header = {
	.about = {
		.name = "c-header",
		.aliases = "header h",
		.about = "the filter as a header for C",
		.reads = true,
		.writes = true,
	},
	.read = source_read,
	.write = header_write,
	.wants_program = true,
};

const struct format format_go = {
	.about = {
		.name = "go",
		.aliases = "golang",
		.about = "the filter as Go, for golang.org/x/sys/unix",
		.reads = true,
		.writes = true,
	},
	.sniff = go_sniff,
	.read = source_read,
	.write = go_write,
	.wants_program = true,
};
