/*
 * watch/joint.h - what several sources see of one violation becomes one.
 *
 * A violation waits for those who must have seen it, too: until they have told
 * all that they had some time after it came, and no longer. One that comes
 * later still is known by what was handed out, and is not told twice. Pure: the
 * caller has the clock.
 */
#ifndef WATCH_JOINT_H
#define WATCH_JOINT_H

#include "watch/violation.h"

enum {
	JOINT_HELD = 8192,  /* that wait at most */
	JOINT_TOLD = 16384, /* that are remembered at most */
	JOINT_SOURCES = 3,  /* bits of CG_SOURCE_* */
};

struct joint;

/* `hold`: ns to wait at least for another source that has nothing to tell. */
struct joint *joint_new(uint32_t sources, uint64_t hold);
void joint_free(struct joint *joint);

/* Take a violation in; it is the joint's from now on. */
void joint_put(struct joint *joint, struct violation *violation, uint64_t now);

/* Source, of CG_SOURCE_*, had nothing left to tell at `now`. */
void joint_empty(struct joint *joint, uint32_t source, uint64_t now);

/* One that is complete, or has waited long enough; or NULL. */
struct violation *joint_take(struct joint *joint, uint64_t now);

/* When to ask again although nothing came: 0, never. */
uint64_t joint_due(const struct joint *joint);

/* Violations of two sources made one, and those that came too late for it. */
void joint_counts(const struct joint *joint, struct cg_watch_tally *out);

#endif
