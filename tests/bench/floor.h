/* bench/floor.h - the fewest instructions that a policy can come to. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <callgate/callgate.h>

/*
 * The fewest instructions of a filter for `policy` that compares numbers for
 * order and equality, and shares no test between architectures:
 *
 *   the load of arch; for each arch a test of it and the load of the number
 *   the tests that tell runs of numbers apart: a border for each two that are
 *     neighbours, or one test for equality that takes out a single number
 *   a load and a test for each call whose arguments matter
 *   a return for each answer
 *
 * Of several ABIs under one arch it counts the first alone. `*runs` is how many
 * runs of numbers there are.
 */
size_t floor_of(const struct cg_policy *policy, size_t *runs);

#endif
