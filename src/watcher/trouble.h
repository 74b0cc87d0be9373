/* watcher/trouble.h - say when a sink does not get rid of its events. */
#ifndef WATCHER_TROUBLE_H
#define WATCHER_TROUBLE_H

#include "sink/sink.h"

/* Of one sink; zeros to begin with. */
struct trouble {
	uint64_t since; /* by session_now(); 0: all is well */
	uint64_t told;
};

/*
 * Asked now and then: a note once it has lasted for some seconds, again while
 * it lasts, but seldom, and one when it is over.
 */
void trouble_tell(struct trouble *trouble, const struct sink_status *status,
		  uint64_t now);

#endif
