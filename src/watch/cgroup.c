#include "watch/cgroup.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { ID = 64, UID = 36 };

/* Runtimes name a container's cgroup after its id: 64 hexadecimal digits. */
const char *cgroup_container(struct arena *arena, const char *cgroup)
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
const char *cgroup_unit(struct arena *arena, const char *cgroup)
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

/* "pod" and a UUID, whose hyphens a slice of systemd has as underscores. */
static bool is_uid(const char *text)
{
	for (size_t i = 0; i < UID; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? text[i] != '-' && text[i] != '_'
			   : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return !isxdigit((unsigned char)text[UID]);
}

const char *cgroup_pod(struct arena *arena, const char *cgroup)
{
	if (!strstr(cgroup, "kubepods"))
		return NULL;
	for (const char *at = strstr(cgroup, "pod"); at;
	     at = strstr(at + 1, "pod")) {
		char *uid;

		if (!is_uid(at + 3))
			continue;
		uid = arena_text(arena, at + 3, UID);
		for (size_t i = 0; uid && i < UID; i++)
			if (uid[i] == '_')
				uid[i] = '-';
		return uid;
	}
	return NULL;
}
