/* Conditions on arguments, where their values are few and all known. */
#include "abi/interest.h"
#include "record/draft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 16, VALUE_TEXT = 128 };

/* All values of one argument, over the rows of a call. */
struct gathered {
	uint64_t at[FEW];
	size_t count;
	const struct cg_abi *abi; /* of one row: names are the same on all */
	uint64_t any;             /* bits that were ever set */
	bool all_known, few;
};

static void
gather_row(const struct recorded *row, unsigned argument, struct gathered *out)
{
	const struct arguments *values = &row->arguments[argument];
	uint64_t counted = 0;

	for (size_t i = 0; i < values->count; i++) {
		uint64_t value = values->at[i].value;
		size_t at = 0;

		recording_add(&counted, values->at[i].count);
		out->any |= value;
		while (at < out->count && out->at[at] != value)
			at++;
		if (at < out->count)
			continue;
		if (out->count == FEW)
			out->few = false;
		else
			out->at[out->count++] = value;
	}
	if (values->other || counted < row->count)
		out->all_known = false;
}

static struct gathered gather(const struct draft *draft,
			      const struct cg_syscall *call, unsigned argument)
{
	struct gathered out = { .all_known = true, .few = true };

	for (size_t i = 0; i < draft->recording->count; i++) {
		const struct recorded *row = draft->recording->calls[i];

		if (!(draft->phases >> row->phase & 1) || !row->count ||
		    cg_syscall_at(row->abi, row->nr) != call)
			continue;
		if (!out.abi || !row->abi->native)
			out.abi = row->abi;
		gather_row(row, argument, &out);
	}
	return out;
}

static void value_text(const struct cg_syscall *call, const struct cg_abi *abi,
		       unsigned argument, uint64_t value, char out[VALUE_TEXT])
{
	struct cg_argument arguments[6];
	size_t count;
	uint64_t back;

	snprintf(out, VALUE_TEXT, "0x%" PRIx64, value);
	if (!cg_syscall_arguments(call, abi, arguments, &count) ||
	    argument >= count)
		return;
	cg_argument_print(&arguments[argument], abi, value, out, VALUE_TEXT);
	/* What is no plain constant stays a number. */
	if (!cg_constant_value(out, abi, &back) || back != value)
		snprintf(out, VALUE_TEXT, "0x%" PRIx64, value);
}

static bool contains(const struct gathered *values, uint64_t value)
{
	for (size_t i = 0; i < values->count; i++)
		if (values->at[i] == value)
			return true;
	return false;
}

/* AF_INET and AF_INET6 stand for each other: which one, the network decides. */
static void add_sibling(struct gathered *values, const char *name)
{
	uint64_t value;

	if (cg_constant_value(name, values->abi, &value) &&
	    !contains(values, value) && values->count < FEW)
		values->at[values->count++] = value;
}

static void add_siblings(const struct interest *row, struct gathered *values)
{
	char name[VALUE_TEXT];
	uint64_t inet = 0, inet6 = 0;

	for (const char *at = row->siblings; at && *at;) {
		size_t length = strcspn(at, ",");

		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		add_sibling(values, name);
		at += length + (at[length] == ',');
	}
	if (strcmp(row->call, "socket") != 0 ||
	    !cg_constant_value("AF_INET", values->abi, &inet) ||
	    !cg_constant_value("AF_INET6", values->abi, &inet6))
		return;
	if (contains(values, inet))
		add_sibling(values, "AF_INET6");
	if (contains(values, inet6))
		add_sibling(values, "AF_INET");
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void
write_values(const struct interest *row, const struct cg_syscall *call,
	     struct gathered *values, struct buf *out)
{
	char text[VALUE_TEXT];

	add_siblings(row, values);
	qsort(values->at, values->count, sizeof(values->at[0]), by_value);
	buf_puts(out, values->count > 1 ? "{" : "");
	for (size_t i = 0; i < values->count; i++) {
		value_text(call, values->abi, row->argument, values->at[i],
			   text);
		buf_printf(out, "%s%s", i ? ", " : "", text);
	}
	buf_puts(out, values->count > 1 ? "}" : "");
}

/* The value of constants joined by |. */
static bool
bits_value(const char *text, const struct cg_abi *abi, uint64_t *out)
{
	char name[VALUE_TEXT];

	*out = 0;
	while (*text) {
		size_t length = strcspn(text, "|");
		uint64_t part;

		snprintf(name, sizeof(name), "%.*s", (int)length, text);
		if (!cg_constant_value(name, abi, &part))
			return false;
		*out |= part;
		text += length + (text[length] == '|');
	}
	return true;
}

static const char *take(struct draft *draft, struct buf *text, bool *nomem)
{
	size_t length = text->length;
	char *made = buf_done(text);
	char *kept = made ? arena_text(draft->arena, made, length) : NULL;

	free(made);
	*nomem = !kept;
	return kept;
}

/*
 * One condition a call: no row has more. It is left out where a single value
 * is not known, because it would refuse what was seen.
 */
const char *
draft_rule(struct draft *draft, const struct cg_syscall *call, bool *nomem)
{
	size_t count;
	const struct interest *row = interest_of(call, &count);
	struct gathered values;
	struct buf text = { 0 };
	uint64_t bits;

	if (!count)
		return NULL;
	values = gather(draft, call, row->argument);
	if (!values.abi || !values.all_known ||
	    (row->kind == INTEREST_VALUES && !values.few) ||
	    (row->kind == INTEREST_BITS &&
	     (!bits_value(row->bits, values.abi, &bits) || values.any & bits)))
		return NULL;
	buf_printf(&text, "%s(", call->name);
	for (unsigned i = 0; i < row->argument; i++)
		buf_puts(&text, "_, ");
	if (row->kind == INTEREST_BITS)
		buf_printf(&text, "&%s == 0", row->bits);
	else
		write_values(row, call, &values, &text);
	buf_puts(&text, ")");
	return take(draft, &text, nomem);
}
