/*
 * watch/pointed.h - what the arguments of a violation point to, as text. Who
 * can read the caller's memory does; what to read, and what it says, is told
 * here. Pure.
 */
#ifndef WATCH_POINTED_H
#define WATCH_POINTED_H

#include "watch/violation.h"

/* The call of a violation; `count` is 0 where nothing is known of it. */
struct pointed {
	struct violation *violation;
	const struct cg_syscall *call;
	const struct cg_abi *abi;
	struct cg_argument arguments[6];
	size_t count;
};

void pointed_find(struct violation *violation, struct pointed *out);

/* How many bytes there may be at argument `at`; 0 where nothing is to be told.
   A string is said to have as many as there are. */
size_t pointed_length(const struct pointed *pointed, size_t at);

/* Tell what `length` bytes from there on are: a part of them, maybe. */
void pointed_put(const struct pointed *pointed, size_t at, const void *bytes,
		 size_t length);

#endif
