/*
 * The threads that a tracer holds, beside a plain list of them: ids come and go
 * by chance, from rows that crowd them in one way or another.
 */
#include <string.h>

#include "record/held.h"
#include "tap.h"

enum { IDS = 512, STEPS = 20000 };

static const struct row {
	const char *name;
	pid_t first, apart; /* the ids that there are */
} rows[] = {
	{ "ids that follow each other", 1, 1 },
	{ "ids that all want one slot", 4096, 4096 },
	{ "ids that want few slots", 7, 60 },
	{ "ids around where the slots end", 1000, 3 },
};

/* Each id is held or not, with what was noted of it, as the list says. */
static bool agrees(const struct held *held, const struct row *row,
		   const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < IDS; i++) {
		const struct held_thread *thread =
			held_find(held, row->first + row->apart * (pid_t)i);

		if (thread ? thread->cell != list[i] || !list[i] : list[i] != 0)
			return false;
	}
	return held->count == count;
}

static bool try_row(const struct row *row)
{
	static uint32_t list[IDS];
	struct held held = { 0 };
	uint32_t chance = 1;
	size_t count = 0;
	bool ok = true;

	memset(list, 0, sizeof(list));
	for (uint32_t step = 1; ok && step <= STEPS; step++) {
		size_t i;
		pid_t id;

		chance = chance * 1664525u + 1013904223u;
		i = (chance >> 16) % IDS;
		id = row->first + row->apart * (pid_t)i;
		count += list[i] ? -1 : 1;
		list[i] = list[i] ? 0 : step;
		if (list[i])
			held_add(&held, id)->cell = step;
		else
			held_drop(&held, id);
		if (step % 64 == 0)
			ok = agrees(&held, row, list, count);
	}
	held_done(&held);
	return ok && !held_find(&held, row->first);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, try_row(&rows[i]), "%s", rows[i].name);
	return tap_done(&tap);
}
