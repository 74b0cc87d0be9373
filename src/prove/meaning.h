/* prove/meaning.h - a policy as a decision diagram, read off its tables. */
#ifndef PROVE_MEANING_H
#define PROVE_MEANING_H

#include "policy/resolve.h"
#include "prove/diagram.h"

/*
 * The diagram of a resolved policy. Knows nothing of how a policy is compiled:
 * it is what the compiled program is held against.
 */
dd meaning_of(struct diagrams *all, const struct resolved *resolved);

#endif
