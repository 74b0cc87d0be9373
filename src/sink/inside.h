/* sink/inside.h - a sink from within, and what a kind of sink is. */
#ifndef SINK_INSIDE_H
#define SINK_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "sink/settings.h"
#include "sink/sink.h"
#include "sink/spool.h"

#define SINK_SECOND UINT64_C(1000000000)

enum {
	KIND_STDOUT = 1,
	KIND_FILE = 2,
	KIND_JOURNALD = 4,
	KIND_SYSLOG = 8,
	KIND_ELASTIC = 16,
	KIND_OTLP = 32,
	KIND_PROMETHEUS = 64,
	KIND_ALL = 127,
};

/* One event of a batch, and what became of it. */
enum fate {
	WAITING, /* not yet, or to be tried again */
	DELIVERED,
	REPEATED, /* was there already */
	DEAD,     /* will never be taken */
};

struct parcel {
	const struct spool_item *item;
	enum fate fate;
	int status;       /* of DEAD: the answer's number, or 0 */
	char reason[256]; /* of DEAD */
};

/* One attempt to deliver a batch. Parcels that are not WAITING are done. */
struct attempt {
	struct parcel *parcels;
	size_t count;
	/* Filled in by the kind, where some are left: */
	bool at_once;  /* there is no reason to wait: another way is open */
	uint64_t wait; /* nanoseconds that the other side asked for */
	bool hopeless; /* nothing helps but a person: wait long */
	bool gone;     /* nothing helps at all: do not try again */
	char why[256];
};

struct sink {
	const struct settings *settings;
	void *state; /* the kind's */
	struct spool *spool;
	char *folder;
	struct sinks *all;
	pthread_t thread;
	bool threaded;

	pthread_mutex_t mutex; /* for what follows; taken before the spool's */
	pthread_cond_t news;   /* something was put, or it is to stop */
	struct sink_status status;
	bool stopping;
	bool ended;        /* the thread has */
	bool left;         /* it never did: all of this stays for it */
	uint64_t deadline; /* monotonic, once it is stopping */

	atomic_bool abort; /* the deadline is over: leave whatever you do */
	uint64_t written;  /* when the status was */
	uint64_t chance;   /* state of the generator of jitter */
	int dead_file;
	uint64_t dead_bytes;
};

struct sink_kind {
	const char *name;
	unsigned bit;
	const char *target; /* what it is; NULL if it takes none */
	bool needs_target;
	enum cg_event_shape shape;
	uint64_t linger;
	bool (*check)(struct settings *settings, struct place place,
		      struct cg_error *err);
	/* Fails only where trying again later would not help. */
	bool (*open)(struct sink *sink, struct cg_error *err);
	/* NULL: takes events as they are put, by take(). */
	void (*deliver)(struct sink *sink, struct attempt *attempt);
	void (*take)(struct sink *sink, const struct cg_violation *violation);
	void (*close)(struct sink *sink);
};

/* Up to NULL. */
extern const struct sink_kind *const sink_kinds[];

extern const struct sink_kind sink_stdout, sink_file, sink_journald,
	sink_syslog, sink_elastic, sink_opensearch, sink_otlp, sink_prometheus;

struct sinks {
	struct sink *at;
	size_t count;
	struct loss_note {
		const char *where, *name;
		uint64_t total;
	} losses[16];
	size_t loss_count;
	pthread_mutex_t mutex; /* of the losses */
};

/*
 * Begin the thread of a sink, and end it; see sink/deliver.c. To stop is to
 * wait until its time is over, and to tell it so; several are stopped before
 * any is ended. A thread that does not come back then is left, and the sink
 * with it.
 */
bool deliver_begin(struct sink *sink, struct cg_error *err);
void deliver_stop(struct sink *sink);
void deliver_end(struct sink *sink);

/* Nanoseconds of a clock that never jumps. */
uint64_t sink_now(void);

/* Say in an attempt why it went wrong. */
__attribute__((format(printf, 2, 3))) void
attempt_why(struct attempt *attempt, const char *format, ...);

/* Say why a parcel will never be taken. */
__attribute__((format(printf, 3, 4))) void
parcel_die(struct parcel *parcel, int status, const char *format, ...);

/* Write a dead letter; false where even that failed. */
bool dead_write(struct sink *sink, const struct parcel *parcel);
void dead_close(struct sink *sink);

#endif
