#include "sys/trim.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOUR = 3600, MINUTE = 60, NAME_MOST = 80, FILES_MOST = 1 << 20 };

struct old_file {
	char name[NAME_MOST];
	uint64_t size;
	struct timespec used;
};

struct old_files {
	struct old_file *at;
	size_t count, room;
	uint64_t size;
};

void trim_use(int file)
{
	const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT },
					 { .tv_nsec = UTIME_NOW } };
	struct stat about;

	/* Where it cannot be noted it is forgotten sooner, and that is all. */
	if (fstat(file, &about) == 0 && time(NULL) - about.st_mtime > MINUTE)
		(void)futimens(file, now);
}

static bool
add(struct old_files *files, const char *name, const struct stat *about)
{
	if (files->count == files->room) {
		const size_t room = files->room ? 2 * files->room : 256;
		struct old_file *grown =
			realloc(files->at, room * sizeof(*grown));

		if (!grown || room > FILES_MOST) {
			files->at = grown ? grown : files->at;
			return false;
		}
		files->at = grown;
		files->room = room;
	}
	files->at[files->count] = (struct old_file){
		.size = (uint64_t)about->st_size,
		.used = about->st_mtim,
	};
	memcpy(files->at[files->count++].name, name, strlen(name) + 1);
	files->size += (uint64_t)about->st_size;
	return true;
}

/* A file that nobody finishes is no use to anyone. */
static bool is_left_over(const char *name, const struct stat *about)
{
	return strncmp(name, "new-", 4) == 0 &&
	       time(NULL) - about->st_mtime > HOUR;
}

static size_t list(DIR *folder, struct old_files *files)
{
	const int fd = dirfd(folder);
	const struct dirent *one;
	struct stat about;
	size_t removed = 0;

	while ((one = readdir(folder))) {
		if (strlen(one->d_name) >= NAME_MOST ||
		    fstatat(fd, one->d_name, &about, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(about.st_mode))
			continue;
		if (is_left_over(one->d_name, &about))
			removed += unlinkat(fd, one->d_name, 0) == 0;
		else if (!add(files, one->d_name, &about))
			break;
	}
	return removed;
}

static int by_use(const void *left, const void *right)
{
	const struct old_file *a = left, *b = right;

	if (a->used.tv_sec != b->used.tv_sec)
		return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
	if (a->used.tv_nsec != b->used.tv_nsec)
		return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
	return strcmp(a->name, b->name);
}

size_t trim_folder(int folder, struct trim trim)
{
	struct old_files files = { 0 };
	/* A place of its own to read from: nobody else's is moved. */
	const int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *open = own < 0 ? NULL : fdopendir(own);
	size_t removed = 0;

	if (!open) {
		if (own >= 0)
			close(own);
		return 0;
	}
	removed = list(open, &files);
	if (files.size > trim.most) {
		qsort(files.at, files.count, sizeof(*files.at), by_use);
		for (size_t i = 0;
		     i < files.count && files.size > trim.most / 4 * 3 &&
		     files.at[i].used.tv_sec < trim.young;
		     i++) {
			removed += unlinkat(own, files.at[i].name, 0) == 0;
			files.size -= files.at[i].size;
		}
	}
	free(files.at);
	closedir(open);
	return removed;
}
