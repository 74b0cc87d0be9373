/* What lies in the folder of a spool, when it is opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "sink/spool_inside.h"

enum { SEGMENTS_MAX = 4096 };

void spool_name(char out[SEGMENT_NAME], uint64_t first)
{
	snprintf(out, SEGMENT_NAME, "%016" PRIx64 ".seg", first);
}

struct segment *spool_add(struct spool *spool)
{
	if (spool->count == spool->room) {
		size_t room = spool->room ? 2 * spool->room : 16;
		struct segment *grown =
			realloc(spool->segments, room * sizeof(*grown));

		if (!grown)
			return NULL;
		spool->segments = grown;
		spool->room = room;
	}
	return &spool->segments[spool->count++];
}

void spool_remove(struct spool *spool, size_t index)
{
	char name[SEGMENT_NAME];

	spool_name(name, spool->segments[index].first);
	/* If it stays, it is found again when the spool is opened: no loss. */
	(void)unlinkat(spool->directory, name, 0);
	spool->counts.bytes -= spool->segments[index].bytes;
	memmove(&spool->segments[index], &spool->segments[index + 1],
		(--spool->count - index) * sizeof(spool->segments[0]));
}

/* ------------------------------------------------------------- one file -- */

/* All of a file that is no larger than a segment may be. */
static bool
read_all(struct spool *spool, const char *name, unsigned char **bytes,
	 size_t *length, struct cg_error *err)
{
	int file = openat(spool->directory, name,
			  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat about;
	ssize_t got = -1;

	*bytes = NULL;
	if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
	    (uint64_t)about.st_size <= spool->limit + SPOOL_TEXT_MAX) {
		*bytes = malloc((size_t)about.st_size + 1);
		if (*bytes)
			got = pread(file, *bytes, (size_t)about.st_size, 0);
	}
	if (file >= 0)
		close(file);
	if (got < 0) {
		free(*bytes);
		return fail_errno(err, CG_E_SYSTEM, errno, "%s/%s",
				  spool->folder, name);
	}
	*length = (size_t)got;
	return true;
}

/* Records up to the first bad one; where the cursor's record begins. */
static void read_records(struct spool *spool, const unsigned char *bytes,
			 size_t length, struct segment *segment)
{
	size_t at = SEGMENT_HEADER, size;
	struct spool_item item;

	for (; segment_read(bytes + at, length - at, &item, &size);
	     at += size) {
		if (segment->first + segment->count == spool->cursor) {
			spool->reader_first = segment->first;
			spool->at = spool->cursor;
			spool->offset = at;
		}
		segment->count++;
	}
	segment->bytes = at;
}

/* What is behind the last good record is an unfinished put, or damage. */
static bool cut_tail(struct spool *spool, const char *name, uint64_t bytes,
		     struct cg_error *err)
{
	int file = openat(spool->directory, name,
			  O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok = file >= 0 && ftruncate(file, (off_t)bytes) == 0;

	if (!ok)
		fail_set_errno(err, CG_E_SYSTEM, errno, "%s/%s", spool->folder,
			       name);
	if (file >= 0)
		close(file);
	return ok;
}

/*
 * One segment, later ones having higher names. How many records are missing
 * between two of them their sequences tell.
 */
static bool
take_in(struct spool *spool, const char *name, bool last, struct cg_error *err)
{
	struct segment segment = { 0 }, *added;
	unsigned char *bytes;
	size_t length;
	enum segment_answer answer;

	if (!read_all(spool, name, &bytes, &length, err))
		return false;
	answer = segment_is(bytes, length, &segment.first);
	if (answer == SEGMENT_OURS && segment.first >= spool->next)
		read_records(spool, bytes, length, &segment);
	free(bytes);
	if (answer == SEGMENT_NEWER)
		return fail(err, CG_E_INPUT,
			    "%s/%s is of another version of Callgate",
			    spool->folder, name);
	if (!segment.count) {
		spool->counts.torn += last && length;
		return unlinkat(spool->directory, name, 0) == 0 ||
		       fail_errno(err, CG_E_SYSTEM, errno, "%s/%s",
				  spool->folder, name);
	}
	if (last && length > segment.bytes) {
		spool->counts.torn++;
		if (!cut_tail(spool, name, segment.bytes, err))
			return false;
	} else if (length > segment.bytes) {
		/* Damaged in its middle: the file has more than is good. */
		segment.bytes = length;
	}
	if (spool->next > 1 && segment.first > spool->next &&
	    segment.first > spool->cursor)
		spool->counts.damaged +=
			segment.first - (spool->next > spool->cursor
						 ? spool->next
						 : spool->cursor);
	added = spool_add(spool);
	if (!added)
		return fail_nomem(err);
	*added = segment;
	spool->next = segment.first + segment.count;
	spool->counts.bytes += segment.bytes;
	return true;
}

/* --------------------------------------------------------------- folder -- */

static int is_segment(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	if (length != 20 || strcmp(entry->d_name + 16, ".seg") != 0)
		return 0;
	for (int i = 0; i < 16; i++)
		if (num_digit(entry->d_name[i]) > 15)
			return 0;
	return 1;
}

static bool open_cursor(struct spool *spool, struct cg_error *err)
{
	unsigned char bytes[2 * CURSOR_SIZE] = { 0 };
	uint64_t turn, next;

	spool->cursor = 1;
	spool->cursor_file =
		openat(spool->directory, "cursor",
		       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (spool->cursor_file < 0 ||
	    pread(spool->cursor_file, bytes, sizeof(bytes), 0) < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s/cursor",
				  spool->folder);
	for (int i = 0; i < 2; i++)
		if (cursor_read(bytes + i * CURSOR_SIZE, &turn, &next) &&
		    turn >= spool->turn && next >= 1 && next < UINT64_MAX) {
			spool->turn = turn;
			spool->cursor = next;
		}
	return true;
}

/* Those that are dealt with go; what is left is what was carried over. */
static void settle(struct spool *spool)
{
	struct spool_counts *counts = &spool->counts;

	while (spool->count &&
	       spool->segments[0].first + spool->segments[0].count <=
		       spool->cursor)
		spool_remove(spool, 0);
	if (spool->next < spool->cursor)
		spool->next = spool->cursor;
	for (size_t i = 0; i < spool->count; i++) {
		const struct segment *segment = &spool->segments[i];

		counts->records += segment->count;
		if (segment->first < spool->cursor)
			counts->records -= spool->cursor - segment->first;
	}
	counts->carried = counts->records;
}

bool spool_scan(struct spool *spool, struct cg_error *err)
{
	struct dirent **entries = NULL;
	int count;
	bool ok = true;

	if (!open_cursor(spool, err))
		return false;
	count = scandirat(spool->directory, ".", &entries, is_segment,
			  alphasort);
	if (count < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", spool->folder);
	if (count > SEGMENTS_MAX)
		ok = fail(err, CG_E_INPUT, "%s: more than %d segments",
			  spool->folder, SEGMENTS_MAX);
	spool->next = 1;
	for (int i = 0; i < count; i++) {
		ok = ok &&
		     take_in(spool, entries[i]->d_name, i == count - 1, err);
		free(entries[i]);
	}
	free(entries);
	if (ok)
		settle(spool);
	return ok;
}
