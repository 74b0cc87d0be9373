#include "sys/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * Device and number, size and time of change; and the seconds until that stands
 * for the content: pages that somebody has mapped are written back by then.
 */
enum { SETTLED = 60 };

struct tree_file {
	struct tree_file *next;
	char name[TREE_NAME];
	size_t size;
	unsigned char bytes[];
};

bool tree_open(struct tree *tree, const char *sysroot, struct cg_error *err)
{
	*tree = (struct tree){ .inside = sysroot != NULL };
	if (!sysroot)
		return true;
	tree->root = open(sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree->root < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot open the folder %s", sysroot);
	return true;
}

int tree_open_file(const struct tree *tree, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (!tree->inside)
		return open(path, (int)how.flags);
	return (int)syscall(SYS_openat2, tree->root, path, &how, sizeof(how));
}

static struct tree_file *known(const struct tree *tree, const char *name)
{
	struct tree_file *file = tree->files;

	/* What has settled in the meantime is still the same. */
	while (file && strcmp(file->name + (file->name[0] == '='),
			      name + (name[0] == '=')) != 0)
		file = file->next;
	return file;
}

static bool fill(int fd, struct tree_file *file)
{
	size_t done = 0;

	while (done < file->size) {
		ssize_t got = read(fd, file->bytes + done, file->size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	file->size = done;
	return true;
}

/*
 * Whoever writes a file changes its time of change, which nobody can set; but
 * time has steps, so a file that was just changed is known by its number only.
 */
static void name_file(const struct stat *about, char name[TREE_NAME])
{
	struct timespec now = { 0 };
	const bool settled = clock_gettime(CLOCK_REALTIME, &now) == 0 &&
			     now.tv_sec - about->st_ctim.tv_sec > SETTLED;

	snprintf(name, TREE_NAME, "%s%llx:%llx:%llx:%llx.%lx",
		 settled ? "=" : "", (unsigned long long)about->st_dev,
		 (unsigned long long)about->st_ino,
		 (unsigned long long)about->st_size,
		 (unsigned long long)about->st_ctim.tv_sec,
		 (unsigned long)about->st_ctim.tv_nsec);
}

static struct tree_file *
read_file(struct tree *tree, int fd, const char *path, struct cg_error *err)
{
	struct tree_file *file;
	struct stat about;
	char name[TREE_NAME];

	if (fstat(fd, &about) != 0) {
		fail_set_errno(err, CG_E_SYSTEM, errno, "cannot examine %s",
			       path);
		return NULL;
	}
	if (!S_ISREG(about.st_mode) || about.st_size > TREE_FILE_MAX) {
		fail_set(err, CG_E_INPUT, "%s is %s", path,
			 S_ISREG(about.st_mode) ? "larger than 1 GiB"
						: "no regular file");
		return NULL;
	}
	name_file(&about, name);
	file = known(tree, name);
	if (file)
		return file;
	if (!tree->most || (size_t)about.st_size <= tree->most - tree->held)
		file = malloc(sizeof(*file) + (size_t)about.st_size + 1);
	if (!file) {
		fail_set(err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	file->size = (size_t)about.st_size;
	memcpy(file->name, name, sizeof(name));
	if (!fill(fd, file)) {
		fail_set_errno(err, CG_E_SYSTEM, errno, "cannot read %s", path);
		free(file);
		return NULL;
	}
	tree->held += file->size;
	file->next = tree->files;
	tree->files = file;
	return file;
}

bool tree_read(struct tree *tree, const char *path, const unsigned char **bytes,
	       size_t *size, const char **name, struct cg_error *err)
{
	int fd = tree_open_file(tree, path);
	struct tree_file *file;

	if (fd < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "cannot open %s",
				  path);
	file = read_file(tree, fd, path, err);
	close(fd);
	if (!file)
		return false;
	*bytes = file->bytes;
	*size = file->size;
	*name = file->name;
	return true;
}

bool tree_name(const struct tree *tree, const char *path, char name[TREE_NAME])
{
	const int fd = tree_open_file(tree, path);
	struct stat about;
	bool found;

	if (fd < 0)
		return false;
	found = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
		about.st_size <= TREE_FILE_MAX;
	if (found)
		name_file(&about, name);
	close(fd);
	return found;
}

void tree_forget(struct tree *tree)
{
	while (tree->files) {
		struct tree_file *file = tree->files;

		tree->files = file->next;
		free(file);
	}
	tree->held = 0;
}

void tree_close(struct tree *tree)
{
	tree_forget(tree);
	if (tree->inside)
		close(tree->root);
	*tree = (struct tree){ 0 };
}
