#include "trace/lookup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

/* One of PATH's directories; an empty one is the current directory. */
static int exec_in(const char *directory, size_t length, char *const argv[])
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s%s%s", (int)length, directory,
			 length ? "/" : "", argv[0]);

	if (n < 0 || (size_t)n >= sizeof(path))
		return ENAMETOOLONG;
	execve(path, argv, environ);
	return errno;
}

/* Whether PATH is searched further after execve said this. */
static bool goes_on(int number)
{
	return number == ENOENT || number == ENOTDIR || number == EACCES ||
	       number == ENAMETOOLONG || number == ESTALE || number == ENODEV ||
	       number == ETIMEDOUT;
}

/* What execve said where it said most. */
static int exec_in_path(const char *path, char *const argv[])
{
	int best = ENOENT;

	for (;;) {
		size_t length = strcspn(path, ":");
		int number = length < PATH_MAX ? exec_in(path, length, argv)
					       : ENAMETOOLONG;

		if (!goes_on(number))
			return number;
		if (number == EACCES)
			best = EACCES;
		if (path[length] == '\0')
			return best;
		path += length + 1;
	}
}

bool lookup_exec(char *const argv[], struct cg_error *err)
{
	/* execvp(3) reads it as well. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *path = getenv("PATH");
	int number = ENOENT;

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, environ);
		number = errno;
	} else if (argv[0][0]) {
		number = exec_in_path(path ? path : default_path, argv);
	}
	return fail_errno(err, CG_E_SYSTEM, number, "cannot execute %s",
			  argv[0]);
}

char *lookup_file(const char *name)
{
	/* execvp(3) reads it as well. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return realpath(name, NULL);
	for (path = path ? path : default_path;; path++) {
		size_t length = strcspn(path, ":");
		char *file;

		if (asprintf(&file, "%.*s%s%s", (int)length, path,
			     length ? "/" : "", name) < 0)
			return NULL;
		if (access(file, X_OK) == 0)
			return file;
		free(file);
		path += length;
		if (*path == '\0')
			return NULL;
	}
}
