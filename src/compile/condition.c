#include "compile/condition.h"

#include <stdlib.h>
#include <string.h>

/* Sorted, disjoint intervals of values for which a test holds. */
struct intervals {
	struct number_interval *at;
	size_t count;
};

static uint64_t ones(const struct test *test)
{
	return test->bits == 64 ? UINT64_MAX : UINT32_MAX;
}

static int by_first(const void *left, const void *right)
{
	const struct number_interval *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

/* Sort, and join what overlaps or touches. */
static void tidy(struct intervals *in)
{
	size_t kept = 0;

	qsort(in->at, in->count, sizeof(*in->at), by_first);
	for (size_t i = 0; i < in->count; i++) {
		struct number_interval *last = kept ? &in->at[kept - 1] : NULL;

		if (last && (last->last == UINT64_MAX ||
			     in->at[i].first <= last->last + 1)) {
			if (in->at[i].last > last->last)
				last->last = in->at[i].last;
		} else {
			in->at[kept++] = in->at[i];
		}
	}
	in->count = kept;
}

/* All values up to `most` that are not in it; there is room for one more. */
static void invert(struct intervals *in, uint64_t most)
{
	uint64_t next = 0;
	size_t kept = 0;
	bool rest = true;

	for (size_t i = 0; i < in->count; i++) {
		struct number_interval now = in->at[i];

		if (now.first > next)
			in->at[kept++] =
				(struct number_interval){ next, now.first - 1 };
		rest = now.last < most;
		next = now.last + 1;
	}
	if (rest)
		in->at[kept++] = (struct number_interval){ next, most };
	in->count = kept;
}

static void add(struct intervals *in, uint64_t first, uint64_t last)
{
	if (first <= last)
		in->at[in->count++] = (struct number_interval){ first, last };
}

/*
 * x < value. A signed order begins at the smallest negative number: shifted by
 * that, it is two pieces of the unsigned one.
 */
static void add_below(struct intervals *in, const struct test *test)
{
	uint64_t sign =
		test->bits == 64 ? (uint64_t)1 << 63 : (uint64_t)1 << 31;
	uint64_t value = test->value;

	if (!test->is_signed) {
		if (value)
			add(in, 0, value - 1);
	} else if (value & sign) {
		if (value > sign)
			add(in, sign, value - 1);
	} else {
		add(in, sign, ones(test));
		if (value)
			add(in, 0, value - 1);
	}
}

/* The masked values for which a test holds; `*mask` is what it looks at. */
static bool holding(struct arena *arena, const struct test *test,
		    struct intervals *in, uint64_t *mask)
{
	uint64_t value = test->value, most = ones(test);

	*mask = test->compare == COMPARE_IN || test->compare == COMPARE_NOT_IN
			? test->mask
			: most;
	in->at = arena_array(arena, struct number_interval,
			     test->interval_count + 3);
	if (!in->at)
		return false;
	switch (test->compare) {
	case COMPARE_EQ:
	case COMPARE_NE:
		add(in, value, value);
		break;
	case COMPARE_LT:
	case COMPARE_GE:
		add_below(in, test);
		break;
	case COMPARE_LE:
	case COMPARE_GT:
		add_below(in, test);
		add(in, value, value);
		break;
	case COMPARE_ANY_BITS:
	case COMPARE_NO_BITS:
		*mask = value;
		add(in, 0, 0);
		break;
	case COMPARE_ALL_BITS:
		*mask = value;
		add(in, value, value);
		break;
	case COMPARE_IN:
	case COMPARE_NOT_IN:
		for (size_t i = 0; i < test->interval_count; i++)
			add(in, test->intervals[i].first,
			    test->intervals[i].last);
		break;
	}
	tidy(in);
	if (test->compare == COMPARE_NE || test->compare == COMPARE_GE ||
	    test->compare == COMPARE_GT || test->compare == COMPARE_ANY_BITS ||
	    test->compare == COMPARE_NOT_IN)
		invert(in, most);
	return true;
}

/* ------------------------------------------------------------- steps -- */

static bool
step_same(const struct condition_step *a, const struct condition_step *b)
{
	return a->word == b->word && a->mask == b->mask &&
	       a->count == b->count &&
	       memcmp(a->runs, b->runs, a->count * sizeof(*a->runs)) == 0;
}

/* Keep a step, or find the equal one; without a choice there is none. */
static bool
keep(struct steps *steps, const struct condition_step *step, uint32_t *out)
{
	/* It saves tests, no more: do not look back for ever. */
	size_t oldest = steps->count > 256 ? steps->count - 256 : 0;

	/* Nothing set in the mask: the word counts as zero. */
	if (step->count == 1 || step->mask == 0) {
		*out = step->runs[0].next;
		return true;
	}
	for (size_t i = steps->count; i-- > oldest;)
		if (step_same(&steps->at[i], step)) {
			*out = (uint32_t)i;
			return true;
		}
	steps->at = arena_grow(steps->arena, steps->at, &steps->room,
			       steps->count + 1, sizeof(*steps->at));
	if (!steps->at)
		return false;
	*out = (uint32_t)steps->count;
	steps->at[steps->count++] = *step;
	return true;
}

static void add_run(struct condition_step *step, uint64_t first, uint32_t next)
{
	struct condition_run *last;

	if (first > UINT32_MAX)
		return;
	if (step->count && step->runs[step->count - 1].first == first)
		step->count--;
	last = step->count ? &step->runs[step->count - 1] : NULL;
	if (last && last->next == next)
		return;
	step->runs[step->count++] =
		(struct condition_run){ (uint32_t)first, next };
}

/* The step for the low word, where `in` is cut to one high word. */
static bool low_step(struct steps *steps, const struct test *test,
		     const struct number_interval *in, size_t count,
		     uint32_t mask, uint32_t *out)
{
	struct condition_step step = {
		.word = (uint8_t)(WORD_ARGS + 2 * test->argument + 1),
		.mask = mask,
	};

	step.runs =
		arena_array(steps->arena, struct condition_run, 2 * count + 1);
	if (!step.runs)
		return false;
	add_run(&step, 0, STEP_FAILS);
	for (size_t i = 0; i < count; i++) {
		add_run(&step, (uint32_t)in[i].first, STEP_HOLDS);
		add_run(&step, (uint64_t)(uint32_t)in[i].last + 1, STEP_FAILS);
	}
	return keep(steps, &step, out);
}

/* The part of the intervals, from `*i` on, that has this high word. */
static size_t with_high(const struct intervals *in, size_t i, uint32_t high,
			struct number_interval *part)
{
	const uint64_t first = (uint64_t)high << 32, last = first | UINT32_MAX;
	size_t count = 0;

	for (; i < in->count && in->at[i].first <= last; i++) {
		if (in->at[i].last < first)
			continue;
		part[count] = in->at[i];
		if (part[count].first < first)
			part[count].first = first;
		if (part[count].last > last)
			part[count].last = last;
		count++;
	}
	return count;
}

static bool
high_run(struct steps *steps, struct condition_step *step,
	 const struct test *test, const struct intervals *in, size_t from,
	 uint32_t high, uint32_t mask, struct number_interval *part)
{
	size_t count = with_high(in, from, high, part);
	uint32_t next;

	if (!low_step(steps, test, part, count, mask, &next))
		return false;
	add_run(step, high, next);
	return true;
}

/* High words where something changes: each interval's ends, and behind. */
static bool high_step(struct steps *steps, const struct test *test,
		      const struct intervals *in, uint64_t mask, uint32_t *out)
{
	struct condition_step step = {
		.word = (uint8_t)(WORD_ARGS + 2 * test->argument),
		.mask = (uint32_t)(mask >> 32),
	};
	struct number_interval *part;
	const uint32_t low = (uint32_t)mask;
	uint64_t done = 0;

	step.runs = arena_array(steps->arena, struct condition_run,
				4 * in->count + 2);
	part = arena_array(steps->arena, struct number_interval, in->count + 1);
	if (!step.runs || !part)
		return false;
	if (!high_run(steps, &step, test, in, 0, 0, low, part))
		return false;
	for (size_t i = 0; i < in->count; i++) {
		/* Intervals before this one can share only its first word. */
		const uint64_t high[] = { in->at[i].first >> 32,
					  (in->at[i].first >> 32) + 1,
					  in->at[i].last >> 32,
					  (in->at[i].last >> 32) + 1 };
		size_t from = i;

		while (from > 0 &&
		       in->at[from - 1].last >> 32 == in->at[i].first >> 32)
			from--;
		for (size_t j = 0; j < 4; j++) {
			if (high[j] > UINT32_MAX || high[j] <= done)
				continue;
			done = high[j];
			if (!high_run(steps, &step, test, in, from,
				      (uint32_t)high[j], low, part))
				return false;
		}
	}
	return keep(steps, &step, out);
}

bool condition_steps(struct steps *steps, const struct test *test,
		     uint32_t *first)
{
	struct intervals in = { 0 };
	uint64_t mask;

	if (!holding(steps->arena, test, &in, &mask))
		return false;
	if (test->bits == 32)
		return low_step(steps, test, in.at, in.count, (uint32_t)mask,
				first);
	return high_step(steps, test, &in, mask, first);
}
