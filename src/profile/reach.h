/*
 * profile/reach.h - which code and data of a program can be come to.
 *
 * The rule: whatever reachable code mentions is reachable. A function that is
 * called, jumped to, or whose address is formed anywhere in reachable code or
 * stored in reachable data is reachable. Of data, a word that is read by its
 * address is reachable alone; an object whose address is formed is reachable as
 * a whole, as far as its symbol tells; where no symbol tells, all that lies
 * between the symbols on either side, or its whole section.
 *
 * What is cut from it, each by its own header, which says why nothing is lost:
 * - of a function, what the constants of none of its callers choose, and its
 *   landing pads while nothing unwinds (trail.h; x86_64 only);
 * - functions of name services until their names are mentioned, and those of
 *   libc that do nothing before something else has happened (nss.h);
 * - what runs only before a function that was asked for (after.h).
 * A function that is not followed is reachable with all its instructions, and
 * with `all_data` so is each, and all data.
 */
#ifndef PROFILE_REACH_H
#define PROFILE_REACH_H

#include "base/crew.h"
#include "profile/code.h"
#include "profile/known.h"
#include "profile/map.h"

enum how {
	HOW_ROOT,
	HOW_CALL,
	HOW_JUMP,
	HOW_ADDRESS, /* its address is formed or loaded in code */
	HOW_POINTER, /* its address lies in data */
	HOW_UNWIND,  /* the unwinder calls it */
	HOW_TABLE,   /* a branch table leads there */
	HOW_EXPORT,  /* of a library that is opened at run time */
	HOW_COUNT,
};

/* Who brought something in. */
struct cause {
	uint8_t how; /* enum how */
	bool object; /* `by` is an object, not a function */
	bool starts; /* a root that is run before main, and not later */
	bool whole;  /* any data may be meant: what functions begin there */
	bool upward; /* nothing before the address is come to by it */
	uint32_t by;
	uint64_t at;      /* the instruction or the word */
	const char *root; /* for HOW_ROOT: what it is */
};

#define NOTHING UINT32_MAX
enum { TAKERS_MAX = 6 };

/* A call or jump that leads to a function. */
struct edge {
	uint32_t region; /* from */
	uint64_t at;     /* 0: some jump by a table */
	uint32_t next;   /* of the same target, or NOTHING */
	bool jump;
};

/* A way into the code of a region. */
struct function {
	uint64_t entry;
	uint32_t region;
	struct cause cause;
	uint32_t edges;       /* the first that leads here, or NOTHING */
	uint32_t next_entry;  /* of the same region, or NOTHING */
	struct handed *asked; /* what callers hand to it */
	uint8_t asked_count;
	bool asked_all; /* and one of whom nothing is known */
	bool taken;     /* its address is known to somebody */
	bool unasked;   /* it was come to by more than calls and jumps */
	bool pointed;   /* and not only to who starts the program */
	uint8_t taker_count;
	uint16_t takers[TAKERS_MAX]; /* images that mention it */
};

/* Code that is reachable together. */
struct region {
	struct code code;
	uint32_t first_entry;
	uint32_t labels; /* entries that only tables of branches lead to */
	struct remarks *found; /* what reading it has found, while it counts */
	unsigned char *seen;   /* bits: instructions that were told; or NULL */
	bool unknown;          /* its code is still to be looked for */
	bool read;             /* it was read, and what was found is there */
	bool answered;         /* all was told that runs, whoever calls */
	bool whole;            /* all of it counts */
	bool told;             /* all of it was told */
	bool left_pads;        /* all but its landing pads was told */
	bool traps;            /* there is a system call in it */
};

/* A function to be read, with one of `asked`; ASKED_ALL: nothing is known. */
struct ask {
	uint32_t function;
	uint8_t which;
};

enum { ASKED_MAX = 24, ASKED_ALL = 255 };

struct object {
	uint64_t start, end;
	struct cause cause;
	uint32_t next; /* that begins there, too, or NOTHING */
};

/* An instruction that enters the kernel. */
struct site {
	uint64_t at;
	uint32_t region;
	uint8_t trap; /* enum trap */
};

/* A call or jump to wherever a register or a word that changes says. */
struct indirect {
	uint64_t at;
	uint32_t region;
	bool jump;
};

/* A direct write to a word. */
struct store {
	uint64_t word;
	uint64_t at;
	uint32_t region;
};

/* A text that reachable code mentions, and by what. */
struct mention {
	const char *text;
	uint64_t address;
	uint32_t function;
	struct loaded *in;
};

/* What the unwinder will call for a function that was come to. */
struct personality {
	uint64_t address;
	unsigned word; /* bytes of a pointer to it there; 0: it is it */
	struct cause cause;
};

/* A function of a name service, and the hash of its name. */
struct waiting {
	uint64_t name, entry;
	struct cause cause;
};

struct flows;
struct trail;

struct reach {
	struct arena *arena;
	struct world *world;
	struct flows *flows;
	bool all_data;
	struct function *functions;
	size_t function_count, function_room;
	struct region *regions;
	size_t region_count, region_room;
	struct edge *edges;
	size_t edge_count, edge_room;
	struct ask *asks;
	size_t ask_count, ask_room;
	struct trail **trails;
	size_t trail_count, trail_room;
	unsigned trail_depth;
	struct walk_room *walk_rooms; /* by depth */
	struct map trail_by_entry;
	struct object *objects;
	size_t object_count, object_room;
	struct site *sites;
	size_t site_count, site_room;
	struct store *stores;
	size_t store_count, store_room;
	struct indirect *indirects;
	size_t indirect_count, indirect_room;
	struct mention *mentions;
	size_t mention_count, mention_room;
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	struct map named; /* hashes of texts that were mentioned */
	struct personality *personalities;
	size_t personality_count, personality_room;
	bool unwinding; /* something calls the unwinder */
	bool locks;     /* something but libc locks mutexes */
	struct map by_entry, by_span, by_object, words, addresses, upward,
		unwinders;
	size_t next_ask, next_object; /* what is still to be read */
	bool nomem;
	struct crew crew; /* who reads code */
	/* Called after each batch; or NULL. */
	void (*progress)(void *context, size_t done, size_t known);
	void *progress_context;
	struct batch *batch; /* of what is read at once; remarks.c */
	struct shelf *shelf; /* of all images together; or NULL */
	bool *foreign;       /* set when one image's answer asks others */
	struct memo *memo;   /* of the thread that this is used by; or NULL */
};

/*
 * Add what a cause mentions. They cannot fail but for memory, which they
 * remember in reach->nomem.
 */
void reach_address(struct reach *reach, uint64_t address, struct cause cause);
uint32_t
reach_function(struct reach *reach, uint64_t entry, struct cause cause);
/* The pointers in [address, address + size). */
void reach_words(struct reach *reach, uint64_t address, uint64_t size,
		 struct cause cause);
/* The pointers in [start, end) of one image. */
void reach_range(struct reach *reach, struct loaded *in, uint64_t start,
		 uint64_t end, struct cause cause);
/* What a text at an address tells, if there is one. */
void reach_text(struct reach *reach, uint64_t address, struct cause cause);
/* All pointers of all data of an image, once. */
void reach_data(struct reach *reach, struct loaded *in, struct cause cause);
/* What a table may hold that is indexed by way of an address far from it. */
void reach_far(struct reach *reach, uint64_t address, struct cause cause);
void reach_symbol(struct reach *reach, struct found found, struct cause cause);

/* Whether an address is one of instructions. */
bool reach_is_code(const struct reach *reach, uint64_t address);

/* From now on the unwinder runs, and calls the personalities. */
void reach_unwind(struct reach *reach);

/* Read what was added until there is nothing new. */
void reach_drain(struct reach *reach);

/* The pointers that a word holds: at most `most` addresses. */
size_t reach_targets(const struct reach *reach, uint64_t word, uint64_t *out,
		     size_t most);

#endif
