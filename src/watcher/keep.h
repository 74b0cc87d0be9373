/* watcher/keep.h - the store of --store, while violations come. */
#ifndef WATCHER_KEEP_H
#define WATCHER_KEEP_H

#include "watcher/session.h"

/* Each does nothing where there is no store. The exit status of opening. */
int keep_open(struct session *session, const char *path);

void keep_violation(struct session *session,
		    const struct cg_violation *violation, const char *json);

/* An event of lost events. A store that loses itself gets none; what it lost is
   said in it when it has stored something again, or at the end. */
void keep_loss(struct session *session, const char *json);

/* Make durable what was added, once a second or at once. */
void keep_commit(struct session *session, bool at_once);

void keep_close(struct session *session);

#endif
