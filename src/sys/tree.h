/* sys/tree.h - files below a root, read whole and kept until the end. */
#ifndef SYS_TREE_H
#define SYS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

struct tree_file;

/* All zeros is the machine's own tree. */
struct tree {
	int root; /* a folder that / stands for, if `inside` */
	bool inside;
	size_t most; /* bytes of all files at once; 0: any */
	size_t held;
	struct tree_file *files;
};

enum { TREE_FILE_MAX = 1 << 30 };

/* `sysroot` NULL: the machine's own. Fails with CG_E_SYSTEM. */
bool tree_open(struct tree *tree, const char *sysroot, struct cg_error *err);

/*
 * The content of a regular file, the tree's own until it is closed. Links are
 * followed as if the root were /. `*name` is the same for the same file; if it
 * begins with '=', it is another once the content is. Fails
 * with CG_E_SYSTEM, CG_E_INPUT (no regular file, too large), CG_E_NOMEM (also
 * beyond `most`).
 */
bool tree_read(struct tree *tree, const char *path, const unsigned char **bytes,
	       size_t *size, const char **name, struct cg_error *err);

/*
 * The name alone of what tree_read() would read, with its NUL. False if it
 * would not, but for memory.
 */
enum { TREE_NAME = 96 };
bool tree_name(const struct tree *tree, const char *path, char name[TREE_NAME]);

/* For tree_list.c: a file or folder to read from, or -1 and errno. */
int tree_open_file(const struct tree *tree, const char *path);

/* Whether there is a folder of that name. */
bool tree_is_folder(const struct tree *tree, const char *path);

/*
 * The files below a folder that may be executed, by their paths, sorted; links
 * are not followed. free() each and the list. Fails with CG_E_SYSTEM,
 * CG_E_INPUT (more than TREE_LIST_MAX of them, or too deep), CG_E_NOMEM.
 */
enum { TREE_LIST_MAX = 20000, TREE_DEPTH_MAX = 32 };
bool tree_list(const struct tree *tree, const char *folder, char ***paths,
	       size_t *count, struct cg_error *err);

/* Let go of all files; what was read of them is no longer valid. */
void tree_forget(struct tree *tree);

void tree_close(struct tree *tree);

#endif
