#include "watch/joint.h"

#include <stdlib.h>
#include <string.h>

#include <callgate/policy.h>

enum { BUCKETS = 4096, NONE = UINT32_MAX };

#define SECOND UINT64_C(1000000000)

/* What is the same, whoever tells of a violation. */
struct mark {
	uint64_t ip;
	uint32_t pid, arch, nr, verdict;
};

/* A violation that waits. Once it is gone its place stays until its turn. */
struct held {
	struct violation *violation;
	struct mark mark;
	uint32_t have, wants; /* CG_SOURCE_* */
	uint32_t next;        /* in its bucket */
};

/* One that was handed out although a source had not told of it. */
struct told {
	struct mark mark;
	uint32_t wants; /* 0: it did, or this is free */
	uint32_t next;
	uint64_t when;
};

struct joint {
	uint32_t sources;
	uint64_t hold;
	uint64_t empty[JOINT_SOURCES]; /* when each had nothing to tell */
	/* Both are rings; these count up for ever. */
	uint32_t held_first, held_last, told_last;
	struct held held[JOINT_HELD];
	struct told told[JOINT_TOLD];
	uint32_t held_at[BUCKETS], told_at[BUCKETS];
	struct violation *ready, **ready_end;
	uint64_t united, late;
};

struct joint *joint_new(uint32_t sources, uint64_t hold)
{
	struct joint *joint = calloc(1, sizeof(*joint));

	if (!joint)
		return NULL;
	joint->sources = sources;
	joint->hold = hold;
	joint->ready_end = &joint->ready;
	memset(joint->held_at, 0xff, sizeof(joint->held_at));
	memset(joint->told_at, 0xff, sizeof(joint->told_at));
	return joint;
}

void joint_free(struct joint *joint)
{
	if (!joint)
		return;
	for (size_t i = 0; i < JOINT_HELD; i++)
		violation_free(joint->held[i].violation);
	while (joint->ready) {
		struct violation *next = joint->ready->next;

		violation_free(joint->ready);
		joint->ready = next;
	}
	free(joint);
}

/* --------------------------------------------------------------- marks -- */

static struct mark mark_of(const struct violation *violation)
{
	const struct cg_violation *about = &violation->about;

	return (struct mark){ about->has_ip ? about->ip : 0, about->pid,
			      about->arch, about->nr, about->verdict };
}

static uint32_t bucket_of(const struct mark *mark)
{
	uint64_t mix = mark->ip ^ (uint64_t)mark->pid << 32 ^
		       (uint64_t)mark->nr << 16 ^ mark->verdict;

	return (uint32_t)(mix * UINT64_C(0x9e3779b97f4a7c15) >> 32) % BUCKETS;
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
	return a->ip == b->ip && a->pid == b->pid && a->arch == b->arch &&
	       a->nr == b->nr && a->verdict == b->verdict;
}

/*
 * Who else must have seen it. A call that is only logged is one for audit
 * alone; audit hears of what is logged, which eBPF knows from the filter. An
 * agent is asked before the call ends, so that eBPF never waits for it.
 */
static uint32_t
wants_of(const struct joint *joint, const struct violation *violation)
{
	const struct cg_violation *about = &violation->about;
	uint32_t wants = 0;

	if (about->sources & CG_SOURCE_EBPF)
		wants = violation->logged ? CG_SOURCE_AUDIT : 0;
	else if (!about->has_verdict || about->verdict == CG_RET_LOG)
		wants = 0;
	else if (about->verdict == CG_RET_USER_NOTIF)
		wants = CG_SOURCE_EBPF | CG_SOURCE_AGENT | CG_SOURCE_AUDIT;
	else
		wants = CG_SOURCE_EBPF;
	return wants & joint->sources & ~about->sources;
}

/* ------------------------------------------------------------- uniting -- */

#define TAKE(field, unknown) \
	(to->field = to->field == (unknown) ? from->field : to->field)

/* What one has and the other has not. */
static void fill(struct cg_violation *to, const struct cg_violation *from)
{
	TAKE(login_uid, CG_UNSET);
	TAKE(session, CG_UNSET);
	TAKE(uid, CG_UNSET);
	TAKE(gid, CG_UNSET);
	TAKE(thread, CG_UNSET);
	TAKE(parent, 0);
	TAKE(label, NULL);
	TAKE(executable, NULL);
	TAKE(name, NULL);
	TAKE(command_line, NULL);
	TAKE(working_directory, NULL);
	TAKE(container, NULL);
	TAKE(unit, NULL);
	TAKE(pod, NULL);
	TAKE(error, 0);
	to->continued |= from->continued;
	if (!to->ancestors) {
		to->ancestors = from->ancestors;
		to->ancestor_count = from->ancestor_count;
	}
	if (!to->stack_count) {
		to->stack = from->stack;
		to->stack_count = from->stack_count;
	}
	if (!to->has_args) {
		memcpy(to->args, from->args, sizeof(to->args));
		memcpy(to->memory, from->memory, sizeof(to->memory));
		to->has_args = from->has_args;
	}
	/* The record's own: by these it is found again in a log. */
	if (!to->serial && from->serial) {
		to->serial = from->serial;
		to->time = from->time;
	}
}

/* The one with the filter carries the other. */
static struct violation *unite(struct violation *a, struct violation *b)
{
	struct violation *to = b->about.sources & CG_SOURCE_EBPF ? b : a;
	struct violation *from = to == a ? b : a, **end = &to->other;

	fill(&to->about, &from->about);
	to->about.sources |= from->about.sources;
	to->came = from->came < to->came ? from->came : to->came;
	while (*end)
		end = &(*end)->other;
	*end = from;
	return to;
}

/* ---------------------------------------------------------------- told -- */

static void forget_told(struct joint *joint, uint32_t at)
{
	struct told *told = &joint->told[at % JOINT_TOLD];
	uint32_t *link = &joint->told_at[bucket_of(&told->mark)];

	while (*link != NONE && *link != at)
		link = &joint->told[*link % JOINT_TOLD].next;
	if (*link == at)
		*link = told->next;
	told->wants = 0;
}

static void remember(struct joint *joint, const struct held *held, uint64_t now)
{
	uint32_t at = joint->told_last++;
	struct told *told = &joint->told[at % JOINT_TOLD];
	uint32_t *link = &joint->told_at[bucket_of(&held->mark)];

	if (told->wants)
		forget_told(joint, at - JOINT_TOLD);
	*told = (struct told){ held->mark, held->wants, *link, now };
	*link = at;
}

/* A supervisor or a tracer takes its time; others are nearly at once. */
static uint64_t patience(const struct mark *mark)
{
	return mark->verdict == CG_RET_USER_NOTIF ||
			       mark->verdict == CG_RET_TRACE
		       ? 60 * SECOND
		       : 2 * SECOND;
}

/* Whether this was handed out already, before its source told of it. */
static bool was_told(struct joint *joint, const struct mark *mark,
		     uint32_t source, uint64_t now)
{
	uint32_t at = joint->told_at[bucket_of(mark)];

	for (; at != NONE; at = joint->told[at % JOINT_TOLD].next) {
		struct told *told = &joint->told[at % JOINT_TOLD];

		if (!(told->wants & source) || !same_mark(&told->mark, mark) ||
		    now - told->when > patience(mark))
			continue;
		told->wants &= ~source;
		if (!told->wants)
			forget_told(joint, at);
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- held -- */

static void make_ready(struct joint *joint, struct violation *violation)
{
	violation->next = NULL;
	*joint->ready_end = violation;
	joint->ready_end = &violation->next;
}

static void release(struct joint *joint, uint32_t at, uint64_t now)
{
	struct held *held = &joint->held[at % JOINT_HELD];
	uint32_t *link = &joint->held_at[bucket_of(&held->mark)];

	while (*link != NONE && *link != at)
		link = &joint->held[*link % JOINT_HELD].next;
	if (*link == at)
		*link = held->next;
	if (held->wants)
		remember(joint, held, now);
	make_ready(joint, held->violation);
	held->violation = NULL;
}

/* The oldest that this source has not told of; NONE. */
static uint32_t
find_held(const struct joint *joint, const struct mark *mark, uint32_t source)
{
	uint32_t at = joint->held_at[bucket_of(mark)], found = NONE;

	for (; at != NONE; at = joint->held[at % JOINT_HELD].next) {
		const struct held *held = &joint->held[at % JOINT_HELD];

		if (!(held->have & source) && same_mark(&held->mark, mark))
			found = at; /* buckets have the newest first */
	}
	return found;
}

static void hold(struct joint *joint, struct violation *violation,
		 const struct mark *mark, uint32_t wants, uint64_t now)
{
	uint32_t at, *link = &joint->held_at[bucket_of(mark)];

	if (joint->held_last - joint->held_first == JOINT_HELD) {
		at = joint->held_first++;
		if (joint->held[at % JOINT_HELD].violation)
			release(joint, at, now);
	}
	at = joint->held_last++;
	joint->held[at % JOINT_HELD] =
		(struct held){ violation, *mark, violation->about.sources,
			       wants, *link };
	*link = at;
}

void joint_put(struct joint *joint, struct violation *violation, uint64_t now)
{
	const uint32_t source = violation->about.sources;
	const struct mark mark = mark_of(violation);
	uint32_t at = find_held(joint, &mark, source);
	uint32_t wants = wants_of(joint, violation);

	violation->came = now;
	if (at != NONE) {
		struct held *held = &joint->held[at % JOINT_HELD];

		held->violation = unite(held->violation, violation);
		held->have |= source;
		held->wants = wants_of(joint, held->violation) & ~held->have;
		joint->united++;
		if (!held->wants)
			release(joint, at, now);
	} else if (was_told(joint, &mark, source, now)) {
		joint->late++;
		violation_free(violation);
	} else if (wants) {
		hold(joint, violation, &mark, wants, now);
	} else {
		make_ready(joint, violation);
	}
}

void joint_empty(struct joint *joint, uint32_t source, uint64_t now)
{
	for (size_t i = 0; i < JOINT_SOURCES; i++)
		if (source & 1u << i)
			joint->empty[i] = now;
}

/* Whether all that are waited for had nothing more to tell after a while. */
static bool is_due(const struct joint *joint, const struct held *held)
{
	for (size_t i = 0; i < JOINT_SOURCES; i++)
		if (held->wants & 1u << i &&
		    joint->empty[i] < held->violation->came + joint->hold)
			return false;
	return true;
}

struct violation *joint_take(struct joint *joint, uint64_t now)
{
	struct violation *ready;

	for (; joint->held_first != joint->held_last; joint->held_first++) {
		uint32_t at = joint->held_first;
		struct held *held = &joint->held[at % JOINT_HELD];

		if (!held->violation)
			continue;
		if (!is_due(joint, held))
			break;
		release(joint, at, now);
	}
	ready = joint->ready;
	if (!ready)
		return NULL;
	joint->ready = ready->next;
	if (!joint->ready)
		joint->ready_end = &joint->ready;
	ready->next = NULL;
	return ready;
}

uint64_t joint_due(const struct joint *joint)
{
	for (uint32_t at = joint->held_first; at != joint->held_last; at++)
		if (joint->held[at % JOINT_HELD].violation)
			return joint->held[at % JOINT_HELD].violation->came +
			       joint->hold;
	return 0;
}

void joint_counts(const struct joint *joint, struct cg_watch_tally *out)
{
	out->united = joint->united;
	out->late = joint->late;
}
