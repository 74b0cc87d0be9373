/* abi/print.c - an argument's value as a person would write it. */
#include <inttypes.h>
#include <stdio.h>

#include "abi/constants.h"
#include "base/line.h"
#include "base/num.h"

/* Join with what is there by a bar. */
static void line_join(struct line *line, const char *name)
{
	line_puts(line, line->length ? "|" : "");
	line_puts(line, name);
}

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
}

/* The name of the member that is `value` in all the bits that count. */
static const char *member_named(const struct set *set, const struct cg_abi *abi,
				uint64_t value, unsigned bits)
{
	const struct constant *constant;
	uint64_t known;

	for (size_t i = 0; (constant = set_member(set, i)); i++)
		if (constant_value(constant, abi, &known) &&
		    low_bits(known, bits) == value)
			return table_text + constant->name;
	return NULL;
}

/* Take the members that lie in `value` out of it, naming each. */
static uint64_t
line_bits(struct line *line, const struct set *set, const struct cg_abi *abi,
	  uint64_t value, unsigned bits)
{
	const struct constant *constant;
	uint64_t known;

	for (size_t i = 0; (constant = set_member(set, i)) && value; i++) {
		if (!constant_value(constant, abi, &known))
			continue;
		known = low_bits(known, bits);
		if (known == 0 || known & set->mask || (value & known) != known)
			continue;
		line_join(line, table_text + constant->name);
		value &= ~known;
	}
	return value;
}

/* False, and nothing written, if no name fits. */
static bool line_set(struct line *line, const struct set *set,
		     const struct cg_abi *abi, uint64_t value, unsigned bits)
{
	const char *whole = member_named(set, abi, value, bits);
	uint64_t rest = value;

	if (set->kind == SET_OCTAL) {
		line_add(line, "%s%" PRIo64, value ? "0" : "", value);
		return true;
	}
	/* A flag alone still has a zero under the mask, which has a name. */
	if (whole && (set->kind != SET_MIXED || value & set->mask)) {
		line_join(line, whole);
		return true;
	}
	if (set->kind == SET_ENUM)
		return false;
	if (set->kind == SET_MIXED) {
		whole = member_named(set, abi, value & set->mask, bits);
		if (whole) {
			line_join(line, whole);
			rest &= ~set->mask;
		}
	}
	rest = line_bits(line, set, abi, rest, bits);
	if (rest && line->length)
		line_add(line, "|0x%" PRIx64, rest);
	return line->length > 0;
}

static void line_number(struct line *line, const struct cg_argument *argument,
			uint64_t value)
{
	enum { SMALL = 65536 }; /* beyond it, hexadecimal reads better */
	uint64_t sign = UINT64_C(1) << (argument->bits - 1);
	char text[NUM_TEXT];

	if (argument->is_pointer && value == 0)
		line_puts(line, "NULL");
	else if (argument->is_signed && value & sign)
		line_add(line, "-%" PRIu64,
			 low_bits(~value + 1, argument->bits));
	else if (argument->is_pointer || value >= SMALL)
		line_add(line, "0x%" PRIx64, value);
	else if (num_write(value, 10, text))
		line_puts(line, text);
}

void cg_argument_print(const struct cg_argument *argument,
		       const struct cg_abi *abi, uint64_t value, char *out,
		       size_t size)
{
	struct line line = { out, size, 0 };

	out[0] = '\0';
	value = low_bits(value, argument->bits);
	if (argument->flags > 0 && argument->flags <= set_count &&
	    line_set(&line, &set_rows[argument->flags - 1], abi, value,
		     argument->bits))
		return;
	line_number(&line, argument, value);
}
