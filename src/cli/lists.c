#include "cli/lists.h"

#include <stdlib.h>
#include <string.h>

#include <callgate/registry.h>

#include "base/buf.h"
#include "cli/out.h"

static const char separators[] = ", \t\r\n;";

struct lists {
	const struct cg_abi *abi;
	struct buf names; /* as JSON strings, between commas */
	size_t count;
};

static void add_name(struct lists *lists, const char *name)
{
	buf_puts(&lists->names, lists->count++ ? ", " : "");
	buf_json(&lists->names, name);
}

/* A file in the making of a list; `path` is for notes. */
struct file {
	struct lists *lists;
	const char *path;
};

static void name_of_file(void *context, const char *name)
{
	add_name(((struct file *)context)->lists, name);
}

/* On the command line an unknown name is an error. */
static void
left_out(void *context, uint32_t line, const char *name, const char *close)
{
	const struct file *file = context;

	out_note("%s:%u: %s has no call '%s'; it is left out%s%s%s", file->path,
		 (unsigned)line, file->lists->abi->name, name,
		 close ? "; did you mean '" : "", close ? close : "",
		 close ? "'?" : "");
}

static bool add_file(struct lists *lists, const char *path)
{
	struct file file = { lists, path };
	const struct cg_list_reader reader = { .name = name_of_file,
					       .left_out = left_out,
					       .context = &file };
	struct cg_error err;

	if (cg_list_open(path, lists->abi, &reader, &err) == CG_OK)
		return true;
	out_error("%s", err.message);
	return false;
}

static bool add_list(struct lists *lists, const char *list)
{
	char *copy = strdup(list), *rest = NULL;
	bool ok = true;

	if (!copy)
		out_die_nomem();
	for (char *word = strtok_r(copy, separators, &rest); ok && word;
	     word = strtok_r(NULL, separators, &rest)) {
		if (strchr(word, '/'))
			ok = add_file(lists, word);
		else
			add_name(lists, word);
	}
	free(copy);
	return ok;
}

char *
lists_policy(const struct texts *texts, bool keep, const struct cg_abi *abi)
{
	struct lists lists = { .abi = abi };
	struct buf policy = { 0 };
	char *names, *text;
	bool ok = true;

	for (size_t i = 0; ok && i < texts->count; i++)
		ok = add_list(&lists, texts->at[i]);
	names = buf_done(&lists.names);
	if (!names)
		out_die_nomem();
	if (ok && !lists.count)
		out_error("--%s names no call", keep ? "keep" : "drop");
	if (!ok || !lists.count) {
		free(names);
		return NULL;
	}
	buf_printf(&policy,
		   "seccomp: {default_action: %s, syscalls: [{action: %s, "
		   "names: [%s]}]}\n",
		   keep ? "errno" : "allow", keep ? "allow" : "errno", names);
	free(names);
	text = buf_done(&policy);
	if (!text)
		out_die_nomem();
	return text;
}
