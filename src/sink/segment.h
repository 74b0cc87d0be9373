/*
 * sink/segment.h - the bytes of a spool's files.
 *
 * A segment is a header and records:
 *
 *	header  "CGspool" and a version byte, then the sequence of its first
 *		record: 16 bytes
 *	record  length of the text, checksum of all that follows, time, id as 16
 *		bytes, text: 32 bytes and the text
 *
 * Numbers are little-endian.
 */
#ifndef SINK_SEGMENT_H
#define SINK_SEGMENT_H

#include "sink/spool.h"

enum {
	SEGMENT_HEADER = 16,
	SEGMENT_RECORD = 32,
	SEGMENT_VERSION = 1,
};

void segment_header(unsigned char out[SEGMENT_HEADER], uint64_t first);

enum segment_answer {
	SEGMENT_OURS,
	SEGMENT_NEWER, /* of another version */
	SEGMENT_NONE,  /* none of ours, or cut short */
};
enum segment_answer
segment_is(const unsigned char *bytes, size_t length, uint64_t *first);

/* The head of a record; its text follows. An id is SPOOL_ID - 1 hex digits. */
void segment_record(unsigned char out[SEGMENT_RECORD],
		    const struct spool_item *item);

/*
 * Read the record at the start of `length` bytes. `*size` is what it takes;
 * false where it is cut short or damaged. The text is borrowed, without NUL.
 */
bool segment_read(const unsigned char *bytes, size_t length,
		  struct spool_item *out, size_t *size);

/* The cursor: two of these in its file, the newer one that is whole counts. */
enum { CURSOR_SIZE = 24 };
void cursor_write(unsigned char out[CURSOR_SIZE], uint64_t turn, uint64_t next);
bool cursor_read(const unsigned char bytes[CURSOR_SIZE], uint64_t *turn,
		 uint64_t *next);

#endif
