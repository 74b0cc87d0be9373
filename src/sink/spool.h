/*
 * sink/spool.h - events on disk, until they are where they belong.
 *
 * A spool is a folder of segments, `SEQUENCE.seg`, each with records one behind
 * the other, and a file `cursor` that says which record is next. A record has a
 * checksum. Once spool_put() has returned the record survives kill -9; a loss
 * of power may cost what came after the last spool_sync(). A torn tail is found
 * when the spool is opened, cut off and counted.
 *
 * One thread puts and syncs, one thread takes; anyone may ask for counts.
 */
#ifndef SINK_SPOOL_H
#define SINK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

enum {
	SPOOL_ID = 33,            /* hexadecimal digits and NUL */
	SPOOL_TEXT_MAX = 1 << 20, /* bytes of one text */
	SPOOL_LEAST = 256 << 10,  /* bytes of a spool */
};

struct spool;

struct spool_item {
	uint64_t sequence; /* from 1, without gaps but for what was damaged */
	uint64_t time;     /* nanoseconds since 1970 */
	char id[SPOOL_ID];
	const char *text; /* NUL behind its length */
	size_t length;
	uint64_t behind; /* the spool's own: where the next record begins */
};

struct spool_counts {
	uint64_t records; /* put and not done */
	uint64_t bytes;   /* of files */
	uint64_t carried; /* records that were there when it was opened */
	uint64_t torn;    /* tails that were cut off: an unfinished put each */
	uint64_t damaged; /* records that cannot be read any more */
};

/*
 * Open the spool in `folder`, which is made if it is not there; its parent must
 * be. At most `limit` bytes of files. Fails with CG_E_SYSTEM, also where
 * another process has it open; CG_E_INPUT for files of a newer Callgate;
 * CG_E_NOMEM.
 */
bool spool_open(const char *folder, uint64_t limit, struct spool **out,
		struct cg_error *err);

/*
 * Put a record; its sequence is not looked at. False where it could not be
 * kept, and why: the spool is full (CG_E_TOOLONG), the disk is (CG_E_SYSTEM).
 */
bool spool_put(struct spool *spool, const struct spool_item *item,
	       struct cg_error *err);

/* Whether nobody else may write to a folder, or give it to somebody. */
struct stat;
bool spool_is_safe(const struct stat *about);

/* What was put is on the disk when this returns true. */
bool spool_sync(struct spool *spool, struct cg_error *err);

/*
 * The next records, in order, at most `most` of them and about `bytes` of text,
 * but at least one if there is one. Texts lie in one block that the caller
 * frees with spool_free(). Asked again, it hands out the same ones, until
 * spool_done() says which is the last that is dealt with. False if a file
 * cannot be read or memory ran out.
 */
struct spool_batch {
	struct spool_item *items;
	size_t count;
	char *block;
};
bool spool_take(struct spool *spool, size_t most, size_t bytes,
		struct spool_batch *out, struct cg_error *err);
void spool_free(struct spool_batch *batch);

/* False where the cursor could not be written: then some may come again. */
bool spool_done(struct spool *spool, const struct spool_item *last,
		struct cg_error *err);

void spool_count(struct spool *spool, struct spool_counts *out);

/* NULL is fine. What is in it stays. */
void spool_close(struct spool *spool);

/* CRC-32 (of IEEE 802.3), going on from `crc`; begin with 0. */
uint32_t spool_crc(uint32_t crc, const void *bytes, size_t length);

#endif
