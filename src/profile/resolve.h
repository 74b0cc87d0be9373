/*
 * profile/resolve.h - which numbers reach the instructions that make calls.
 *
 * A number is a constant where the instruction stands, or comes from the
 * caller: then each call of that function is looked at by itself, and so on up.
 * What is neither is an unresolved site, and is said to be one.
 */
#ifndef PROFILE_RESOLVE_H
#define PROFILE_RESOLVE_H

#include "profile/flow.h"

enum purpose {
	FOR_NUMBER,   /* of a system call */
	FOR_NUMBER32, /* of one of i386, in a program of x86_64 */
	FOR_SOCKET,   /* i386: which operation of socketcall */
	FOR_IPC,      /* i386: which operation of ipc */
	FOR_LIBRARY,  /* the name of a library to open */
	FOR_SYMBOL,   /* the name of a symbol to look up */
	FOR_SERVICE,  /* the name of a service of PAM */
	FOR_SHARING,  /* flags of mmap: sharing.c */
};

/* A number that was found for a purpose, with the place that says so. */
struct finding {
	uint64_t number;
	uint64_t at;       /* where the constant is used */
	uint32_t function; /* that holds it; NOTHING: none */
	uint64_t site;     /* the instruction that it comes to */
	uint8_t purpose;   /* enum purpose */
	bool direct;       /* the site itself has the constant */
};

struct unresolved {
	uint64_t at;
	uint64_t site;
	uint32_t function; /* or NOTHING */
	uint8_t purpose;
	const char *why;
};

struct need;
struct resolve;

/* i386: calls whose first argument says which operation is meant. */
enum { DOOR_SOCKET = 102, DOOR_IPC = 117 };
bool finding_is_door(const struct resolve *resolve,
		     const struct finding *finding);

struct resolve {
	struct arena *arena;
	struct flows *flows;
	struct reach *reach;
	struct finding *findings;
	size_t finding_count, finding_room;
	struct unresolved *unresolved;
	size_t unresolved_count, unresolved_room;
	struct need *needs;
	size_t need_count, need_room, next_need;
	size_t indirect_tried;
	struct map seen, failed, asked;
	bool nomem;
};

/* Resolve all sites of the reach. False without memory. */
bool resolve_all(struct resolve *resolve);

/* What callers hand to an argument (from 0) of a function. */
void resolve_argument(struct resolve *resolve, uint32_t function,
		      unsigned argument, enum purpose purpose);

/* A finding that says nothing after all. */
void resolve_unknown(struct resolve *resolve, const struct finding *finding,
		     const char *why);

/* Go on until nothing is open. */
void resolve_settle(struct resolve *resolve);

#endif
