#include "prove/spans.h"

void spans_add(struct spans *spans, uint64_t first, dd result)
{
	if (spans->count && spans->at[spans->count - 1].first == first)
		spans->count--;
	if (spans->count && spans->at[spans->count - 1].result == result)
		return;
	spans->at[spans->count++] = (struct span){ first, result };
}

bool spans_equal(const struct spans *a, const struct spans *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].first != b->at[i].first ||
		    a->at[i].result != b->at[i].result)
			return false;
	return true;
}

/* How many spans begin below `value`. */
static size_t spans_below(const struct span *at, size_t count, uint64_t value)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (at[middle].first < value)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* A tree over the `bits` variables before `end`, from the value `low` on. */
static dd tree(struct diagrams *all, unsigned end, const struct span *at,
	       size_t count, uint64_t low, unsigned bits)
{
	uint64_t middle;
	size_t split;
	dd zero, one;

	if (count == 1 || bits == 0)
		return at[0].result;
	middle = low + ((uint64_t)1 << (bits - 1));
	split = spans_below(at, count, middle);
	zero = tree(all, end, at, split, low, bits - 1);
	/* The span that reaches over the middle serves both halves. */
	if (split == count || at[split].first > middle)
		one = tree(all, end, at + split - 1, count - split + 1, middle,
			   bits - 1);
	else
		one = tree(all, end, at + split, count - split, middle,
			   bits - 1);
	return diagram_node(all, end - bits, zero, one);
}

dd spans_diagram(struct diagrams *all, enum word word,
		 const struct spans *spans)
{
	size_t count = spans->count;

	/* A span may begin past the last value: nothing is there. */
	while (count > 1 && spans->at[count - 1].first > UINT32_MAX)
		count--;
	return tree(all, 32 * (word + 1), spans->at, count, 0, 32);
}

dd spans_calls(struct diagrams *all, const struct spans *spans)
{
	return tree(all, 32 * (WORD_NR + 1), spans->at, spans->count, 0, 64);
}
