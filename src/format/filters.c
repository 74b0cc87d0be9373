#include "format/filters.h"

#include <string.h>

static bool is_guest(const struct cg_abi *abi, const struct cg_abi *native)
{
	return abi->native && strcmp(abi->native, native->name) == 0;
}

void filter_init(struct filter *filter, struct reading *reading,
		 uint32_t answer)
{
	const struct cg_abi *native = reading->host->native, *abi;

	*filter = (struct filter){
		.reading = reading,
		.abi_count = 1,
		.foreign = answer,
	};
	filter->defaults[0] = (struct cg_default){ native, answer };
	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		if (is_guest(abi, native) && filter->abi_count < FILTER_ABIS)
			filter->defaults[filter->abi_count++] =
				(struct cg_default){ abi, answer };
}

static uint32_t *default_of(struct filter *filter, const struct cg_abi *abi)
{
	for (size_t i = 0; i < filter->abi_count; i++)
		if (filter->defaults[i].abi == abi)
			return &filter->defaults[i].answer;
	return NULL;
}

void filter_default(struct filter *filter, const struct cg_abi *abi,
		    uint32_t answer)
{
	uint32_t *found = default_of(filter, abi);

	if (found)
		*found = answer;
}

bool filter_rule(struct filter *filter, const struct cg_rule *rule)
{
	struct reading *reading = filter->reading;

	filter->rules = arena_grow(reading->arena, filter->rules, &filter->room,
				   filter->count + 1, sizeof(*filter->rules));
	if (!filter->rules)
		return fail_nomem(reading->err);
	filter->rules[filter->count++] = *rule;
	return true;
}

bool filter_call(struct filter *filter, const struct cg_abi *abi, uint32_t nr,
		 uint32_t answer, const struct cg_test *test,
		 struct place place)
{
	/* A rule has no source of its own: lines of others would mislead. */
	bool here = place.source == filter->reading->sources[0].name;
	struct cg_rule rule = {
		.abi = abi,
		.first = nr,
		.last = nr,
		.answer = answer,
		.line = here ? place.line : 0,
		.column = here ? place.column : 0,
	};

	if (test) {
		struct cg_test *copy =
			arena_array(filter->reading->arena, struct cg_test, 1);

		if (!copy)
			return fail_nomem(filter->reading->err);
		*copy = *test;
		rule.tests = copy;
		rule.count = 1;
	}
	return filter_rule(filter, &rule);
}

/* Which of two answers the kernel takes: actions compare as signed numbers. */
static uint32_t severer(uint32_t newer, uint32_t older)
{
	return (int32_t)(older & CG_RET_ACTION) <
			       (int32_t)(newer & CG_RET_ACTION)
		       ? older
		       : newer;
}

/* Both rules' tests; false without memory. */
static bool join_tests(struct reading *reading, const struct cg_rule *a,
		       const struct cg_rule *b, struct cg_rule *out)
{
	struct cg_test *tests;

	out->count = a->count + b->count;
	if (!a->count || !b->count) {
		out->tests = a->count ? a->tests : b->tests;
		return true;
	}
	tests = arena_array(reading->arena, struct cg_test, out->count);
	if (!tests)
		return fail_nomem(reading->err);
	memcpy(tests, a->tests, a->count * sizeof(*tests));
	memcpy(tests + a->count, b->tests, b->count * sizeof(*tests));
	out->tests = tests;
	return true;
}

/* Where both match, if they can; `*whole` if that is all of `a`. */
static bool join_pair(struct filter *out, const struct cg_rule *a,
		      const struct cg_rule *b, bool *whole)
{
	struct cg_rule rule = *a;

	*whole = false;
	if (a->abi != b->abi || a->last < b->first || b->last < a->first)
		return true;
	rule.first = a->first > b->first ? a->first : b->first;
	rule.last = a->last < b->last ? a->last : b->last;
	rule.answer = severer(a->answer, b->answer);
	if (rule.answer == b->answer && rule.answer != a->answer) {
		rule.line = b->line;
		rule.column = b->column;
	}
	*whole = !b->count && rule.first == a->first && rule.last == a->last;
	return join_tests(out->reading, a, b, &rule) && filter_rule(out, &rule);
}

/*
 * The first match of one list and the first of the other: all pairs, in the
 * order of the first list, and within that of the second.
 */
bool filters_join(struct filter *newer, const struct filter *older)
{
	struct filter joined = *newer;

	joined.rules = NULL;
	joined.count = joined.room = 0;
	for (size_t i = 0; i < newer->count; i++) {
		struct cg_rule rule = newer->rules[i];
		bool whole = false;

		for (size_t j = 0; j < older->count && !whole; j++)
			if (!join_pair(&joined, &newer->rules[i],
				       &older->rules[j], &whole))
				return false;
		rule.answer =
			severer(rule.answer,
				*default_of((struct filter *)older, rule.abi));
		if (!whole && !filter_rule(&joined, &rule))
			return false;
	}
	for (size_t j = 0; j < older->count; j++) {
		struct cg_rule rule = older->rules[j];

		rule.answer =
			severer(*default_of(newer, rule.abi), rule.answer);
		if (!filter_rule(&joined, &rule))
			return false;
	}
	for (size_t i = 0; i < joined.abi_count; i++)
		joined.defaults[i].answer = severer(newer->defaults[i].answer,
						    older->defaults[i].answer);
	joined.foreign = severer(newer->foreign, older->foreign);
	*newer = joined;
	return true;
}

bool filter_give(const struct filter *filter)
{
	struct reading *reading = filter->reading;

	for (size_t i = 0; i < filter->abi_count; i++)
		if (!reading_default(reading, filter->defaults[i].abi,
				     filter->defaults[i].answer))
			return false;
	for (size_t i = 0; i < filter->count; i++)
		if (!reading_rule(reading, &filter->rules[i]))
			return false;
	reading->foreign = filter->foreign;
	return true;
}
