"""What a case of the soundness suite is; cases.py says what its fields mean."""

import collections

Case = collections.namedtuple(
    "Case", "name source wants or_gap bare language flags library without",
    defaults=(False, True, "c", (), None, ()))


# What several suites look at, each built in its own way.
CHANGED_RECORD = """
struct record { int number; };
NOINLINE void change(struct record *record) { record->number = NR_acct; }
NOINLINE int make(struct record *record)
{
	change(record);
	return (int)raw(record->number);
}
int test(void)
{
	struct record record = { NR_reboot };
	return make(&record);
}
"""

FROM_END = """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
static int (*table[6])(void) = { first, second, first, second, first, second };
int test(void)
{
	int sum = 0;
	for (int (**at)(void) = table + 6; at != table;)
		sum += (*--at)();
	return sum;
}
"""
