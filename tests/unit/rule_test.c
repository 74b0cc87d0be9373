/*
 * One-line rules, production by production. A row is a rule and what was
 * understood, condition by condition; or the column of what is wrong.
 * Each row also runs out of memory at every budget on the way.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "policy/rule.h"
#include "tap.h"

enum { PLENTY = 1 << 20, STEP = 16 };

/*
 * "name/arguments", then each condition: its argument, what it compares, and
 * with what: a value is its number and its names.
 */
static const struct row {
	const char *text, *want;
} rows[] = {
	{ "read", "read/0" },
	{ "read()", "read/0" },
	{ " read ( ) ", "read/0" },
	{ "read(_)", "read/1" },
	{ "read(_, _,_ )", "read/3" },
	{ "read(3)", "read/1 0==3" },
	{ "read(== 3)", "read/1 0==3" },
	{ "read(!= 3)", "read/1 0!=3" },
	{ "read(!=3)", "read/1 0!=3" },
	{ "read(< 3)", "read/1 0<3" },
	{ "read(<= 3)", "read/1 0<=3" },
	{ "read(> 3)", "read/1 0>3" },
	{ "read(>= 3)", "read/1 0>=3" },
	{ "read(_, 5)", "read/2 1==5" },
	{ "read(1, _, 2)", "read/3 0==1 2==2" },
	{ "read(> 1 && < 5)", "read/1 0>1 0<5" },
	{ "read(!= 1 && != 2 && != 3)", "read/1 0!=1 0!=2 0!=3" },
	{ "read(1..5)", "read/1 0 in {1..5}" },
	{ "read(== 1..5)", "read/1 0 in {1..5}" },
	{ "read(!= 1..5)", "read/1 0 not in {1..5}" },
	{ "read({1})", "read/1 0 in {1..1}" },
	{ "read({1, 2,3})", "read/1 0 in {1..1 2..2 3..3}" },
	{ "read(!= {1, 5..7})", "read/1 0 not in {1..1 5..7}" },
	{ "read(&1 == 0)", "read/1 0&1 in {0..0}" },
	{ "read(& 1 != 0)", "read/1 0&1 not in {0..0}" },
	{ "read(&0xff == {1, 4..5})", "read/1 0&255 in {1..1 4..5}" },
	{ "read(&3 == 1 && &12 != 4)",
	  "read/1 0&3 in {1..1} 0&12 not in {4..4}" },
	{ "read(5 && &3 == 1)", "read/1 0==5 0&3 in {1..1}" },
	{ "read(0x10)", "read/1 0==16" },
	{ "read(010)", "read/1 0==8" },
	{ "read(0b11|0o4)", "read/1 0==7" },
	{ "read(-1)", "read/1 0==-1" },
	{ "read(-5..5)", "read/1 0 in {-5..5}" },
	{ "read(> -1)", "read/1 0>-1" },
	{ "read(1..-1)", "read/1 0 in {1..-1}" }, /* for the type to judge */
	{ "read(AF_UNIX)", "read/1 0==0|AF_UNIX" },
	{ "read(O_RDWR | O_CREAT|1)", "read/1 0==1|O_RDWR|O_CREAT" },
	{ "read(&O_ACCMODE == O_RDONLY)",
	  "read/1 0&0|O_ACCMODE in {0|O_RDONLY..0|O_RDONLY}" },
	{ "read(AF_UNIX..AF_INET6)", "read/1 0 in {0|AF_UNIX..0|AF_INET6}" },
	{ "read(18446744073709551615)", "read/1 0==-1" },
	{ "_llseek(1)", "_llseek/1 0==1" },
	{ "a(1,2,3,4,5,6)", "a/6 0==1 1==2 2==3 3==4 4==5 5==6" },

	{ "", "column 11: the end" },
	{ "(", "column 11: '('" },
	{ "read(", "column 16: a number" },
	{ "read(1", "column 17: the end" },
	{ "read(1,", "column 18: a number" },
	{ "read(1,)", "column 18: a number" },
	{ "read(,1)", "column 16: a number" },
	{ "read)", "column 15: ')'" },
	{ "read(1))", "column 18: ')'" },
	{ "read 1", "column 16: '1'" },
	{ "read(1) x", "column 19: 'x'" },
	{ "read(1 2)", "column 18: '2'" },
	{ "read(=1)", "column 16: a number" },
	{ "read(===1)", "column 18: a number" },
	{ "read(=!1)", "column 16: a number" },
	{ "read(!1)", "column 16: a number" },
	{ "read(<>1)", "column 17: a number" },
	{ "read(<1..2)", "column 18: '.'" },
	{ "read(<{1})", "column 17: a number" },
	{ "read(&1)", "column 18: ')'" },
	{ "read(&1 < 2)", "column 19: '<'" },
	{ "read(&1 2)", "column 19: '2'" },
	{ "read(&)", "column 17: a number" },
	{ "read(&&1)", "column 16: a number" },
	{ "read(1 && )", "column 21: a number" },
	{ "read(1 & 2)", "column 18: '&'" },
	{ "read(1..)", "column 19: a number" },
	{ "read(..1)", "column 16: a number" },
	{ "read(1...2)", "column 19: a number" },
	{ "read({})", "column 17: a number" },
	{ "read({1,})", "column 19: a number" },
	{ "read({1)", "column 18: ')'" },
	{ "read({1;2})", "column 18: ';'" },
	{ "read({{1}})", "column 17: a number" },
	{ "read(1|)", "column 18: a number" },
	{ "read(|1)", "column 16: a number" },
	{ "read(1||2)", "column 18: a number" },
	{ "read(AF_NOTHING_AT_ALL)", "column 16: no constant" },
	{ "read(af_unix)", "column 16: no constant" },
	{ "read(0x)", "column 16: '0x'" },
	{ "read(1e3)", "column 16: '1e3'" },
	{ "read(--1)", "column 16: '-'" },
	{ "read(- 1)", "column 16: '-'" },
	{ "read(18446744073709551616)", "column 16: '18446744073709551616'" },
	{ "read(-9223372036854775809)", "column 16: '-9223372036854775809'" },
	{ "read(_x)", "column 16: no constant" },
	{ "read(_|1)", "column 17: '|'" },
	{ "a(1,2,3,4,5,6,7)", "column 25: a system call" },
	{ "read(\xc3\xa4)", "column 16: a number" },
};

static void print_value(const struct value *value, struct buf *out)
{
	buf_printf(out, "%" PRId64, (int64_t)value->number);
	for (size_t i = 0; i < value->count; i++)
		buf_printf(out, "|%s", value->names[i]);
}

static void print_condition(const struct condition *condition, struct buf *out)
{
	static const char *const signs[] = {
		[COMPARE_EQ] = "==",
		[COMPARE_NE] = "!=",
		[COMPARE_LT] = "<",
		[COMPARE_LE] = "<=",
		[COMPARE_GT] = ">",
		[COMPARE_GE] = ">=",
		[COMPARE_ANY_BITS] = "any",
		[COMPARE_NO_BITS] = "no",
		[COMPARE_ALL_BITS] = "all",
		[COMPARE_IN] = " in {",
		[COMPARE_NOT_IN] = " not in {",
	};

	buf_printf(out, " %u", condition->argument);
	if (condition->masked) {
		buf_puts(out, "&");
		print_value(&condition->mask, out);
	}
	buf_puts(out, signs[condition->compare]);
	if (condition->compare < COMPARE_IN)
		print_value(&condition->value, out);
	for (size_t i = 0;
	     condition->compare >= COMPARE_IN && i < condition->interval_count;
	     i++) {
		buf_puts(out, i ? " " : "");
		print_value(&condition->intervals[i].first, out);
		buf_puts(out, "..");
		print_value(&condition->intervals[i].last, out);
	}
	if (condition->compare >= COMPARE_IN)
		buf_puts(out, "}");
	if (!condition->typed)
		buf_puts(out, " not typed");
}

static enum cg_status run(const struct row *row, size_t budget, struct buf *out)
{
	struct arena arena = { .budget = budget };
	struct cg_error err = { .status = CG_OK };
	const struct place place = { "row", 7, 11 };
	struct rule rule;

	if (rule_read(&arena, row->text, place, &rule, &err)) {
		buf_printf(out, "%s/%u", rule.name, rule.arguments);
		for (size_t i = 0; i < rule.count; i++)
			print_condition(&rule.conditions[i], out);
	} else {
		buf_printf(out, "%scolumn %" PRIu32 ": %s",
			   err.line == 7 ? "" : "not on its line, ", err.column,
			   err.message);
	}
	arena_free(&arena);
	return err.status;
}

/* The whole of what was understood, but a message only from its beginning. */
static bool
is_wanted(const struct row *row, enum cg_status status, struct buf *got)
{
	char *text = buf_done(got);
	bool ok = text && (status == CG_OK ? strcmp(text, row->want) == 0
					   : strncmp(text, row->want,
						     strlen(row->want)) == 0);

	if (!ok)
		tap_note("got %s", text ? text : "nothing");
	free(text);
	return ok;
}

static bool passes(const struct row *row)
{
	struct buf got = { 0 };
	size_t budget = 0;
	enum cg_status status = run(row, PLENTY, &got);

	if (!is_wanted(row, status, &got))
		return false;
	while ((status = run(row, budget, &got)) == CG_E_NOMEM) {
		buf_free(&got);
		budget += STEP;
	}
	/* What is wrong at the first character needs no memory at all. */
	return (budget > 0 || status != CG_OK) && is_wanted(row, status, &got);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, passes(&rows[i]), "'%s'", rows[i].text);
	return tap_done(&tap);
}
