#include "format/dialect.h"

#include <string.h>

#include "abi/names.h"

static bool has(uint32_t release, const struct dialect_word *word)
{
	return word->from <= release && release < word->until;
}

static bool group_is_there(const struct dialect *dialect,
			   const struct dialect_group *group, uint32_t release)
{
	for (unsigned i = 0; i < group->count; i++)
		if (has(release, &dialect->words[group->first + i]))
			return true;
	return false;
}

const struct dialect_group *
dialect_find(const struct dialect *dialect, const char *name, uint32_t release)
{
	for (size_t i = 0; i < dialect->group_count; i++) {
		const struct dialect_group *group = &dialect->groups[i];

		if (strcmp(dialect_text + group->name, name) == 0)
			return group_is_there(dialect, group, release) ? group
								       : NULL;
	}
	return NULL;
}

/* The generator has seen to it that no group holds itself. */
bool dialect_each(const struct dialect *dialect,
		  const struct dialect_group *group, uint32_t release,
		  bool (*each)(void *context, const char *name), void *context)
{
	for (unsigned i = 0; i < group->count; i++) {
		const struct dialect_word *word =
			&dialect->words[group->first + i];
		const char *name = dialect_text + word->name;
		const struct dialect_group *inner;

		if (!has(release, word))
			continue;
		if (name[0] != '@') {
			if (!each(context, name))
				return false;
			continue;
		}
		inner = dialect_find(dialect, name, release);
		if (inner &&
		    !dialect_each(dialect, inner, release, each, context))
			return false;
	}
	return true;
}

const char *dialect_suggest(const struct dialect *dialect, const char *name,
			    uint32_t release)
{
	struct suggestion suggestion = suggestion_start(name);

	for (size_t i = 0; i < dialect->group_count; i++) {
		const struct dialect_group *group = &dialect->groups[i];
		const char *candidate = dialect_text + group->name;

		if (candidate[0] == '@' &&
		    group_is_there(dialect, group, release))
			suggestion_try(&suggestion, candidate);
	}
	return suggestion.best;
}

const struct dialect_release *
dialect_release(const struct dialect *dialect, uint32_t release)
{
	const struct dialect_release *found = &dialect->releases[0];

	for (size_t i = 1; i < dialect->release_count; i++)
		if (dialect->releases[i].release <= release)
			found = &dialect->releases[i];
	return found;
}
