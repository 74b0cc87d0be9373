/* prove/meaning.h - a policy as a decision diagram, read off its tables. */
#ifndef PROVE_MEANING_H
#define PROVE_MEANING_H

#include "policy/resolve.h"
#include "prove/spans.h"

/*
 * The diagram of a resolved policy. Knows nothing of how a policy is compiled:
 * it is what the compiled program is held against.
 */
dd meaning_of(struct diagrams *all, const struct resolved *resolved);

/*
 * The same as spans of arch and nr, without a diagram of these two words. `at`
 * is the caller's to free; false if memory ran out. Ask diagrams_exhausted().
 */
bool meaning_spans(struct diagrams *all, const struct resolved *resolved,
		   struct spans *out);

#endif
