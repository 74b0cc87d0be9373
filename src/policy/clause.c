#include "policy/clause.h"

#include <stdlib.h>

static uint64_t ones(unsigned bits)
{
	return bits == 64 ? UINT64_MAX : UINT32_MAX;
}

static void add(struct set *set, uint64_t first, uint64_t last)
{
	if (first <= last)
		set->at[set->count++] = (struct number_interval){ first, last };
}

/* x < value; a signed order is the unsigned one, turned by half. */
static void add_below(struct set *set, const struct test *test)
{
	const uint64_t sign = (uint64_t)1 << (test->bits - 1);
	const uint64_t value = test->value;

	if (!test->is_signed) {
		if (value)
			add(set, 0, value - 1);
		return;
	}
	if (value & sign) {
		if (value > sign)
			add(set, sign, value - 1);
		return;
	}
	add(set, sign, ones(test->bits));
	if (value)
		add(set, 0, value - 1);
}

static int by_first(const void *left, const void *right)
{
	const struct number_interval *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

void set_tidy(struct set *set)
{
	size_t kept = 0;

	if (set->count)
		qsort(set->at, set->count, sizeof(*set->at), by_first);
	for (size_t i = 0; i < set->count; i++) {
		struct number_interval now = set->at[i];
		struct number_interval *last = kept ? &set->at[kept - 1] : NULL;

		if (last &&
		    (last->last == UINT64_MAX || now.first <= last->last + 1)) {
			if (now.last > last->last)
				last->last = now.last;
		} else {
			set->at[kept++] = now;
		}
	}
	set->count = kept;
}

/* What is not in a tidy set; NULL if memory ran out. */
static bool inverse(struct arena *arena, const struct set *in, uint64_t most,
		    struct set *out)
{
	uint64_t next = 0;
	bool rest = true;

	*out = (struct set){ .at = arena_array(arena, struct number_interval,
					       in->count + 1) };
	if (!out->at)
		return false;
	for (size_t i = 0; i < in->count && in->at[i].first <= most; i++) {
		if (in->at[i].first > next)
			add(out, next, in->at[i].first - 1);
		rest = in->at[i].last < most;
		next = in->at[i].last + 1;
	}
	if (rest)
		add(out, next, most);
	return true;
}

/* The masked values for which a test holds. */
static bool holding(struct arena *arena, const struct test *test,
		    struct set *out, uint64_t *mask)
{
	struct set in = { .at = arena_array(arena, struct number_interval,
					    test->interval_count + 3) };
	bool turned = false;

	if (!in.at)
		return false;
	*mask = ones(test->bits);
	switch (test->compare) {
	case COMPARE_NE:
		turned = true; /* fall through */
	case COMPARE_EQ:
		add(&in, test->value, test->value);
		break;
	case COMPARE_GE:
		turned = true; /* fall through */
	case COMPARE_LT:
		add_below(&in, test);
		break;
	case COMPARE_GT:
		turned = true; /* fall through */
	case COMPARE_LE:
		add_below(&in, test);
		add(&in, test->value, test->value);
		break;
	case COMPARE_ANY_BITS:
		turned = true; /* fall through */
	case COMPARE_NO_BITS:
		*mask = test->value;
		add(&in, 0, 0);
		break;
	case COMPARE_ALL_BITS:
		*mask = test->value;
		add(&in, test->value, test->value);
		break;
	case COMPARE_NOT_IN:
		turned = true; /* fall through */
	case COMPARE_IN:
		*mask = test->mask;
		for (size_t i = 0; i < test->interval_count; i++)
			add(&in, test->intervals[i].first,
			    test->intervals[i].last);
		break;
	}
	set_tidy(&in);
	*out = in;
	return !turned || inverse(arena, &in, UINT64_MAX, out);
}

/* The largest value up to `x` that has no bit outside the mask. */
static uint64_t within_below(uint64_t x, uint64_t mask)
{
	uint64_t outside = x & ~mask, bit;

	if (!outside)
		return x;
	bit = (uint64_t)1 << (63 - __builtin_clzll(outside));
	return (x & ~(2 * bit - 1)) | (mask & (bit - 1));
}

/* The smallest from `x` on, if there is one. */
static bool within_above(uint64_t x, uint64_t mask, uint64_t *out)
{
	uint64_t outside = x & ~mask, free, bit;

	*out = x;
	if (!outside)
		return true;
	bit = (uint64_t)1 << (63 - __builtin_clzll(outside));
	/* Go up at the lowest bit above it that may be set, and is not. */
	free = mask & ~x & ~(2 * bit - 1);
	if (!free)
		return false;
	bit = free & -free;
	*out = (x & ~(2 * bit - 1)) | bit;
	return true;
}

/* Draw each interval in to values that a masked argument can have, and join
   those that have no such value between them. */
static void cut(struct set *set, uint64_t mask)
{
	size_t kept = 0;
	uint64_t next;

	for (size_t i = 0; i < set->count; i++) {
		struct number_interval now = set->at[i];

		if (!within_above(now.first, mask, &now.first))
			continue;
		now.last = within_below(now.last, mask);
		if (now.first > now.last)
			continue;
		if (kept &&
		    within_above(set->at[kept - 1].last + 1, mask, &next) &&
		    next == now.first)
			set->at[kept - 1].last = now.last;
		else
			set->at[kept++] = now;
	}
	set->count = kept;
}

bool set_inverse(struct arena *arena, const struct set *in, uint64_t mask,
		 struct set *out)
{
	if (!inverse(arena, in, mask, out))
		return false;
	cut(out, mask);
	return true;
}

/* ----------------------------------------------------------- clauses -- */

/* What is in both. */
static bool both(struct arena *arena, const struct set *a, const struct set *b,
		 struct set *out)
{
	size_t i = 0, j = 0;

	struct set common = { .at = arena_array(arena, struct number_interval,
						a->count + b->count) };

	while (common.at && i < a->count && j < b->count) {
		const struct number_interval *x = &a->at[i], *y = &b->at[j];

		add(&common, x->first > y->first ? x->first : y->first,
		    x->last < y->last ? x->last : y->last);
		if (x->last < y->last)
			i++;
		else
			j++;
	}
	*out = common;
	return common.at != NULL;
}

/* Add a clause in its place, or draw in the one that looks at the same. */
static bool add_clause(struct arena *arena, struct clauses *out,
		       const struct clause *clause)
{
	size_t i = 0;

	while (i < out->count && (out->at[i].argument < clause->argument ||
				  (out->at[i].argument == clause->argument &&
				   out->at[i].mask < clause->mask)))
		i++;
	if (i < out->count && out->at[i].argument == clause->argument &&
	    out->at[i].mask == clause->mask) {
		if (!both(arena, &out->at[i].set, &clause->set,
			  &out->at[i].set))
			return false;
		out->never |= !out->at[i].set.count;
		return true;
	}
	for (size_t j = out->count++; j > i; j--)
		out->at[j] = out->at[j - 1];
	out->at[i] = *clause;
	out->never |= !clause->set.count;
	return true;
}

bool clauses_make(struct arena *arena, const struct resolved_entry *entry,
		  struct clauses *out)
{
	*out = (struct clauses){ .at = arena_array(arena, struct clause,
						   entry->count) };
	if (!out->at)
		return false;
	for (size_t i = 0; i < entry->count; i++) {
		struct clause clause = { .argument = entry->tests[i].argument };
		struct set others;

		if (!holding(arena, &entry->tests[i], &clause.set,
			     &clause.mask))
			return false;
		cut(&clause.set, clause.mask);
		if (!set_inverse(arena, &clause.set, clause.mask, &others))
			return false;
		/* One that always holds is none. */
		if (others.count && !add_clause(arena, out, &clause))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------- order -- */

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int set_order(const struct set *a, const struct set *b)
{
	int out = 0;

	for (size_t i = 0; !out && i < a->count && i < b->count; i++) {
		out = order(a->at[i].first, b->at[i].first);
		out = out ? out : order(a->at[i].last, b->at[i].last);
	}
	return out ? out : order(a->count, b->count);
}

/* What they look at first, and only then the values. */
int clauses_order(const struct clauses *a, const struct clauses *b)
{
	int out = order(a->count, b->count);

	for (size_t i = 0; !out && i < a->count; i++) {
		out = order(a->at[i].argument, b->at[i].argument);
		out = out ? out : order(a->at[i].mask, b->at[i].mask);
	}
	for (size_t i = 0; !out && i < a->count; i++)
		out = set_order(&a->at[i].set, &b->at[i].set);
	return out;
}

/* -------------------------------------------------------------- joined -- */

/* The one clause in which two differ; false if there are more, or they look
   at different things. */
static bool
one_differs(const struct clauses *a, const struct clauses *b, size_t *where)
{
	size_t found = 0;

	*where = 0;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->at[i].argument != b->at[i].argument ||
		    a->at[i].mask != b->at[i].mask)
			return false;
		if (set_order(&a->at[i].set, &b->at[i].set) == 0)
			continue;
		*where = i;
		found++;
	}
	return found <= 1;
}

bool clauses_or(struct arena *arena, struct clauses *into,
		const struct clauses *other, bool *joined)
{
	struct set set = { 0 }, others, *to;
	const struct set *from;
	size_t where;

	*joined = into->count && one_differs(into, other, &where);
	if (!*joined)
		return true;
	to = &into->at[where].set;
	from = &other->at[where].set;
	set.at = arena_array(arena, struct number_interval,
			     to->count + from->count);
	if (!set.at)
		return false;
	for (size_t i = 0; i < to->count; i++)
		set.at[set.count++] = to->at[i];
	for (size_t i = 0; i < from->count; i++)
		set.at[set.count++] = from->at[i];
	set_tidy(&set);
	cut(&set, into->at[where].mask);
	*to = set;
	if (!set_inverse(arena, to, into->at[where].mask, &others))
		return false;
	if (others.count)
		return true;
	into->count--; /* whatever is there: the clause is none */
	for (size_t i = where; i < into->count; i++)
		into->at[i] = into->at[i + 1];
	return true;
}
