#include "compile/sieve.h"

enum {
	NARROW = 4,        /* cuts that an entry may match at, to be narrow */
	SIEVE_LEAST = 256, /* words of a state: less is soon gone through */
	CUTS_LEAST = 16,
};

/* The cuts from `first` up to `end`, at which an entry may match. */
struct reach {
	size_t first, end;
};

/* The place of a value among the cuts: it is one of them, or past the last. */
static size_t cut_of(const uint32_t *cuts, size_t count, uint64_t value)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (cuts[middle] < value)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* Narrow `reach` to where the step does not fail. */
static void narrow(const struct condition_step *step, const uint32_t *cuts,
		   size_t cut_count, struct reach *reach)
{
	size_t first = 0, last = step->count;

	while (first < last && step->runs[first].next == STEP_FAILS)
		first++;
	while (last > first && step->runs[last - 1].next == STEP_FAILS)
		last--;
	if (first == last) {
		reach->end = reach->first;
		return;
	}
	first = cut_of(cuts, cut_count, step->runs[first].first);
	last = last == step->count
		       ? cut_count
		       : cut_of(cuts, cut_count, step->runs[last].first);
	if (first > reach->first)
		reach->first = first;
	if (last < reach->end)
		reach->end = last;
}

static struct reach
reach_of(const struct steps *steps, const uint32_t *entry, uint8_t word,
	 uint32_t mask, const uint32_t *cuts, size_t cut_count)
{
	struct reach reach = { 0, cut_count };

	for (uint32_t i = 0; i < entry[1]; i++) {
		const struct condition_step *step = &steps->at[entry[2 + i]];

		if (step->word == word && step->mask == mask)
			narrow(step, cuts, cut_count, &reach);
	}
	return reach;
}

/* From how many stand at each cut to where those of each begin; the last is
   where all end. */
static void sum_up(uint32_t *starts, size_t cut_count)
{
	uint32_t sum = 0;

	for (size_t i = 0; i <= cut_count; i++) {
		uint32_t here = starts[i];

		starts[i] = sum;
		sum += here;
	}
}

bool sieve_make(struct arena *arena, const struct steps *steps,
		const uint32_t *words, size_t count, uint8_t word,
		uint32_t mask, const uint32_t *cuts, size_t cut_count,
		struct sieve *out)
{
	uint32_t *wide, *narrow_, *starts, *filled;

	*out = (struct sieve){ .words = words, .end = words + count };
	if (count < SIEVE_LEAST || cut_count < CUTS_LEAST)
		return true;
	/* An entry has two words at least. */
	wide = arena_array(arena, uint32_t, count / 2);
	narrow_ = arena_array(arena, uint32_t, count / 2 * NARROW);
	starts = arena_array(arena, uint32_t, cut_count + 1);
	filled = arena_array(arena, uint32_t, cut_count);
	if (!wide || !narrow_ || !starts || !filled)
		return false;
	for (unsigned pass = 0; pass < 2; pass++) {
		out->wide_count = 0;
		for (const uint32_t *at = words; at < out->end;
		     at += 2 + at[1]) {
			const uint32_t place = (uint32_t)(at - words);
			struct reach reach = reach_of(steps, at, word, mask,
						      cuts, cut_count);

			if (reach.end > reach.first + NARROW) {
				wide[out->wide_count++] = place;
				continue;
			}
			for (size_t i = reach.first; i < reach.end; i++)
				if (pass == 0)
					starts[i]++;
				else
					narrow_[starts[i] + filled[i]++] =
						place;
		}
		if (pass == 0)
			sum_up(starts, cut_count);
	}
	out->wide = wide;
	out->narrow = narrow_;
	out->starts = starts;
	return true;
}

struct sieve_walk sieve_begin(const struct sieve *sieve, size_t cut)
{
	struct sieve_walk walk = { .sieve = sieve, .at = sieve->words };

	if (sieve->wide) {
		walk.narrow = sieve->starts[cut];
		walk.narrow_end = sieve->starts[cut + 1];
	}
	return walk;
}

const uint32_t *sieve_next(struct sieve_walk *walk)
{
	const struct sieve *sieve = walk->sieve;
	const uint32_t *entry = walk->at;
	bool wide = walk->wide < sieve->wide_count;
	bool narrow_ = walk->narrow < walk->narrow_end;

	if (!sieve->wide) {
		if (entry == sieve->end)
			return NULL;
		walk->at += 2 + entry[1];
		return entry;
	}
	/* Whichever stands first. */
	if (wide && narrow_)
		wide = sieve->wide[walk->wide] < sieve->narrow[walk->narrow];
	if (wide)
		return sieve->words + sieve->wide[walk->wide++];
	return narrow_ ? sieve->words + sieve->narrow[walk->narrow++] : NULL;
}
