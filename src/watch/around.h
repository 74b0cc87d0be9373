/* watch/around.h - what /proc tells of a process that violated its filter. */
#ifndef WATCH_AROUND_H
#define WATCH_AROUND_H

#include "watch/violation.h"

enum { AROUND_ANCESTORS = 16 };

/* Of one process, at one time. Shared by its violations. */
struct around {
	unsigned references;
	uint32_t process;
	uint64_t start, image; /* 0: not known */
	uint64_t asked;        /* when, on a clock that never jumps */
	struct arena arena;
	const char *name, *told; /* what records call thread and executable */
	const char *executable, *command_line, *working_directory;
	const char *container, *unit, *pod;
	uint32_t parent;
	struct cg_ancestor ancestors[AROUND_ANCESTORS];
	size_t ancestor_count;
};

/* What was asked lately, so that a flood of violations asks once. */
struct around_cache;

struct around_cache *around_cache_new(void);
void around_cache_free(struct around_cache *cache);

/*
 * Fill in parents, command line, working directory, container and unit, as far
 * as the process is still there. What is not known stays NULL; that includes
 * what there was no memory for. `now` as in `asked`.
 */
void around_ask(struct around_cache *cache, struct violation *violation,
		uint64_t now);

/* One reference less; NULL is fine. */
void around_put(struct around *around);

#endif
