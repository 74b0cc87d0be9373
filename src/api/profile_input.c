/* Files, scripts, folders and bundles, to the programs that they come to. */
#include "api/profile_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "sys/file.h"
#include "sys/tree.h"

enum {
	INTERPRETERS_MAX = 5,
	LINE_MAX_ = 256,
	CONFIG_MAX = 4 << 20,
	PATH_SIZE = 4096,
};

static bool
read_tree(void *context, const char *path, struct bytes *out, const char **real)
{
	struct cg_error err;

	return tree_read(context, path, &out->at, &out->size, real, &err);
}

/* The interpreter of a script: the first word behind #!. */
static bool interpreter(struct bytes file, char *out, size_t size)
{
	size_t length, from = 2;

	if (file.size < 3 || memcmp(file.at, "#!", 2) != 0)
		return false;
	while (from < file.size &&
	       (file.at[from] == ' ' || file.at[from] == '\t'))
		from++;
	for (length = 0; from + length < file.size && length + 1 < size &&
			 !memchr(" \t\r\n", file.at[from + length], 4);
	     length++)
		out[length] = (char)file.at[from + length];
	out[length] = '\0';
	return length > 0;
}

/*
 * `#!/usr/bin/env name` looks for the name; where it lies is a matter of PATH,
 * which is not ours to read: the usual folders are tried.
 */
static bool
env_name(struct tree *tree, struct bytes file, char *out, size_t size)
{
	static const char *const folders[] = {
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
		"/usr/bin",        "/sbin",          "/bin",
	};
	char line[LINE_MAX_], *word, *rest = NULL;
	size_t length = 0;
	struct bytes found;
	const char *real;

	while (length + 1 < sizeof(line) && length < file.size &&
	       file.at[length] != '\n') {
		line[length] = (char)file.at[length];
		length++;
	}
	line[length] = '\0';
	strtok_r(line, " \t\r", &rest);
	if (strcmp(line, "#!") == 0)
		strtok_r(NULL, " \t\r", &rest);
	do
		word = strtok_r(NULL, " \t\r", &rest);
	while (word && (word[0] == '-' || strchr(word, '=')));
	for (size_t i = 0; word && i < sizeof(folders) / sizeof(*folders);
	     i++) {
		snprintf(out, size, "%s/%s", folders[i], word);
		if (read_tree(tree, out, &found, &real))
			return true;
	}
	return false;
}

/* `depth` scripts have led here. */
static bool profile_script(const struct input *input, struct tree *tree,
			   const char *path, int depth, struct cg_error *err)
{
	char next[LINE_MAX_];
	struct bytes file;
	const char *real;

	for (; depth < INTERPRETERS_MAX; depth++) {
		if (!tree_read(tree, path, &file.at, &file.size, &real, err))
			return false;
		if (!interpreter(file, next, sizeof(next)))
			return profile_program(input->arena, input->wanted,
					       path, file, input->report, err);
		/* env itself is replaced at once, but it runs before. */
		if (strlen(next) > 4 &&
		    strcmp(next + strlen(next) - 4, "/env") == 0) {
			if (!profile_script(input, tree, next, depth + 1,
					    err) ||
			    !env_name(tree, file, next, sizeof(next)))
				return err->status
					       ? false
					       : fail(err, CG_E_INPUT,
						      "%s: its interpreter was "
						      "not found",
						      path);
		}
		path = arena_text(input->arena, next, strlen(next));
		if (!path)
			return fail_nomem(err);
	}
	return fail(err, CG_E_INPUT, "%s: a script of a script of a script",
		    path);
}

static bool profile_one(const struct input *input, struct tree *tree,
			const char *path, struct cg_error *err)
{
	return profile_script(input, tree, path, 0, err);
}

/* ------------------------------------------------------------- folders -- */

/* A file of a folder: what is no program or script is passed over. */
static bool profile_member(const struct input *input, struct tree *tree,
			   const char *path, bool *any, struct cg_error *err)
{
	struct cg_error why = { 0 };
	struct bytes file;
	const char *real;

	if (!tree_read(tree, path, &file.at, &file.size, &real, &why))
		return report_gap(input->arena, input->report, why.message) ||
		       fail_nomem(err);
	if (!image_is_program(file) &&
	    !(file.size > 2 && memcmp(file.at, "#!", 2) == 0))
		return true;
	if (profile_one(input, tree, path, &why)) {
		*any = true;
		return true;
	}
	if (why.status == CG_E_NOMEM) {
		*err = why;
		return false;
	}
	/* One that cannot be read must not be one call fewer in silence. */
	return report_gap(input->arena, input->report, why.message) ||
	       fail_nomem(err);
}

static bool profile_folder(const struct input *input, struct tree *tree,
			   const char *folder, struct cg_error *err)
{
	bool ok = true, any = false;
	size_t count = 0;
	char **paths;

	if (!tree_list(tree, folder, &paths, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		ok = ok && profile_member(input, tree, paths[i], &any, err);
		tree_forget(tree);
		free(paths[i]);
	}
	free(paths);
	if (ok && !any)
		return fail(err, CG_E_INPUT, "%s: no program is in this folder",
			    folder);
	return ok;
}

/* -------------------------------------------------------------- bundles -- */

/* Of an OCI bundle's config.json. */
struct bundle {
	const char *root, *program, *folder, *path;
};

static const char *text_of(const struct node *mapping, const char *key)
{
	const struct node *node = mapping && mapping->kind == NODE_MAPPING
					  ? doc_get(mapping, key)
					  : NULL;

	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}

static const struct node *first_of(const struct node *mapping, const char *key)
{
	const struct node *list = mapping && mapping->kind == NODE_MAPPING
					  ? doc_get(mapping, key)
					  : NULL;

	return list && list->kind == NODE_SEQUENCE && list->count
		       ? list->items[0]
		       : NULL;
}

/* PATH, as the process will have it. */
static const char *path_of(const struct node *process)
{
	const struct node *list = doc_get(process, "env");

	for (size_t i = 0;
	     list && list->kind == NODE_SEQUENCE && i < list->count; i++)
		if (list->items[i]->kind == NODE_SCALAR &&
		    strncmp(list->items[i]->text, "PATH=", 5) == 0)
			return list->items[i]->text + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static bool read_config(const struct node *config, const char *source,
			struct bundle *out, struct cg_error *err)
{
	const struct node *process = NULL, *program;
	const char *root = NULL;

	if (config->kind == NODE_MAPPING) {
		process = doc_get(config, "process");
		root = text_of(doc_get(config, "root"), "path");
	}
	if (!process || process->kind != NODE_MAPPING)
		return fail(err, CG_E_INPUT, "%s: there is no process in it",
			    source);
	program = first_of(process, "args");
	if (!program || program->kind != NODE_SCALAR || !program->text[0])
		return fail(err, CG_E_INPUT, "%s: process.args is empty",
			    source);
	out->root = root ? root : "rootfs";
	out->program = program->text;
	out->folder = text_of(process, "cwd");
	out->path = path_of(process);
	return true;
}

static bool try_program(struct tree *tree, const char *folder, size_t length,
			const char *name, char out[PATH_SIZE])
{
	struct bytes file;
	const char *real;
	int used =
		snprintf(out, PATH_SIZE, "%.*s/%s", (int)length, folder, name);

	return used > 0 && used < PATH_SIZE &&
	       read_tree(tree, out, &file, &real);
}

/* Where process.args[0] lies, as the runtime looks for it. */
static bool find_program(struct tree *tree, const struct bundle *bundle,
			 char out[PATH_SIZE], struct cg_error *err)
{
	const char *name = bundle->program;
	const char *folder = bundle->folder ? bundle->folder : "/";

	if (name[0] == '/' && try_program(tree, "", 0, name, out))
		return true;
	if (name[0] != '/' && strchr(name, '/') &&
	    try_program(tree, folder, strlen(folder), name, out))
		return true;
	for (const char *at = bundle->path; !strchr(name, '/') && *at;) {
		const size_t length = strcspn(at, ":");

		if (try_program(tree, at, length, name, out))
			return true;
		at += length + (at[length] == ':');
	}
	return fail(err, CG_E_INPUT, "%s: no such program is in the bundle",
		    name);
}

static bool
profile_inside(const struct input *input, const struct bundle *bundle,
	       const char *root, struct cg_error *err)
{
	struct wanted wanted = *input->wanted;
	struct input inside = *input;
	char program[PATH_SIZE];
	struct tree tree;
	bool ok;

	if (!tree_open(&tree, root, err))
		return false;
	tree.most = wanted.memory;
	wanted.files = (struct files){ read_tree, &tree, profile_name_file };
	inside.wanted = &wanted;
	ok = find_program(&tree, bundle, program, err) &&
	     profile_one(&inside, &tree, program, err);
	tree_close(&tree);
	return ok;
}

static bool profile_bundle(const struct input *input, const char *folder,
			   const char *config, struct cg_error *err)
{
	struct arena arena = { .budget = 64 << 20 };
	struct bundle bundle;
	struct node *node;
	char root[PATH_SIZE];
	char *text;
	size_t length;
	bool ok;

	if (!file_read(config, CONFIG_MAX, &text, &length, err))
		return false;
	ok = doc_read_json(&arena, text, length, config, &node, err) &&
	     read_config(node, config, &bundle, err);
	free(text);
	if (ok && snprintf(root, sizeof(root), "%s%s%s",
			   bundle.root[0] == '/' ? "" : folder,
			   bundle.root[0] == '/' ? "" : "/",
			   bundle.root) >= PATH_SIZE)
		ok = fail(err, CG_E_INPUT, "%s: too long a path", config);
	ok = ok && profile_inside(input, &bundle, root, err);
	arena_free(&arena);
	return ok;
}

bool profile_input(const struct input *input, struct tree *tree,
		   const char *path, struct cg_error *err)
{
	char config[PATH_SIZE];
	struct bytes file;
	const char *real;

	if (!tree_is_folder(tree, path))
		return profile_one(input, tree, path, err);
	if (snprintf(config, sizeof(config), "%s/config.json", path) >=
	    PATH_SIZE)
		return fail(err, CG_E_INPUT, "%s: too long a path", path);
	if (input->wanted->options->sysroot ||
	    !read_tree(tree, config, &file, &real))
		return profile_folder(input, tree, path, err);
	return profile_bundle(input, path, config, err);
}

bool profile_read_file(void *tree, const char *path, struct bytes *out,
		       const char **real)
{
	return read_tree(tree, path, out, real);
}

bool profile_name_file(void *tree, const char *path, char out[FILES_NAME])
{
	_Static_assert((int)FILES_NAME == (int)TREE_NAME, "one in the other");
	return tree_name(tree, path, out);
}
