/* From the rules of a filter to a policy of numbers. */
#include "format/scmp.h"

#include <stdlib.h>

#include "abi/doors.h"
#include "base/fail.h"

enum { MEMORY = 256 << 20, PLACES = 1024 };

struct build {
	const struct cg_scmp *scmp;
	struct arena *arena;
	struct cg_rule *rules;
	size_t count, room;
	struct cg_default defaults[SCMP_ARCHES_MAX + 1];
	size_t default_count;
	bool joined; /* see scmp_rules() */
	bool failed;
};

static void add_rule(struct build *build, const struct cg_rule *rule)
{
	struct cg_rule *rules =
		arena_grow(build->arena, build->rules, &build->room,
			   build->count + 1, sizeof(*rules));

	if (!rules) {
		build->failed = true;
		return;
	}
	build->rules = rules;
	rules[build->count++] = *rule;
}

static bool has_default(const struct build *build, const struct cg_abi *abi)
{
	for (size_t i = 0; i < build->default_count; i++)
		if (build->defaults[i].abi == abi)
			return true;
	return false;
}

static void add_default(struct build *build, const struct cg_abi *abi)
{
	if (!has_default(build, abi))
		build->defaults[build->default_count++] =
			(struct cg_default){ abi, build->scmp->answer };
}

/* ------------------------------------------------ two ABIs in one value -- */

/* x86_64 and x32 show the same audit value; the higher has a part of the
   numbers. Both NULL where an ABI has all of them. */
struct pair {
	const struct cg_abi *low, *high;
};

static struct pair pair_of(const struct cg_abi *abi)
{
	const struct cg_abi *other = abi_neighbour(abi);

	if (!other)
		return (struct pair){ NULL, NULL };
	return abi->nr_first ? (struct pair){ other, abi }
			     : (struct pair){ abi, other };
}

static bool has_arch(const struct cg_scmp *scmp, const struct cg_abi *abi)
{
	for (size_t i = 0; i < scmp->count; i++)
		if (scmp->filters[i]->arch->abi == abi)
			return true;
	return false;
}

/*
 * Where one of the pair is missing, its numbers are foreign. libseccomp tells
 * them by the lowest number of the higher one alone, and leaves out -1.
 */
static void close_pair(struct build *build, const struct cg_abi *abi)
{
	struct pair pair = pair_of(abi);
	struct cg_rule rule = { .abi = pair.low,
				.answer = build->scmp->foreign };

	add_default(build, abi);
	if (!pair.low || (has_arch(build->scmp, pair.low) &&
			  has_arch(build->scmp, pair.high)))
		return;
	add_default(build, pair.low);
	rule.first = abi == pair.low ? pair.high->nr_first : 0;
	rule.last = abi == pair.low ? UINT32_MAX - 1 : pair.high->nr_first - 1;
	add_rule(build, &rule);
}

/* Where the numbers of a filter's rules belong. */
struct numbers {
	const struct cg_scmp_arch *arch;
	struct pair pair;
	const struct cg_abi *whole, *low, *high; /* NULL: no rules there */
};

static struct numbers
numbers_of(const struct build *build, const struct cg_scmp_arch *arch)
{
	struct numbers numbers = { .arch = arch, .pair = pair_of(arch->abi) };
	const struct cg_abi *low = numbers.pair.low, *high = numbers.pair.high;

	numbers.whole = has_default(build, arch->abi) ? arch->abi : NULL;
	numbers.low = has_default(build, low) ? low : NULL;
	numbers.high = has_default(build, high) ? high : NULL;
	return numbers;
}

/*
 * The ABI of a number, or NULL where the filter has no rules for it: a pseudo
 * number that is left stands for a call that there is not. libseccomp keeps
 * rules for those, and shows them as text, but its programs have none.
 */
static const struct cg_abi *abi_of(const struct numbers *numbers, uint32_t nr)
{
	const struct cg_abi *high = numbers->pair.high;

	if ((int32_t)nr < -1)
		return NULL;
	if (!high)
		return numbers->whole;
	return nr >= high->nr_first && nr <= high->nr_last ? numbers->high
							   : numbers->low;
}

/* ---------------------------------------------------------------- rules -- */

static struct cg_test test_of(const struct scmp_condition *condition)
{
	static const enum cg_operator operators[] = {
		[CG_SCMP_NE] = CG_NE,        [CG_SCMP_LT] = CG_LT,
		[CG_SCMP_LE] = CG_LE,        [CG_SCMP_EQ] = CG_EQ,
		[CG_SCMP_GE] = CG_GE,        [CG_SCMP_GT] = CG_GT,
		[CG_SCMP_MASKED_EQ] = CG_EQ,
	};

	return (struct cg_test){ .argument = condition->argument,
				 .op = operators[condition->op],
				 .mask = condition->mask,
				 .value = condition->value };
}

/* The rules of a call, in the order in which they decide. */
static void add_conditions(struct build *build, const struct numbers *numbers,
			   const struct scmp_call *call, struct cg_rule *rule)
{
	const struct scmp_rule **order =
		scmp_order(build->arena, call, numbers->arch->bits);

	build->failed |= !order;
	for (size_t i = 0; i < call->count && !build->failed; i++) {
		struct cg_test *tests = arena_array(
			build->arena, struct cg_test, order[i]->count);

		build->failed |= !tests;
		for (size_t j = 0; tests && j < order[i]->count; j++)
			tests[j] = test_of(&order[i]->conditions[j]);
		rule->answer = order[i]->answer;
		rule->tests = tests;
		rule->count = order[i]->count;
		add_rule(build, rule);
	}
}

/* Whether the last rule is one of the numbers right before, and says this. */
static bool stretch(struct build *build, const struct cg_rule *rule)
{
	struct cg_rule *last =
		build->count ? &build->rules[build->count - 1] : NULL;

	if (!last || last->abi != rule->abi || last->count ||
	    last->answer != rule->answer || last->last == UINT32_MAX ||
	    last->last + 1 != rule->first)
		return false;
	last->last = rule->last;
	return true;
}

static void add_call(struct build *build, const struct numbers *numbers,
		     const struct scmp_call *call)
{
	struct cg_rule rule = { .abi = abi_of(numbers, call->nr),
				.first = call->nr,
				.last = call->nr,
				.answer = call->answer };

	if (!rule.abi || !call->ruled)
		return;
	if (!call->plain)
		add_conditions(build, numbers, call, &rule);
	else if (!build->joined || !stretch(build, &rule))
		add_rule(build, &rule);
}

/* ---------------------------------------------------------------- order -- */

static int by_number(const void *left, const void *right)
{
	const struct scmp_call *const *a = left, *const *b = right;

	return ((*a)->nr > (*b)->nr) - ((*a)->nr < (*b)->nr);
}

/*
 * The calls of a filter by number. Nearly all of them lie close together, and
 * are sorted by putting each in its place.
 */
static const struct scmp_call **
sorted_calls(struct arena *arena, const struct scmp_filter *filter)
{
	const struct scmp_call **out =
		arena_array(arena, const struct scmp_call *, filter->count + 1);
	const struct scmp_call *places[PLACES]; /* where a bit of `taken` is */
	uint64_t taken[PLACES / 64] = { 0 };
	const uint32_t base = filter->arch->abi->nr_first;
	size_t far = filter->count, used = 0;

	if (!out)
		return NULL;
	for (const struct scmp_block *block = filter->first; block;
	     block = block->next)
		for (size_t i = 0; i < block->used; i++) {
			const struct scmp_call *call = &block->calls[i];
			const uint32_t place = call->nr - base;

			if (place >= PLACES) {
				out[--far] = call;
				continue;
			}
			places[place] = call;
			taken[place / 64] |= (uint64_t)1 << place % 64;
		}
	qsort(out + far, filter->count - far, sizeof(*out), by_number);
	for (size_t i = 0; i < PLACES / 64; i++)
		for (uint64_t left = taken[i]; left; left &= left - 1)
			out[used++] =
				places[64 * i + (size_t)__builtin_ctzll(left)];
	return out;
}

static void add_filter(struct build *build, const struct scmp_filter *filter)
{
	const struct numbers numbers = numbers_of(build, filter->arch);
	const struct scmp_call **calls = NULL;

	if (build->joined) {
		calls = sorted_calls(build->arena, filter);
		build->failed |= !calls;
		for (size_t i = 0; i < filter->count && !build->failed; i++)
			add_call(build, &numbers, calls[i]);
		return;
	}
	for (const struct scmp_block *block = filter->first; block;
	     block = block->next)
		for (size_t i = 0; i < block->used && !build->failed; i++)
			add_call(build, &numbers, &block->calls[i]);
}

bool scmp_rules(const struct cg_scmp *scmp, bool joined, struct arena *arena,
		struct cg_rules *out, struct cg_error *err)
{
	struct build *build = arena_array(arena, struct build, 1);

	if (!build || scmp->broken)
		return fail_nomem(err);
	if (!scmp->count)
		return fail(err, CG_E_INPUT, "a filter for no architecture");
	build->scmp = scmp;
	build->arena = arena;
	build->joined = joined;
	for (size_t i = 0; i < scmp->count; i++)
		close_pair(build, scmp->filters[i]->arch->abi);
	for (size_t i = 0; i < scmp->count; i++)
		add_filter(build, scmp->filters[i]);
	if (build->failed)
		return fail_nomem(err);
	*out = (struct cg_rules){ .defaults = build->defaults,
				  .default_count = build->default_count,
				  .rules = build->rules,
				  .rule_count = build->count,
				  .foreign = scmp->foreign };
	return true;
}

enum cg_status cg_scmp_policy(const struct cg_scmp *scmp, uint32_t flags,
			      struct cg_policy **out, struct cg_error *err)
{
	const struct cg_policy_options options = { .memory = MEMORY };
	struct cg_error here = { .status = CG_OK };
	struct arena_room room;
	struct arena arena;
	struct cg_rules rules;

	arena_begin(&arena, MEMORY, &room);
	if (scmp_rules(scmp, true, &arena, &rules, &here)) {
		rules.flags = flags;
		here.status =
			cg_policy_from_rules(&rules, &options, out, &here);
	}
	arena_free(&arena);
	if (err && here.status != CG_OK)
		*err = here;
	return here.status;
}

/* How often a call is made, where its priority says nothing. */
enum { USUAL = 100 };

struct cg_frequency *
cg_scmp_frequencies(const struct cg_scmp *scmp, size_t *count)
{
	struct cg_frequency *out = NULL;
	size_t calls = 0, used = 0;
	bool any = false;

	for (size_t i = 0; i < scmp->count; i++)
		calls += scmp->filters[i]->count;
	for (size_t i = 0; i < scmp->count && !any; i++)
		any = scmp->filters[i]->prioritised;
	*count = any;
	out = any ? calloc(calls, sizeof(*out)) : NULL;
	if (!out)
		return NULL;
	for (size_t i = 0; i < scmp->count; i++)
		for (const struct scmp_block *block = scmp->filters[i]->first;
		     block; block = block->next)
			for (size_t j = 0; j < block->used; j++) {
				const struct scmp_call *call = &block->calls[j];
				const char *name = cg_scmp_name(
					scmp->filters[i]->arch, (int)call->nr);

				if (name)
					out[used++] = (struct cg_frequency){
						name,
						1 + (uint64_t)call->priority *
								USUAL
					};
			}
	*count = used;
	return out;
}
