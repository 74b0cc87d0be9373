#include "record/recording.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const phase_names[CG_PHASES] = {
	[CG_PHASE_ALL] = "all",
	[CG_PHASE_START] = "start",
	[CG_PHASE_SERVICE] = "service",
	[CG_PHASE_RUNTIME] = "runtime",
};

const char *recording_phase_name(enum cg_phase phase)
{
	return phase_names[phase];
}

enum cg_phase recording_phase(const char *name)
{
	for (size_t i = 0; i < CG_PHASES; i++)
		if (strcmp(name, phase_names[i]) == 0)
			return (enum cg_phase)i;
	return CG_PHASES;
}

struct cg_recording *recording_new(size_t memory)
{
	struct cg_recording *recording = calloc(1, sizeof(*recording));

	if (recording) {
		recording->arena.budget = memory ? memory : RECORDING_MEMORY;
		recording->runs = 1;
	}
	return recording;
}

void recording_add(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = UINT64_MAX;
}

void recorded_seen(struct recorded *call, uint64_t first, uint64_t last)
{
	if (first && (!call->first || first < call->first))
		call->first = first;
	if (last > call->last)
		call->last = last;
}

/*
 * Make room for one element before index `at` of a sorted array; NULL if
 * memory ran out. The new element is zeroed.
 */
static void *open_gap(struct arena *arena, void *array, size_t *count,
		      size_t *room, size_t at, size_t size)
{
	char *grown = arena_grow(arena, array, room, *count + 1, size);

	if (!grown)
		return NULL;
	memmove(grown + (at + 1) * size, grown + at * size,
		(*count - at) * size);
	memset(grown + at * size, 0, size);
	++*count;
	return grown;
}

/* By phase, then as the ABIs' own table has them, then by number. */
static int call_order(const struct recorded *call, enum cg_phase phase,
		      const struct cg_abi *abi, uint32_t nr)
{
	int order;

	if (call->phase != phase)
		return call->phase < phase ? -1 : 1;
	order = strcmp(call->abi->name, abi->name);
	if (order)
		return order;
	return call->nr == nr ? 0 : call->nr < nr ? -1 : 1;
}

struct recorded *
recording_call(struct cg_recording *recording, enum cg_phase phase,
	       const struct cg_abi *abi, uint32_t nr)
{
	size_t low = 0, high = recording->count;
	struct recorded *call, **grown;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order =
			call_order(recording->calls[middle], phase, abi, nr);

		if (order == 0)
			return recording->calls[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	call = arena_array(&recording->arena, struct recorded, 1);
	if (!call)
		return NULL;
	grown = open_gap(&recording->arena, recording->calls, &recording->count,
			 &recording->room, low, sizeof(struct recorded *));
	if (!grown)
		return NULL;
	recording->calls = grown;
	call->phase = phase;
	call->abi = abi;
	call->nr = nr;
	grown[low] = call;
	return call;
}

bool recording_error(struct cg_recording *recording, struct recorded *call,
		     uint32_t number, uint64_t count)
{
	struct failures *failures = &call->failures;
	struct cg_recorded_error *grown;
	size_t at = 0;

	while (at < failures->count && failures->at[at].number < number)
		at++;
	if (at == failures->count || failures->at[at].number != number) {
		grown = open_gap(&recording->arena, failures->at,
				 &failures->count, &failures->room, at,
				 sizeof(*grown));
		if (!grown)
			return false;
		failures->at = grown;
		grown[at].number = number;
	}
	recording_add(&failures->at[at].count, count);
	return true;
}

/*
 * The smallest values stay: which ones those are does not depend on the order
 * in which they come.
 */
bool recording_value(struct cg_recording *recording, struct recorded *call,
		     unsigned argument, uint64_t value, uint64_t count)
{
	struct arguments *arguments = &call->arguments[argument];
	struct cg_recorded_value *grown;
	size_t at = 0;

	while (at < arguments->count && arguments->at[at].value < value)
		at++;
	if (at < arguments->count && arguments->at[at].value == value) {
		recording_add(&arguments->at[at].count, count);
		return true;
	}
	if (at == RECORDING_VALUES) {
		recording_add(&arguments->other, count);
		return true;
	}
	if (arguments->count == RECORDING_VALUES)
		recording_add(&arguments->other,
			      arguments->at[--arguments->count].count);
	grown = open_gap(&recording->arena, arguments->at, &arguments->count,
			 &arguments->room, at, sizeof(*grown));
	if (!grown)
		return false;
	arguments->at = grown;
	grown[at] = (struct cg_recorded_value){ value, count };
	return true;
}

static size_t tag_place(const struct tags *tags, const char *text)
{
	size_t at = 0;

	while (at < tags->count && strcmp(tags->at[at].text, text) < 0)
		at++;
	return at;
}

static bool tag_is(const struct tags *tags, size_t at, const char *text)
{
	return at < tags->count && strcmp(tags->at[at].text, text) == 0;
}

/* A copy that JSON can carry: file names may be any bytes. */
static char *tag_text(struct cg_recording *recording, const char *text)
{
	size_t length = strlen(text), wrong;
	char *copy = arena_text(&recording->arena, text, length);

	while (copy && !text_is_utf8(copy, length, &wrong))
		copy[wrong] = '?';
	return copy;
}

bool recording_tag(struct cg_recording *recording, enum label label,
		   const char *text, uint64_t count)
{
	struct tags *tags = &recording->tags[label];
	char *copy = tag_text(recording, text);
	struct tag *grown;
	size_t at;

	if (!copy)
		return false;
	at = tag_place(tags, copy);
	if (!tag_is(tags, at, copy)) {
		grown = open_gap(&recording->arena, tags->at, &tags->count,
				 &tags->room, at, sizeof(*grown));
		if (!grown)
			return false;
		tags->at = grown;
		grown[at].text = copy;
	}
	recording_add(&tags->at[at].count, count);
	return true;
}

bool recording_has(const struct cg_recording *recording, enum label label,
		   const char *text)
{
	const struct tags *tags = &recording->tags[label];

	return tag_is(tags, tag_place(tags, text), text);
}

bool recording_stack(struct cg_recording *recording, struct recorded *call,
		     const char *stack, uint64_t at)
{
	if (call->stack &&
	    (call->stack_at < at ||
	     (call->stack_at == at && strcmp(call->stack, stack) <= 0)))
		return true;
	call->stack = arena_text(&recording->arena, stack, strlen(stack));
	call->stack_at = at;
	return call->stack != NULL;
}

static bool join_call(struct cg_recording *into, const struct recorded *from)
{
	struct recorded *call =
		recording_call(into, from->phase, from->abi, from->nr);

	if (!call || (from->stack && !recording_stack(into, call, from->stack,
						      from->stack_at)))
		return false;
	recording_add(&call->count, from->count);
	recording_add(&call->time, from->time);
	recorded_seen(call, from->first, from->last);
	for (size_t i = 0; i < from->failures.count; i++)
		if (!recording_error(into, call, from->failures.at[i].number,
				     from->failures.at[i].count))
			return false;
	for (unsigned arg = 0; arg < 6; arg++) {
		const struct arguments *values = &from->arguments[arg];

		recording_add(&call->arguments[arg].other, values->other);
		for (size_t i = 0; i < values->count; i++)
			if (!recording_value(into, call, arg,
					     values->at[i].value,
					     values->at[i].count))
				return false;
	}
	return true;
}

bool recording_join(struct cg_recording *into, const struct cg_recording *from)
{
	assert(into != from);
	for (size_t i = 0; i < from->count; i++)
		if (!join_call(into, from->calls[i]))
			return false;
	for (enum label label = 0; label < LABELS; label++) {
		const struct tags *tags = &from->tags[label];

		for (size_t i = 0; i < tags->count; i++)
			if (!recording_tag(into, label, tags->at[i].text,
					   tags->at[i].count))
				return false;
	}
	recording_add(&into->runs, from->runs);
	return true;
}
