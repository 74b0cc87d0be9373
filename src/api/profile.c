/* Profiles of programs: files from the system, all else from src/profile. */
#include "profile/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/cache.h"
#include "sys/threads.h"
#include "sys/tree.h"

enum { INTERPRETERS_MAX = 5, LINE_MAX_ = 256 };
#define MEMORY_USUAL ((size_t)8 << 30)

struct cg_profile {
	struct arena arena;
	struct report report;
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

static bool
profile_one(struct cg_profile *profile, struct tree *tree,
	    const struct wanted *wanted, const char *path, struct cg_error *err)
{
	char next[LINE_MAX_];
	struct bytes file;
	const char *real;

	for (int i = 0; i < INTERPRETERS_MAX; i++) {
		if (!tree_read(tree, path, &file.at, &file.size, &real, err))
			return false;
		if (!interpreter(file, next, sizeof(next)))
			return profile_program(&profile->arena, wanted, path,
					       file, &profile->report, err);
		/* env itself is replaced at once, but it runs before. */
		if (strlen(next) > 4 &&
		    strcmp(next + strlen(next) - 4, "/env") == 0) {
			if (!profile_one(profile, tree, wanted, next, err) ||
			    !env_name(tree, file, next, sizeof(next)))
				return err->status
					       ? false
					       : fail(err, CG_E_INPUT,
						      "%s: its interpreter was "
						      "not found",
						      path);
		}
		path = arena_text(&profile->arena, next, strlen(next));
		if (!path)
			return fail_nomem(err);
	}
	return fail(err, CG_E_INPUT, "%s: a script of a script of a script",
		    path);
}

static bool
profile_each(struct cg_profile *profile, struct tree *tree,
	     const struct wanted *wanted, const char *const *programs,
	     size_t count, struct cg_error *err)
{
	if (!count)
		return fail(err, CG_E_INPUT, "no program to profile");
	for (size_t i = 0; i < count; i++)
		if (!profile_one(profile, tree, wanted, programs[i], err))
			return false;
	return true;
}

/* ------------------------------------------------------------ the cache -- */

static bool load_kept(void *context, const char *name, struct bytes *out)
{
	return cache_load(context, name, &out->at, &out->size);
}

static void save_kept(void *context, const char *name, struct bytes bytes)
{
	cache_save(context, name, bytes.at, bytes.size);
}

static bool open_cache(const struct cg_profile_options *options,
		       struct wanted *wanted, struct cache **cache)
{
	*cache = NULL;
	if (!options->cache)
		return true;
	*cache = cache_open(options->cache);
	wanted->storage = (struct storage){ load_kept, save_kept, *cache };
	return *cache != NULL;
}

static void
close_cache(const struct cg_profile_options *options, struct cache *cache)
{
	if (cache && *cache_note(cache) && options->note)
		options->note(options->context, cache_note(cache));
	cache_close(cache);
}

static bool profile_all(struct cg_profile *profile, const char *const *programs,
			size_t count, const struct cg_profile_options *options,
			struct cg_error *err)
{
	struct wanted wanted = {
		.options = options,
		.memory = options->memory ? options->memory : MEMORY_USUAL,
	};
	struct threads *threads;
	struct cache *cache;
	struct tree tree;
	bool ok;

	if (!tree_open(&tree, options->sysroot, err))
		return false;
	threads = threads_new(options->threads);
	if (threads)
		wanted.crew = threads_crew(threads);
	wanted.files = (struct files){ read_tree, &tree };
	ok = open_cache(options, &wanted, &cache) && threads;
	ok = ok ? profile_each(profile, &tree, &wanted, programs, count, err)
		: fail_nomem(err);
	close_cache(options, cache);
	threads_free(threads);
	tree_close(&tree);
	return ok;
}

enum cg_status cg_profile_open(const char *const *programs, size_t count,
			       const struct cg_profile_options *options,
			       struct cg_profile **out, struct cg_error *err)
{
	static const struct cg_profile_options usual = { 0 };
	struct cg_profile *profile = calloc(1, sizeof(*profile));
	struct cg_error here = { 0 };

	if (!profile) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else {
		profile->arena.budget = MEMORY_USUAL;
		if (profile_all(profile, programs, count,
				options ? options : &usual, &here)) {
			*out = profile;
			return CG_OK;
		}
	}
	cg_profile_free(profile);
	if (err)
		*err = here;
	return here.status;
}

void cg_profile_free(struct cg_profile *profile)
{
	if (!profile)
		return;
	arena_free(&profile->arena);
	free(profile);
}

const struct cg_abi *cg_profile_abi(const struct cg_profile *profile)
{
	return profile->report.abi;
}

bool cg_profile_call_at(const struct cg_profile *profile, size_t index,
			struct cg_profile_call *out)
{
	if (index >= profile->report.call_count)
		return false;
	*out = profile->report.calls[index].call;
	return true;
}

bool cg_profile_step_at(const struct cg_profile *profile, size_t index,
			size_t step, struct cg_profile_step *out)
{
	if (index >= profile->report.call_count ||
	    step >= profile->report.calls[index].call.steps)
		return false;
	*out = profile->report.calls[index].steps[step];
	return true;
}

bool cg_profile_gap_at(const struct cg_profile *profile, size_t index,
		       struct cg_profile_gap *out)
{
	if (index >= profile->report.gap_count)
		return false;
	*out = profile->report.gaps[index];
	return true;
}

bool cg_profile_complete(const struct cg_profile *profile)
{
	for (size_t i = 0; i < profile->report.gap_count; i++)
		if (profile->report.gaps[i].open)
			return false;
	return true;
}

bool cg_profile_image_at(const struct cg_profile *profile, size_t index,
			 struct cg_profile_image *out)
{
	if (index >= profile->report.image_count)
		return false;
	*out = profile->report.images[index];
	return true;
}
