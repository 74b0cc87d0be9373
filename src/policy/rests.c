#include "policy/rests.h"

#include <stdlib.h>

static bool says_same(const struct rest *a, const struct rest *b)
{
	return a->answer == b->answer && a->cause == b->cause &&
	       a->order == b->order && a->place.source == b->place.source &&
	       a->place.line == b->place.line &&
	       a->place.column == b->place.column;
}

bool rests_add(struct rests *rests, uint64_t first, const struct rest *rest)
{
	if (first > UINT32_MAX)
		return true;
	if (rests->count && rests->at[rests->count - 1].first == first)
		rests->count--; /* nothing lies in it */
	if (rests->count && says_same(&rests->at[rests->count - 1], rest))
		return true;
	rests->at = arena_grow(rests->arena, rests->at, &rests->room,
			       rests->count + 1, sizeof(*rests->at));
	if (!rests->at)
		return false;
	rests->at[rests->count] = *rest;
	rests->at[rests->count++].first = (uint32_t)first;
	return true;
}

/* ------------------------------------------------------------- spans -- */

/* The spans that reach the number looked at: a heap, least order on top. */
struct active {
	const struct number_span **at;
	size_t count;
};

static void swap(const struct number_span **a, const struct number_span **b)
{
	const struct number_span *kept = *a;

	*a = *b;
	*b = kept;
}

static void push(struct active *active, const struct number_span *span)
{
	size_t i = active->count++;

	active->at[i] = span;
	for (; i > 0; i = (i - 1) / 2) {
		size_t up = (i - 1) / 2;

		if (active->at[up]->rest.order <= active->at[i]->rest.order)
			return;
		swap(&active->at[up], &active->at[i]);
	}
}

static void pop(struct active *active)
{
	active->at[0] = active->at[--active->count];
	for (size_t i = 0, least = 0;; i = least) {
		for (size_t j = 2 * i + 1; j <= 2 * i + 2; j++)
			if (j < active->count &&
			    active->at[j]->rest.order <
				    active->at[least]->rest.order)
				least = j;
		if (least == i)
			return;
		swap(&active->at[i], &active->at[least]);
	}
}

static int by_first(const void *left, const void *right)
{
	const struct number_span *a = left, *b = right;

	if (a->rest.first != b->rest.first)
		return a->rest.first < b->rest.first ? -1 : 1;
	return (a->rest.order > b->rest.order) -
	       (a->rest.order < b->rest.order);
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* The numbers from which on something else may answer, sorted. */
static uint64_t *
cuts_of(struct arena *arena, const struct resolved_abi *abi,
	const struct number_span *spans, size_t count, size_t *cut_count)
{
	uint64_t *cuts =
		arena_array(arena, uint64_t, 2 * count + abi->rest_count);

	*cut_count = 0;
	if (!cuts)
		return NULL;
	for (size_t i = 0; i < abi->rest_count; i++)
		cuts[(*cut_count)++] = abi->rests[i].first;
	for (size_t i = 0; i < count; i++) {
		cuts[(*cut_count)++] = spans[i].rest.first;
		cuts[(*cut_count)++] = spans[i].last + (uint64_t)1;
	}
	qsort(cuts, *cut_count, sizeof(*cuts), by_value);
	return cuts;
}

/* Entries behind a span without tests never count; they are kept for lint. */
static bool drop_covered(struct arena *arena, struct resolved_abi *abi)
{
	const struct rest *rest = abi->rests;
	const struct rest *end = abi->rests + abi->rest_count;
	size_t kept = 0, room = 0;

	for (size_t i = 0; i < abi->count; i++) {
		while (rest + 1 < end && rest[1].first <= abi->entries[i].nr)
			rest++;
		if (abi->entries[i].order < rest->order) {
			abi->entries[kept++] = abi->entries[i];
			continue;
		}
		abi->covered = arena_grow(arena, abi->covered, &room,
					  abi->covered_count + 1,
					  sizeof(*abi->covered));
		if (!abi->covered)
			return false;
		abi->covered[abi->covered_count++] = abi->entries[i];
	}
	abi->count = kept;
	return true;
}

bool rests_lay(struct arena *arena, struct resolved_abi *abi,
	       struct number_span *spans, size_t count)
{
	struct active active = { 0 };
	struct rests out = { .arena = arena };
	size_t cut_count, next = 0;
	const uint64_t *cuts;

	if (!count)
		return true;
	qsort(spans, count, sizeof(*spans), by_first);
	cuts = cuts_of(arena, abi, spans, count, &cut_count);
	active.at = arena_array(arena, const struct number_span *, count);
	if (!cuts || !active.at)
		return false;
	out.room = cut_count;
	out.at = arena_array(arena, struct rest, cut_count);
	if (!out.at)
		return false;
	for (size_t i = 0; i < cut_count; i++) {
		if (cuts[i] > UINT32_MAX)
			break;
		while (next < count && spans[next].rest.first <= cuts[i])
			push(&active, &spans[next++]);
		while (active.count && active.at[0]->last < cuts[i])
			pop(&active);
		if (!rests_add(&out, cuts[i],
			       active.count
				       ? &active.at[0]->rest
				       : resolved_rest(abi, (uint32_t)cuts[i])))
			return false;
	}
	abi->rests = out.at;
	abi->rest_count = out.count;
	return drop_covered(arena, abi);
}
