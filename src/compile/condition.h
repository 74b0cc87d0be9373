/*
 * compile/condition.h - a test of an argument as runs of one or two words.
 *
 * A 64-bit comparison looks at the high word first; what is then left to know
 * about the low word depends on where the high word lies. A condition is such
 * a step: runs over a masked word, each leading to "holds", "fails", or to
 * another condition on the low word.
 */
#ifndef COMPILE_CONDITION_H
#define COMPILE_CONDITION_H

#include "compile/graph.h"
#include "policy/resolve.h"

struct condition_step {
	uint8_t word;
	uint32_t mask;
	struct condition_run {
		uint32_t first;
		uint32_t next; /* a step, or one of the two below */
	} * runs;
	size_t count;
};

#define STEP_HOLDS (UINT32_MAX - 1)
#define STEP_FAILS (UINT32_MAX - 2)

/* All steps of one call's conditions, equal ones once. */
struct steps {
	struct arena *arena;
	struct condition_step *at;
	size_t count, room;
};

/*
 * The first step of a test, or STEP_HOLDS or STEP_FAILS where nothing needs to
 * be looked at. Fails only if memory runs out.
 */
bool condition_steps(struct steps *steps, const struct test *test,
		     uint32_t *first);

#endif
