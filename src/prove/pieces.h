/*
 * prove/pieces.h - the values of an argument that lead somewhere, as tests.
 */
#ifndef PROVE_PIECES_H
#define PROVE_PIECES_H

#include <callgate/rules.h>

#include "base/arena.h"
#include "prove/diagram.h"

/* Tests of one argument, all of which must hold. */
struct piece_tests {
	struct cg_test *tests;
	size_t count;
};

struct pieces {
	struct piece_tests *at;
	size_t count, room;
	size_t most; /* while they are being found */
};

enum pieces_result {
	PIECES_MADE,
	PIECES_TOO_MANY,
	PIECES_FAILED, /* memory or nodes ran out */
};

enum { PIECES_MAX = 4096 };

/*
 * Tests for the values of `argument` for which `set` is true; no two pieces
 * hold at once. `set` is a diagram of truth values that looks at this argument
 * alone. As few pieces as were found: intervals of the bits that matter, or of
 * their complement, or bit patterns.
 */
enum pieces_result pieces_find(struct diagrams *all, struct arena *arena,
			       unsigned argument, dd set, struct pieces *out);

#endif
