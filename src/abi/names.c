/* abi/names.c - find a name in a sorted table, or the one that was meant. */
#include <string.h>

#include "abi/names.h"
#include "base/text.h"

size_t
names_find(const struct table_name *names, size_t count, const char *name)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, table_text + names[middle].name);

		if (order == 0)
			return names[middle].row;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return SIZE_MAX;
}

struct suggestion suggestion_start(const char *wanted)
{
	size_t limit = strlen(wanted) / 3;

	if (limit < 1)
		limit = 1;
	if (limit > 3)
		limit = 3;
	return (struct suggestion){ wanted, NULL, (unsigned)limit };
}

void suggestion_try(struct suggestion *suggestion, const char *candidate)
{
	unsigned distance =
		text_distance(suggestion->wanted, candidate, suggestion->limit);

	if (distance > suggestion->limit)
		return;
	/* From now on only what is closer still may take its place. */
	if (suggestion->best && distance == suggestion->limit)
		return;
	suggestion->best = candidate;
	suggestion->limit = distance;
}
