/*
 * profile/load.h - find a program's libraries as the dynamic loader does.
 *
 * Files come through a callback, so that all of this can be tried on files that
 * are nowhere, and a root other than / is a matter of whoever reads them.
 */
#ifndef PROFILE_LOAD_H
#define PROFILE_LOAD_H

#include "profile/world.h"

enum { FILES_CONTENT = '=' };

/*
 * The whole content of a file, or false if there is none that can be read. The
 * bytes must live as long as the world. `*real` is a name that is the same for
 * the same file, however it was come to; it lives as long. If it begins with
 * FILES_CONTENT, it is another as soon as the content is.
 */

typedef bool files_read(void *context, const char *path, struct bytes *out,
			const char **real);

/*
 * The same name without the content, with its NUL; false if there is no such
 * file.
 */
enum { FILES_NAME = 96 };
typedef bool files_name(void *context, const char *path, char out[FILES_NAME]);

struct files {
	files_read *read;
	void *context;
	files_name *name; /* NULL: nobody can tell without reading */
};

struct missing {
	const char *name, *by;
	bool asked; /* for at run time: who asks can do without */
};

struct loader {
	struct arena *arena;
	struct files files;
	struct world *world;
	struct loaded *program;
	struct bytes cache; /* /etc/ld.so.cache, or empty */
	struct missing *missing;
	size_t missing_count, missing_room;
	const char **real; /* of each image of the world */
	size_t real_room;
	const char *const *extra; /* directories to look in first, or NULL */
	bool no_debug;            /* leave separate files of symbols alone */
};

/*
 * Load the program `path` whose content is `file`, its loader and all libraries
 * that it needs. A library that is not found is remembered in `missing`; one
 * that cannot be read fails.
 */
bool load_program(struct loader *loader, const char *path, struct bytes file,
		  struct cg_error *err);

/*
 * Load one more library, as dlopen of `name` in `by` would. `*out` is NULL if
 * it is not there, which is no failure; if it was there before, it is that.
 */
bool load_library(struct loader *loader, const char *name, struct loaded *by,
		  const char *why, struct loaded **out, struct cg_error *err);

/* Remember that something was not there, once. */
bool load_note_missing(struct loader *loader, const char *name,
		       const struct loaded *by, bool asked,
		       struct cg_error *err);

#endif
