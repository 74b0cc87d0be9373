/* api/sources.h - a file, and those that lie beside it and belong to it. */
#ifndef API_SOURCES_H
#define API_SOURCES_H

#include <callgate/format.h>

#include "base/fail.h"

struct sources {
	struct cg_source *at; /* the file itself is the first */
	size_t count;
	char **paths; /* of the others */
	size_t path_count;
};

/* Read the file; sources_done() frees it, all zeros, too. */
bool sources_open(const char *path, struct sources *out, struct cg_error *err);

/* Read the files of the folder PATH.d whose names end in `suffix`, by name. */
bool sources_add(struct sources *sources, const char *suffix,
		 struct cg_error *err);

void sources_done(struct sources *sources);

#endif
