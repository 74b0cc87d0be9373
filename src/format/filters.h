/*
 * format/filters.h - several filters that a tool loads, joined to one.
 *
 * The kernel asks every filter of a process; the most severe answer counts, and
 * of answers of one action that of the filter loaded last. A policy has one
 * answer, so a reader makes each of the tool's filters and joins them.
 */
#ifndef FORMAT_FILTERS_H
#define FORMAT_FILTERS_H

#include "format/read.h"

enum { FILTER_ABIS = 8 };

/* A filter in the making: rules in order, and what answers the rest. */
struct filter {
	struct reading *reading; /* memory, errors, sources */
	struct cg_default defaults[FILTER_ABIS];
	size_t abi_count;
	struct cg_rule *rules;
	size_t count, room;
	uint32_t foreign;
};

/*
 * Begin a filter that answers `answer` to everything, for the reading's native
 * ABI and all its guests, native first.
 */
void filter_init(struct filter *filter, struct reading *reading,
		 uint32_t answer);

/* The default of one of its ABIs. */
void filter_default(struct filter *filter, const struct cg_abi *abi,
		    uint32_t answer);

/* One more rule behind those there are. Its tests must live on. */
bool filter_rule(struct filter *filter, const struct cg_rule *rule);

/* A rule for one number, with at most one test (NULL: none). */
bool filter_call(struct filter *filter, const struct cg_abi *abi, uint32_t nr,
		 uint32_t answer, const struct cg_test *test,
		 struct place place);

/*
 * Make `newer` what the kernel answers with both loaded, `older` first. Both
 * were begun for one reading.
 */
bool filters_join(struct filter *newer, const struct filter *older);

/* Hand a filter to its reading: there is no more to make. */
bool filter_give(const struct filter *filter);

#endif
