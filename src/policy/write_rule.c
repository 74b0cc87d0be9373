/* Tests in numbers as conditions of the language; answers as actions. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/doors.h"
#include "policy/clause.h"
#include "policy/value.h"
#include "policy/write.h"

enum {
	LISTED = 4,
	SMALL = 65536,
	ARGUMENTS = 6,
	VALUE = 256,
	PERMISSIONS = 07777
};

/* What a condition compares: the argument's low `bits`, perhaps signed. */
struct shape {
	struct arena *arena;
	const struct cg_abi *abi;
	const struct cg_argument *argument; /* or NULL: names are not known */
	unsigned bits;
	bool is_signed, masked;
	uint64_t mask;
	struct buf out;
};

static uint64_t ones(unsigned bits)
{
	return bits == 64 ? UINT64_MAX : UINT32_MAX;
}

/* ------------------------------------------------------------- values -- */

/* Whether text means just this number, to those who read it. */
static bool means(const struct shape *shape, const char *text, uint64_t number)
{
	struct cg_error err;
	struct value value;
	struct scan scan = { .text = text, .at = text };
	uint64_t got;

	return value_read(shape->arena, &scan, true, &value, &err) &&
	       !*scan.at &&
	       value_on(&value, shape->abi, scan.place, &got, &err) &&
	       (got & ones(shape->bits)) == number;
}

/* O_RDONLY is 0, and says nothing where bits are looked at one by one. */
static void drop_zero(const struct shape *shape, char *text)
{
	char *bar = strchr(text, '|');
	char first[VALUE];

	if (!bar)
		return;
	snprintf(first, sizeof(first), "%.*s", (int)(bar - text), text);
	if (means(shape, first, 0))
		memmove(text, bar + 1, strlen(bar));
}

/* A name for the number, if it has one. */
static bool named(const struct shape *shape, uint64_t number, char out[VALUE])
{
	if (!shape->argument || (shape->masked && !number))
		return false;
	cg_argument_print(shape->argument, shape->abi, number, out, VALUE);
	if (strlen(out) + 1 == VALUE || strstr(out, "|0x"))
		return false; /* more bits than there are names */
	if (out[0] == '0' && number > PERMISSIONS)
		return false; /* octal is for file modes */
	if (shape->masked)
		drop_zero(shape, out);
	return means(shape, out, number);
}

static void put_number(struct shape *shape, uint64_t number)
{
	const uint64_t sign = (uint64_t)1 << (shape->bits - 1);

	if (shape->is_signed && !shape->masked && number & sign)
		buf_printf(&shape->out, "-%" PRIu64,
			   (~number + 1) & ones(shape->bits));
	else
		buf_printf(&shape->out,
			   number < SMALL ? "%" PRIu64 : "0x%" PRIx64, number);
}

static void put_value(struct shape *shape, uint64_t number)
{
	char name[VALUE];

	if (named(shape, number, name))
		buf_puts(&shape->out, name);
	else
		put_number(shape, number);
}

/* Few values with names are listed, others stand as a range. */
static bool is_listed(const struct shape *shape, struct number_interval range)
{
	char name[VALUE];

	if (range.last - range.first >= LISTED)
		return false;
	for (uint64_t i = range.first; i < range.last; i++)
		if (!named(shape, i, name))
			return false;
	return named(shape, range.last, name);
}

static void put_range(struct shape *shape, struct number_interval range)
{
	if (range.first == range.last) {
		put_value(shape, range.first);
	} else if (is_listed(shape, range)) {
		for (uint64_t i = range.first; i <= range.last; i++) {
			buf_puts(&shape->out, i > range.first ? ", " : "");
			put_value(shape, i);
		}
	} else {
		put_value(shape, range.first);
		buf_puts(&shape->out, "..");
		put_value(shape, range.last);
	}
}

static void put_operand(struct shape *shape, const struct set *set)
{
	bool braces = set->count > 1 || (set->at[0].first != set->at[0].last &&
					 is_listed(shape, set->at[0]));

	buf_puts(&shape->out, braces ? "{" : "");
	for (size_t i = 0; i < set->count; i++) {
		buf_puts(&shape->out, i ? ", " : "");
		put_range(shape, set->at[i]);
	}
	buf_puts(&shape->out, braces ? "}" : "");
}

/* ---------------------------------------------------------- conditions -- */

static void add(struct set *set, uint64_t first, uint64_t last)
{
	set->at[set->count++] = (struct number_interval){ first, last };
}

/*
 * In a signed order the set is turned by half, and then as any other. What is
 * cut in two by that comes in two.
 */
static bool turn(struct arena *arena, unsigned bits, struct set *set)
{
	const uint64_t sign = (uint64_t)1 << (bits - 1);
	struct set out = { .at = arena_array(arena, struct number_interval,
					     2 * set->count) };

	if (!out.at)
		return false;
	for (size_t i = 0; i < set->count; i++) {
		uint64_t first = set->at[i].first, last = set->at[i].last;

		if (first < sign && last >= sign) {
			add(&out, first ^ sign, ones(bits));
			add(&out, 0, last ^ sign);
		} else {
			add(&out, first ^ sign, last ^ sign);
		}
	}
	set_tidy(&out);
	*set = out;
	return true;
}

/* All but one end: an order says it shortest. */
static bool put_order(struct shape *shape, const struct set *set)
{
	const uint64_t most = ones(shape->bits);
	const uint64_t sign =
		shape->is_signed ? (uint64_t)1 << (shape->bits - 1) : 0;
	const struct number_interval *only = set->at;

	if (shape->masked || set->count != 1)
		return false;
	if (only->first == 0 && only->last != 0) {
		buf_puts(&shape->out, "<= ");
		put_value(shape, only->last ^ sign);
		return true;
	}
	if (only->last == most && only->first != most) {
		buf_puts(&shape->out, ">= ");
		put_value(shape, only->first ^ sign);
		return true;
	}
	return false;
}

static bool put_set(struct shape *shape, struct set *set)
{
	const uint64_t most = shape->masked ? shape->mask : ones(shape->bits);
	const uint64_t sign = (uint64_t)1 << (shape->bits - 1);
	struct set others;
	bool turned = shape->is_signed && !shape->masked;
	bool negated;

	if (turned && !turn(shape->arena, shape->bits, set))
		return false;
	if (!set_inverse(shape->arena, set, most, &others))
		return false;
	if (put_order(shape, set))
		return true;
	negated = others.count < set->count ||
		  (others.count == set->count &&
		   others.at[0].first == others.at[0].last &&
		   set->at[0].first != set->at[0].last);
	if (negated)
		*set = others;
	for (size_t i = 0; turned && i < set->count; i++) {
		set->at[i].first ^= sign;
		set->at[i].last ^= sign;
	}
	buf_puts(&shape->out, negated ? "!= " : shape->masked ? "== " : "");
	put_operand(shape, set);
	return true;
}

unsigned argument_place(const struct cg_syscall *call, const struct cg_abi *abi,
			unsigned argument)
{
	for (unsigned i = 0; call && i < ARGUMENTS; i++)
		if (abi_argument_position(call, abi, i) == argument)
			return i;
	return call ? ARGUMENTS : argument;
}

/* How a rule that is not exact compares this argument. */
static void typed_shape(struct shape *shape, const struct cg_syscall *call)
{
	shape->bits = shape->abi->bits;
	if (!call || !shape->argument)
		return;
	if (shape->argument->bits) {
		shape->bits = shape->argument->bits;
		shape->is_signed = shape->argument->is_signed;
	}
}

static bool
find_argument(const struct cg_syscall *call, const struct cg_abi *abi,
	      unsigned place, struct cg_argument arguments[ARGUMENTS])
{
	size_t count;

	return call && cg_syscall_arguments(call, abi, arguments, &count) &&
	       place < count;
}

enum write_result
clause_write(struct arena *arena, const struct clause *clause,
	     const struct cg_syscall *call, const struct cg_abi *abi,
	     bool exact, const char **out)
{
	struct shape shape = {
		.arena = arena, .abi = abi, .bits = 64, .mask = clause->mask
	};
	struct cg_argument arguments[ARGUMENTS];
	struct set set = clause->set;
	bool ok;

	if (find_argument(call, abi, clause->argument, arguments))
		shape.argument = &arguments[clause->argument];
	if (!exact)
		typed_shape(&shape, call);
	if (!exact &&
	    (shape.mask & ~ones(shape.bits) ||
	     (call && abi_arguments_hidden(call, abi)) ||
	     argument_place(call, abi, clause->argument) >= ARGUMENTS))
		return WRITE_CANNOT;
	shape.masked = shape.mask != ones(shape.bits);
	if (shape.masked) {
		shape.is_signed = false;
		buf_puts(&shape.out, "&");
		put_value(&shape, shape.mask);
		buf_puts(&shape.out, " ");
	}
	ok = put_set(&shape, &set) && !shape.out.failed;
	*out = ok ? arena_text(arena, shape.out.text, shape.out.length) : NULL;
	buf_free(&shape.out);
	return *out ? WRITE_DONE : WRITE_FAILED;
}

/* -------------------------------------------------------------- actions -- */

/* An errno by a name that every ABI knows, and that is this number here. */
static const char *errno_named(uint32_t number, const struct cg_abi *abi)
{
	const char *name = cg_errno_name(number, abi);
	uint64_t value;

	return name && cg_constant_value(name, abi, &value) &&
			       value == number &&
			       cg_constant_value(name, cg_abi_by_name("x86_64"),
						 &value)
		       ? name
		       : NULL;
}

const char *
action_write(struct arena *arena, uint32_t answer, const struct cg_abi *abi)
{
	static const struct {
		uint32_t answer;
		const char *name;
		bool data;
	} actions[] = {
		{ CG_RET_ALLOW, "allow", false },
		{ CG_RET_LOG, "log", false },
		{ CG_RET_TRAP, "trap", true },
		{ CG_RET_TRACE, "trace", true },
		{ CG_RET_KILL_THREAD, "kill_thread", false },
		{ CG_RET_KILL_PROCESS, "kill_process", false },
		{ CG_RET_USER_NOTIF, "user_notif", false },
	};
	enum { ERRNO_MAX = 4095 };
	const uint32_t data = answer & CG_RET_DATA;
	const char *name = errno_named(data, abi);
	char text[64];

	snprintf(text, sizeof(text), "answer(0x%08" PRIx32 ")", answer);
	if ((answer & CG_RET_ACTION) == CG_RET_ERRNO && data <= ERRNO_MAX) {
		if (name)
			snprintf(text, sizeof(text), "errno(%s)", name);
		else
			snprintf(text, sizeof(text), "errno(%" PRIu32 ")",
				 data);
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (actions[i].answer != (answer & CG_RET_ACTION))
			continue;
		if (!data)
			snprintf(text, sizeof(text), "%s", actions[i].name);
		else if (actions[i].data)
			snprintf(text, sizeof(text), "%s(%" PRIu32 ")",
				 actions[i].name, data);
	}
	return arena_text(arena, text, strlen(text));
}
