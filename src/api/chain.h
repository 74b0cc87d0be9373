/* api/chain.h - what stands behind the public struct cg_chain. */
#ifndef API_CHAIN_H
#define API_CHAIN_H

#include <callgate/chain.h>

struct link {
	struct cg_program *program;
	uint32_t flags;
};

struct cg_chain {
	bool big_endian;
	size_t count;
	struct link at[]; /* the oldest first */
};

/* Room for `count` filters, none of them there yet; NULL without memory. */
struct cg_chain *chain_alloc(size_t count, bool big_endian);

#endif
