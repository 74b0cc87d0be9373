/*
 * compile/cost.h - what a filter should be cheap at.
 *
 * Two things cost: executing a test, as often as calls come that way, and its
 * place in the program, which is paid when the filter is loaded. How often a
 * call comes that way depends on the kernel: since 5.11 it answers an
 * unconditional allow from a cache and runs the filter for the rest alone.
 */
#ifndef COMPILE_COST_H
#define COMPILE_COST_H

#include <callgate/program.h>

struct cost {
	/* The price of a test's place, in thousandths of what it costs to
	   execute one test at every call. */
	uint32_t place;
	/* Intervals of up to so many runs are all tried with a bit test; longer
	   ones, up to 14 runs, only where the tree goes through them. */
	uint32_t window;
	/* The same where the calls of several ABIs share nr, and for guests:
	   there is more to be gained in length. */
	uint32_t guest_window;
	/* How far from where it should be a threshold is looked for: in
	   intervals of a few runs, and in longer ones, where shapes other than
	   thresholds move it less. */
	uint32_t slack, far_slack;
	/* Whether ABIs that differ in a bit of nr share one tree: shorter, but
	   each call looks at the bit. */
	bool join;
	/* Whether every run counts alike, which keeps all paths short. */
	bool even;
	/* How often a number comes that is allowed without conditions: its
	   frequency divided by this. */
	uint32_t cached;
	/* What a number weighs at least, seen or not, in millionths of all
	   calls: allowed, tested further, refused. */
	uint32_t allowed, tested, refused;
	/* By index of the call, in parts of a million; NULL for the usual mix.
	 */
	const uint32_t *frequency;
};

/* The cost of a preset, for the usual mix; false if there is no such preset. */
bool cost_preset(enum cg_cost preset, struct cost *out);

/*
 * How often `count` calls come that are answered so, of which `seen` in a
 * million are made.
 */
enum cost_kind { COST_ALLOWED, COST_TESTED, COST_REFUSED };
static inline uint64_t cost_weight(const struct cost *cost, uint32_t seen,
				   size_t count, enum cost_kind kind)
{
	switch (kind) {
	case COST_ALLOWED:
		return seen / cost->cached + (uint64_t)count * cost->allowed;
	case COST_REFUSED:
		return seen + (uint64_t)count * cost->refused;
	default:
		return seen + (uint64_t)count * cost->tested;
	}
}

#endif
