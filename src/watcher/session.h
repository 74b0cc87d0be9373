/* watcher/session.h - one run of callgate watch: what is wanted, what was. */
#ifndef WATCHER_SESSION_H
#define WATCHER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <callgate/watch.h>

#include "cli/opt.h"
#include "store/store.h"
#include "view/live.h"
#include "view/web.h"
#include "watcher/fold.h"

#define SECOND UINT64_C(1000000000)

/* The options as they were written. */
struct fields {
	bool json, doctor, no_ask, query, live, status;
	const char *format, *count, *seconds, *window;
	const char *store, *since, *until;
	const char *config, *spool;
	struct texts sinks;
	const char *listen, *token, *certificate, *key;
	struct texts hosts, policies;
	const char *confine;
	bool no_confine;
	const char *sources, *answer, *queue;
};

/* What they say, and what happened so far. */
struct session {
	enum cg_event_shape shape;
	bool logs;     /* are read; the kernel is not asked */
	uint32_t self; /* our own process */
	bool unconfined;
	const char *policy;     /* to run under; NULL: that built in */
	uint64_t most, seconds; /* 0: no end */
	uint64_t started, told, damaged;
	struct cg_watch_tally counts, told_counts; /* now; as told last */
	uint64_t told_sources;                     /* when that was */
	struct folds folds;
	struct store *store;     /* or NULL */
	uint64_t committed;      /* when the store last was */
	uint64_t lost;           /* by the store, and told */
	uint64_t lost_kept;      /* of these, said in the store itself */
	uint64_t lost_after;     /* what was stored when it lost last */
	char lost_why[256];      /* that time */
	struct web *web;         /* or NULL */
	struct live *live;       /* or NULL; then stdout is its own */
	bool left;               /* the person at the terminal wants the end */
	char *blind_spots;       /* JSON strings; NULL: none */
	uint64_t shown;          /* when the page last was told of news */
	struct outlets *outlets; /* or NULL */
	uint64_t told_losses;    /* when those of sinks last were */
	bool quiet;              /* stdout belongs to sinks */
	bool unread;             /* and whoever read it has gone */
	struct cg_watch_options wanted;
};

/* The options as rows, up to one without a name. */
extern const struct option watch_options[];

/* Take the options in; false, said on stderr, where they make no sense. */
bool session_read(struct session *session, const struct fields *fields);

/* From here on SIGINT and SIGTERM ask for the end. */
void session_catch_signals(void);

/* Whether as many were told as were wanted. */
bool session_is_full(const struct session *session);

/* Whether as much was told as was wanted, or somebody asked for the end. */
bool session_is_over(const struct session *session);

/* Nanoseconds of a clock that never jumps; and since 1970. */
uint64_t session_now(void);
uint64_t session_time(void);

#endif
