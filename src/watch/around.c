#include "watch/around.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"

enum { PEEK = 4096, ID = 64 };

/* Arguments stand one behind the other, each with a NUL at its end. */
static const char *command_line(struct arena *arena, int process)
{
	char text[PEEK];
	long length = file_peek(process, "cmdline", text, sizeof(text));

	if (length <= 0)
		return NULL;
	for (long i = 0; i + 1 < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return arena_text(arena, text, (size_t)length);
}

/* Whether it is still the one that the record names: pids are used again. */
static bool is_the_same(int process, const char *name)
{
	char text[PEEK];
	long length = file_peek(process, "comm", text, sizeof(text));

	return length > 0 && name && strcspn(text, "\n") == strlen(name) &&
	       memcmp(text, name, strlen(name)) == 0;
}

static uint32_t parent_of(int process)
{
	char text[PEEK];
	const char *at;

	if (file_peek(process, "status", text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, "\nPPid:\t");
	return at ? (uint32_t)strtoul(at + 7, NULL, 10) : 0;
}

static const char *directory_of(struct arena *arena, int process)
{
	char text[PEEK];
	ssize_t length = readlinkat(process, "cwd", text, sizeof(text));

	if (length <= 0 || length == (ssize_t)sizeof(text))
		return NULL;
	return arena_text(arena, text, (size_t)length);
}

/* Runtimes name a container's cgroup after its id: 64 hexadecimal digits. */
const char *around_container(struct arena *arena, const char *cgroup)
{
	size_t run = 0;

	for (const char *at = cgroup; *at; at++) {
		bool is_digit = isxdigit((unsigned char)*at) &&
				!isupper((unsigned char)*at);

		run = is_digit ? run + 1 : 0;
		if (run == ID && !isxdigit((unsigned char)at[1]))
			return arena_text(arena, at + 1 - ID, ID);
	}
	return NULL;
}

static bool ends(const char *text, size_t length, const char *with)
{
	size_t least = strlen(with);

	return length > least &&
	       memcmp(text + length - least, with, least) == 0;
}

/* The innermost part of the path that is a service, a scope or a slice's. */
const char *around_unit(struct arena *arena, const char *cgroup)
{
	const char *found = NULL;
	size_t length = 0;

	for (const char *at = cgroup; *at;) {
		size_t part = strcspn(at, "/\n");

		if (ends(at, part, ".service") || ends(at, part, ".scope")) {
			found = at;
			length = part;
		}
		at += part;
		at += *at != '\0';
	}
	return found ? arena_text(arena, found, length) : NULL;
}

void around_ask(struct violation *violation)
{
	struct cg_violation *out = &violation->about;
	struct arena *arena = &violation->arena;
	char path[32], cgroup[PEEK];
	int process;

	if (out->pid == CG_UNSET)
		return;
	snprintf(path, sizeof(path), "/proc/%u", out->pid);
	process = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (process < 0)
		return;
	if (!is_the_same(process, out->name)) {
		close(process);
		return;
	}
	out->parent = parent_of(process);
	out->command_line = command_line(arena, process);
	out->working_directory = directory_of(arena, process);
	if (file_peek(process, "cgroup", cgroup, sizeof(cgroup)) > 0) {
		out->container = around_container(arena, cgroup);
		out->unit = around_unit(arena, cgroup);
	}
	close(process);
}
