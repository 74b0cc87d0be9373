/*
 * format/shape.h - what a policy does with the calls of one number, whatever
 * rules say so.
 *
 * For writers whose format has other tests than a policy has: a shape is the
 * function itself, so rules can be made of it in the format's own terms.
 * Shapes are canonical: two are the same number if and only if they answer
 * every call alike.
 */
#ifndef FORMAT_SHAPE_H
#define FORMAT_SHAPE_H

#include "base/arena.h"
#include "base/fail.h"
#include "policy/resolve.h"
#include "prove/diagram.h"

struct shapes {
	struct diagrams *all;
	dd whole; /* the policy */
};

/*
 * Fill `shapes`; shapes_done() gives it back, also after a failure. `nodes`
 * bounds the diagrams, 0: 1 << 20. Fails with CG_E_UNDECIDED, CG_E_NOMEM.
 */
bool shapes_init(struct shapes *shapes, const struct resolved *resolved,
		 size_t nodes, struct cg_error *err);
void shapes_done(struct shapes *shapes);

/* One more policy among the same shapes, to compare with. */
bool shapes_add(struct shapes *shapes, const struct resolved *resolved,
		dd *whole, struct cg_error *err);

/* What `whole` does with a number of an arch. */
dd shape_of(const struct shapes *shapes, dd whole, uint32_t arch, uint32_t nr);

/* Whether it always answers the same, and what. */
bool shape_is_constant(const struct shapes *shapes, dd shape, uint32_t *answer);

/* Whether it looks at no argument but this one. */
bool shape_looks_only_at(const struct shapes *shapes, dd shape,
			 unsigned *argument);

/*
 * The answer of a shape that has the lowest `rank`. Fails with CG_E_NOMEM.
 */
bool shape_least(const struct shapes *shapes, dd shape,
		 int (*rank)(uint32_t answer), uint32_t *answer,
		 struct cg_error *err);

/* The answer to a call with these arguments. */
uint32_t
shape_decide(const struct shapes *shapes, dd shape, const uint64_t args[6]);

/*
 * A part of a shape: the calls whose arguments, masked, are these values. The
 * cubes of a shape do not overlap, and together they are all of it.
 */
struct cube {
	uint64_t mask[6], value[6];
	uint32_t answer;
};

/*
 * All cubes but those that get `otherwise`, at most `most` of them; `*count` is
 * how many. Fails with CG_E_TOOLONG where there are more, CG_E_NOMEM.
 */
bool shape_cubes(const struct shapes *shapes, dd shape, uint32_t otherwise,
		 size_t most, struct arena *arena, struct cube **out,
		 size_t *count, struct cg_error *err);

/* Values of one argument that get the same answer, in a row. */
struct run {
	uint64_t first, last;
	uint32_t answer;
};

/*
 * The runs of a shape that looks only at `argument`, from 0 to 2^64 - 1,
 * neighbours with different answers. Fails as shape_cubes().
 */
bool shape_runs(const struct shapes *shapes, dd shape, unsigned argument,
		size_t most, struct arena *arena, struct run **out,
		size_t *count, struct cg_error *err);

#endif
