#include "policy/eval.h"

static int64_t to_signed(const struct test *test, uint64_t value)
{
	return test->bits == 32 ? (int32_t)(uint32_t)value : (int64_t)value;
}

static bool is_below(const struct test *test, uint64_t a, uint64_t b)
{
	return test->is_signed ? to_signed(test, a) < to_signed(test, b)
			       : a < b;
}

static bool is_in(const struct test *test, uint64_t x)
{
	for (size_t i = 0; i < test->interval_count; i++)
		if ((x & test->mask) >= test->intervals[i].first &&
		    (x & test->mask) <= test->intervals[i].last)
			return true;
	return false;
}

bool test_holds(const struct test *test, uint64_t argument)
{
	uint64_t x = test->bits == 32 ? (uint32_t)argument : argument;
	uint64_t value = test->value;

	switch (test->compare) {
	case COMPARE_EQ:
		return x == value;
	case COMPARE_NE:
		return x != value;
	case COMPARE_LT:
		return is_below(test, x, value);
	case COMPARE_LE:
		return !is_below(test, value, x);
	case COMPARE_GT:
		return is_below(test, value, x);
	case COMPARE_GE:
		return !is_below(test, x, value);
	case COMPARE_ANY_BITS:
		return (x & value) != 0;
	case COMPARE_NO_BITS:
		return (x & value) == 0;
	case COMPARE_ALL_BITS:
		return (x & value) == value;
	case COMPARE_IN:
		return is_in(test, x);
	case COMPARE_NOT_IN:
		return !is_in(test, x);
	}
	return false;
}

static bool
entry_matches(const struct resolved_entry *entry, const struct cg_call *call)
{
	for (size_t i = 0; i < entry->count; i++)
		if (!test_holds(&entry->tests[i],
				call->args[entry->tests[i].argument]))
			return false;
	return true;
}

uint32_t
policy_eval(const struct resolved *resolved, const struct cg_call *call,
	    const struct resolved_abi **abi,
	    const struct resolved_entry **entry)
{
	const struct resolved_entry *entries;
	const struct region *region;
	size_t count;

	*entry = NULL;
	*abi = NULL;
	region = resolved_region(resolved, call->arch, call->nr);
	if (!region || !region->abi)
		return region ? region->answer : resolved->foreign;
	*abi = region->abi;
	entries = resolved_entries(*abi, call->nr, &count);
	for (size_t i = 0; i < count; i++)
		if (entry_matches(&entries[i], call)) {
			*entry = &entries[i];
			return entries[i].answer;
		}
	return resolved_rest(*abi, call->nr)->answer;
}
