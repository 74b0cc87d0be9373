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

/* Written beside it and renamed, so that it is never half. */
static bool write_over(const char *path, const char *bytes, size_t length)
{
	char *beside = NULL;
	bool ok = false;
	int fd, number;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		out_die_nomem();
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd >= 0) {
		ok = write_all(fd, bytes, length) &&
		     fchmod(fd, mode_of(path)) == 0 && fsync(fd) == 0;
		ok &= close(fd) == 0;
		ok = ok && rename(beside, path) == 0;
		number = errno;
		if (!ok)
			unlink(beside);
		errno = number;
	}
	free(beside);
	return ok;
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
