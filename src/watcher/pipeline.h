/* watcher/pipeline.h - where each violation goes. */
#ifndef WATCHER_PIPELINE_H
#define WATCHER_PIPELINE_H

#include "watcher/session.h"

/* Open what violations go to. The exit status; said on stderr if not 0. */
int pipeline_open(struct session *session, const struct fields *fields);

/* Take a violation, and free it. */
void pipeline_put(struct session *session, struct cg_violation *violation);

/* What is to be done now and then. */
void pipeline_tick(struct session *session);

/* At the end: all that is left. Returns `status`, or that of what failed. */
int pipeline_end(struct session *session, int status);

#endif
