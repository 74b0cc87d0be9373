/* watcher/sources.h - which sources are listened to: --source. */
#ifndef WATCHER_SOURCES_H
#define WATCHER_SOURCES_H

#include "watcher/session.h"

/*
 * Read "audit,ebpf,..."; NULL wishes for all. False, said on stderr, where a
 * word is none.
 */
bool sources_read(const char *text, struct cg_watch_options *out);

/* Read what the agent answers: "errno", "errno=NAME" or "continue". */
bool sources_read_answer(const char *text, struct cg_watch_options *out);

/* Say on stderr which of the wishes were left out, and why. */
void sources_note(const struct cg_watch *watch);

/*
 * Tell of what they lost since the last time: an event of its own, once a
 * second, or `at_once`.
 */
void sources_tell_losses(struct session *session, const struct cg_watch *watch,
			 bool at_once);

#endif
