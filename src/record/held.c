/*
 * A hash with open addresses: an id is in the first free slot from its own on,
 * and nothing between is free. At most half of the slots are taken.
 */
#include "record/held.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 }; /* a power of 2 */

/* Ids that follow each other are neighbours. */
static size_t home_of(const struct held *held, pid_t id)
{
	return (size_t)id & (held->room - 1);
}

/* Where it is, or would be. There is room. */
static size_t slot_of(const struct held *held, pid_t id)
{
	size_t at = home_of(held, id);

	while (held->slots[at].id && held->slots[at].id != id)
		at = (at + 1) & (held->room - 1);
	return at;
}

struct held_thread *held_find(const struct held *held, pid_t id)
{
	struct held_thread *thread;

	if (!held->count)
		return NULL;
	thread = &held->slots[slot_of(held, id)];
	return thread->id ? thread : NULL;
}

static bool grow(struct held *held)
{
	struct held larger = { .room = held->room ? 2 * held->room : FIRST_ROOM,
			       .count = held->count };

	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < held->room; i++)
		if (held->slots[i].id)
			larger.slots[slot_of(&larger, held->slots[i].id)] =
				held->slots[i];
	free(held->slots);
	*held = larger;
	return true;
}

struct held_thread *held_add(struct held *held, pid_t id)
{
	struct held_thread *thread = held_find(held, id);

	if (thread)
		return thread;
	if (2 * (held->count + 1) > held->room && !grow(held))
		return NULL;
	thread = &held->slots[slot_of(held, id)];
	*thread = (struct held_thread){ .id = id };
	held->count++;
	return thread;
}

/* What stands behind it, and is not at home there, moves up. */
void held_drop(struct held *held, pid_t id)
{
	size_t mask = held->room - 1, gap;

	if (!held_find(held, id))
		return;
	gap = slot_of(held, id);
	for (size_t at = (gap + 1) & mask; held->slots[at].id;
	     at = (at + 1) & mask) {
		size_t home = home_of(held, held->slots[at].id);

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			held->slots[gap] = held->slots[at];
			gap = at;
		}
	}
	held->slots[gap] = (struct held_thread){ 0 };
	held->count--;
}

void held_done(struct held *held)
{
	free(held->slots);
	*held = (struct held){ 0 };
}
