/* Which files lie in a folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"

void file_list_free(char **paths, size_t count)
{
	for (size_t i = 0; paths && i < count; i++)
		free(paths[i]);
	free(paths);
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), more = strlen(suffix);

	return length > more && strcmp(name + length - more, suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Add one path; false, and `err` filled, if that cannot be. */
static bool add(char **paths, size_t *count, const char *folder,
		const char *name, struct cg_error *err)
{
	if (*count == FILE_LIST_MAX)
		return fail(err, CG_E_INPUT, "more than %d files in '%s'",
			    FILE_LIST_MAX, folder);
	if (asprintf(&paths[*count], "%s/%s", folder, name) < 0)
		return fail_nomem(err);
	++*count;
	return true;
}

static bool read_all(DIR *open, const char *folder, const char *suffix,
		     char **paths, size_t *count, struct cg_error *err)
{
	const struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(open);
		if (!entry)
			return !errno || fail_errno(err, CG_E_SYSTEM, errno,
						    "cannot list '%s'", folder);
		if (entry->d_name[0] != '.' && ends_in(entry->d_name, suffix) &&
		    !add(paths, count, folder, entry->d_name, err))
			return false;
	}
}

bool file_list(const char *folder, const char *suffix, char ***paths,
	       size_t *count, struct cg_error *err)
{
	DIR *open = opendir(folder);
	char **all;
	size_t found = 0;
	bool ok;

	if (!open && errno != ENOENT && errno != ENOTDIR)
		return fail_errno(err, CG_E_SYSTEM, errno, "cannot list '%s'",
				  folder);
	all = calloc(FILE_LIST_MAX, sizeof(*all));
	ok = all ? !open || read_all(open, folder, suffix, all, &found, err)
		 : fail_nomem(err);
	if (open)
		closedir(open);
	if (!ok) {
		file_list_free(all, found);
		return false;
	}
	qsort(all, found, sizeof(*all), by_name);
	*paths = all;
	*count = found;
	return true;
}
