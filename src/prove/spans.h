/*
 * prove/spans.h - values in a row cut into spans, each with its diagram.
 *
 * Values are those of a word; or of arch and nr together, as `arch << 32 | nr`.
 * Spans as spans_add() leaves them are canonical, as diagrams are: two lists of
 * them are the same function if and only if they are equal.
 */
#ifndef PROVE_SPANS_H
#define PROVE_SPANS_H

#include "prove/diagram.h"

/* What happens from `first` on, up to where the next span begins. */
struct span {
	uint64_t first;
	dd result;
};

struct spans {
	struct span *at; /* the caller's, with room for all that is added */
	size_t count;
};

/*
 * Add a span behind the others. One that begins where the last did takes its
 * place, and one with the same diagram as the last is part of it.
 */
void spans_add(struct spans *spans, uint64_t first, dd result);

bool spans_equal(const struct spans *a, const struct spans *b);

/*
 * The diagram of a word cut into spans. Requires at least one span, the first
 * from 0; no diagram in it may look at `word` or at a word before it.
 */
dd spans_diagram(struct diagrams *all, enum word word,
		 const struct spans *spans);

/* The same for arch and nr together. */
dd spans_calls(struct diagrams *all, const struct spans *spans);

#endif
