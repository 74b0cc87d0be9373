/*
 * compile/window.h - one test of some bits in place of many comparisons.
 *
 * Between two thresholds lie a few runs of numbers. Which side of a bit test a
 * value takes may sort them better than any comparison: on either side the
 * values of the other never come, so runs that they kept apart are one.
 */
#ifndef COMPILE_WINDOW_H
#define COMPILE_WINDOW_H

#include "compile/tree.h"

enum {
	WINDOW_SPAN = 64, /* values of a window: one machine word of them */
	WINDOW_LEAST = 5, /* fewer runs cannot gain a test */
	WINDOW_MOST = 14,
};

/* Whether there can be a window for the runs i..j. */
static inline bool window_fits(const struct tree *tree, size_t i, size_t j)
{
	uint64_t end =
		j + 1 < tree->count ? tree->runs[j + 1].first : tree->last + 1;

	return j - i + 1 >= WINDOW_LEAST && j - i + 1 <= WINDOW_MOST &&
	       end - tree->runs[i].first <= WINDOW_SPAN;
}

/*
 * Put a window for the runs i..j, which fits, in `shape` if it costs less than
 * `*cost`.
 */
void window_try(const struct tree *tree, size_t i, size_t j, uint8_t *shape,
		uint64_t *cost);

/* The node of the window for i..j that tests the bits of `mask`. */
uint32_t
window_build(const struct tree *tree, size_t i, size_t j, uint32_t mask);

#endif
