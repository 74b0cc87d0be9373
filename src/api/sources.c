#include "api/sources.h"

#include <stdio.h>
#include <stdlib.h>

#include <callgate/policy.h>

#include "sys/file.h"

/* Read one more file; there is room for it. */
static bool add(struct sources *sources, const char *path, struct cg_error *err)
{
	struct cg_source *source = &sources->at[sources->count];
	char *text;

	if (!file_read(path, CG_POLICY_TEXT_MAX, &text, &source->length, err))
		return false;
	source->text = text;
	source->name = path;
	sources->count++;
	return true;
}

bool sources_open(const char *path, struct sources *out, struct cg_error *err)
{
	*out = (struct sources){ .at = calloc(1 + FILE_LIST_MAX,
					      sizeof(*out->at)) };
	return out->at ? add(out, path, err) : fail_nomem(err);
}

bool sources_add(struct sources *sources, const char *suffix,
		 struct cg_error *err)
{
	char *folder;
	bool ok;

	if (asprintf(&folder, "%s.d", sources->at[0].name) < 0)
		return fail_nomem(err);
	ok = file_list(folder, suffix, &sources->paths, &sources->path_count,
		       err);
	free(folder);
	for (size_t i = 0; ok && i < sources->path_count; i++)
		ok = add(sources, sources->paths[i], err);
	return ok;
}

void sources_done(struct sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		free((char *)(uintptr_t)sources->at[i].text);
	file_list_free(sources->paths, sources->path_count);
	free(sources->at);
	*sources = (struct sources){ 0 };
}
