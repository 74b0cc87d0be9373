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

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, bytes, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		length -= (size_t)put;
	}
	return true;
}

/* mkstemp makes 0600; a file that was open() would have obeyed the umask. */
static mode_t mode_wanted(const char *path)
{
	struct stat about;
	mode_t mask;

	if (stat(path, &about) == 0)
		return about.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0644 & ~mask;
}

/* A device, a pipe: it stays what it is, and takes the bytes. */
static bool write_into(const char *path, const void *bytes, size_t length,
		       struct cg_error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool ok;

	if (fd < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot open %s for writing", path);
	ok = write_all(fd, bytes, length);
	if (!ok)
		fail_errno(err, CG_E_SYSTEM, errno, "cannot write %s", path);
	close(fd);
	return ok;
}

static bool write_over(const char *path, const void *bytes, size_t length,
		       struct cg_error *err)
{
	char beside[4096];
	int n = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
	int fd;

	if (n < 0 || (size_t)n >= sizeof(beside))
		return fail(err, CG_E_INPUT,
			    "the name of the file to write is "
			    "longer than %zu bytes",
			    sizeof(beside) - 8);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot make a file beside %s", path);
	if (write_all(fd, bytes, length) &&
	    fchmod(fd, mode_wanted(path)) == 0 && fsync(fd) == 0 &&
	    rename(beside, path) == 0) {
		close(fd);
		return true;
	}
	fail_errno(err, CG_E_SYSTEM, errno, "cannot write %s", path);
	close(fd);
	unlink(beside);
	return false;
}

bool file_write_atomic(const char *path, const void *bytes, size_t length,
		       struct cg_error *err)
{
	struct stat about;
	char *real;
	bool ok;

	/* To rename over a device would be the end of it, for everybody. */
	if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
		return write_into(path, bytes, length, err);
	/* A link goes on pointing there; a file not there yet has no target. */
	real = realpath(path, NULL);
	ok = write_over(real ? real : path, bytes, length, err);
	free(real);
	return ok;
}
