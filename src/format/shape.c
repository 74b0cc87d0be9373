#include "format/shape.h"

#include <stdlib.h>

#include "prove/call_bits.h"
#include "prove/compare.h"
#include "prove/meaning.h"

enum { NODES = 1 << 20, ARGUMENTS = 6, ARGS_END = WORD_IP * 32 };

static bool check(const struct shapes *shapes, struct cg_error *err)
{
	if (!diagrams_exhausted(shapes->all))
		return true;
	if (diagrams_out_of_memory(shapes->all))
		return fail_nomem(err);
	return fail(err, CG_E_UNDECIDED,
		    "not decided: the policy needs more diagram nodes than its "
		    "budget has");
}

bool shapes_init(struct shapes *shapes, const struct resolved *resolved,
		 size_t nodes, struct cg_error *err)
{
	shapes->all = diagrams_new(nodes ? nodes : NODES);
	if (!shapes->all)
		return fail_nomem(err);
	return shapes_add(shapes, resolved, &shapes->whole, err);
}

void shapes_done(struct shapes *shapes)
{
	diagrams_free(shapes->all);
	*shapes = (struct shapes){ 0 };
}

bool shapes_add(struct shapes *shapes, const struct resolved *resolved,
		dd *whole, struct cg_error *err)
{
	*whole = meaning_of(shapes->all, resolved);
	return check(shapes, err);
}

dd shape_of(const struct shapes *shapes, dd whole, uint32_t arch, uint32_t nr)
{
	return compare_fix(shapes->all, whole, arch, nr);
}

bool shape_is_constant(const struct shapes *shapes, dd shape, uint32_t *answer)
{
	if (diagram_variable(shapes->all, shape) < BITS)
		return false;
	*answer = diagram_leaf(shapes->all, shape);
	return true;
}

uint32_t
shape_decide(const struct shapes *shapes, dd shape, const uint64_t args[6])
{
	struct cg_call call = { 0 };
	unsigned variable;

	for (unsigned i = 0; i < ARGUMENTS; i++)
		call.args[i] = args[i];
	while ((variable = diagram_variable(shapes->all, shape)) < BITS)
		shape = call_bit(&call, variable)
				? diagram_one(shapes->all, shape)
				: diagram_zero(shapes->all, shape);
	return diagram_leaf(shapes->all, shape);
}

/* ------------------------------------------------------------- answers -- */

/* A search that comes to each node once. */
struct search {
	const struct diagrams *all;
	unsigned char *seen; /* a bit for each node */
	int (*rank)(uint32_t answer);
	uint32_t *best;
	bool found;
};

static void search(struct search *s, dd shape)
{
	unsigned char bit = (unsigned char)(1 << shape % 8);

	if (s->seen[shape / 8] & bit)
		return;
	s->seen[shape / 8] |= bit;
	if (diagram_variable(s->all, shape) < BITS) {
		search(s, diagram_zero(s->all, shape));
		search(s, diagram_one(s->all, shape));
		return;
	}
	if (!s->found ||
	    s->rank(diagram_leaf(s->all, shape)) < s->rank(*s->best))
		*s->best = diagram_leaf(s->all, shape);
	s->found = true;
}

bool shape_least(const struct shapes *shapes, dd shape,
		 int (*rank)(uint32_t answer), uint32_t *answer,
		 struct cg_error *err)
{
	struct search s = { .all = shapes->all, .rank = rank, .best = answer };

	s.seen = calloc(diagrams_count(shapes->all) / 8 + 1, 1);
	if (!s.seen)
		return fail_nomem(err);
	search(&s, shape);
	free(s.seen);
	return true;
}

/* --------------------------------------------------------------- paths -- */

/* A walk over all paths: which bits are known on the way, and what they are. */
struct walk {
	const struct shapes *shapes;
	struct cube at;
	bool (*leaf)(struct walk *walk);
	void *context;
};

static uint64_t bit_of(unsigned variable)
{
	unsigned half = (variable / 32 - WORD_ARGS) % 2;

	return (uint64_t)1 << (31 - variable % 32) << (half ? 0 : 32);
}

/* As deep as there are bits of arguments. */
static bool walk(struct walk *w, dd shape)
{
	const struct diagrams *all = w->shapes->all;
	unsigned variable = diagram_variable(all, shape);
	unsigned argument = (variable / 32 - WORD_ARGS) / 2;
	uint64_t bit;
	bool ok;

	if (variable >= ARGS_END) {
		w->at.answer = diagram_leaf(all, shape);
		return w->leaf(w);
	}
	bit = bit_of(variable);
	w->at.mask[argument] |= bit;
	ok = walk(w, diagram_zero(all, shape));
	w->at.value[argument] |= bit;
	ok = ok && walk(w, diagram_one(all, shape));
	w->at.mask[argument] &= ~bit;
	w->at.value[argument] &= ~bit;
	return ok;
}

struct cubes {
	struct arena *arena;
	struct cg_error *err;
	struct cube *at;
	size_t count, room, most;
	uint32_t otherwise;
};

static bool fail_many(size_t most, struct cg_error *err)
{
	return fail(err, CG_E_TOOLONG,
		    "its conditions would need more than %zu rules", most);
}

static bool add_cube(struct walk *w)
{
	struct cubes *cubes = w->context;

	if (w->at.answer == cubes->otherwise)
		return true;
	if (cubes->count == cubes->most)
		return fail_many(cubes->most, cubes->err);
	cubes->at = arena_grow(cubes->arena, cubes->at, &cubes->room,
			       cubes->count + 1, sizeof(*cubes->at));
	if (!cubes->at)
		return fail_nomem(cubes->err);
	cubes->at[cubes->count++] = w->at;
	return true;
}

bool shape_cubes(const struct shapes *shapes, dd shape, uint32_t otherwise,
		 size_t most, struct arena *arena, struct cube **out,
		 size_t *count, struct cg_error *err)
{
	struct cubes cubes = {
		.arena = arena, .err = err, .most = most, .otherwise = otherwise
	};
	struct walk w = { .shapes = shapes,
			  .leaf = add_cube,
			  .context = &cubes };

	if (!walk(&w, shape))
		return false;
	*out = cubes.at;
	*count = cubes.count;
	return true;
}

/* ---------------------------------------------------------------- runs -- */

struct looks {
	unsigned argument;
	bool other;
};

/* Stops at the first path that looks at two arguments. */
static bool look(struct walk *w)
{
	struct looks *looks = w->context;

	for (unsigned i = 0; i < ARGUMENTS; i++) {
		if (!w->at.mask[i])
			continue;
		if (looks->argument == ARGUMENTS)
			looks->argument = i;
		looks->other |= looks->argument != i;
	}
	return !looks->other;
}

bool shape_looks_only_at(const struct shapes *shapes, dd shape,
			 unsigned *argument)
{
	struct looks looks = { .argument = ARGUMENTS };
	struct walk w = { .shapes = shapes, .leaf = look, .context = &looks };

	if (!walk(&w, shape) || looks.argument == ARGUMENTS)
		return false;
	*argument = looks.argument;
	return true;
}

/*
 * The answer from `first` on, and up to which value it stays: bits that are not
 * looked at, where they are the lowest, change nothing.
 */
static struct run run_from(const struct shapes *shapes, dd shape,
			   unsigned argument, uint64_t first)
{
	struct cg_call call = { 0 };
	uint64_t looked = 0;
	unsigned variable;

	call.args[argument] = first;
	while ((variable = diagram_variable(shapes->all, shape)) < BITS) {
		looked |= bit_of(variable);
		shape = call_bit(&call, variable)
				? diagram_one(shapes->all, shape)
				: diagram_zero(shapes->all, shape);
	}
	return (struct run){ first, first | (~looked & (looked - 1)),
			     diagram_leaf(shapes->all, shape) };
}

bool shape_runs(const struct shapes *shapes, dd shape, unsigned argument,
		size_t most, struct arena *arena, struct run **out,
		size_t *count, struct cg_error *err)
{
	struct run *runs = arena_array(arena, struct run, most);
	uint64_t first = 0;
	size_t used = 0;

	if (!runs)
		return fail_nomem(err);
	do {
		struct run run = run_from(shapes, shape, argument, first);

		if (used && runs[used - 1].answer == run.answer)
			runs[used - 1].last = run.last;
		else if (used == most)
			return fail_many(most, err);
		else
			runs[used++] = run;
		first = run.last + 1;
	} while (first);
	*out = runs;
	*count = used;
	return true;
}
