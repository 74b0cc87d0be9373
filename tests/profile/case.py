"""What a case of the soundness suite is; cases.py says what its fields mean."""

import collections

Case = collections.namedtuple(
    "Case", "name source wants or_gap bare language flags library without",
    defaults=(False, True, "c", (), None, ()))


# Two suites look at it, one of them at static programs.
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
