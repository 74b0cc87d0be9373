/*
 * Any text as what a container runtime says: its end is found whatever pieces
 * it comes in, and it is a container with a listener, or refused.
 */
#include <string.h>

#include "fuzz.h"
#include "watch/agent_text.h"

enum { MEMORY = 8 << 20, FDS = 3, SKIP = 7 };

static void check_scan(const char *text, size_t size)
{
	struct agent_scan whole = { 0 }, parts = { 0 };
	bool ended = agent_scan(&whole, text, size), now = false;

	for (size_t at = 0; at < size && !now; at += SKIP)
		now = agent_scan(&parts, text + at,
				 size - at < SKIP ? size - at : SKIP);
	must(now == ended, "pieces end where the whole does");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error err = { .status = CG_OK };
	struct agent_container found = { .listener = FDS };

	check_scan((const char *)data, size);
	if (agent_parse(&arena, (const char *)data, size, FDS, &found, &err))
		must(found.id && found.id[0] && found.listener < FDS,
		     "a container has an id and a listener");
	else
		must(err.message[0] && !found.id, "a refusal says why");
	arena_free(&arena);
	return 0;
}
