/*
 * profile/page_sets.h - sets of halves of addresses, each kept once.
 *
 * A set is a number; equal sets have the same. Sets only grow as ways meet.
 */
#ifndef PROFILE_PAGE_SETS_H
#define PROFILE_PAGE_SETS_H

#include "profile/bytes.h"
#include "profile/map.h"

/* The empty set; what no adrp has loaded; a number that may be any. */
#define NO_PAGES 0u
#define NO_ORIGIN UINT32_MAX
#define ANY_NUMBER UINT64_MAX

/* A page, by the instruction that loaded it, or a number. */
struct half {
	uint64_t value;
	uint32_t origin; /* of a page; NO_ORIGIN: a number */
	bool indexed;    /* something that we do not know was added */
};

struct origin {
	uint64_t at, page;
};

struct page_set {
	const uint32_t *at; /* sorted, for page_sets_half() */
	uint32_t count;
};

/* Two sets that were joined lately. */
struct joined {
	uint32_t left, right, both;
};

enum { JOINED_COUNT = 512 };

struct page_sets {
	struct arena *arena;
	struct joined joined[JOINED_COUNT];
	struct half *halves;
	size_t half_count, half_room;
	struct origin *origins;
	size_t origin_count, origin_room;
	struct page_set *sets;
	size_t set_count, set_room;
	struct map half_of, origin_of, set_of;
	bool nomem;
	bool too_many; /* what was made since is not all of it */
};

void page_sets_init(struct page_sets *sets, struct arena *arena);

struct page_set page_sets_get(const struct page_sets *sets, uint32_t set);
const struct half *page_sets_half(const struct page_sets *sets, uint32_t half);

/* The instruction that loaded a page; 0 for a number. */
uint64_t page_sets_origin(const struct page_sets *sets, uint32_t origin);

/* The set of one half; of the page that adrp at `at` loads. */
uint32_t page_sets_one(struct page_sets *sets, struct half half);
uint32_t page_sets_load(struct page_sets *sets, uint64_t at, uint64_t page);

/* Either; each plus a number; each plus who knows what. */
uint32_t page_sets_join(struct page_sets *sets, uint32_t left, uint32_t right);
uint32_t page_sets_add(struct page_sets *sets, uint32_t set, uint64_t number);
uint32_t page_sets_indexed(struct page_sets *sets, uint32_t set);

/* Numbers with other 16 bits at `shift`; pages stay. */
uint32_t page_sets_patch(struct page_sets *sets, uint32_t set, unsigned shift,
			 uint64_t number);

#endif
