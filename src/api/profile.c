/* Profiles of programs: files from the system, all else from src/profile. */
#include "api/profile_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/cache.h"
#include "sys/threads.h"
#include "sys/tree.h"
#include "watch/risk.h"

#define MEMORY_USUAL ((size_t)8 << 30)

struct cg_profile {
	struct arena arena;
	struct report report;
};

static bool
profile_each(struct cg_profile *profile, struct tree *tree,
	     const struct wanted *wanted, const char *const *programs,
	     size_t count, struct cg_error *err)
{
	const struct input input = { &profile->arena, wanted,
				     &profile->report };

	if (!count)
		return fail(err, CG_E_INPUT, "no program to profile");
	for (size_t i = 0; i < count; i++)
		if (!profile_input(&input, tree, programs[i], err))
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
	tree.most = wanted.memory;
	threads = threads_new(options->threads);
	if (threads)
		wanted.crew = threads_crew(threads);
	wanted.files =
		(struct files){ profile_read_file, &tree, profile_name_file };
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

bool cg_profile_value_at(const struct cg_profile *profile, size_t index,
			 size_t value, struct cg_profile_value *out)
{
	const struct report_call *call;

	if (index >= profile->report.call_count)
		return false;
	call = &profile->report.calls[index];
	if (call->unsure || value >= call->value_count ||
	    !cg_profile_complete(profile))
		return false;
	*out = call->values[value];
	return true;
}

bool cg_profile_comes_to(const struct cg_profile *profile, const char *image,
			 uint64_t address)
{
	const struct report *report = &profile->report;

	for (size_t i = 0; i < report->function_count; i++)
		if (report->functions[i].address == address &&
		    strcmp(report->images[report->functions[i].image].path,
			   image) == 0)
			return true;
	return false;
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

const char *cg_syscall_risk(const struct cg_syscall *call, const char **reason)
{
	const struct risk *row = risk_of(call ? call->name : NULL);

	if (reason)
		*reason = row->reason;
	return row->name;
}
