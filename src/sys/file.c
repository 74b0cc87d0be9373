#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_ROOM = 16384 };

static ssize_t read_again(int fd, void *to, size_t size)
{
	ssize_t got;

	do
		got = read(fd, to, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* O_NONBLOCK was for open() alone: what is read now is worth waiting for. */
static bool wait_for_data(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

static bool
file_open(const char *path, size_t max, int *out, struct cg_error *err)
{
	/* Opening a named pipe without a writer must not hang. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat about;
	bool ok = false;

	if (fd < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "cannot open %s",
				  path);
	if (fstat(fd, &about) != 0)
		fail_errno(err, CG_E_SYSTEM, errno, "cannot examine %s", path);
	else if (S_ISDIR(about.st_mode))
		fail(err, CG_E_INPUT, "%s is a directory, not a file", path);
	else if (S_ISBLK(about.st_mode))
		fail(err, CG_E_INPUT, "%s is a block device, not a file", path);
	else if (S_ISREG(about.st_mode) && (uint64_t)about.st_size > max)
		fail(err, CG_E_INPUT, "%s is larger than %zu bytes", path, max);
	else if (!wait_for_data(fd))
		fail_errno(err, CG_E_SYSTEM, errno, "cannot read %s", path);
	else
		ok = true;
	if (ok)
		*out = fd;
	else
		close(fd);
	return ok;
}

/* Room for one byte more than `max` shows that there is more; one for NUL. */
static bool file_grow(char **text, size_t *room, size_t max)
{
	size_t more = *room ? *room * 2 : FIRST_ROOM;
	char *grown;

	if (more > max + 2)
		more = max + 2;
	grown = realloc(*text, more);
	if (!grown)
		return false;
	*text = grown;
	*room = more;
	return true;
}

static bool file_drain(int fd, const char *path, size_t max, char **text,
		       size_t *length, struct cg_error *err)
{
	size_t room = 0;

	for (;;) {
		ssize_t got;

		if (*length + 1 >= room && !file_grow(text, &room, max))
			return fail_nomem(err);
		got = read_again(fd, *text + *length, room - *length - 1);
		if (got < 0)
			return fail_errno(err, CG_E_SYSTEM, errno,
					  "cannot read %s", path);
		if (got == 0)
			break;
		*length += (size_t)got;
		if (*length > max)
			return fail(err, CG_E_INPUT,
				    "%s is larger than %zu bytes", path, max);
	}
	(*text)[*length] = '\0';
	return true;
}

bool file_read(const char *path, size_t max, char **text, size_t *length,
	       struct cg_error *err)
{
	size_t used = 0;
	char *taken = NULL;
	bool ok;
	int fd = -1;

	if (max > SIZE_MAX / 4)
		max = SIZE_MAX / 4;
	if (!file_open(path, max, &fd, err))
		return false;
	ok = file_drain(fd, path, max, &taken, &used, err);
	close(fd);
	if (!ok) {
		free(taken);
		return false;
	}
	*text = taken;
	*length = used;
	return true;
}

long file_peek(int directory, const char *path, char *out, size_t size)
{
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	int saved;

	out[0] = '\0';
	if (fd < 0)
		return -1;
	got = read_again(fd, out, size - 1);
	saved = errno;
	close(fd);
	errno = saved;
	if (got >= 0)
		out[got] = '\0';
	return got;
}
