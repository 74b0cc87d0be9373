/* watcher/loss.h - what was lost is an event of its own. */
#ifndef WATCHER_LOSS_H
#define WATCHER_LOSS_H

#include "watcher/session.h"

struct loss {
	const char *where;     /* "store", "sink", ... */
	const char *name;      /* which of them */
	uint64_t count, total; /* since it was last told; since the start */
	const char *why;
};

/* The event in JSON, its newline not included; free() it. NULL: no memory. */
char *loss_event(const struct loss *loss);

/* Tell of it on stdout, or on stderr where events are lines; in the store, and
   on the page. */
void loss_tell(struct session *session, const struct loss *loss,
	       const char *event);

#endif
