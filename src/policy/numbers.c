/* Calls by their numbers: `numbers:`, and rules that begin with nr=. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "policy/read.h"

static bool read_one(const char *text, size_t length, uint32_t *out)
{
	uint64_t number;

	if (num_read(text, length, &number) != NUM_OK || number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

bool number_name_read(const char *name, struct place place, uint32_t *out,
		      struct cg_error *err)
{
	return read_one(name, strlen(name), out)
		       ? true
		       : fail_at(err, CG_E_MEANING, place,
				 "'%.40s' is no number of a call, 0 to "
				 "0xffffffff",
				 name);
}

bool numbers_read(struct read *read, const struct node *node, struct entry *out)
{
	const char *text, *dots;
	struct entry entry = { .place = node->place };
	size_t length;

	if (!node_text(read, node, "a number, or a range such as 470..511",
		       &text))
		return false;
	dots = strstr(text, "..");
	length = dots ? (size_t)(dots - text) : strlen(text);
	if (!read_one(text, length, &entry.first) ||
	    (dots && !read_one(dots + 2, strlen(dots + 2), &entry.last)))
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "'%.40s' is no number of a call, 0 to "
			       "0xffffffff, and no range such as 470..511%s",
			       text,
			       cg_syscall_by_name(text)
				       ? "; a name belongs in names"
				       : "");
	if (!dots)
		entry.last = entry.first;
	if (entry.last < entry.first)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "a range runs from the lower to the higher "
			       "number; this one is the wrong way round");
	*out = entry;
	return true;
}

static int by_first(const void *left, const void *right)
{
	const struct entry *const *a = left, *const *b = right;

	return ((*a)->first > (*b)->first) - ((*a)->first < (*b)->first);
}

/* The last of `count` sorted ones that begins at `nr` or below, or NULL. */
static const struct entry *
at_or_below(const struct entry *const *sorted, size_t count, uint32_t nr)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle]->first <= nr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? sorted[low - 1] : NULL;
}

bool numbers_check(struct read *read, const struct group *group)
{
	const struct entry **sorted, *found;
	size_t count = 0;

	sorted = arena_array(read->arena, const struct entry *, group->count);
	if (!sorted)
		return fail_nomem(read->err);
	for (size_t i = 0; i < group->count; i++)
		if (!group->entries[i].call && !group->entries[i].count)
			sorted[count++] = &group->entries[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), by_first);
	for (size_t i = 1; i < count; i++)
		if (sorted[i]->first <= sorted[i - 1]->last)
			return fail_at(
				read->err, CG_E_MEANING, sorted[i]->place,
				"duplicate: number %" PRIu32 " stands "
				"in this group already, in line %" PRIu32,
				sorted[i]->first, sorted[i - 1]->place.line);
	for (size_t i = 0; i < group->count; i++) {
		const struct entry *entry = &group->entries[i];

		if (entry->call || !entry->count)
			continue;
		found = at_or_below(sorted, count, entry->first);
		if (found && found->last >= entry->first)
			return fail_at(read->err, CG_E_MEANING, entry->place,
				       "number %" PRIu32 " stands in this "
				       "group both with and without conditions "
				       "(line %" PRIu32 "); the conditions "
				       "would never count",
				       entry->first, found->place.line);
	}
	return true;
}
