#include "sink/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sink/spool_inside.h"

enum {
	SEGMENTS = 8, /* a full spool has about so many */
	SEGMENT_MOST = 8 << 20,
};

/* -------------------------------------------------------------- opening -- */

bool spool_is_safe(const struct stat *about)
{
	return (about->st_uid == 0 || about->st_uid == geteuid()) &&
	       !(about->st_mode & 022);
}

static bool enter(struct spool *spool, struct cg_error *err)
{
	struct flock whole = { .l_type = F_WRLCK };
	struct stat about;

	if (mkdir(spool->folder, 0700) != 0 && errno != EEXIST)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", spool->folder);
	spool->directory = open(spool->folder, O_RDONLY | O_DIRECTORY |
						       O_CLOEXEC | O_NOFOLLOW);
	if (spool->directory < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", spool->folder);
	/* Whoever can write there has us send what they like in our name. */
	if (fstat(spool->directory, &about) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", spool->folder);
	if (!spool_is_safe(&about))
		return fail(err, CG_E_INPUT,
			    "%s: others may write to this spool; it has to be "
			    "our own, with mode 700",
			    spool->folder);
	spool->lock = openat(spool->directory, "lock",
			     O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (spool->lock < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s/lock",
				  spool->folder);
	if (fcntl(spool->lock, F_OFD_SETLK, &whole) != 0)
		return fail(err, CG_E_SYSTEM,
			    "%s: another process has this spool open",
			    spool->folder);
	return true;
}

bool spool_open(const char *folder, uint64_t limit, struct spool **out,
		struct cg_error *err)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return fail_nomem(err);
	pthread_mutex_init(&spool->mutex, NULL);
	spool->directory = spool->lock = spool->writer = -1;
	spool->cursor_file = spool->reader = -1;
	spool->limit = limit < SPOOL_LEAST ? SPOOL_LEAST : limit;
	spool->segment_size = spool->limit / SEGMENTS;
	if (spool->segment_size > SEGMENT_MOST)
		spool->segment_size = SEGMENT_MOST;
	spool->folder = strdup(folder);
	if (!(spool->folder || fail_nomem(err)) || !enter(spool, err) ||
	    !spool_scan(spool, err)) {
		spool_close(spool);
		return false;
	}
	*out = spool;
	return true;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->writer >= 0)
		close(spool->writer);
	if (spool->reader >= 0)
		close(spool->reader);
	if (spool->cursor_file >= 0)
		close(spool->cursor_file);
	if (spool->lock >= 0)
		close(spool->lock);
	if (spool->directory >= 0)
		close(spool->directory);
	pthread_mutex_destroy(&spool->mutex);
	free(spool->segments);
	free(spool->folder);
	free(spool);
}

void spool_count(struct spool *spool, struct spool_counts *out)
{
	pthread_mutex_lock(&spool->mutex);
	*out = spool->counts;
	pthread_mutex_unlock(&spool->mutex);
}

/* -------------------------------------------------------------- putting -- */

static struct segment *last_of(struct spool *spool)
{
	return spool->count ? &spool->segments[spool->count - 1] : NULL;
}

/* All bytes at `offset`, or none of them. */
static bool
write_whole(int file, struct iovec *parts, int count, uint64_t offset)
{
	size_t wanted = 0;
	ssize_t done;

	for (int i = 0; i < count; i++)
		wanted += parts[i].iov_len;
	done = pwritev(file, parts, count, (off_t)offset);
	if (done == (ssize_t)wanted)
		return true;
	/* A disk that fills up takes a part; a record there is none yet. */
	if (done >= 0)
		errno = ENOSPC;
	return false;
}

static bool fail_write(struct spool *spool, struct cg_error *err)
{
	return fail_errno(err, CG_E_SYSTEM, errno, "%s: cannot write",
			  spool->folder);
}

/* Begin another segment, and let go of the one before if it is dealt with. */
static bool begin_segment(struct spool *spool, struct cg_error *err)
{
	unsigned char header[SEGMENT_HEADER];
	struct iovec part = { header, sizeof(header) };
	struct segment *before = last_of(spool), *segment;
	char name[SEGMENT_NAME];

	if (spool->writer >= 0)
		close(spool->writer);
	spool->writer = -1;
	if (before && before->first + before->count <= spool->cursor)
		spool_remove(spool, spool->count - 1);
	spool_name(name, spool->next);
	spool->writer =
		openat(spool->directory, name,
		       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		       0600);
	if (spool->writer < 0)
		return fail_write(spool, err);
	segment_header(header, spool->next);
	segment = write_whole(spool->writer, &part, 1, 0) ? spool_add(spool)
							  : NULL;
	if (!segment) {
		fail_write(spool, err);
		close(spool->writer);
		spool->writer = -1;
		(void)unlinkat(spool->directory, name, 0);
		return false;
	}
	*segment = (struct segment){ .first = spool->next,
				     .bytes = SEGMENT_HEADER };
	spool->counts.bytes += SEGMENT_HEADER;
	return true;
}

/* The segment to write to: the last one, if it is open and has room. */
static bool have_segment(struct spool *spool, size_t size, struct cg_error *err)
{
	const struct segment *last = last_of(spool);
	char name[SEGMENT_NAME];

	/* Left by a process before this one: its end is good, go on there. */
	if (last && spool->writer < 0 &&
	    last->first + last->count == spool->next) {
		spool_name(name, last->first);
		spool->writer = openat(spool->directory, name,
				       O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (last && spool->writer >= 0 &&
	    last->bytes + size <= spool->segment_size)
		return true;
	return begin_segment(spool, err);
}

static bool put_record(struct spool *spool, const struct spool_item *item,
		       struct cg_error *err)
{
	const size_t size = SEGMENT_RECORD + item->length;
	unsigned char head[SEGMENT_RECORD];
	struct iovec parts[2] = { { head, sizeof(head) },
				  { (void *)(uintptr_t)item->text,
				    item->length } };
	struct segment *last;

	if (spool->counts.bytes + SEGMENT_HEADER + size > spool->limit)
		return fail(err, CG_E_TOOLONG, "%s: the spool is full",
			    spool->folder);
	if (!have_segment(spool, size, err))
		return false;
	last = last_of(spool);
	segment_record(head, item);
	if (!write_whole(spool->writer, parts, 2, last->bytes)) {
		fail_write(spool, err);
		/* What is there of it is no record: the next one covers it,
		   or it is the torn tail that opening cuts off. */
		if (ftruncate(spool->writer, (off_t)last->bytes) != 0) {
			close(spool->writer);
			spool->writer = -1;
		}
		return false;
	}
	last->count++;
	last->bytes += size;
	spool->next++;
	spool->counts.bytes += size;
	spool->counts.records++;
	return true;
}

bool spool_put(struct spool *spool, const struct spool_item *item,
	       struct cg_error *err)
{
	bool ok;

	if (item->length > SPOOL_TEXT_MAX)
		return fail(err, CG_E_TOOLONG, "an event of %zu bytes",
			    item->length);
	pthread_mutex_lock(&spool->mutex);
	ok = put_record(spool, item, err);
	pthread_mutex_unlock(&spool->mutex);
	return ok;
}

bool spool_sync(struct spool *spool, struct cg_error *err)
{
	if (spool->writer < 0 || fdatasync(spool->writer) == 0)
		return true;
	return fail_errno(err, CG_E_SYSTEM, errno, "%s: cannot sync",
			  spool->folder);
}
