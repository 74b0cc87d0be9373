/*
 * sink/sink.h - everything that events are sent to.
 *
 * Each sink has a spool on disk and a thread that delivers from it, so that
 * none waits for another, and putting waits for nobody. What a spool has no
 * room for is dropped and counted. For every sink, at any moment:
 *
 *	put + carried == delivered + dead + dropped + damaged + spooled
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/watch.h>

#include "sink/settings.h"

struct sinks;

struct sink_status {
	const char *name, *kind;
	uint64_t put;       /* handed to it */
	uint64_t carried;   /* left in the spool by a process before this one */
	uint64_t delivered; /* those that were there already included */
	uint64_t repeated;  /* of these: were there already */
	uint64_t dead;      /* refused for good: in the dead-letter file */
	uint64_t dropped;   /* no room in the spool, or on its disk */
	uint64_t damaged;   /* could not be read from the spool any more */
	uint64_t spooled;   /* waiting */
	uint64_t spool_bytes;
	uint64_t torn;     /* unfinished writes that were cut off */
	uint64_t retries;  /* attempts that had to be made again */
	bool gone;         /* whom it delivers to is, and will not come back */
	char trouble[256]; /* of the last attempt; "" if it went well */
};

/*
 * Open sinks with their spools in `folder`, which is made, with its parents.
 * The settings stay the caller's, and must outlive the sinks. Fails as
 * spool_open(), or CG_E_UNSUPPORTED for a kind that was not built.
 */
bool sinks_open(const struct settings *list, size_t count, const char *folder,
		struct sinks **out, struct cg_error *err);

/* Whether any of them wants events of this shape. */
bool sinks_want(const struct sinks *sinks, enum cg_event_shape shape);

/*
 * Put an event; NULL `violation` for one of another kind. `texts` is by shape,
 * NULL for those that no sink wants. `except` is the sink that shall not get
 * it, or SIZE_MAX.
 */
void sinks_put(struct sinks *sinks, const struct cg_violation *violation,
	       const char *const texts[4], size_t except);

/* To one sink alone; false where it has not much room left. */
bool sinks_put_to(struct sinks *sinks, size_t index, const char *text);

/* What is lost elsewhere, for the metrics; the texts must outlive the sinks. */
void sinks_note_loss(struct sinks *sinks, const char *where, const char *name,
		     uint64_t total);

/* Now and then: sync spools, write down how things stand. */
void sinks_tick(struct sinks *sinks);

size_t sinks_count(const struct sinks *sinks);
void sinks_status(const struct sinks *sinks, size_t index,
		  struct sink_status *out);

/* Deliver what can be within each one's `drain`; then none takes more. */
void sinks_drain(struct sinks *sinks);

/*
 * NULL is fine. What is left stays in the spools. False where a sink's thread
 * waits for what nobody can end: then it has its memory, and what it was opened
 * with, until the process ends.
 */
bool sinks_close(struct sinks *sinks);

/* One line of JSON for a status; free() it. NULL without memory. */
char *sink_status_json(const struct sink_status *status);

/*
 * What processes wrote down, a line of JSON each, and read again: `status` is
 * NULL where that cannot be. False if none did.
 */
bool sinks_read_status(const char *folder,
		       void (*each)(void *, const char *json,
				    const struct sink_status *status),
		       void *opaque);

/* Where spools are if nobody says: free() it. NULL without memory. */
char *sinks_folder(void);

#endif
