#include "bpf/asm.h"
#include "bpf/opcode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

struct slice {
	const char *text;
	size_t length;
};

struct label {
	struct slice name;
	size_t at; /* the instruction that it stands before */
	struct place place;
};

enum field { FIELD_JT, FIELD_JF, FIELD_K };

/* A label that an instruction jumps to; it may not have been read yet. */
struct use {
	struct slice name;
	size_t at;
	enum field field;
	struct place place;
};

struct reader {
	struct arena *arena;
	struct cg_error *err;
	const char *next, *end, *line_start;
	uint32_t line;
	struct cg_insn *insns;
	size_t count, room;
	struct label *labels;
	size_t label_count, label_room;
	struct use *uses;
	size_t use_count, use_room;
};

/* ------------------------------------------------------------- words --- */

static struct place place_of(const struct reader *reader, const char *where)
{
	return (struct place){
		.line = reader->line,
		.column = (uint32_t)(where - reader->line_start) + 1,
	};
}

static bool wants(const struct reader *reader, const char *what)
{
	return fail_at(reader->err, CG_E_SYNTAX, place_of(reader, reader->next),
		       "%s is wanted here", what);
}

static void skip_blank(struct reader *reader)
{
	while (reader->next < reader->end &&
	       (*reader->next == ' ' || *reader->next == '\t' ||
		*reader->next == '\r'))
		reader->next++;
	if (reader->next < reader->end && *reader->next == ';')
		while (reader->next < reader->end && *reader->next != '\n')
			reader->next++;
}

static bool at_line_end(const struct reader *reader)
{
	return reader->next == reader->end || *reader->next == '\n';
}

/* Take `c`, and the blanks behind it, if it comes next. */
static bool take(struct reader *reader, char c)
{
	if (reader->next == reader->end || *reader->next != c)
		return false;
	reader->next++;
	skip_blank(reader);
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* A name or a number, and the blanks behind it; empty if none comes next. */
static struct slice take_word(struct reader *reader)
{
	struct slice word = { .text = reader->next };

	while (reader->next < reader->end && is_word(*reader->next))
		reader->next++;
	word.length = (size_t)(reader->next - word.text);
	skip_blank(reader);
	return word;
}

static bool same(struct slice word, const char *text)
{
	return word.length == strlen(text) &&
	       memcmp(word.text, text, word.length) == 0;
}

static bool take_number(struct reader *reader, uint32_t most, uint32_t *out)
{
	const char *start = reader->next;
	struct slice word = take_word(reader);
	uint64_t value;
	enum num_result result = num_read(word.text, word.length, &value);

	if (result == NUM_OK && value <= most) {
		*out = (uint32_t)value;
		return true;
	}
	reader->next = start;
	if (result == NUM_NOT || result == NUM_NEGATIVE)
		return wants(reader, "a number");
	return fail_at(reader->err, CG_E_SYNTAX, place_of(reader, start),
		       "the number is above 0x%" PRIx32, most);
}

/* ------------------------------------------------------ instructions --- */

static bool use_add(struct reader *reader, enum field field)
{
	struct use *uses;
	struct use use = { .at = reader->count,
			   .field = field,
			   .place = place_of(reader, reader->next) };

	use.name = take_word(reader);
	if (use.name.length == 0)
		return wants(reader, "a label");
	uses = arena_grow(reader->arena, reader->uses, &reader->use_room,
			  reader->use_count + 1, sizeof(*uses));
	if (!uses)
		return fail_nomem(reader->err);
	reader->uses = uses;
	uses[reader->use_count++] = use;
	return true;
}

/* `#k` or `#len`, behind the '#'. */
static bool
read_constant(struct reader *reader, enum operand *operand, uint32_t *k)
{
	const char *start = reader->next;

	if (same(take_word(reader), "len")) {
		*operand = OPERAND_LEN;
		return true;
	}
	reader->next = start;
	*operand = OPERAND_IMM;
	return take_number(reader, UINT32_MAX, k);
}

/* `[k]`, behind the '['; also what follows the M of `M[k]`. */
static bool read_index(struct reader *reader, uint32_t *k)
{
	return take_number(reader, UINT32_MAX, k) &&
	       (take(reader, ']') || wants(reader, "]"));
}

/* What an instruction works with tells, with its name, which one it is. */
static bool
read_operand(struct reader *reader, enum operand *operand, uint32_t *k)
{
	const char *start = reader->next;
	struct slice word;

	*operand = OPERAND_NONE;
	if (at_line_end(reader))
		return true;
	if (take(reader, '#'))
		return read_constant(reader, operand, k);
	if (take(reader, '[')) {
		*operand = OPERAND_DATA;
		return read_index(reader, k);
	}
	word = take_word(reader);
	if (same(word, "M") && take(reader, '[')) {
		*operand = OPERAND_CELL;
		return read_index(reader, k);
	}
	if (same(word, "x"))
		*operand = OPERAND_X;
	else if (same(word, "a"))
		*operand = OPERAND_A;
	else
		*operand = OPERAND_LABEL;
	if (*operand == OPERAND_LABEL)
		reader->next = start;
	return true;
}

static bool
read_named(struct reader *reader, struct slice name, struct cg_insn *insn)
{
	const struct place place = place_of(reader, name.text);
	enum operand operand;
	int code;

	if (opcode_spelt(name.text, name.length, -1) < 0)
		return fail_at(reader->err, CG_E_SYNTAX, place,
			       "there is no instruction of this name");
	if (!read_operand(reader, &operand, &insn->k))
		return false;
	code = opcode_spelt(name.text, name.length, (int)operand);
	if (code < 0)
		return fail_at(reader->err, CG_E_SYNTAX, place,
			       "%.*s does not take this operand",
			       (int)name.length, name.text);
	insn->code = (uint16_t)code;
	if (operand == OPERAND_LABEL)
		return use_add(reader, FIELD_K);
	if (!opcode_find(insn->code)->branch)
		return true;
	return (take(reader, ',') || wants(reader, "a comma")) &&
	       use_add(reader, FIELD_JT) &&
	       (take(reader, ',') || wants(reader, "a comma")) &&
	       use_add(reader, FIELD_JF);
}

/* `.insn code, jt, jf, k`: the bare numbers of one that has no other text. */
static bool read_numbers(struct reader *reader, struct cg_insn *insn)
{
	static const uint32_t most[] = { UINT16_MAX, UINT8_MAX, UINT8_MAX,
					 UINT32_MAX };
	uint32_t field[4];

	for (size_t i = 0; i < 4; i++) {
		if (i > 0 && !take(reader, ','))
			return wants(reader, "a comma");
		if (!take_number(reader, most[i], &field[i]))
			return false;
	}
	*insn = (struct cg_insn){ (uint16_t)field[0], (uint8_t)field[1],
				  (uint8_t)field[2], field[3] };
	return true;
}

static bool read_insn(struct reader *reader, struct slice name)
{
	struct cg_insn insn = { 0 };
	struct cg_insn *insns;

	if (reader->count == CG_PROGRAM_MAX)
		return fail_at(reader->err, CG_E_TOOLONG,
			       place_of(reader, name.text),
			       "more than %d instructions", CG_PROGRAM_MAX);
	if (same(name, ".insn") ? !read_numbers(reader, &insn)
				: !read_named(reader, name, &insn))
		return false;
	insns = arena_grow(reader->arena, reader->insns, &reader->room,
			   reader->count + 1, sizeof(*insns));
	if (!insns)
		return fail_nomem(reader->err);
	reader->insns = insns;
	insns[reader->count++] = insn;
	return true;
}

static bool label_add(struct reader *reader, struct slice name)
{
	struct label *labels;

	labels = arena_grow(reader->arena, reader->labels, &reader->label_room,
			    reader->label_count + 1, sizeof(*labels));
	if (!labels)
		return fail_nomem(reader->err);
	reader->labels = labels;
	labels[reader->label_count++] = (struct label){
		.name = name,
		.at = reader->count,
		.place = place_of(reader, name.text),
	};
	return true;
}

/* Labels, an instruction, a comment: each may be missing. */
static bool read_line(struct reader *reader)
{
	struct slice word;

	skip_blank(reader);
	for (;;) {
		if (at_line_end(reader))
			return true;
		word = take_word(reader);
		if (word.length == 0)
			return wants(reader, "a label or an instruction");
		if (!take(reader, ':'))
			break;
		if (!label_add(reader, word))
			return false;
	}
	if (!read_insn(reader, word))
		return false;
	return at_line_end(reader) || wants(reader, "the end of the line");
}

/* ------------------------------------------------------------ labels --- */

static int slice_order(const struct slice *a, const struct slice *b)
{
	const size_t shorter = a->length < b->length ? a->length : b->length;
	const int order = memcmp(a->text, b->text, shorter);

	return order ? order
		     : (a->length > b->length) - (a->length < b->length);
}

static int label_order(const void *left, const void *right)
{
	const struct label *a = left, *b = right;
	const int order = slice_order(&a->name, &b->name);

	return order ? order
		     : (a->name.text > b->name.text) -
			       (a->name.text < b->name.text);
}

static int label_named(const void *key, const void *element)
{
	return slice_order(key, &((const struct label *)element)->name);
}

static bool labels_sort(struct reader *reader)
{
	struct label *labels = reader->labels;

	if (reader->label_count == 0)
		return true;
	qsort(labels, reader->label_count, sizeof(*labels), label_order);
	for (size_t i = 1; i < reader->label_count; i++)
		if (slice_order(&labels[i - 1].name, &labels[i].name) == 0)
			return fail_at(reader->err, CG_E_SYNTAX,
				       labels[i].place,
				       "the label stands in line %" PRIu32
				       " already",
				       labels[i - 1].place.line);
	return true;
}

static bool use_resolve(struct reader *reader, const struct use *use)
{
	struct cg_insn *insn = &reader->insns[use->at];
	const struct label *label = NULL;
	size_t skip;

	if (reader->label_count > 0)
		label = bsearch(&use->name, reader->labels, reader->label_count,
				sizeof(*label), label_named);
	if (!label || label->at == reader->count)
		return fail_at(reader->err, CG_E_SYNTAX, use->place,
			       "no instruction has this label");
	if (label->at <= use->at)
		return fail_at(reader->err, CG_E_SYNTAX, use->place,
			       "a jump cannot go back to line %" PRIu32,
			       label->place.line);
	skip = label->at - use->at - 1;
	if (use->field != FIELD_K && skip > UINT8_MAX)
		return fail_at(reader->err, CG_E_SYNTAX, use->place,
			       "the label is %zu instructions away, a branch"
			       " can skip 255",
			       skip);
	if (use->field == FIELD_JT)
		insn->jt = (uint8_t)skip;
	else if (use->field == FIELD_JF)
		insn->jf = (uint8_t)skip;
	else
		insn->k = (uint32_t)skip;
	return true;
}

bool asm_read(struct arena *arena, const char *text, size_t length,
	      struct cg_insn **out, size_t *count, struct cg_error *err)
{
	struct reader reader = { .arena = arena,
				 .err = err,
				 .next = length ? text : "" };

	/* No text at all may come as NULL, which nothing can be added to. */
	reader.end = reader.next + length;
	while (reader.next < reader.end) {
		reader.line++;
		reader.line_start = reader.next;
		if (!read_line(&reader))
			return false;
		if (reader.next < reader.end)
			reader.next++;
	}
	if (!labels_sort(&reader))
		return false;
	for (size_t i = 0; i < reader.use_count; i++)
		if (!use_resolve(&reader, &reader.uses[i]))
			return false;
	*out = reader.insns;
	*count = reader.count;
	return true;
}
