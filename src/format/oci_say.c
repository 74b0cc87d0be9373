/*
 * The words for what happens to one call.
 */
#include "format/oci_say.h"

#include <stdlib.h>
#include <string.h>

enum {
	CUBES_MAX = 512, /* rules for one call */
	RUNS_MAX = 64,
};

/* ------------------------------------------------------------- shapes -- */

bool shape_on(const struct spell *spell, dd whole,
	      const struct cg_syscall *call, const struct cg_abi *abi, dd *out)
{
	uint32_t nr;

	if (!cg_syscall_number(call, abi, &nr))
		return false;
	*out = shape_of(&spell->shapes, whole, abi->audit_arch, nr);
	return true;
}

/* The number on the ABI that says most: its own, and a 64-bit one's. */
static const struct cg_abi *
best_abi(const struct cg_abi *const *abis, size_t count,
	 const struct cg_syscall *call, uint32_t *nr)
{
	for (unsigned bits = 64; bits >= 32; bits -= 32)
		for (size_t i = 0; i < count; i++)
			if (abis[i]->bits == bits &&
			    cg_syscall_number(call, abis[i], nr))
				return abis[i];
	return NULL;
}

bool first_shape(const struct spell *spell, const struct cg_syscall *call,
		 dd *out)
{
	uint32_t nr;
	const struct cg_abi *abi =
		best_abi(spell->abis, spell->abi_count, call, &nr);

	if (abi)
		*out = shape_of(&spell->shapes, spell->shapes.whole,
				abi->audit_arch, nr);
	return abi != NULL;
}

/* ---------------------------------------------------------------- ways -- */

static struct profile_rule *
new_rules(struct spell *spell, struct said *said, size_t count)
{
	said->rules = arena_array(spell->arena, struct profile_rule, count);
	said->count = 0;
	if (!said->rules)
		fail_nomem(spell->err);
	return said->rules;
}

static bool add_rule(struct spell *spell, struct said *said, uint32_t answer,
		     const struct profile_test *tests, size_t count)
{
	struct profile_test *copy =
		arena_array(spell->arena, struct profile_test, count);

	if (!copy)
		return fail_nomem(spell->err);
	if (count)
		memcpy(copy, tests, count * sizeof(*tests));
	said->rules[said->count++] = (struct profile_rule){
		.names = said->names,
		.name_count = 1,
		.answer = answer,
		.tests = copy,
		.count = count,
	};
	return true;
}

static bool
say_constant(struct spell *spell, struct said *said, uint32_t answer)
{
	return new_rules(spell, said, 1) &&
	       add_rule(spell, said, answer, NULL, 0);
}

/* A test of the policy in the format's words, if it has some for it. */
static bool test_direct(const struct test *from, struct profile_test *out)
{
	static const enum profile_compare same[] = {
		[COMPARE_EQ] = PROFILE_EQ, [COMPARE_NE] = PROFILE_NE,
		[COMPARE_LT] = PROFILE_LT, [COMPARE_LE] = PROFILE_LE,
		[COMPARE_GT] = PROFILE_GT, [COMPARE_GE] = PROFILE_GE,
	};
	const struct number_interval *in = from->intervals;

	*out = (struct profile_test){ .argument = from->argument,
				      .compare = PROFILE_MASKED_EQ,
				      .value = from->value,
				      .value_two = from->value };
	if (from->compare <= COMPARE_GE && from->bits == 64 &&
	    !from->is_signed) {
		out->compare = same[from->compare];
		out->value_two = 0;
		return true;
	}
	switch (from->compare) {
	case COMPARE_EQ:
		out->value = from->bits == 64 ? UINT64_MAX : UINT32_MAX;
		return true;
	case COMPARE_ALL_BITS:
		return true;
	case COMPARE_NO_BITS:
		out->value_two = 0;
		return true;
	case COMPARE_IN:
		out->value = from->mask;
		out->value_two = in->first;
		return from->interval_count == 1 && in->first == in->last;
	default:
		return false;
	}
}

/* The rules that a policy has for a call, on the ABI that says most. */
static const struct resolved_entry *
entries_of(const struct spell *spell, const struct cg_syscall *call,
	   size_t *count)
{
	const struct resolved *resolved = spell->writing->policy->resolved;
	const struct cg_abi *abi;
	uint32_t nr;

	*count = 0;
	abi = best_abi(spell->abis, spell->abi_count, call, &nr);
	for (size_t i = 0; abi && i < resolved->count; i++)
		if (resolved->abis[i].abi == abi)
			return resolved_entries(&resolved->abis[i], nr, count);
	return NULL;
}

/* Whether no argument is tested twice: that would make an "or" of it. */
static bool
entry_direct(const struct resolved_entry *entry, struct profile_test out[6])
{
	unsigned seen = 0;

	for (size_t i = 0; i < entry->count; i++) {
		unsigned bit = 1u << entry->tests[i].argument;

		if (entry->count > 6 || seen & bit ||
		    !test_direct(&entry->tests[i], &out[i]))
			return false;
		seen |= bit;
	}
	return true;
}

/* As they stand in the file, if one was read: what conflicts depends on it. */
static int by_line(const void *left, const void *right)
{
	const struct resolved_entry *a = *(const void *const *)left;
	const struct resolved_entry *b = *(const void *const *)right;
	uint32_t first = a->from->place.line, second = b->from->place.line;

	if (first != second)
		return first < second ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static const struct resolved_entry **
in_order(struct spell *spell, const struct resolved_entry *entries,
	 size_t count)
{
	const struct resolved_entry **out =
		arena_array(spell->arena, const struct resolved_entry *, count);

	if (!out) {
		fail_nomem(spell->err);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		out[i] = &entries[i];
	qsort(out, count, sizeof(*out), by_line);
	return out;
}

static bool say_direct(struct spell *spell, struct said *said, bool *done)
{
	const struct resolved_entry *first, **entries;
	struct profile_test tests[6];
	size_t count;

	*done = false;
	first = entries_of(spell, said->call, &count);
	if (!count)
		return true;
	entries = in_order(spell, first, count);
	if (!entries || !new_rules(spell, said, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct resolved_entry *entry = entries[i];

		/* What comes last goes without saying. */
		if (!entry->count && i && entry->answer == spell->answer)
			break;
		if (!entry_direct(entry, tests))
			return true;
		if (!add_rule(spell, said, entry->answer, tests, entry->count))
			return false;
	}
	*done = true;
	return true;
}

/* A run as one test, where one does; there are always others beside it. */
static bool
test_of_run(const struct run *run, unsigned argument, struct profile_test *out)
{
	*out = (struct profile_test){ .argument = argument };
	if (run->first == run->last) {
		out->compare = PROFILE_EQ;
		out->value = run->first;
	} else if (run->first == 0) {
		out->compare = PROFILE_LE;
		out->value = run->last;
	} else if (run->last == UINT64_MAX) {
		out->compare = PROFILE_GE;
		out->value = run->first;
	} else {
		return false;
	}
	return true;
}

/*
 * All values but one get the same answer: NE says it shorter. Otherwise false.
 */
static bool all_but_one(const struct run *runs, size_t count, uint32_t answer,
			struct profile_test *out)
{
	if (count != 3 || runs[0].answer == answer ||
	    runs[0].answer != runs[2].answer || runs[1].answer != answer ||
	    runs[1].first != runs[1].last)
		return false;
	out->compare = PROFILE_NE;
	out->value = runs[1].first;
	return true;
}

/* One argument decides: a rule for each run that is not the default's. */
static bool say_runs(struct spell *spell, struct said *said, dd shape,
		     unsigned argument, bool *done)
{
	struct profile_test test = { .argument = argument };
	struct cg_error ignored;
	struct run *runs;
	size_t count;

	*done = false;
	if (!shape_runs(&spell->shapes, shape, argument, RUNS_MAX, spell->arena,
			&runs, &count, &ignored))
		return true; /* too many: another way will do */
	if (!new_rules(spell, said, count))
		return false;
	if (all_but_one(runs, count, spell->answer, &test)) {
		*done = true;
		return add_rule(spell, said, runs[0].answer, &test, 1);
	}
	for (size_t i = 0; i < count; i++) {
		if (runs[i].answer == spell->answer)
			continue;
		if (!test_of_run(&runs[i], argument, &test))
			return true;
		if (!add_rule(spell, said, runs[i].answer, &test, 1))
			return false;
	}
	*done = true;
	return true;
}

static bool say_cubes(struct spell *spell, struct said *said, dd shape)
{
	struct cube *cubes;
	size_t count;

	if (!shape_cubes(&spell->shapes, shape, spell->answer, CUBES_MAX,
			 spell->arena, &cubes, &count, spell->err) ||
	    !new_rules(spell, said, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct profile_test tests[6];
		size_t used = 0;

		for (uint32_t j = 0; j < 6; j++) {
			struct profile_test *test = &tests[used];

			if (!cubes[i].mask[j])
				continue;
			used++;
			*test = (struct profile_test){ .argument = j };
			if (cubes[i].mask[j] == UINT64_MAX) {
				test->compare = PROFILE_EQ;
				test->value = cubes[i].value[j];
			} else {
				test->compare = PROFILE_MASKED_EQ;
				test->value = cubes[i].mask[j];
				test->value_two = cubes[i].value[j];
			}
		}
		if (!add_rule(spell, said, cubes[i].answer, tests, used))
			return false;
	}
	return true;
}

static bool say_plain(struct spell *spell, struct said *said, bool *done)
{
	unsigned argument;
	uint32_t answer;
	dd shape;

	*done = true;
	if (!first_shape(spell, said->call, &shape))
		return true;
	if (shape_is_constant(&spell->shapes, shape, &answer))
		return say_constant(spell, said, answer);
	*done = false;
	return !shape_looks_only_at(&spell->shapes, shape, &argument) ||
	       say_runs(spell, said, shape, argument, done);
}

int permission(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_ALLOW:
	case CG_RET_LOG:
		return 2;
	case CG_RET_TRACE:
	case CG_RET_USER_NOTIF:
		return 1;
	default:
		return 0;
	}
}

/* The least that a call is let through anywhere, for any arguments. */
static bool
strictest(struct spell *spell, const struct cg_syscall *call, uint32_t *out)
{
	bool any = false;

	for (size_t i = 0; i < spell->abi_count; i++) {
		uint32_t least;
		dd shape;

		if (!shape_on(spell, spell->shapes.whole, call, spell->abis[i],
			      &shape))
			continue;
		if (!shape_least(&spell->shapes, shape, permission, &least,
				 spell->err))
			return false;
		if (!any || permission(least) < permission(*out))
			*out = least;
		any = true;
	}
	return true;
}

static bool say_lost(struct spell *spell, struct said *said)
{
	uint32_t answer = spell->answer;

	return strictest(spell, said->call, &answer) &&
	       say_constant(spell, said, answer);
}

/* False without an error: there are too many of them. */
static bool say_in(struct spell *spell, struct said *said, dd shape)
{
	bool done = true;

	switch (said->way) {
	case DIRECT:
		if (!say_direct(spell, said, &done))
			return false;
		break;
	case PLAIN:
		if (!say_plain(spell, said, &done))
			return false;
		break;
	case CUBES:
		if (say_cubes(spell, said, shape))
			return true;
		if (spell->err->status != CG_E_TOOLONG)
			return false;
		*spell->err = (struct cg_error){ 0 };
		done = false;
		break;
	default:
		return say_lost(spell, said);
	}
	if (!done)
		said->way++;
	return done || say_in(spell, said, shape);
}

bool say(struct spell *spell, struct said *said)
{
	dd shape;

	return !first_shape(spell, said->call, &shape) ||
	       say_in(spell, said, shape);
}
