/*
 * callgate/merge.h - one policy of several.
 */
#ifndef CALLGATE_MERGE_H
#define CALLGATE_MERGE_H

#include <callgate/lift.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cg_merge_way {
	CG_MERGE_UNION,        /* what any of them allows */
	CG_MERGE_INTERSECTION, /* what all of them allow */
};

/*
 * Make one policy of several policies, programs or chains.
 *
 * To each call it gives one of the answers that they give: the loosest for a
 * union, the strictest for an intersection. From the strictest on:
 * kill_process, kill_thread, trap, errno, user_notif, trace, log, allow. Of
 * several that differ in their data alone (another errno) it is the smallest.
 * An architecture that a policy does not cover gets that policy's answer to
 * foreign ones, and takes part with that. So the order of the sides does not
 * matter, nor what is merged first, nor the same side twice.
 *
 * The flags are those of all policies together. The result is proved to be
 * this, and is exact (callgate-policy(5)). `count` is at least 1; all sides
 * must be of one byte order. Fails as cg_lift.
 */
CG_API CG_CHECKED enum cg_status
cg_merge(const struct cg_side *sides, size_t count, enum cg_merge_way way,
	 const struct cg_lift_options *options, struct cg_policy **out,
	 struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
