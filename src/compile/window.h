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

/* Put a window for the runs i..j in `plan` if it costs less than `*cost`. */
void window_try(const struct tree *tree, size_t i, size_t j, struct plan *plan,
		uint64_t *cost);

/* The node of the window for i..j that tests the bits of `mask`. */
uint32_t
window_build(const struct tree *tree, size_t i, size_t j, uint32_t mask);

#endif
