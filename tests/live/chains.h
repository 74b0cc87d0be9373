/*
 * tests/live/chains.h - chains of filters such as are found in the wild.
 */
#ifndef TESTS_LIVE_CHAINS_H
#define TESTS_LIVE_CHAINS_H

#include <callgate/program.h>

enum { CHAIN_MAX = 24, CHAINS = 6 };

/* The filters in the order in which they are loaded. */
struct chain {
	struct {
		const struct cg_insn *insns;
		size_t count;
	} at[CHAIN_MAX];
	size_t count;
};

/*
 * Chain `i` of CHAINS. False if it is of another machine, or takes libseccomp
 * and this was built without. chain_free() afterwards.
 */
bool chain_make(size_t i, struct chain *out);
void chain_free(struct chain *chain);
const char *chain_name(size_t i);

#endif
