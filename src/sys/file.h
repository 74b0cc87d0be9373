/* sys/file.h - whole files, read with a bound. */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include "base/fail.h"

#include <stddef.h>

/*
 * Read the file `path`, at most `max` bytes of it: a regular file, or a pipe,
 * socket or terminal that stands there, such as /dev/stdin. A named pipe that
 * nobody writes to reads as empty; nothing waits for a writer to come.
 *
 * `*text` is the caller's to free(), with a NUL behind its `*length` bytes.
 * Fails with CG_E_SYSTEM, CG_E_INPUT (a directory, a block device, too large)
 * or CG_E_NOMEM.
 */
bool file_read(const char *path, size_t max, char **text, size_t *length,
	       struct cg_error *err);

enum { FILE_LIST_MAX = 256 };

/*
 * The files of a folder whose names end in `suffix`, as "FOLDER/NAME", in the
 * order of their names; hidden ones are left out. No folder, no file.
 * `*paths` is the caller's, to be freed by file_list_free().
 *
 * Fails with CG_E_SYSTEM, CG_E_INPUT (more than FILE_LIST_MAX) or CG_E_NOMEM.
 */
bool file_list(const char *folder, const char *suffix, char ***paths,
	       size_t *count, struct cg_error *err);
void file_list_free(char **paths, size_t count);

/*
 * Fill `out` with the start of a small file of /proc, NUL at its end, and
 * return the bytes read, or -1 with errno set. `size` above 0.
 */
long file_peek(int directory, const char *path, char *out, size_t size);

#endif
