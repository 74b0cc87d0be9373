/* bench/peer.h - what the machine's libseccomp makes of the same policy. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <callgate/callgate.h>

#include <stdio.h>

/* Conditions on arguments are not read off a policy, but said once more. */
enum peer_conditions {
	PEER_NONE,
	PEER_CONTAINER, /* socket, personality and clone, as runtimes have it */
	PEER_REQUESTS,  /* the values of ioctl's second argument */
	PEER_DESKTOP,   /* what a desktop's sandbox asks of arguments */
};

enum { PEER_RULES = 1024, PEER_GUESTS = 2 };

/* What it is told, prepared so that telling it can be timed alone. */
struct peer_rules {
	uint32_t otherwise, foreign;
	enum peer_conditions conditions;
	uint32_t guests[PEER_GUESTS]; /* its tokens; 0: no more */
	struct {
		int nr;
		uint32_t answer;
	} plain[PEER_RULES];
	uint32_t requests[PEER_RULES];
	size_t plain_count, request_count;
};

/*
 * The calls that `policy` decides by number alone, and `conditions`; its
 * default is `otherwise`. False without libseccomp. Ends the program on
 * failure.
 */
bool peer_prepare(struct peer_rules *rules, const struct cg_policy *policy,
		  uint32_t otherwise, enum peer_conditions conditions);

/*
 * Write the filter's bytes to `file`; `level` is 1 or 2, as CTL_OPTIMIZE has
 * it. Ends the program on failure.
 */
void peer_export(const struct peer_rules *rules, int level, FILE *file);

/* All of it, as a program; NULL without libseccomp. */
struct cg_program *
peer_filter(const struct cg_policy *policy, uint32_t otherwise,
	    enum peer_conditions conditions, int level);

#endif
