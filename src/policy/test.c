#include "policy/test.h"

#include <inttypes.h>

#include "abi/doors.h"
#include "policy/value.h"

struct make {
	struct arena *arena;
	struct cg_error *err;
	const struct condition *condition;
	const struct cg_abi *abi;
	struct test *test;
	bool typed;
};

static uint64_t all_ones(const struct test *test)
{
	return test->bits == 64 ? UINT64_MAX : UINT32_MAX;
}

/* A value cut to the bits of the test, if it can be told apart there. */
static bool
number_of(struct make *make, const struct value *value, uint64_t *out)
{
	const struct condition *condition = make->condition;
	uint64_t number;
	int64_t as_signed;

	if (!value_on(value, make->abi, condition->place, &number, make->err))
		return false;
	as_signed = (int64_t)number;
	/* Constants such as AT_FDCWD are below 0 without being written so. */
	if (make->test->bits == 32 && number > UINT32_MAX &&
	    (as_signed < INT32_MIN || as_signed >= 0))
		return fail_at(make->err, CG_E_MEANING, condition->place,
			       "0x%" PRIx64 " does not fit argument %u, which "
			       "the kernel reads as 32 bits",
			       number, condition->argument);
	*out = number & all_ones(make->test);
	return true;
}

static bool below(const struct test *test, uint64_t a, uint64_t b)
{
	if (!test->is_signed)
		return a < b;
	return test->bits == 32 ? (int32_t)a < (int32_t)b
				: (int64_t)a < (int64_t)b;
}

/*
 * One written interval is one in unsigned numbers, or two where a signed one
 * crosses zero: -1..1 is 0..1 and 0xffffffff.
 */
static bool add_interval(struct make *make, const struct interval *written,
			 struct number_interval *out)
{
	struct test *test = make->test;
	uint64_t first, last;

	if (!number_of(make, &written->first, &first) ||
	    !number_of(make, &written->last, &last))
		return false;
	if (test->mask != all_ones(test) ? last < first
					 : below(test, last, first))
		return fail_at(make->err, CG_E_MEANING, make->condition->place,
			       "a range runs from the lower to the higher "
			       "value; this one is the wrong way round");
	if (first <= last) {
		out[test->interval_count++] =
			(struct number_interval){ first, last };
		return true;
	}
	out[test->interval_count++] =
		(struct number_interval){ first, all_ones(test) };
	out[test->interval_count++] = (struct number_interval){ 0, last };
	return true;
}

static bool make_set(struct make *make)
{
	const struct condition *condition = make->condition;
	struct number_interval *intervals;

	if (condition->masked &&
	    !number_of(make, &condition->mask, &make->test->mask))
		return false;
	intervals = arena_array(make->arena, struct number_interval,
				2 * condition->interval_count);
	if (!intervals)
		return fail_nomem(make->err);
	make->test->intervals = intervals;
	for (size_t i = 0; i < condition->interval_count; i++)
		if (!add_interval(make, &condition->intervals[i], intervals))
			return false;
	return true;
}

/* The width and place of a typed argument; false if a filter cannot see it. */
static bool
type_argument(const struct make *make, const struct cg_syscall *call)
{
	const struct condition *condition = make->condition;
	struct cg_argument arguments[6];
	struct test *test = make->test;
	unsigned place;
	size_t count;

	test->bits = make->abi->bits;
	if (!call)
		return true;
	place = abi_argument_position(call, make->abi, condition->argument);
	if (place > 5 || abi_arguments_hidden(call, make->abi))
		return false;
	test->argument = (uint8_t)place;
	if (cg_syscall_arguments(call, make->abi, arguments, &count) &&
	    place < count && arguments[place].bits) {
		test->bits = arguments[place].bits;
		test->is_signed = arguments[place].is_signed;
	}
	return true;
}

static enum tests_result
make_one(struct make *make, const struct cg_syscall *call)
{
	const struct condition *condition = make->condition;
	struct test *test = make->test;

	*test = (struct test){ .argument = condition->argument,
			       .bits = 64,
			       .compare = condition->compare };
	if (make->typed && !type_argument(make, call))
		return TESTS_HIDDEN;
	test->mask = all_ones(test);
	if (test->compare == COMPARE_IN || test->compare == COMPARE_NOT_IN)
		return make_set(make) ? TESTS_MADE : TESTS_FAILED;
	return number_of(make, &condition->value, &test->value) ? TESTS_MADE
								: TESTS_FAILED;
}

enum tests_result
tests_make(struct arena *arena, const struct entry *entry,
	   const struct cg_syscall *call, const struct cg_abi *abi,
	   struct test *out, struct cg_error *err)
{
	for (size_t i = 0; i < entry->count; i++) {
		struct make make = { .arena = arena,
				     .err = err,
				     .condition = &entry->conditions[i],
				     .abi = abi,
				     .test = &out[i] };
		enum tests_result result;

		make.typed = make.condition->typed && !entry->exact;
		result = make_one(&make, call);

		if (result != TESTS_MADE)
			return result;
	}
	return TESTS_MADE;
}

bool test_selector(struct arena *arena, uint32_t mask, uint32_t value,
		   struct test *out)
{
	struct number_interval *one =
		arena_array(arena, struct number_interval, 1);

	if (!one)
		return false;
	*one = (struct number_interval){ value, value };
	*out = (struct test){ .argument = 0,
			      .bits = 32,
			      .compare = COMPARE_IN,
			      .mask = mask,
			      .intervals = one,
			      .interval_count = 1 };
	return true;
}
