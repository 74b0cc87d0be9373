/* Policies in files: cg_policy_open() and cg_load_file(). */
#include <callgate/load.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/beside.h"
#include "sys/file.h"

/* A file that another extends lies beside it, unless its path is absolute. */
enum cg_status
find_beside(void *context, const char *name, const char *from, char **text,
	    size_t *length, char source[CG_SOURCE_MAX], struct cg_error *err)
{
	const char *slash = strrchr(from, '/');
	int beside = name[0] == '/' || !slash ? 0 : (int)(slash - from + 1);
	int used;

	(void)context;
	used = snprintf(source, CG_SOURCE_MAX, "%.*s%s", beside, from, name);
	if (used >= CG_SOURCE_MAX) {
		fail_set(err, CG_E_INPUT, "the path is longer than %d bytes",
			 CG_SOURCE_MAX - 1);
		return err->status;
	}
	if (!file_read(source, CG_POLICY_TEXT_MAX, text, length, err))
		return err->status;
	return CG_OK;
}

enum cg_status
cg_policy_open(const char *path, const struct cg_policy_options *options,
	       struct cg_policy **out, struct cg_error *err)
{
	struct cg_policy_options with = { 0 };
	struct cg_error here = { 0 };
	enum cg_status status;
	size_t length = 0;
	char *text = NULL;

	if (options)
		with = *options;
	with.finder = find_beside;
	if (!file_read(path, CG_POLICY_TEXT_MAX, &text, &length, &here)) {
		if (err)
			*err = here;
		return here.status;
	}
	status = cg_policy_parse(text, length, path, &with, out, err);
	free(text);
	return status;
}

enum cg_status
cg_load_file(const char *path, const struct cg_load_options *options,
	     struct cg_error *err)
{
	struct cg_load_options with = { 0 };
	struct cg_program *program = NULL;
	struct cg_policy *policy = NULL;
	enum cg_status status;

	if (options)
		with = *options;
	status = cg_policy_open(path, NULL, &policy, err);
	if (status != CG_OK)
		return status;
	if (!cg_policy_enabled(policy)) {
		cg_policy_free(policy);
		return CG_OK;
	}
	with.flags |= cg_policy_flags(policy);
	status = cg_compile(policy, NULL, &program, err);
	cg_policy_free(policy);
	if (status == CG_OK)
		status = cg_load(program, &with, NULL, err);
	cg_program_free(program);
	return status;
}
