/*
 * From the top of the diagram down: architectures, numbers, arguments. Where a
 * part looks at no argument, it is an answer for an interval of numbers.
 *
 * What an argument decides between are the parts below it. One of them, the
 * hardest to say, comes last and needs no tests; for each of the others, its
 * values become tests, and the rules for the part stand behind these. A part
 * need not be said where what comes after says the same.
 */
#include "prove/lift.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/doors.h"
#include "prove/pieces.h"

enum {
	ARGUMENTS = 6,
	ARGUMENT_BITS = 64,
	SPANS_MAX = 1 << 16,
	PARTS_MAX = 4096, /* that one argument decides between */
	ANSWERS = 64,
	LONE_MAX = 4096, /* numbers of one span that looks at arguments */
	FIRST_ARGUMENT = 32 * WORD_ARGS,
	FIRST_IP = 32 * WORD_IP,
};

/* Values of a word from `first` on, up to the next span. */
struct part {
	uint32_t first, last;
	dd a;
};

struct parts {
	struct part *at;
	size_t count, room;
};

/*
 * The rules of a diagram that looks at arguments only: tests and answer. No
 * call passes two of one layer, so they may stand in any order there.
 */
struct recipe {
	struct layered {
		struct cg_rule rule;
		uint32_t layer, order;
	} * rules;
	size_t count, room;
	bool made;
};

struct lift {
	struct diagrams *all;
	struct arena *arena;
	struct cg_error *err;
	bool big_endian;
	size_t nodes;    /* of what is lifted; more are made on the way */
	uint32_t *known; /* by node: its recipe + 1 */
	struct recipe *recipes;
	size_t recipe_count, recipe_room;
	struct cg_test *prefix; /* tests on the way to where we are */
	size_t prefix_count, prefix_room;
	struct cg_rule *rules;
	size_t rule_count, rule_room;
	struct cg_default *defaults;
	size_t default_count;
	uint32_t foreign;
	/* By node: what it is in the set being made, and for which. */
	struct mark {
		uint32_t of;
		dd is;
	} * marks;
	uint32_t mark;
};

static bool is_answer(const struct lift *lift, dd a)
{
	return diagram_variable(lift->all, a) == BITS;
}

/* ---------------------------------------------------------- intervals -- */

/* Cut a word's values where the diagram below changes; at most 32 deep. */
static bool cut(struct lift *lift, struct parts *out, dd a, unsigned word,
		uint32_t value, unsigned bits)
{
	struct part *last = out->count ? &out->at[out->count - 1] : NULL;
	const uint32_t below =
		bits == 32 ? UINT32_MAX : ((uint32_t)1 << bits) - 1;
	const unsigned variable = 32 * word + 32 - bits;
	dd zero = a, one = a;

	if (diagram_variable(lift->all, a) >= 32 * (word + 1)) {
		if (last && last->a == a) {
			last->last = value | below;
			return true;
		}
		if (out->count == SPANS_MAX)
			return fail(lift->err, CG_E_UNDECIDED,
				    "not lifted: more than %d intervals of "
				    "numbers differ",
				    SPANS_MAX);
		out->at = arena_grow(lift->arena, out->at, &out->room,
				     out->count + 1, sizeof(*out->at));
		if (!out->at)
			return fail_nomem(lift->err);
		out->at[out->count++] =
			(struct part){ value, value | below, a };
		return true;
	}
	if (diagram_variable(lift->all, a) == variable) {
		zero = diagram_zero(lift->all, a);
		one = diagram_one(lift->all, a);
	}
	return cut(lift, out, zero, word, value, bits - 1) &&
	       cut(lift, out, one, word, value | (uint32_t)1 << (bits - 1),
		   bits - 1);
}

/* The answer that most values of the word get; false if none does. */
static bool
commonest(const struct lift *lift, const struct parts *parts, uint32_t *answer)
{
	uint64_t sums[ANSWERS] = { 0 };
	dd answers[ANSWERS];
	size_t count = 0, best = 0, at;

	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->at[i];

		if (!is_answer(lift, part->a))
			continue;
		for (at = 0; at < count && answers[at] != part->a;)
			at++;
		if (at == ANSWERS)
			continue; /* one of so many is not the commonest */
		if (at == count)
			answers[count++] = part->a;
		sums[at] += part->last - (uint64_t)part->first + 1;
	}
	for (size_t i = 1; i < count; i++)
		best = sums[i] > sums[best] ? i : best;
	if (count)
		*answer = diagram_leaf(lift->all, answers[best]);
	return count > 0;
}

/* ---------------------------------------------------------------- rules -- */

static bool push_tests(struct lift *lift, const struct piece_tests *piece)
{
	lift->prefix = arena_grow(lift->arena, lift->prefix, &lift->prefix_room,
				  lift->prefix_count + piece->count,
				  sizeof(*lift->prefix));
	if (!lift->prefix)
		return fail_nomem(lift->err);
	for (size_t i = 0; i < piece->count; i++)
		lift->prefix[lift->prefix_count++] = piece->tests[i];
	return true;
}

static bool fail_too_many(struct lift *lift)
{
	return fail(lift->err, CG_E_UNDECIDED,
		    "not lifted: it would take more than %d rules",
		    LIFT_RULES_MAX);
}

/* This answer, for calls that pass all tests on the way here. */
static bool
add_answer(struct lift *lift, struct recipe *recipe, dd answer, uint32_t layer)
{
	const size_t count = lift->prefix_count;
	struct cg_test *tests = NULL;

	if (recipe->count == LIFT_RULES_MAX)
		return fail_too_many(lift);
	if (count) {
		tests = arena_array(lift->arena, struct cg_test, count);
		if (!tests)
			return fail_nomem(lift->err);
		memcpy(tests, lift->prefix, count * sizeof(*tests));
	}
	recipe->rules = arena_grow(lift->arena, recipe->rules, &recipe->room,
				   recipe->count + 1, sizeof(*recipe->rules));
	if (!recipe->rules)
		return fail_nomem(lift->err);
	recipe->rules[recipe->count] = (struct layered){
		.rule = { .answer = diagram_leaf(lift->all, answer),
			  .tests = tests,
			  .count = count },
		.layer = layer,
		.order = (uint32_t)recipe->count,
	};
	recipe->count++;
	return true;
}

/* Layer by layer, and what has one answer together. */
static int by_layer(const void *left, const void *right)
{
	const struct layered *a = left, *b = right;

	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	if (a->rule.answer != b->rule.answer)
		return a->rule.answer < b->rule.answer ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/* The different parts below the variable `end`, each once. */
static bool
find_parts(struct lift *lift, dd a, unsigned end, struct parts *parts)
{
	if (lift->marks[a].of == lift->mark)
		return true;
	lift->marks[a].of = lift->mark;
	if (diagram_variable(lift->all, a) < end)
		return find_parts(lift, diagram_zero(lift->all, a), end,
				  parts) &&
		       find_parts(lift, diagram_one(lift->all, a), end, parts);
	if (parts->count == PARTS_MAX)
		return fail(lift->err, CG_E_UNDECIDED,
			    "not lifted: one argument decides between more "
			    "than %d ways",
			    PARTS_MAX);
	parts->at = arena_grow(lift->arena, parts->at, &parts->room,
			       parts->count + 1, sizeof(*parts->at));
	if (!parts->at)
		return fail_nomem(lift->err);
	parts->at[parts->count++] = (struct part){ .a = a };
	return true;
}

/* The values that lead to `part`, as a set. */
static dd set_of(struct lift *lift, dd a, unsigned end, dd part)
{
	struct mark *mark = &lift->marks[a];
	dd zero, one;

	if (diagram_variable(lift->all, a) >= end)
		return a == part ? DD_TRUE : DD_FALSE;
	if (mark->of == lift->mark)
		return mark->is;
	zero = set_of(lift, diagram_zero(lift->all, a), end, part);
	one = set_of(lift, diagram_one(lift->all, a), end, part);
	mark->of = lift->mark;
	mark->is = diagram_node(lift->all, diagram_variable(lift->all, a), zero,
				one);
	return mark->is;
}

static enum pieces_result
find_pieces(struct lift *lift, dd a, unsigned argument, dd part,
	    struct pieces *out)
{
	const unsigned end = FIRST_ARGUMENT + ARGUMENT_BITS * (argument + 1);
	dd set;

	*out = (struct pieces){ 0 };
	lift->mark++;
	set = set_of(lift, a, end, part);
	if (diagrams_exhausted(lift->all))
		return PIECES_FAILED;
	return pieces_find(lift->all, lift->arena, argument, set, out);
}

static bool fail_pieces(struct lift *lift, enum pieces_result result)
{
	if (result == PIECES_TOO_MANY)
		return fail_too_many(lift);
	if (diagrams_exhausted(lift->all) && !diagrams_out_of_memory(lift->all))
		return fail(lift->err, CG_E_UNDECIDED,
			    "not lifted: it needs more than its budget of "
			    "diagram nodes");
	return fail_nomem(lift->err);
}

/* How hard pieces are to read: by their tests, and what is not so is harder. */
static size_t cost_of(const struct pieces *pieces)
{
	size_t cost = 0;

	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece_tests *piece = &pieces->at[i];

		cost += 2 + 2 * piece->count;
		for (size_t j = 0; j < piece->count; j++)
			cost += piece->tests[j].op == CG_NE;
	}
	return cost;
}

/*
 * Which part comes last: the one that comes after all of this anyway, or that
 * which is the hardest to say. `pieces` gets those of the others.
 */
static bool choose_last(struct lift *lift, dd a, unsigned argument,
			const struct parts *parts, dd after,
			struct pieces *pieces, size_t *last)
{
	size_t most = 0, cost;

	for (size_t i = 0; i < parts->count; i++)
		if (parts->at[i].a == after) {
			*last = i;
			most = SIZE_MAX;
		}
	for (size_t i = 0; i < parts->count; i++) {
		enum pieces_result result;

		if (most == SIZE_MAX && i == *last)
			continue;
		result = find_pieces(lift, a, argument, parts->at[i].a,
				     &pieces[i]);
		if (result == PIECES_FAILED ||
		    (result == PIECES_TOO_MANY && most == SIZE_MAX))
			return fail_pieces(lift, result);
		/* What cannot be said can still be left to the end. */
		cost = result == PIECES_TOO_MANY ? SIZE_MAX
						 : cost_of(&pieces[i]);
		if (most == SIZE_MAX || cost < most)
			continue;
		/* Of two that are alike, an answer reads better at the end. */
		if (cost > most || is_answer(lift, parts->at[i].a))
			*last = i;
		most = cost;
	}
	return true;
}

/*
 * Rules for `a`, from `*layer` on, which moves behind them. `after` decides
 * what none of these rules matches, so what is the same there is left out.
 */
static bool lift_arguments(struct lift *lift, struct recipe *recipe, dd a,
			   dd after, uint32_t *layer)
{
	const unsigned variable = diagram_variable(lift->all, a);
	unsigned argument;
	struct parts parts = { 0 };
	struct pieces *pieces;
	size_t last = 0;
	uint32_t most = *layer;

	if (a == after)
		return true;
	if (variable == BITS)
		return add_answer(lift, recipe, a, (*layer)++);
	if (variable >= FIRST_IP)
		return fail(lift->err, CG_E_INPUT,
			    "the filter looks at the instruction pointer, "
			    "which a policy cannot");
	argument = (variable - FIRST_ARGUMENT) / ARGUMENT_BITS;
	lift->mark++;
	if (!find_parts(lift, a,
			FIRST_ARGUMENT + ARGUMENT_BITS * (argument + 1),
			&parts))
		return false;
	pieces = arena_array(lift->arena, struct pieces, parts.count);
	if (!pieces)
		return fail_nomem(lift->err);
	if (!choose_last(lift, a, argument, &parts, after, pieces, &last))
		return false;
	for (size_t i = 0; i < parts.count; i++)
		for (size_t j = 0; i != last && j < pieces[i].count; j++) {
			const size_t kept = lift->prefix_count;
			uint32_t here = *layer;

			if (!push_tests(lift, &pieces[i].at[j]) ||
			    !lift_arguments(lift, recipe, parts.at[i].a,
					    parts.at[last].a, &here))
				return false;
			lift->prefix_count = kept;
			most = here > most ? here : most;
		}
	*layer = most;
	return lift_arguments(lift, recipe, parts.at[last].a, after, layer);
}

/* The recipe of a diagram that looks at arguments, made once for each ABI:
   what it has no rule for gets the default. */
static const struct recipe *
recipe_of(struct lift *lift, dd a, uint32_t otherwise)
{
	const dd after = diagram_answer(lift->all, otherwise);
	struct recipe *recipe;
	uint32_t layer = 0;

	if (lift->known[a])
		return &lift->recipes[lift->known[a] - 1];
	lift->recipes =
		arena_grow(lift->arena, lift->recipes, &lift->recipe_room,
			   lift->recipe_count + 1, sizeof(*lift->recipes));
	if (!lift->recipes) {
		fail_set(lift->err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	recipe = &lift->recipes[lift->recipe_count];
	*recipe = (struct recipe){ 0 };
	lift->prefix_count = 0;
	if (!lift_arguments(lift, recipe, a, after, &layer))
		return NULL;
	if (recipe->count)
		qsort(recipe->rules, recipe->count, sizeof(*recipe->rules),
		      by_layer);
	lift->known[a] = (uint32_t)++lift->recipe_count;
	return recipe;
}

/* -------------------------------------------------------------- numbers -- */

static bool add_rule(struct lift *lift, const struct cg_rule *rule)
{
	if (lift->rule_count == LIFT_RULES_MAX)
		return fail_too_many(lift);
	lift->rules = arena_grow(lift->arena, lift->rules, &lift->rule_room,
				 lift->rule_count + 1, sizeof(*lift->rules));
	if (!lift->rules)
		return fail_nomem(lift->err);
	lift->rules[lift->rule_count++] = *rule;
	return true;
}

/* One number, whose arguments decide. */
static bool lift_number(struct lift *lift, const struct cg_abi *abi,
			uint32_t nr, dd a, uint32_t otherwise)
{
	const struct recipe *recipe = recipe_of(lift, a, otherwise);

	for (size_t i = 0; recipe && i < recipe->count; i++) {
		struct cg_rule rule = recipe->rules[i].rule;

		rule.abi = abi;
		rule.first = rule.last = nr;
		if (!add_rule(lift, &rule))
			return false;
	}
	return recipe != NULL;
}

static bool lift_part(struct lift *lift, const struct cg_abi *abi,
		      const struct part *part, uint32_t otherwise)
{
	struct cg_rule rule = { .abi = abi,
				.first = part->first,
				.last = part->last };

	if (is_answer(lift, part->a)) {
		rule.answer = diagram_leaf(lift->all, part->a);
		return rule.answer == otherwise || add_rule(lift, &rule);
	}
	if (part->last - part->first >= LONE_MAX)
		return fail(lift->err, CG_E_INPUT,
			    "on %s, arguments decide about all numbers from "
			    "0x%" PRIx32 " to 0x%" PRIx32
			    "; a policy looks at those of single calls",
			    abi->name, part->first, part->last);
	for (uint64_t nr = part->first; nr <= part->last; nr++)
		if (!lift_number(lift, abi, (uint32_t)nr, part->a, otherwise))
			return false;
	return true;
}

/* The parts from `first` to `last`, cut to that. */
static bool clip(struct lift *lift, const struct parts *in, uint32_t first,
		 uint32_t last, struct parts *out)
{
	for (size_t i = 0; i < in->count; i++) {
		struct part part = in->at[i];

		if (part.last < first || part.first > last)
			continue;
		part.first = part.first > first ? part.first : first;
		part.last = part.last < last ? part.last : last;
		out->at = arena_grow(lift->arena, out->at, &out->room,
				     out->count + 1, sizeof(*out->at));
		if (!out->at)
			return fail_nomem(lift->err);
		out->at[out->count++] = part;
	}
	return true;
}

static bool all_foreign(const struct lift *lift, const struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		if (!is_answer(lift, parts->at[i].a) ||
		    diagram_leaf(lift->all, parts->at[i].a) != lift->foreign)
			return false;
	return true;
}

/* An ABI and its numbers; left out if all of them get the foreign answer. */
static bool
lift_abi(struct lift *lift, const struct cg_abi *abi, const struct parts *parts)
{
	uint32_t otherwise = lift->foreign;

	if (all_foreign(lift, parts))
		return true;
	commonest(lift, parts, &otherwise);
	memset(lift->known, 0, lift->nodes * sizeof(*lift->known));
	lift->defaults[lift->default_count++] =
		(struct cg_default){ abi, otherwise };
	for (size_t i = 0; i < parts->count; i++)
		if (!lift_part(lift, abi, &parts->at[i], otherwise))
			return false;
	return true;
}

/* -------------------------------------------------------- architectures -- */

/* The ABIs of an architecture: one, and perhaps one that has a part of it. */
static bool lift_arch(struct lift *lift, const struct cg_abi *abi, dd a)
{
	const struct cg_abi *part = abi_neighbour(abi);
	struct parts all = { 0 }, mine = { 0 }, theirs = { 0 };

	if (!cut(lift, &all, a, WORD_NR, 0, 32))
		return false;
	if (!part || !part->nr_first)
		return lift_abi(lift, abi, &all);
	if (!clip(lift, &all, 0, part->nr_first - 1, &mine) ||
	    (part->nr_last < UINT32_MAX &&
	     !clip(lift, &all, part->nr_last + 1, UINT32_MAX, &mine)) ||
	    !clip(lift, &all, part->nr_first, part->nr_last, &theirs))
		return false;
	return lift_abi(lift, abi, &mine) && lift_abi(lift, part, &theirs);
}

/* The ABI that an architecture's calls belong to, or NULL. */
static const struct cg_abi *abi_of(const struct lift *lift, uint32_t arch)
{
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		if (abi->audit_arch == arch && abi->seccomp && !abi->nr_first &&
		    abi->big_endian == lift->big_endian)
			return abi;
	return NULL;
}

static bool lift_archs(struct lift *lift, const struct parts *archs)
{
	const struct cg_abi *abi;

	for (size_t i = 0; i < archs->count; i++) {
		const struct part *part = &archs->at[i];
		bool foreign =
			is_answer(lift, part->a) &&
			diagram_leaf(lift->all, part->a) == lift->foreign;

		if (!foreign &&
		    (part->first != part->last || !abi_of(lift, part->first)))
			return fail(lift->err, CG_E_INPUT,
				    "the filter has an answer of its own for "
				    "architecture 0x%" PRIx32
				    ", which no ABI of a %s-endian kernel has",
				    part->first,
				    lift->big_endian ? "big" : "little");
	}
	/* In the order of the ABIs: those that stand for themselves first. */
	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		for (size_t j = 0; j < archs->count; j++)
			if (archs->at[j].first == abi->audit_arch &&
			    archs->at[j].last == abi->audit_arch &&
			    abi_of(lift, abi->audit_arch) == abi &&
			    !lift_arch(lift, abi, archs->at[j].a))
				return false;
	return true;
}

/* A policy has an ABI, even if it says nothing of it. */
static void any_abi(struct lift *lift)
{
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)) && !lift->default_count; i++)
		if (abi->seccomp && abi->big_endian == lift->big_endian)
			lift->defaults[lift->default_count++] =
				(struct cg_default){ abi, lift->foreign };
}

static bool lift_all(struct lift *lift, dd filter)
{
	struct parts archs = { 0 };
	size_t abis = 0;

	while (cg_abi_at(abis))
		abis++;
	lift->defaults = arena_array(lift->arena, struct cg_default, abis);
	if (!lift->defaults)
		return fail_nomem(lift->err);
	if (!cut(lift, &archs, filter, WORD_ARCH, 0, 32))
		return false;
	if (!commonest(lift, &archs, &lift->foreign))
		return fail(lift->err, CG_E_INPUT,
			    "the filter does not look at the architecture, but "
			    "at numbers or arguments of all of them; a policy "
			    "is for some");
	if (!lift_archs(lift, &archs))
		return false;
	any_abi(lift);
	return true;
}

bool lift_rules(struct diagrams *all, dd filter, bool big_endian,
		struct arena *arena, struct cg_rules *out, struct cg_error *err)
{
	const size_t nodes = diagrams_count(all);
	struct lift lift = { .all = all,
			     .arena = arena,
			     .err = err,
			     .big_endian = big_endian,
			     .nodes = nodes };
	bool ok;

	lift.known = calloc(nodes, sizeof(*lift.known));
	lift.marks = calloc(nodes, sizeof(*lift.marks));
	ok = lift.known && lift.marks ? lift_all(&lift, filter)
				      : fail_nomem(err);
	free(lift.known);
	free(lift.marks);
	if (!ok)
		return false;
	*out = (struct cg_rules){
		.defaults = lift.defaults,
		.default_count = lift.default_count,
		.rules = lift.rules,
		.rule_count = lift.rule_count,
		.foreign = lift.foreign,
	};
	return true;
}
