#include "prove/meaning.h"

#include <stdlib.h>

#include "prove/spans.h"

/* ------------------------------------------------------------- tests -- */

/*
 * Bit by bit over an argument of `bits` bits. The sign bit of a signed
 * comparison counts the other way round, which is all that makes it signed.
 */
struct argument {
	struct diagrams *all;
	const struct test *test;
};

/* Bit `i` of the argument decides between `one` and `zero` below it. */
static dd bit(const struct argument *argument, unsigned i, dd zero, dd one)
{
	unsigned word = WORD_ARGS + 2u * argument->test->argument + (i < 32);

	return diagram_node(argument->all, 32 * word + 31 - i % 32, zero, one);
}

static dd
masked_equal(const struct argument *argument, uint64_t mask, uint64_t value)
{
	dd equal = DD_TRUE;

	for (unsigned i = 0; i < argument->test->bits; i++) {
		bool wanted = value >> i & 1;

		if (mask >> i & 1)
			equal = wanted ? bit(argument, i, DD_FALSE, equal)
				       : bit(argument, i, equal, DD_FALSE);
		else if (wanted)
			return DD_FALSE;
	}
	return equal;
}

/* (argument & mask) < value, or <= where `also_equal`. */
static dd masked_below(const struct argument *argument, uint64_t mask,
		       uint64_t value, bool also_equal, bool is_signed)
{
	unsigned bits = argument->test->bits;
	dd below = also_equal ? DD_TRUE : DD_FALSE;

	for (unsigned i = 0; i < bits; i++) {
		bool wanted = value >> i & 1, seen = mask >> i & 1;
		bool flip = is_signed && i == bits - 1;
		dd zero = wanted != flip ? DD_TRUE : below;
		dd one = wanted != flip ? below : DD_FALSE;

		if (flip)
			below = wanted ? bit(argument, i, DD_FALSE, below)
				       : bit(argument, i, below, DD_TRUE);
		else
			below = seen ? bit(argument, i, zero, one) : zero;
	}
	return below;
}

static dd any_common(const struct argument *argument, uint64_t value)
{
	dd common = DD_FALSE;

	for (unsigned i = 0; i < argument->test->bits; i++)
		if (value >> i & 1)
			common = bit(argument, i, common, DD_TRUE);
	return common;
}

static dd in_intervals(const struct argument *argument)
{
	const struct test *test = argument->test;
	struct diagrams *all = argument->all;
	dd in = DD_FALSE;

	for (size_t i = 0; i < test->interval_count; i++) {
		const struct number_interval *at = &test->intervals[i];
		dd low, high;

		low = masked_below(argument, test->mask, at->first, false,
				   false);
		high = masked_below(argument, test->mask, at->last, true,
				    false);
		in = diagram_if(all, low, in,
				diagram_if(all, high, DD_TRUE, in));
	}
	return in;
}

static dd test_diagram(struct diagrams *all, const struct test *test)
{
	const struct argument argument = { all, test };
	const uint64_t ones = UINT64_MAX;
	bool is_signed = test->is_signed;

	switch (test->compare) {
	case COMPARE_EQ:
		return masked_equal(&argument, ones, test->value);
	case COMPARE_NE:
		return diagram_not(all,
				   masked_equal(&argument, ones, test->value));
	case COMPARE_LT:
		return masked_below(&argument, ones, test->value, false,
				    is_signed);
	case COMPARE_LE:
		return masked_below(&argument, ones, test->value, true,
				    is_signed);
	case COMPARE_GT:
		return diagram_not(all,
				   masked_below(&argument, ones, test->value,
						true, is_signed));
	case COMPARE_GE:
		return diagram_not(all,
				   masked_below(&argument, ones, test->value,
						false, is_signed));
	case COMPARE_ANY_BITS:
		return any_common(&argument, test->value);
	case COMPARE_NO_BITS:
		return diagram_not(all, any_common(&argument, test->value));
	case COMPARE_ALL_BITS:
		return masked_equal(&argument, test->value, test->value);
	case COMPARE_IN:
		return in_intervals(&argument);
	case COMPARE_NOT_IN:
		return diagram_not(all, in_intervals(&argument));
	}
	return DD_FALSE;
}

/* ----------------------------------------------------------- numbers -- */

/* Nodes that were only on the way to a result, before they are cleared up. */
enum { LITTER = 1024 };

/* The entries of one number, the last first, so that the first one wins. */
static dd
number_diagram(struct diagrams *all, const struct resolved_entry *entries,
	       size_t count, dd fallback)
{
	const size_t mark = diagrams_count(all);
	size_t kept = 0;
	dd result = fallback;

	for (size_t i = count; i-- > 0;) {
		dd all_hold = DD_TRUE;

		for (size_t j = 0; j < entries[i].count; j++)
			all_hold = diagram_and(
				all, all_hold,
				test_diagram(all, &entries[i].tests[j]));
		result = diagram_if(all, all_hold,
				    diagram_answer(all, entries[i].answer),
				    result);
		if (diagrams_count(all) - mark <= 2 * kept + LITTER)
			continue;
		result = diagrams_keep(all, mark, result);
		kept = diagrams_count(all) - mark;
	}
	return result;
}

/* ------------------------------------------------------------- whole -- */

/* The spans of arch and nr, as far as they are made, and the arch looked at. */
struct reading {
	struct diagrams *all;
	struct spans *spans;
	uint64_t arch; /* << 32 */
};

static void
add_answer(const struct reading *reading, uint64_t nr, uint32_t answer)
{
	spans_add(reading->spans, reading->arch + nr,
		  diagram_answer(reading->all, answer));
}

/* The rests from `first` up to `end`. */
static void
add_rests(const struct reading *reading, const struct resolved_abi *abi,
	  uint64_t first, uint64_t end)
{
	const struct rest *rest, *past = abi->rests + abi->rest_count;

	if (first >= end)
		return;
	rest = resolved_rest(abi, (uint32_t)first);
	add_answer(reading, first, rest->answer);
	while (++rest < past && rest->first < end)
		add_answer(reading, rest->first, rest->answer);
}

/* A number, with `count` entries. */
static void
add_tested(const struct reading *reading, const struct resolved_abi *abi,
	   const struct resolved_entry *entries, size_t count)
{
	const uint32_t nr = entries->nr;
	dd rest = diagram_answer(reading->all, resolved_rest(abi, nr)->answer);

	spans_add(reading->spans, reading->arch + nr,
		  number_diagram(reading->all, entries, count, rest));
}

/* The spans of a table between `first` and `last`. */
static void
add_table(const struct reading *reading, const struct resolved_abi *abi,
	  uint32_t first, uint32_t last)
{
	uint64_t next = first;

	for (size_t i = 0, count; i < abi->count; i += count) {
		const struct resolved_entry *entries = abi->entries + i;
		const uint32_t nr = entries->nr;

		for (count = 1; i + count < abi->count &&
				abi->entries[i + count].nr == nr;)
			count++;
		if (nr < first || nr > last)
			continue;
		add_rests(reading, abi, next, nr);
		/* Most have one entry, without tests, and that decides. */
		if (!entries->count)
			add_answer(reading, nr, entries->answer);
		else
			add_tested(reading, abi, entries, count);
		next = nr + (uint64_t)1;
	}
	add_rests(reading, abi, next, last + (uint64_t)1);
}

static size_t room_for(const struct resolved *resolved)
{
	size_t room = 2 * resolved->region_count + 2;

	for (size_t i = 0; i < resolved->region_count; i++) {
		const struct resolved_abi *abi = resolved->regions[i].abi;

		if (abi)
			room += 2 * (abi->count + abi->rest_count) + 2;
	}
	return room;
}

bool meaning_spans(struct diagrams *all, const struct resolved *resolved,
		   struct spans *out)
{
	struct spans spans = { .at = malloc(room_for(resolved) *
					    sizeof(*spans.at)) };
	struct reading reading = { .all = all, .spans = &spans };

	if (!spans.at) {
		diagrams_no_memory(all);
		return false;
	}
	add_answer(&reading, 0, resolved->foreign);
	for (size_t i = 0; i < resolved->region_count; i++) {
		const struct region *region = &resolved->regions[i];

		reading.arch = (uint64_t)region->arch << 32;
		if (region->abi)
			add_table(&reading, region->abi, region->first,
				  region->last);
		else
			add_answer(&reading, region->first, region->answer);
		/* Behind the last of an arch; the next one may begin there. */
		if (region->last == UINT32_MAX && region->arch != UINT32_MAX)
			add_answer(&reading, (uint64_t)1 << 32,
				   resolved->foreign);
	}
	*out = spans;
	return true;
}

dd meaning_of(struct diagrams *all, const struct resolved *resolved)
{
	struct spans spans;
	dd result = DD_FALSE;

	if (!meaning_spans(all, resolved, &spans))
		return result;
	result = spans_calls(all, &spans);
	free(spans.at);
	return result;
}
