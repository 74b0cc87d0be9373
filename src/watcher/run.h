/* watcher/run.h - where violations come from: the kernel, logs, or a store. */
#ifndef WATCHER_RUN_H
#define WATCHER_RUN_H

#include "watcher/session.h"

/* Each returns the exit status, and has said on stderr what went wrong. */
int run_live(struct session *session, bool ask);
int run_logs(struct session *session, int count, char **paths);

/* Ask a store; the words are a filter. EXIT_NO where no row is in it. */
int run_query(struct session *session, const struct fields *fields, int count,
	      char **words);

#endif
