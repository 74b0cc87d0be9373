/*
 * Policies that make long programs: jumps past 255, lists of more runs than are
 * looked at together, masked words, and the kernel's limit. The proof inside
 * cg_compile() is one judge; each boundary is asked of the program, too.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/prove.h>

#include "base/buf.h"
#include "tap.h"

enum { IOCTL = 16 };

#define X86_64 0xc000003eu

/* How the values of one argument are laid out in the rules. */
static const struct row {
	const char *name;
	size_t values;        /* rules, or values of a set */
	uint32_t first, step; /* the i-th value is first + i * step */
	uint32_t width;       /* how many numbers from each value on */
	uint32_t answers;     /* how many errnos take turns; 0: one set */
	uint32_t mask;        /* of the argument; 0: none */
	size_t at_least;      /* instructions, so that a row is what it says */
} rows[] = {
	/* clang-format off */
	{ "one value", 1, 5, 1, 1, 1, 0, 6 },
	{ "first and last value", 2, 0, UINT32_MAX, 1, 2, 0, 7 },
	{ "a set of 127 values", 127, 10, 7, 1, 0, 0, 100 },
	{ "a set of 128 values", 128, 10, 7, 1, 0, 0, 100 },
	{ "a set of 129 values", 129, 10, 7, 1, 0, 0, 100 },
	{ "a set of 300 ranges", 300, 1000, 100, 50, 0, 0, 300 },
	{ "each another errno", 150, 7, 3, 1, 150, 0, 300 },
	{ "every other value", 500, 10, 2, 1, 0, 0, 8 },
	{ "neighbours with other errnos", 700, 0, 1, 1, 7, 0, 500 },
	{ "1000 instructions", 330, 1, 1000, 10, 330, 0, 1000 },
	{ "3000 instructions", 1000, 1, 1000, 10, 1000, 0, 3000 },
	{ "values past 2^31", 200, 0x7fffff00, 3, 1, 200, 0, 300 },
	{ "a masked set", 100, 0x100, 0x100, 1, 0, 0xff00, 5 },
	{ "masked, each another errno", 60, 0x10000, 0x20000, 1, 60, 0x7f0000, 60 },
	{ "masked bits far apart", 8, 0, 1, 1, 8, 0x80000007, 8 },
	/* clang-format on */
};

static uint32_t value_at(const struct row *row, size_t i)
{
	return row->first + (uint32_t)i * row->step;
}

static void write_value(const struct row *row, size_t i, struct buf *out)
{
	buf_printf(out, "0x%" PRIx32, value_at(row, i));
	if (row->width > 1)
		buf_printf(out, "..0x%" PRIx32,
			   value_at(row, i) + row->width - 1);
}

/* The rules are ioctl's, whose second argument is 32 unsigned bits. */
static void write_policy(const struct row *row, struct buf *out)
{
	char mask[32] = "";

	if (row->mask)
		snprintf(mask, sizeof(mask), "&0x%" PRIx32 " == ", row->mask);
	buf_puts(out, "seccomp:\n"
		      "  default_action: allow\n"
		      "  architectures: [x86_64]\n"
		      "  syscalls:\n");
	if (!row->answers)
		buf_printf(out,
			   "    - action: errno(1)\n"
			   "      rules: ['ioctl(_, %s{",
			   mask);
	for (size_t i = 0; i < row->values; i++) {
		if (!row->answers) {
			buf_puts(out, i ? ", " : "");
			write_value(row, i, out);
			continue;
		}
		buf_printf(out,
			   "    - action: errno(%zu)\n"
			   "      rules: ['ioctl(_, %s",
			   i % row->answers + 1, mask);
		write_value(row, i, out);
		buf_puts(out, ")']\n");
	}
	if (!row->answers)
		buf_puts(out, "})']\n");
}

/* What the row means, without the library. */
static uint32_t wanted(const struct row *row, uint32_t value)
{
	if (row->mask)
		value &= row->mask;
	for (size_t i = 0; i < row->values; i++)
		if (value >= value_at(row, i) &&
		    value - value_at(row, i) < row->width)
			return CG_RET_ERRNO |
			       (row->answers ? i % row->answers + 1 : 1);
	return CG_RET_ALLOW;
}

static bool
answers(const struct row *row, const struct cg_program *program, uint32_t value)
{
	const struct cg_call call = { .arch = X86_64,
				      .nr = IOCTL,
				      .args = { 0, value } };
	uint32_t got = cg_program_decide(program, &call, NULL);

	if (got == wanted(row, value))
		return true;
	tap_note("0x%" PRIx32 ": want 0x%" PRIx32 ", got 0x%" PRIx32, value,
		 wanted(row, value), got);
	return false;
}

/* Every value beside a boundary, and with a bit outside the mask. */
static bool
boundaries_hold(const struct row *row, const struct cg_program *program)
{
	for (size_t i = 0; i < row->values; i++) {
		const uint32_t first = value_at(row, i);

		for (uint32_t j = 0; j < 3; j++)
			if (!answers(row, program, first + j - 1) ||
			    !answers(row, program,
				     first + row->width + j - 2) ||
			    !answers(row, program,
				     (first + j - 1) ^ ~row->mask))
				return false;
	}
	return true;
}

static enum cg_status
parse(const struct row *row, struct cg_policy **policy, struct cg_error *err)
{
	struct buf text = { 0 };
	enum cg_status status;

	write_policy(row, &text);
	status = cg_policy_parse(text.text, text.length, "row", NULL, policy,
				 err);
	buf_free(&text);
	return status;
}

static enum cg_status compile(const struct row *row,
			      struct cg_program **program, struct cg_error *err)
{
	struct cg_policy *policy = NULL;
	enum cg_status status = parse(row, &policy, err);

	if (status == CG_OK)
		status = cg_compile(policy, NULL, program, err);
	cg_policy_free(policy);
	return status;
}

/* How many instructions there are where they need not fit the kernel. */
static size_t length_of(const struct row *row)
{
	struct cg_policy *policy = NULL;
	struct cg_insn *insns = NULL;
	struct cg_error err;
	size_t count = 0;

	if (parse(row, &policy, &err) != CG_OK ||
	    cg_compile_insns(policy, NULL, &insns, &count, &err) != CG_OK)
		tap_note("%s", err.message);
	cg_policy_free(policy);
	free(insns);
	return count;
}

static void try_row(struct tap *tap, const struct row *row)
{
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	size_t count = 0;
	bool ok = compile(row, &program, &err) == CG_OK;

	if (ok)
		cg_program_insns(program, &count);
	ok = ok && count >= row->at_least && boundaries_hold(row, program);
	tap_ok(tap, ok, "%s: %zu instructions%s%s", row->name, count,
	       err.message[0] ? ": " : "", err.message);
	cg_program_free(program);
}

/* Rules until the kernel would take no more; and the first one too many. */
static void try_limit(struct tap *tap)
{
	struct row row = { "too long", 1, 1, 1000, 10, 4095, 0, 0 };
	size_t low = 1, high = 4000, longest = 0, needed = 0;
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };

	while (high - low > 1) {
		row.values = (low + high) / 2;
		if (compile(&row, &program, &err) == CG_OK) {
			cg_program_insns(program, &longest);
			low = row.values;
			cg_program_free(program);
			program = NULL;
		} else {
			high = row.values;
		}
	}
	row.values = low;
	tap_ok(tap,
	       compile(&row, &program, &err) == CG_OK &&
		       boundaries_hold(&row, program),
	       "%zu rules are %zu instructions", low, longest);
	cg_program_free(program);
	program = NULL;
	row.values = high;
	tap_ok(tap,
	       compile(&row, &program, &err) == CG_E_TOOLONG && !program &&
		       sscanf(err.message, "the policy needs %zu", &needed) ==
			       1 &&
		       needed > CG_PROGRAM_MAX && needed > longest &&
		       needed <= longest + 8 && longest > CG_PROGRAM_MAX - 8,
	       "one more is too many: %s", err.message);
	tap_ok(tap, length_of(&row) == needed, "but can be had: %zu", needed);
	row.values = low;
	tap_ok(tap, length_of(&row) == longest, "as what fits can");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(&tap, &rows[i]);
	try_limit(&tap);
	return tap_done(&tap);
}
