/* watcher/show.h - who looks at violations while they come. */
#ifndef WATCHER_SHOW_H
#define WATCHER_SHOW_H

#include "watcher/session.h"

/* Nanoseconds after which at the latest something new is shown. */
#define SHOW_SOON (SECOND / 5)

/* Open what the options ask for, behind the store. The exit status. */
int show_open(struct session *session, const struct fields *fields);

/* Show a violation, given its event in JSON, too; or NULL and another event. */
void show_put(struct session *session, const struct cg_violation *violation,
	      const char *json);

/* What is to be done now and then, and after each commit. */
void show_tick(struct session *session);

/* Violations are heard from now on. */
void show_ready(struct session *session);

/* Whether somebody still looks when there is nothing more to come. */
bool show_stays(const struct session *session);

/* Readable when show_tick() has something to do at once; or -1. */
int show_fd(const struct session *session);

void show_close(struct session *session);

#endif
