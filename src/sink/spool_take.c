/* Taking from a spool what was put. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/spool_inside.h"

/* The segment that has the cursor's record, or the next one there is. */
static bool find_segment(struct spool *spool, struct segment *out)
{
	bool found = false;

	pthread_mutex_lock(&spool->mutex);
	for (size_t i = 0; !found && i < spool->count; i++) {
		const struct segment *segment = &spool->segments[i];

		if (segment->first + segment->count <= spool->cursor)
			continue;
		if (segment->first > spool->cursor)
			spool->cursor = segment->first;
		*out = *segment;
		found = true;
	}
	pthread_mutex_unlock(&spool->mutex);
	return found;
}

static bool open_reader(struct spool *spool, const struct segment *segment,
			struct cg_error *err)
{
	char name[SEGMENT_NAME];

	if (spool->reader < 0 || spool->reader_first != segment->first) {
		if (spool->reader >= 0)
			close(spool->reader);
		spool_name(name, segment->first);
		spool->reader = openat(spool->directory, name,
				       O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (spool->reader < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s/%s",
				  spool->folder, name);
	/* Else it stands at the cursor: left there, or found by the scan. */
	if (spool->reader_first != segment->first) {
		spool->at = segment->first;
		spool->offset = SEGMENT_HEADER;
	}
	spool->reader_first = segment->first;
	return true;
}

/* What can no longer be read is lost; it goes on with the next segment. */
static void skip_damage(struct spool *spool, const struct segment *segment)
{
	uint64_t end = segment->first + segment->count;

	pthread_mutex_lock(&spool->mutex);
	spool->counts.damaged += end - spool->cursor;
	spool->counts.records -= end - spool->cursor;
	spool->cursor = end;
	pthread_mutex_unlock(&spool->mutex);
}

/* Bytes of the segment from the cursor's record on, at least one record. */
static unsigned char *
read_part(struct spool *spool, const struct segment *segment, size_t bytes,
	  size_t *length)
{
	uint64_t left = segment->bytes - spool->offset;
	unsigned char *part;
	ssize_t got;

	*length = bytes + SEGMENT_RECORD + SPOOL_TEXT_MAX;
	if (*length > left)
		*length = (size_t)left;
	part = malloc(*length + 1);
	if (!part)
		return NULL;
	got = pread(spool->reader, part, *length, (off_t)spool->offset);
	*length = got > 0 ? (size_t)got : 0;
	return part;
}

/* Texts go to the front of the block, each with a NUL behind it. */
static bool fill(struct spool *spool, const unsigned char *part, size_t length,
		 size_t most, size_t bytes, struct spool_batch *out)
{
	size_t at = 0, used = 0, size;
	struct spool_item item;

	out->items = calloc(most, sizeof(*out->items));
	out->block = malloc(length + most + 1);
	if (!out->items || !out->block)
		return false;
	while (out->count < most && (!out->count || used < bytes) &&
	       segment_read(part + at, length - at, &item, &size)) {
		memcpy(out->block + used, item.text, item.length);
		out->block[used + item.length] = '\0';
		item.text = out->block + used;
		item.sequence = spool->cursor + out->count;
		at += size;
		item.behind = spool->offset + at;
		used += item.length + 1;
		out->items[out->count++] = item;
	}
	return true;
}

static bool take_from(struct spool *spool, const struct segment *segment,
		      size_t most, size_t bytes, struct spool_batch *out)
{
	const uint64_t left = segment->first + segment->count - spool->cursor;
	unsigned char *part;
	size_t length;
	bool ok;

	if (most > left)
		most = (size_t)left;
	if (spool->at != spool->cursor)
		return true;
	part = read_part(spool, segment, bytes, &length);
	ok = part && fill(spool, part, length, most, bytes, out);
	free(part);
	return ok;
}

bool spool_take(struct spool *spool, size_t most, size_t bytes,
		struct spool_batch *out, struct cg_error *err)
{
	struct segment segment;

	*out = (struct spool_batch){ 0 };
	while (!out->count && find_segment(spool, &segment)) {
		if (!open_reader(spool, &segment, err))
			return false;
		if (!take_from(spool, &segment, most, bytes, out)) {
			spool_free(out);
			return fail_nomem(err);
		}
		if (out->count)
			return true;
		spool_free(out);
		skip_damage(spool, &segment);
	}
	return true;
}

void spool_free(struct spool_batch *batch)
{
	free(batch->items);
	free(batch->block);
	*batch = (struct spool_batch){ 0 };
}

/* Those before the cursor are dealt with; the one that is written to stays. */
static void drop_segments(struct spool *spool)
{
	while (spool->count > 1 &&
	       spool->segments[0].first + spool->segments[0].count <=
		       spool->cursor)
		spool_remove(spool, 0);
}

bool spool_done(struct spool *spool, const struct spool_item *last,
		struct cg_error *err)
{
	unsigned char bytes[CURSOR_SIZE];

	pthread_mutex_lock(&spool->mutex);
	spool->counts.records -= last->sequence + 1 - spool->cursor;
	spool->cursor = last->sequence + 1;
	drop_segments(spool);
	pthread_mutex_unlock(&spool->mutex);
	spool->at = spool->cursor;
	spool->offset = last->behind;
	cursor_write(bytes, ++spool->turn, spool->cursor);
	if (pwrite(spool->cursor_file, bytes, sizeof(bytes),
		   (off_t)(spool->turn % 2 * CURSOR_SIZE)) == sizeof(bytes))
		return true;
	return fail_errno(err, CG_E_SYSTEM, errno, "%s/cursor", spool->folder);
}
