#include "compile/cost.h"

#include "compile/tree.h"

static const struct cost presets[] = {
	[CG_COST_CACHED] = { .place = 20,
			     .guest_window = 6,
			     .window = 6,
			     .slack = 2,
			     .far_slack = 2,
			     .join = true,
			     .cached = 40,
			     .allowed = 20,
			     .tested = 200000,
			     .refused = 200 },
	[CG_COST_UNCACHED] = { .place = 20,
			       .guest_window = 9,
			       .window = 9,
			       .slack = 4,
			       .far_slack = 4,
			       .join = false,
			       .cached = 1,
			       .allowed = 50,
			       .tested = 1000,
			       .refused = 50 },
	[CG_COST_SIZE] = { .place = 50000,
			   .guest_window = 14,
			   .window = 14,
			   .slack = TREE_RUNS_MAX,
			   .far_slack = TREE_RUNS_MAX,
			   .join = true,
			   .cached = 1,
			   .allowed = 50,
			   .tested = 1000,
			   .refused = 50 },
	[CG_COST_DEPTH] = { .place = 1,
			    .guest_window = 6,
			    .window = 6,
			    .slack = TREE_RUNS_MAX,
			    .far_slack = TREE_RUNS_MAX,
			    .join = false,
			    .even = true,
			    .cached = 1000000,
			    .allowed = 1000,
			    .tested = 1000,
			    .refused = 1000 },
	[CG_COST_BALANCED] = { .place = 20,
			       .guest_window = 8,
			       .window = 1,
			       .slack = 4,
			       .far_slack = 2,
			       .join = false,
			       .cached = 1,
			       .allowed = 50,
			       .tested = 4000,
			       .refused = 100 },
};

bool cost_preset(enum cg_cost preset, struct cost *out)
{
	if ((size_t)preset >= sizeof(presets) / sizeof(presets[0]))
		return false;
	*out = presets[preset];
	return true;
}
