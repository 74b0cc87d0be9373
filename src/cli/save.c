#include "cli/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/opt.h"
#include "cli/out.h"

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

/* To rename over a device would be the end of it, for everybody. */
static bool write_into(const char *path, const char *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write_all(fd, bytes, length);
	return close(fd) == 0 && ok;
}

/* An old file keeps its mode. */
static mode_t mode_of(const char *path)
{
	struct stat about;
	mode_t mask;

	if (stat(path, &about) == 0)
		return about.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static bool
write_whole(int fd, const char *path, const char *bytes, size_t length)
{
	return write_all(fd, bytes, length) && fchmod(fd, mode_of(path)) == 0 &&
	       fsync(fd) == 0;
}

/* It is not left behind where it cannot take the other's place. */
static bool take_place(const char *beside, const char *path)
{
	int number;

	if (rename(beside, path) == 0)
		return true;
	number = errno;
	unlink(beside);
	errno = number;
	return false;
}

/*
 * Written where no name leads, so that one who is killed on the way leaves
 * nothing; it gets a name when it is whole. False, and `*can` false, where a
 * file system has no such files.
 */
static bool
write_unnamed(const char *path, const char *bytes, size_t length, bool *can)
{
	char *beside = NULL, *folder = strdup(path), link[32];
	char *slash = folder ? strrchr(folder, '/') : NULL;
	bool ok;
	int fd;

	if (!folder || asprintf(&beside, "%s.%d", path, (int)getpid()) < 0)
		out_die_nomem();
	if (slash)
		slash[1] = '\0';
	fd = open(slash ? folder : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ok = fd >= 0 && write_whole(fd, path, bytes, length);
	*can = fd >= 0;
	if (ok &&
	    linkat(AT_FDCWD, link, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) != 0)
		*can = ok = false; /* no /proc, or somebody has that name */
	if (fd >= 0)
		close(fd); /* what could fail here, fsync has told */
	ok = ok && take_place(beside, path);
	free(folder);
	free(beside);
	return ok;
}

static bool write_named(const char *path, const char *bytes, size_t length)
{
	char *beside = NULL;
	bool ok = false;
	int fd, number;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		out_die_nomem();
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd >= 0) {
		ok = write_whole(fd, path, bytes, length);
		ok &= close(fd) == 0;
		number = errno;
		if (!ok)
			unlink(beside);
		errno = number;
		ok = ok && take_place(beside, path);
	}
	free(beside);
	return ok;
}

/* Written beside it and renamed, so that it is never half. */
static bool write_over(const char *path, const char *bytes, size_t length)
{
	bool can;

	return write_unnamed(path, bytes, length, &can) ||
	       (!can && write_named(path, bytes, length));
}

int save(const char *path, const char *bytes, size_t length)
{
	struct stat about;
	char *real;
	bool ok;

	if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
		ok = write_into(path, bytes, length);
	} else {
		real = realpath(path, NULL);
		ok = write_over(real ? real : path, bytes, length);
		free(real);
	}
	if (ok)
		return EXIT_YES;
	out_error("%s: cannot write: %s", path, strerror(errno));
	return EXIT_REFUSED;
}
