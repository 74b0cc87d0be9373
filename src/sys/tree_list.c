/* Folders of a tree, and what may be executed in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/tree.h"

enum { ENTRIES_MAX = 1 << 20, PATH_SIZE = 4096 };

struct listing {
	char **paths;
	size_t count, room, entries;
	struct cg_error *err;
};

bool tree_is_folder(const struct tree *tree, const char *path)
{
	struct stat about;
	int fd = tree_open_file(tree, path);
	bool is = fd >= 0 && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode);

	if (fd >= 0)
		close(fd);
	return is;
}

static bool add_path(struct listing *listing, const char *path)
{
	char **grown = listing->paths;

	if (listing->count == TREE_LIST_MAX)
		return fail(listing->err, CG_E_INPUT,
			    "more than %d files that may be executed",
			    TREE_LIST_MAX);
	if (listing->count == listing->room) {
		listing->room = listing->room ? 2 * listing->room : 64;
		grown = realloc(listing->paths, listing->room * sizeof(*grown));
		if (!grown)
			return fail_nomem(listing->err);
		listing->paths = grown;
	}
	grown[listing->count] = strdup(path);
	if (!grown[listing->count])
		return fail_nomem(listing->err);
	listing->count++;
	return true;
}

static bool
list_folder(struct listing *listing, int fd, const char *path, unsigned depth);

static bool list_entry(struct listing *listing, int folder, const char *name,
		       const char *path, unsigned depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat about;
	int fd;

	if (++listing->entries > ENTRIES_MAX)
		return fail(listing->err, CG_E_INPUT, "more than %d files",
			    ENTRIES_MAX);
	/* What has gone meanwhile is not there. */
	if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return true;
	if (S_ISREG(about.st_mode))
		return !(about.st_mode & 0111) || add_path(listing, path);
	if (!S_ISDIR(about.st_mode))
		return true;
	fd = openat(folder, name, flags);
	if (fd < 0)
		return fail_errno(listing->err, CG_E_SYSTEM, errno,
				  "cannot open the folder %s", path);
	return list_folder(listing, fd, path, depth + 1);
}

/* Closes the folder. */
static bool
list_folder(struct listing *listing, int fd, const char *path, unsigned depth)
{
	DIR *folder = fdopendir(fd);
	char below[PATH_SIZE];
	struct dirent *entry;
	bool ok = true;

	if (!folder) {
		close(fd);
		return fail_nomem(listing->err);
	}
	if (depth > TREE_DEPTH_MAX)
		ok = fail(listing->err, CG_E_INPUT,
			  "%s: more than %d folders in each other", path,
			  TREE_DEPTH_MAX);
	while (ok && (entry = readdir(folder))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, name) >=
		    (int)sizeof(below))
			ok = fail(listing->err, CG_E_INPUT,
				  "%s/%s: too long a path", path, name);
		else
			ok = list_entry(listing, dirfd(folder), name, below,
					depth);
	}
	closedir(folder);
	return ok;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

bool tree_list(const struct tree *tree, const char *folder, char ***paths,
	       size_t *count, struct cg_error *err)
{
	struct listing listing = { .err = err };
	const char *path = strcmp(folder, "/") == 0 ? "" : folder;
	int fd = tree_open_file(tree, folder);

	if (fd < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot open the folder %s", folder);
	if (!list_folder(&listing, fd, path, 0)) {
		while (listing.count)
			free(listing.paths[--listing.count]);
		free(listing.paths);
		return false;
	}
	if (listing.count)
		qsort(listing.paths, listing.count, sizeof(*listing.paths),
		      by_text);
	*paths = listing.paths;
	*count = listing.count;
	return true;
}
