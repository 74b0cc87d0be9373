#include "sys/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/trim.h"

enum { OTHERS_WRITE = 022, TRIES = 16, MINUTE = 60 };

struct cache_file {
	struct cache_file *next;
	size_t size;
	unsigned char bytes[];
};

struct cache {
	pthread_mutex_t lock; /* of the list and the note */
	int folder;           /* -1: none */
	time_t opened;
	bool saved; /* something was; guarded by the lock, too */
	struct cache_file *files;
	char path[CACHE_NOTE / 2];
	char note[CACHE_NOTE];
};

/* Only the first is told: what follows is mostly the same again. */
static void note(struct cache *cache, const char *name, const char *why)
{
	pthread_mutex_lock(&cache->lock);
	if (!cache->note[0])
		snprintf(cache->note, sizeof(cache->note), "%s%s%.16s: %s",
			 cache->path, *name ? "/" : "", name, why);
	pthread_mutex_unlock(&cache->lock);
}

/* Whether what was opened is ours alone to write; NULL, or what is wrong. */
static const char *distrust(int fd, mode_t kind)
{
	struct stat about;

	if (fstat(fd, &about) != 0)
		return strerror(errno);
	if ((about.st_mode & S_IFMT) != kind)
		return "not used: it is not of its kind";
	if (about.st_uid != geteuid())
		return "not used: it belongs to another user";
	if (about.st_mode & OTHERS_WRITE)
		return "not used: others may write it";
	return NULL;
}

static void open_folder(struct cache *cache, const char *folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *why;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
		note(cache, "", strerror(errno));
		return;
	}
	cache->folder = open(folder, flags);
	why = cache->folder < 0 ? strerror(errno)
				: distrust(cache->folder, S_IFDIR);
	if (!why)
		return;
	note(cache, "", why);
	if (cache->folder >= 0)
		close(cache->folder);
	cache->folder = -1;
}

struct cache *cache_open(const char *folder)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->folder = -1;
	cache->opened = time(NULL);
	pthread_mutex_init(&cache->lock, NULL);
	snprintf(cache->path, sizeof(cache->path), "%s", folder);
	open_folder(cache, folder);
	return cache;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	while (cache->files) {
		struct cache_file *file = cache->files;

		cache->files = file->next;
		free(file);
	}
	/* A use is not noted anew within a minute. */
	if (cache->saved)
		trim_folder(cache->folder,
			    (struct trim){ .most = CACHE_MOST,
					   .young = cache->opened - MINUTE });
	if (cache->folder >= 0)
		close(cache->folder);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

const char *cache_note(const struct cache *cache)
{
	return cache->note;
}

/* -------------------------------------------------------------- loading -- */

static struct cache_file *read_all(int fd)
{
	struct cache_file *file;
	struct stat about;
	size_t done = 0;

	if (fstat(fd, &about) != 0 || about.st_size <= 0 ||
	    about.st_size > CACHE_FILE_MAX)
		return NULL;
	file = malloc(sizeof(*file) + (size_t)about.st_size);
	if (!file)
		return NULL;
	while (done < (size_t)about.st_size) {
		ssize_t got = read(fd, file->bytes + done,
				   (size_t)about.st_size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	file->size = done;
	return file;
}

bool cache_load(struct cache *cache, const char *name,
		const unsigned char **bytes, size_t *size)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct cache_file *file = NULL;
	const char *why;
	int fd;

	if (cache->folder < 0)
		return false;
	fd = openat(cache->folder, name, flags);
	if (fd < 0) {
		if (errno != ENOENT)
			note(cache, name, strerror(errno));
		return false;
	}
	why = distrust(fd, S_IFREG);
	if (why)
		note(cache, name, why);
	else
		file = read_all(fd);
	if (file)
		trim_use(fd);
	close(fd);
	if (!file)
		return false;
	pthread_mutex_lock(&cache->lock);
	file->next = cache->files;
	cache->files = file;
	pthread_mutex_unlock(&cache->lock);
	*bytes = file->bytes;
	*size = file->size;
	return true;
}

/* --------------------------------------------------------------- saving -- */

/* A name that nobody has yet; others may be at the same. */
static int open_new(const struct cache *cache, char *name, size_t size)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	for (unsigned i = 0; i < TRIES; i++) {
		int fd;

		snprintf(name, size, "new-%ld-%u", (long)getpid(), i);
		fd = openat(cache->folder, name, flags, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
	while (size) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		size -= (size_t)put;
	}
	return true;
}

void cache_save(struct cache *cache, const char *name,
		const unsigned char *bytes, size_t size)
{
	char fresh[64];
	bool ok;
	int fd;

	if (cache->folder < 0)
		return;
	fd = open_new(cache, fresh, sizeof(fresh));
	if (fd < 0) {
		note(cache, name, strerror(errno));
		return;
	}
	ok = write_all(fd, bytes, size);
	ok = close(fd) == 0 && ok;
	if (ok && renameat(cache->folder, fresh, cache->folder, name) == 0) {
		pthread_mutex_lock(&cache->lock);
		cache->saved = true;
		pthread_mutex_unlock(&cache->lock);
		return;
	}
	note(cache, name, strerror(errno));
	unlinkat(cache->folder, fresh, 0);
}
