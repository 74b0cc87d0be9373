/*
 * What the rules of a call mean: which decides where several match. The order
 * is that of libseccomp's tests where these are consistent, and is worked out
 * from the rules alone; the tree has no part in it.
 */
#include "format/scmp.h"

#include <stdlib.h>

/*
 * A rule as steps, one or two a condition: rules whose steps begin alike stand
 * together, at the place of the first of them.
 */
struct step {
	uint64_t place; /* within its group; tells the value, too */
	uint32_t mask;  /* with `op`: whether two are the same step */
	uint32_t seen;  /* the first rule that begins with these steps */
	uint8_t group;  /* later arguments first, then ranks */
	uint8_t op;
};

struct sorted {
	const struct scmp_rule *rule;
	uint8_t count;
	struct step steps[2 * CG_SCMP_TESTS_MAX];
};

/* Groups: the later argument first; within one, values, bounds, bounds. */
static uint8_t group_of(const struct scmp_condition *condition, unsigned rank)
{
	return (uint8_t)((CG_SCMP_TESTS_MAX - condition->argument) * 4 + rank);
}

/* EQ and NE of a value are one place: no call passes both. */
static uint8_t step_op(const struct scmp_condition *condition)
{
	return condition->op == CG_SCMP_NE ? CG_SCMP_EQ : condition->op;
}

static void add_value(struct sorted *sorted,
		      const struct scmp_condition *condition, unsigned shift)
{
	uint32_t value = (uint32_t)(condition->value >> shift);

	sorted->steps[sorted->count++] = (struct step){
		.place = UINT32_MAX - value,
		.mask = (uint32_t)(condition->mask >> shift),
		.group = group_of(condition, 0),
		.op = step_op(condition),
	};
}

static void add_steps(struct sorted *sorted,
		      const struct scmp_condition *condition, unsigned bits)
{
	struct step step = { .op = condition->op };

	switch (condition->op) {
	case CG_SCMP_LT:
	case CG_SCMP_LE:
		step.place = condition->value;
		step.group = group_of(condition, 1);
		break;
	case CG_SCMP_GE:
	case CG_SCMP_GT:
		step.place = ~condition->value;
		step.group = group_of(condition, 2);
		break;
	default:
		if (bits == 64)
			add_value(sorted, condition, 32);
		add_value(sorted, condition, 0);
		return;
	}
	sorted->steps[sorted->count++] = step;
}

static int order_places(const struct step *a, const struct step *b)
{
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static int order_steps(const struct step *a, const struct step *b)
{
	int way = order_places(a, b);

	if (way)
		return way;
	if (a->op != b->op)
		return a->op < b->op ? -1 : 1;
	return (a->mask > b->mask) - (a->mask < b->mask);
}

static int order_numbers(const struct sorted *a, const struct sorted *b)
{
	return (a->rule->number > b->rule->number) -
	       (a->rule->number < b->rule->number);
}

/* So that rules whose steps begin alike stand together. */
static int by_steps(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;

	for (size_t i = 0; i < a->count && i < b->count; i++) {
		int way = order_steps(&a->steps[i], &b->steps[i]);

		if (way)
			return way;
	}
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return order_numbers(a, b);
}

/* How many steps two rules have in common at their beginning. */
static size_t common(const struct sorted *a, const struct sorted *b)
{
	size_t i = 0;

	while (i < a->count && i < b->count &&
	       order_steps(&a->steps[i], &b->steps[i]) == 0)
		i++;
	return i;
}

/* Give each step the number of the first rule that begins so. */
static void find_first(struct sorted *rules, size_t count)
{
	size_t shared;

	for (size_t i = 0; i < count; i++) {
		shared = i ? common(&rules[i - 1], &rules[i]) : 0;
		for (size_t j = 0; j < rules[i].count; j++) {
			uint32_t number = rules[i].rule->number;

			if (j < shared && rules[i - 1].steps[j].seen < number)
				number = rules[i - 1].steps[j].seen;
			rules[i].steps[j].seen = number;
		}
	}
	/* The last of those that begin alike has it now. */
	for (size_t i = count; i-- > 1;) {
		shared = common(&rules[i - 1], &rules[i]);
		for (size_t j = 0; j < shared; j++)
			rules[i - 1].steps[j].seen = rules[i].steps[j].seen;
	}
}

static int by_meaning(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;

	for (size_t i = 0; i < a->count && i < b->count; i++) {
		const struct step *x = &a->steps[i], *y = &b->steps[i];
		int way = order_places(x, y);

		if (way)
			return way;
		if (x->seen != y->seen)
			return x->seen < y->seen ? -1 : 1;
	}
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return order_numbers(a, b);
}

const struct scmp_rule **
scmp_order(struct arena *arena, const struct scmp_call *call, unsigned bits)
{
	const struct scmp_rule **out =
		arena_array(arena, const struct scmp_rule *, call->count);
	struct sorted *rules = arena_array(arena, struct sorted, call->count);
	size_t count = 0;

	if (!rules || !out)
		return NULL;
	for (const struct scmp_rule *rule = call->first; rule;
	     rule = rule->next) {
		struct sorted *sorted = &rules[count++];

		sorted->rule = rule;
		for (size_t i = 0; i < rule->count; i++)
			add_steps(sorted, &rule->conditions[i], bits);
	}
	qsort(rules, count, sizeof(*rules), by_steps);
	find_first(rules, count);
	qsort(rules, count, sizeof(*rules), by_meaning);
	for (size_t i = 0; i < count; i++)
		out[i] = rules[i].rule;
	return out;
}
