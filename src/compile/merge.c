#include "compile/merge.h"

/* The test, if it is all that an entry has, and asks for some values. */
static const struct test *set_of(const struct resolved_entry *entry)
{
	const struct test *test = entry->tests;

	if (entry->count != 1 ||
	    (test->compare != COMPARE_EQ && test->compare != COMPARE_IN))
		return NULL;
	return test;
}

static bool
alike(const struct resolved_entry *a, const struct resolved_entry *b)
{
	const struct test *left = set_of(a), *right = set_of(b);

	return left && right && a->answer == b->answer &&
	       left->argument == right->argument && left->bits == right->bits &&
	       left->mask == right->mask;
}

static size_t values_of(const struct test *test)
{
	return test->compare == COMPARE_EQ ? 1 : test->interval_count;
}

/* One entry for `count` that are alike. */
static bool join(struct arena *arena, const struct resolved_entry *entries,
		 size_t count, struct resolved_entry *out)
{
	struct number_interval *at;
	struct test *test = arena_array(arena, struct test, 1);
	size_t room = 0;

	for (size_t i = 0; i < count; i++)
		room += values_of(entries[i].tests);
	at = arena_array(arena, struct number_interval, room);
	if (!test || !at)
		return false;
	*test = *entries->tests;
	test->compare = COMPARE_IN;
	test->intervals = at;
	test->interval_count = room;
	for (size_t i = 0; i < count; i++) {
		const struct test *from = entries[i].tests;

		for (size_t j = 0; j < from->interval_count; j++)
			*at++ = from->intervals[j];
		if (from->compare == COMPARE_EQ)
			*at++ = (struct number_interval){ from->value,
							  from->value };
	}
	*out = *entries;
	out->tests = test;
	return true;
}

bool merge_entries(struct arena *arena, const struct resolved_entry *entries,
		   size_t count, const struct resolved_entry **out,
		   size_t *out_count)
{
	struct resolved_entry *merged =
		arena_array(arena, struct resolved_entry, count);
	size_t used = 0;

	if (!merged)
		return false;
	for (size_t i = 0, same; i < count; i += same) {
		for (same = 1; i + same < count &&
			       alike(&entries[i], &entries[i + same]);)
			same++;
		if (same == 1)
			merged[used] = entries[i];
		else if (!join(arena, entries + i, same, &merged[used]))
			return false;
		used++;
	}
	*out = merged;
	*out_count = used;
	return true;
}
