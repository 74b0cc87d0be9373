/* watcher/session.h - one run of callgate watch: what is wanted, what was. */
#ifndef WATCHER_SESSION_H
#define WATCHER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <callgate/watch.h>

#include "cli/opt.h"
#include "watcher/fold.h"

#define SECOND UINT64_C(1000000000)

/* The options as they were written. */
struct fields {
	bool json, doctor, no_ask;
	const char *format, *count, *seconds, *window;
};

/* What they say, and what happened so far. */
struct session {
	enum cg_event_shape shape;
	uint64_t most, seconds; /* 0: no end */
	uint64_t started, told, damaged;
	struct cg_watch_tally counts;
	struct folds folds;
};

/* The options as rows, up to one without a name. */
extern const struct option watch_options[];

/* Take the options in; false, said on stderr, where they make no sense. */
bool session_read(struct session *session, const struct fields *fields);

/* From here on SIGINT and SIGTERM ask for the end. */
void session_catch_signals(void);

/* Whether as much was told as was wanted, or somebody asked for the end. */
bool session_is_over(const struct session *session);

/* Nanoseconds of a clock that never jumps. */
uint64_t session_now(void);

#endif
