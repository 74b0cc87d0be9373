/* callgate/merge.h: diagrams are merged, and the result is lifted. */
#include <callgate/merge.h>

#include "api/diagrams.h"
#include "api/lift.h"
#include "policy/model.h"

enum { NODES = 1 << 20 };

/* Each side by itself, and all of one byte order. */
static bool check_all(const struct cg_side *sides, size_t count,
		      enum cg_merge_way way, struct cg_error *err)
{
	if (!count)
		return fail(err, CG_E_INPUT, "there is nothing to merge");
	if (way != CG_MERGE_UNION && way != CG_MERGE_INTERSECTION)
		return fail(err, CG_E_INPUT, "there is no way %d to merge",
			    (int)way);
	for (size_t i = 0; i < count; i++)
		if (!check_sides(sides[0], sides[i], err))
			return false;
	return true;
}

static dd merge(struct diagrams *all, const struct cg_side *sides, size_t count,
		enum cg_merge_way way)
{
	dd out = diagram_of_side(all, sides[0]);

	for (size_t i = 1; i < count && !diagrams_exhausted(all); i++) {
		dd other = diagram_of_side(all, sides[i]);

		out = way == CG_MERGE_UNION ? diagram_looser(all, out, other)
					    : diagram_stricter(all, out, other);
	}
	return out;
}

static uint32_t flags_of(const struct cg_side *sides, size_t count)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < count; i++)
		flags |= sides[i].policy ? sides[i].policy->flags : 0;
	return flags;
}

static struct cg_policy *
merge_sides(const struct cg_side *sides, size_t count, enum cg_merge_way way,
	    const struct cg_lift_options *options, struct cg_error *err)
{
	struct cg_policy *policy = NULL;
	struct diagrams *all;
	dd merged;

	if (!check_all(sides, count, way, err))
		return NULL;
	all = diagrams_new(options->nodes ? options->nodes : NODES);
	if (!all) {
		fail_set(err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	merged = merge(all, sides, count, way);
	if (options->only)
		merged = diagram_only(all, merged, options->only);
	if (diagrams_exhausted(all))
		fail_exhausted(all, err);
	else
		policy = policy_of_diagram(all, merged,
					   side_is_big_endian(sides[0]),
					   options->memory, err);
	diagrams_free(all);
	if (policy)
		policy->flags = flags_of(sides, count);
	return policy;
}

enum cg_status
cg_merge(const struct cg_side *sides, size_t count, enum cg_merge_way way,
	 const struct cg_lift_options *options, struct cg_policy **out,
	 struct cg_error *err)
{
	const struct cg_lift_options usual = { 0 };
	struct cg_error here = { 0 };
	struct cg_policy *policy = merge_sides(
		sides, count, way, options ? options : &usual, &here);

	if (policy) {
		*out = policy;
		return CG_OK;
	}
	if (err)
		*err = here;
	return here.status;
}
