/* watcher/outlets.h - the sinks of --sink and --config, and their spools. */
#ifndef WATCHER_OUTLETS_H
#define WATCHER_OUTLETS_H

#include "watcher/session.h"

/* Open what the options ask for. The exit status; said on stderr if not 0. */
int outlets_open(struct session *session, const struct fields *fields);

/* Hand a violation to each sink, given its event in JSON. */
void outlets_put(struct session *session, const struct cg_violation *violation,
		 const char *json);

/*
 * Tell of a loss: as loss_tell(), to every sink, in the metrics. `where`
 * and `name` must outlive the session.
 */
struct loss;
void outlets_put_loss(struct session *session, const struct loss *loss);

/* What is to be done now and then: losses of sinks become events, too. */
void outlets_tick(struct session *session);

/*
 * Deliver what is left, within bounds, and say how each sink did. False where
 * one of them lost something.
 */
bool outlets_close(struct session *session);

/* How many sinks there are; what one lost so far, and its name. */
size_t outlets_count(const struct session *session);
uint64_t
outlets_lost(const struct session *session, size_t index, const char **name);

/* Say how the sinks stand, whoever runs them. The exit status. */
int outlets_tell(const struct fields *fields);

#endif
