/* sink/spool_inside.h - a spool from within. */
#ifndef SINK_SPOOL_INSIDE_H
#define SINK_SPOOL_INSIDE_H

#include <pthread.h>

#include "sink/segment.h"

enum { SEGMENT_NAME = 32 };

struct segment {
	uint64_t first, count; /* sequences */
	uint64_t bytes;        /* of the file, that are good */
};

struct spool {
	char *folder; /* for messages */
	int directory, lock;
	uint64_t limit, segment_size;

	pthread_mutex_t mutex; /* for all that follows */
	struct segment *segments;
	size_t count, room;
	struct spool_counts counts;
	uint64_t next;   /* sequence of the next put */
	uint64_t cursor; /* of the next to be taken */

	int writer; /* the last segment, or -1 */

	/* The taker's own. */
	int cursor_file, reader;
	uint64_t turn;
	uint64_t reader_first; /* which segment the reader is of */
	uint64_t at, offset;   /* where the record `at` begins in it */
};

/* "0000000000000001.seg" */
void spool_name(char out[SEGMENT_NAME], uint64_t first);

/* Take in what lies in the folder; false as spool_open(). */
bool spool_scan(struct spool *spool, struct cg_error *err);

/* Room for one more segment, at the end; NULL without memory. */
struct segment *spool_add(struct spool *spool);

/* The file goes, and it is taken out of the list. The mutex is held. */
void spool_remove(struct spool *spool, size_t index);

#endif
