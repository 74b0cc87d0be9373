/*
 * sys/trim: which files of a folder that is too large go, and which stay.
 */
#include "tap.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/trim.h"

static char directory[] = "/tmp/callgate-test-XXXXXX";

enum { FILES = 6, NOW = 2000000000 };

/* Of each file its name, size and when it was used; and whether it stays. */
struct one {
	const char *name;
	long size, used;
	bool stays;
};

static const struct row {
	const char *name;
	struct trim trim;
	struct one files[FILES];
} rows[] = {
	{ "an empty folder", { 10, NOW }, { { 0 } } },
	{ "just full",
	  { 10, NOW },
	  { { "a", 4, 1, true }, { "b", 6, 2, true } } },
	{ "one too many: the oldest goes",
	  { 10, NOW },
	  { { "a", 3, 2, true }, { "b", 5, 1, false }, { "c", 3, 3, true } } },
	{ "down to three quarters",
	  { 8, NOW },
	  { { "a", 3, 1, false }, { "b", 3, 2, true }, { "c", 3, 3, true } } },
	{ "all that is old, and no more",
	  { 8, NOW },
	  { { "a", 3, 1, false }, { "b", 5, 2, false }, { "c", 4, 3, true } } },
	{ "what is young stays",
	  { 1, 3 },
	  { { "a", 4, 2, false }, { "b", 4, 3, true }, { "c", 9, 4, true } } },
	{ "of the same age, by name",
	  { 9, NOW },
	  { { "b", 4, 1, true }, { "a", 6, 1, false } } },
	{ "what never got its name",
	  { 100, NOW },
	  { { "new-12-0", 4, 1, false }, { "news", 4, 1, true } } },
};

static void make(const struct one *one)
{
	const struct timespec used[2] = { { .tv_sec = one->used },
					  { .tv_sec = one->used } };
	const int fd = open(one->name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert(fd >= 0 && ftruncate(fd, one->size) == 0 &&
	       futimens(fd, used) == 0);
	close(fd);
}

static void test_rows(struct tap *tap, int folder)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct one *files = rows[i].files;
		size_t wanted = 0, removed;
		bool ok = true;

		for (size_t k = 0; k < FILES && files[k].name; k++) {
			make(&files[k]);
			wanted += !files[k].stays;
		}
		removed = trim_folder(folder, rows[i].trim);
		for (size_t k = 0; k < FILES && files[k].name; k++) {
			ok &= (access(files[k].name, F_OK) == 0) ==
			      files[k].stays;
			unlink(files[k].name);
		}
		tap_ok(tap, ok && removed == wanted, "%s", rows[i].name);
	}
}

/* What is no plain file is nobody's to remove. */
static void test_others(struct tap *tap, int folder)
{
	struct stat about;

	assert(mkdir("folder", 0700) == 0 && symlink("nowhere", "link") == 0);
	tap_ok(tap,
	       trim_folder(folder, (struct trim){ .young = NOW }) == 0 &&
		       access("folder", F_OK) == 0 &&
		       lstat("link", &about) == 0,
	       "folders and links stay");
}

static void test_use(struct tap *tap)
{
	struct stat before, about;
	int fd;

	make(&(struct one){ .name = "used", .size = 1, .used = 1 });
	fd = open("used", O_RDONLY);
	assert(fd >= 0);
	trim_use(fd);
	assert(fstat(fd, &before) == 0);
	trim_use(fd);
	assert(fstat(fd, &about) == 0);
	tap_ok(tap,
	       before.st_mtime > 1 &&
		       before.st_mtim.tv_nsec == about.st_mtim.tv_nsec,
	       "a use is noted, and not each moment again");
	close(fd);
}

int main(void)
{
	struct tap tap = { 0 };
	char command[64];
	int folder;

	assert(mkdtemp(directory) && chdir(directory) == 0);
	folder = open(".", O_RDONLY | O_DIRECTORY);
	assert(folder >= 0);
	test_rows(&tap, folder);
	test_others(&tap, folder);
	test_use(&tap);
	close(folder);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	assert(chdir("/") == 0 && system(command) == 0);
	return tap_done(&tap);
}
