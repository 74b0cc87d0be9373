/* callgate/registry.h: files that list calls. */
#include <callgate/registry.h>

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "sys/file.h"

static const char separators[] = ", \t\r\n;";

static bool is_known(const char *name, const struct cg_abi *abi)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	uint32_t nr;

	if (name[0] == '@')
		return true; /* no architecture lacks a group: let it be told */
	return call && cg_syscall_number(call, abi, &nr);
}

static void tell(const struct cg_list_reader *reader, const struct cg_abi *abi,
		 uint32_t line, const char *name)
{
	if (is_known(name, abi))
		reader->name(reader->context, name);
	else if (reader->left_out)
		reader->left_out(reader->context, line, name,
				 cg_syscall_by_name(name)
					 ? NULL
					 : cg_syscall_suggest(name));
}

static void read_line(const struct cg_list_reader *reader,
		      const struct cg_abi *abi, uint32_t number, char *line)
{
	char *rest = NULL;

	line[strcspn(line, "#")] = '\0';
	for (char *word = strtok_r(line, separators, &rest); word;
	     word = strtok_r(NULL, separators, &rest))
		tell(reader, abi, number, word);
}

enum cg_status
cg_list_open(const char *path, const struct cg_abi *abi,
	     const struct cg_list_reader *reader, struct cg_error *err)
{
	char *text = NULL, *line, *next;
	struct cg_error here = { 0 };
	uint32_t number = 0;
	size_t length = 0;

	err = err ? err : &here;
	if (!file_read(path, CG_POLICY_TEXT_MAX, &text, &length, err))
		return err->status;
	if (memchr(text, 0, length)) {
		free(text);
		fail_set(err, CG_E_INPUT, "%s holds a NUL: it is no list",
			 path);
		return err->status;
	}
	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		read_line(reader, abi, ++number, line);
	}
	free(text);
	return CG_OK;
}
