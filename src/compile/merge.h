/* compile/merge.h - a long list of values as one condition. */
#ifndef COMPILE_MERGE_H
#define COMPILE_MERGE_H

#include "policy/resolve.h"

/*
 * Entries of one number in which neighbours are joined that give one answer,
 * and each ask whether the same argument is one of some values: a thousand of
 * these are a set of a thousand values.
 *
 * Ensures   the entries in `*out` answer as those given.
 * Fails     if memory runs out.
 */
bool merge_entries(struct arena *arena, const struct resolved_entry *entries,
		   size_t count, const struct resolved_entry **out,
		   size_t *out_count);

#endif
