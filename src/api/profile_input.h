/* api/profile_input.h - what a path that is to be profiled stands for. */
#ifndef API_PROFILE_INPUT_H
#define API_PROFILE_INPUT_H

#include "profile/profile.h"

struct tree;

struct input {
	struct arena *arena;
	const struct wanted *wanted;
	struct report *report;
};

/*
 * Add to the report what a program can do, or a script's interpreter, or the
 * process of an OCI bundle, or all programs below a folder.
 */
bool profile_input(const struct input *input, struct tree *tree,
		   const char *path, struct cg_error *err);

/* The callback of struct files; its context is a tree. */
bool profile_read_file(void *tree, const char *path, struct bytes *out,
		       const char **real);
bool profile_name_file(void *tree, const char *path, char out[FILES_NAME]);

#endif
