/* watcher/run.h - where violations come from: the kernel, or logs. */
#ifndef WATCHER_RUN_H
#define WATCHER_RUN_H

#include "watcher/session.h"

/* Each returns the exit status, and has said on stderr what went wrong. */
int run_live(struct session *session, bool ask);
int run_logs(struct session *session, int count, char **paths);

#endif
