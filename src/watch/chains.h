/*
 * watch/chains.h - filters that threads are under, as the kernel sent them, and
 * what they say to a call. Pure: bytes in, judgement out.
 */
#ifndef WATCH_CHAINS_H
#define WATCH_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/program.h>

#include "base/sha256.h"
#include "watch/kernel_side.h"

struct filter {
	struct cg_insn *insns;
	uint32_t count, got; /* instructions, and those that came so far */
	bool log;            /* SECCOMP_FILTER_FLAG_LOG */
	char hash[SHA256_TEXT];
};

/* What a filter has for a call, in words; see watch/rule.h. */
struct known_rule {
	uint32_t filter, arch, nr, answer;
	char *text; /* NULL: it cannot be said */
};

/* All filters of a thread. The newest comes first, as the kernel has them. */
struct chain {
	uint64_t key;
	struct filter *filters;
	size_t count, room;
	size_t weight;  /* instructions in all */
	bool complete;  /* all of it came, and the kernel could have it */
	bool told;      /* the kernel knows what interests of it */
	uint32_t noise; /* failures that it had nothing to do with */
	struct known_rule *rules;
	size_t rule_count;
	struct chain *next;
};

/* Room for chains, with a bound; those unused for longest are forgotten. */
struct chains;

enum { CHAINS_WEIGHT = 4 << 20 /* instructions of all chains */ };

struct chains *chains_new(void);
void chains_free(struct chains *chains);

/*
 * Take a piece in, as often and in whatever order it comes; NULL, or the chain
 * that is complete with it. False if it is damaged or memory ran out.
 */
bool chains_add(struct chains *chains, const struct witness_piece *piece,
		size_t size);

/* A complete chain, or NULL. */
struct chain *chains_find(struct chains *chains, uint64_t key);

/*
 * Give up what is oldest until the bound holds; false if nothing was: then
 * `*key` is one that the kernel has to forget, too.
 */
bool chains_forget(struct chains *chains, uint64_t *key);

/* What a chain says to a call. */
struct judgement {
	uint32_t answer;
	size_t filter;        /* which of them decided; 0 is the newest */
	uint32_t instruction; /* the return that was reached, in it */
};

void chain_judge(const struct chain *chain, const struct cg_call *call,
		 struct judgement *out);

enum { CHAIN_RULES = 64 /* that are remembered of a chain, and no more */ };

/*
 * The part of the filter that decided, borrowed from the chain; NULL where it
 * cannot be said. True if that is known, or was made because `make` is; false
 * where it would have to be made.
 */
bool chain_rule(struct chains *chains, struct chain *chain,
		const struct cg_call *call, const struct judgement *judgement,
		bool make, const char **out);

/*
 * Whether a call that failed with `error` was refused by the chain, and did
 * not fail for a reason of its own. `traced`: a tracer is told of TRACE.
 */
bool chain_refused(const struct chain *chain, const struct cg_call *call,
		   uint32_t error, bool traced, struct judgement *out);

/* For which calls and errnos the kernel has to tell of failures. */
void chain_interest(const struct chain *chain, struct witness_interest *out);

#endif
