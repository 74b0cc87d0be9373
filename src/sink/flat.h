/* sink/flat.h - an event as pairs: "process.parent.pid" and "7". */
#ifndef SINK_FLAT_H
#define SINK_FLAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct flat_pair {
	const char *path;
	const char *value;
	bool text; /* it stood in quotes; else a number, true, false, null */
};

struct flat {
	struct arena arena;
	struct flat_pair *pairs;
	size_t count, room;
};

/* Read an event; false if it is no JSON object, or memory ran out. The items
   of a list have the same path each. */
bool flat_read(struct flat *flat, const char *json, size_t length);
void flat_free(struct flat *flat);

/* The first value at a path, or NULL. */
const char *flat_get(const struct flat *flat, const char *path);

/* How bad an event is, as syslog numbers it: 3 killed, 4 refused, 6 logged. */
int flat_severity(const struct flat *flat);

#endif
