/*
 * What is still open after some words were looked at is a state: the entries
 * that may yet match, each with the conditions that are not decided. A word is
 * looked at once for all entries; states that meet are one node. That shares
 * the most, but can grow as fast as the ways to combine the conditions, so it
 * has a budget: some states for each condition. Past it each entry is tested on
 * its own, one after another, which is always as large as the policy's text,
 * and no larger.
 */
#include "compile/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "compile/condition.h"
#include "compile/merge.h"
#include "compile/runs.h"
#include "compile/sieve.h"

enum {
	WORK_MAX = 20000000, /* words looked at for states */
	STATES_FREE = 256,
	STATES_EACH = 8, /* for each word of the first state */
	DEPTH_MAX = 2000,
	JOINED_MOST = 2, /* times the size of entries in turn */
};

/* A state is numbers in a row: answer, count of conditions, their steps; ... */
struct state {
	const uint32_t *words;
	size_t count;
	uint32_t node;
};

struct decide {
	struct graph *graph;
	struct arena *arena;
	struct steps steps;
	struct state *states;
	size_t state_count, state_room, state_most;
	uint32_t *table;
	size_t table_size;
	/* Room for a state that is being made. */
	uint32_t *out;
	size_t *starts, room;
	size_t work, depth;
	bool gave_up, no_memory;
};

/* Walk over the entries of a state. */
struct cursor {
	const uint32_t *at, *end;
};

static bool next_entry(struct cursor *cursor, uint32_t *answer,
		       const uint32_t **steps, uint32_t *count)
{
	if (cursor->at == cursor->end)
		return false;
	*answer = cursor->at[0];
	*count = cursor->at[1];
	*steps = cursor->at + 2;
	cursor->at += 2 + *count;
	return true;
}

/* ----------------------------------------------------- known states -- */

static uint32_t hash_state(const uint32_t *words, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ words[i] ^ hash >> 29) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(hash >> 32);
}

static struct state *
find_state(const struct decide *decide, const uint32_t *words, size_t count)
{
	size_t at = hash_state(words, count) & (decide->table_size - 1);

	for (; decide->table[at]; at = (at + 1) & (decide->table_size - 1)) {
		struct state *state = &decide->states[decide->table[at] - 1];

		if (state->count == count &&
		    memcmp(state->words, words, count * sizeof(*words)) == 0)
			return state;
	}
	return NULL;
}

static void place_state(struct decide *decide, size_t index)
{
	const struct state *state = &decide->states[index];
	size_t mask = decide->table_size - 1;
	size_t at = hash_state(state->words, state->count) & mask;

	while (decide->table[at])
		at = (at + 1) & mask;
	decide->table[at] = (uint32_t)index + 1;
}

static bool grow_table(struct decide *decide)
{
	size_t size = decide->table_size ? 2 * decide->table_size : 64;

	decide->table = arena_array(decide->arena, uint32_t, size);
	if (!decide->table)
		return false;
	decide->table_size = size;
	for (size_t i = 0; i < decide->state_count; i++)
		place_state(decide, i);
	return true;
}

static bool add_state(struct decide *decide, const uint32_t *words,
		      size_t count, uint32_t node)
{
	if (decide->state_count == decide->state_most) {
		decide->gave_up = true;
		return false;
	}
	decide->states =
		arena_grow(decide->arena, decide->states, &decide->state_room,
			   decide->state_count + 1, sizeof(*decide->states));
	if (!decide->states || (2 * decide->state_count >= decide->table_size &&
				!grow_table(decide))) {
		decide->no_memory = decide->gave_up = true;
		return false;
	}
	decide->states[decide->state_count] =
		(struct state){ words, count, node };
	place_state(decide, decide->state_count++);
	return true;
}

/* -------------------------------------------------------- one word -- */

/* The word and mask that are looked at next: the first in order. */
static bool next_test(const struct decide *decide, const uint32_t *words,
		      size_t count, uint8_t *word, uint32_t *mask)
{
	struct cursor cursor = { words, words + count };
	uint32_t answer, open;
	const uint32_t *steps;
	bool found = false;

	while (next_entry(&cursor, &answer, &steps, &open))
		for (uint32_t i = 0; i < open; i++) {
			const struct condition_step *step =
				&decide->steps.at[steps[i]];

			/* A full mask settles all others on the same word. */
			if (!found || step->word < *word ||
			    (step->word == *word && step->mask > *mask)) {
				*word = step->word;
				*mask = step->mask;
				found = true;
			}
		}
	return found;
}

static int by_value(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* The sorted values at which any condition on this word changes. */
static uint32_t *
cuts_of(struct decide *decide, const uint32_t *words, size_t count,
	uint8_t word, uint32_t mask, size_t *out_count)
{
	struct cursor cursor = { words, words + count };
	uint32_t answer, open, *cuts = NULL;
	const uint32_t *steps;
	size_t room = 0, found = 0, kept = 0;

	while (next_entry(&cursor, &answer, &steps, &open))
		for (uint32_t i = 0; i < open; i++) {
			const struct condition_step *step =
				&decide->steps.at[steps[i]];

			if (step->word != word || step->mask != mask)
				continue;
			cuts = arena_grow(decide->arena, cuts, &room,
					  found + step->count, sizeof(*cuts));
			if (!cuts) {
				decide->no_memory = true;
				return NULL;
			}
			for (size_t j = 0; j < step->count; j++)
				cuts[found++] = step->runs[j].first;
		}
	qsort(cuts, found, sizeof(*cuts), by_value);
	for (size_t i = 0; i < found; i++)
		if (!kept || cuts[kept - 1] != cuts[i])
			cuts[kept++] = cuts[i];
	*out_count = kept;
	return cuts;
}

static uint32_t step_at(const struct condition_step *step, uint32_t value)
{
	size_t low = 0, high = step->count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (step->runs[middle].first <= value)
			low = middle;
		else
			high = middle;
	}
	return step->runs[low].next;
}

/*
 * One entry after the word turned out to be `value`: written to `out`, or
 * dropped (0) where a condition fails.
 */
static size_t entry_after(const struct decide *decide, uint32_t answer,
			  const uint32_t *steps, uint32_t open, uint8_t word,
			  uint32_t mask, uint32_t value, uint32_t *out)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < open; i++) {
		const struct condition_step *step = &decide->steps.at[steps[i]];
		uint32_t next = steps[i];

		if (step->word == word && step->mask == mask)
			next = step_at(step, value);
		if (next == STEP_FAILS)
			return 0;
		if (next != STEP_HOLDS)
			out[2 + left++] = next;
	}
	out[0] = answer;
	out[1] = left;
	return 2 + left;
}

/* Take off entries that make no difference to what follows them. */
static size_t trim(uint32_t *words, const size_t *starts, size_t entries)
{
	size_t last = entries - 1;

	while (last > 0 && words[starts[last - 1]] == words[starts[last]]) {
		last--;
		words[starts[last] + 1] = 0;
	}
	return starts[last] + 2;
}

static bool make_room(struct decide *decide, size_t count)
{
	size_t room = decide->room;

	if (count <= room)
		return true;
	room = count > 2 * room ? count : 2 * room;
	decide->out = arena_array(decide->arena, uint32_t, room);
	decide->starts = arena_array(decide->arena, size_t, room / 2 + 1);
	decide->room = room;
	return decide->out && decide->starts;
}

static uint32_t *
copy_words(struct arena *arena, const uint32_t *words, size_t count)
{
	uint32_t *copy = arena_array(arena, uint32_t, count);

	if (copy)
		memcpy(copy, words, count * sizeof(*copy));
	return copy;
}

/* The state after the word turned out to be `value`, the cut of that index. */
static uint32_t *
state_after(struct decide *decide, const struct sieve *sieve, size_t cut,
	    uint8_t word, uint32_t mask, uint32_t value, size_t *out_count)
{
	struct sieve_walk walk = sieve_begin(sieve, cut);
	size_t used = 0, entries = 0;
	const uint32_t *entry;
	uint32_t *out;

	if (!make_room(decide, (size_t)(sieve->end - sieve->words))) {
		decide->no_memory = true;
		return NULL;
	}
	while ((entry = sieve_next(&walk))) {
		size_t length =
			entry_after(decide, entry[0], entry + 2, entry[1], word,
				    mask, value, decide->out + used);

		decide->work += 2 + entry[1];
		if (!length)
			continue;
		decide->starts[entries++] = used;
		used += length;
		if (decide->out[used - length + 1] == 0)
			break; /* it matches whatever comes: the rest is void */
	}
	*out_count = trim(decide->out, decide->starts, entries);
	out = copy_words(decide->arena, decide->out, *out_count);
	decide->no_memory |= !out;
	return out;
}

static uint32_t
decide_state(struct decide *decide, const uint32_t *words, size_t count);

static uint32_t decide_word(struct decide *decide, const uint32_t *words,
			    size_t count, uint8_t word, uint32_t mask)
{
	struct runs runs = { 0 };
	struct sieve sieve;
	size_t cut_count, next_count;
	uint32_t *cuts;

	cuts = cuts_of(decide, words, count, word, mask, &cut_count);
	if (!cuts || !sieve_make(decide->arena, &decide->steps, words, count,
				 word, mask, cuts, cut_count, &sieve)) {
		decide->no_memory = decide->gave_up = true;
		return GRAPH_NONE;
	}
	for (size_t i = 0; i < cut_count; i++) {
		uint32_t *next = state_after(decide, &sieve, i, word, mask,
					     cuts[i], &next_count);
		uint32_t node;

		if (!next || decide->work > WORK_MAX) {
			decide->gave_up = true;
			return GRAPH_NONE;
		}
		node = decide_state(decide, next, next_count);
		if (decide->gave_up)
			return GRAPH_NONE;
		if (!runs_add(&runs, decide->arena, cuts[i], node, 100)) {
			decide->no_memory = true;
			return GRAPH_NONE;
		}
	}
	return runs_decide(decide->graph, word, mask, &runs);
}

static uint32_t
decide_state(struct decide *decide, const uint32_t *words, size_t count)
{
	struct state *known;
	uint32_t mask = 0, node;
	uint8_t word = 0;

	if (!next_test(decide, words, count, &word, &mask))
		return graph_return(decide->graph, words[0]);
	known = find_state(decide, words, count);
	if (known)
		return known->node;
	if (decide->depth == DEPTH_MAX) {
		decide->gave_up = true;
		return GRAPH_NONE;
	}
	decide->depth++;
	node = decide_word(decide, words, count, word, mask);
	decide->depth--;
	if (decide->gave_up || !add_state(decide, words, count, node))
		return GRAPH_NONE;
	return node;
}

/* ------------------------------------------------- entry after entry -- */

/* If the step holds go to `yes`, else to `no`; at most two words deep. */
static uint32_t
decide_step(struct decide *decide, uint32_t index, uint32_t yes, uint32_t no)
{
	const struct condition_step *step;
	struct runs runs = { 0 };

	if (index == STEP_HOLDS)
		return yes;
	if (index == STEP_FAILS)
		return no;
	step = &decide->steps.at[index];
	for (size_t i = 0; i < step->count; i++)
		if (!runs_add(&runs, decide->arena, step->runs[i].first,
			      decide_step(decide, step->runs[i].next, yes, no),
			      100)) {
			decide->no_memory = true;
			return GRAPH_NONE;
		}
	return runs_decide(decide->graph, step->word, step->mask, &runs);
}

static uint32_t decide_in_turn(struct decide *decide, const uint32_t *words,
			       const size_t *starts, size_t entries)
{
	uint32_t node = GRAPH_NONE;

	for (size_t i = entries; i-- > 0 && !decide->no_memory;) {
		const uint32_t *entry = words + starts[i];
		uint32_t yes = graph_return(decide->graph, entry[0]);

		for (uint32_t j = entry[1]; j-- > 0;)
			yes = decide_step(decide, entry[2 + j], yes, node);
		node = yes;
		if (decide->graph->too_large)
			break;
	}
	return node;
}

/* ------------------------------------------------------------- whole -- */

/* The first state: every entry, then the fallback. */
static bool
first_state(struct decide *decide, const struct resolved_entry *entries,
	    size_t count, uint32_t fallback, uint32_t *words, size_t *starts,
	    size_t *used, size_t *kept)
{
	for (size_t i = 0; i <= count; i++) {
		uint32_t *out = words + *used, left = 0;
		bool fails = false;

		for (size_t j = 0; i < count && j < entries[i].count; j++) {
			uint32_t step;

			if (!condition_steps(&decide->steps,
					     &entries[i].tests[j], &step))
				return false;
			fails |= step == STEP_FAILS;
			if (step < STEP_FAILS)
				out[2 + left++] = step;
		}
		if (fails)
			continue;
		out[0] = i < count ? entries[i].answer : fallback;
		out[1] = left;
		starts[(*kept)++] = *used;
		*used += 2 + left;
		if (!left)
			break;
	}
	*used = trim(words, starts, *kept);
	return true;
}

/*
 * Entries looked at together need fewer tests for a call, entries in turn fewer
 * places: where the first is not small beyond doubt, both are made.
 */
static uint32_t decide_entries(struct decide *decide, const uint32_t *words,
			       size_t used, const size_t *starts, size_t kept)
{
	struct graph *graph = decide->graph;
	const size_t before = graph->count;
	size_t joined_size, turns_size;
	uint32_t joined, in_turn;

	decide->state_most = STATES_FREE + STATES_EACH * used;
	joined = decide_state(decide, words, used);
	if (decide->gave_up)
		graph_forget(graph, before);
	joined_size = graph->count - before;
	if (!decide->gave_up && joined_size <= used)
		return joined;
	in_turn = decide_in_turn(decide, words, starts, kept);
	turns_size = graph->count - before - joined_size;
	if (decide->gave_up)
		return in_turn;
	if (joined_size <= JOINED_MOST * turns_size) {
		graph_forget(graph, before + joined_size);
		return joined;
	}
	/* Once more, for these may be built of those. */
	graph_forget(graph, before);
	return decide_in_turn(decide, words, starts, kept);
}

static bool
decide_all(struct decide *decide, const struct resolved_entry *entries,
	   size_t count, uint32_t fallback, uint32_t *out)
{
	size_t room = 2 * (count + 1), used = 0, kept = 0, *starts;
	uint32_t *words;

	for (size_t i = 0; i < count; i++)
		room += entries[i].count;
	words = arena_array(decide->arena, uint32_t, room);
	starts = arena_array(decide->arena, size_t, count + 1);
	if (!words || !starts || !grow_table(decide) ||
	    !first_state(decide, entries, count, fallback, words, starts, &used,
			 &kept))
		return false;
	while (kept > 1 && starts[kept - 1] >= used)
		kept--;
	*out = decide_entries(decide, words, used, starts, kept);
	return !decide->no_memory;
}

bool arguments_decide(struct graph *graph, const struct resolved_entry *entries,
		      size_t count, uint32_t fallback, uint32_t *out,
		      struct cg_error *err)
{
	/* Most calls have no condition, and need none of all this. */
	if (!count || !entries[0].count) {
		*out = graph_return(graph,
				    count ? entries[0].answer : fallback);
		return true;
	}
	{
		struct arena_room room;
		struct arena scratch;
		struct decide decide = { .graph = graph,
					 .arena = &scratch,
					 .steps = { .arena = &scratch } };
		bool ok;

		arena_begin(&scratch, graph->arena->budget, &room);
		ok = merge_entries(&scratch, entries, count, &entries,
				   &count) &&
		     decide_all(&decide, entries, count, fallback, out);
		arena_free(&scratch);
		return ok || fail_nomem(err);
	}
}
