#include "cli/lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A name from a file; on the command line an unknown one is an error. */
static void add_from_file(struct lists *lists, const char *path, unsigned line,
			  const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	const char *close = call ? NULL : cg_syscall_suggest(name);
	uint32_t nr;

	if (name[0] == '@' ||
	    (call && cg_syscall_number(call, lists->abi, &nr))) {
		add_name(lists, name);
		return;
	}
	out_note("%s:%u: %s has no call '%s'; it is left out%s%s%s", path, line,
		 lists->abi->name, name, close ? "; did you mean '" : "",
		 close ? close : "", close ? "'?" : "");
}

static bool add_file(struct lists *lists, const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned number = 0;
	char *line = NULL;
	size_t room = 0;
	bool ok;

	if (!file) {
		out_error("%s: %s", path, strerror(errno));
		return false;
	}
	while (getline(&line, &room, file) >= 0) {
		char *rest = NULL;

		number++;
		line[strcspn(line, "#")] = '\0';
		for (char *word = strtok_r(line, separators, &rest); word;
		     word = strtok_r(NULL, separators, &rest))
			add_from_file(lists, path, number, word);
	}
	ok = !ferror(file);
	if (!ok)
		out_error("%s: %s", path, strerror(errno));
	free(line);
	fclose(file);
	return ok;
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
