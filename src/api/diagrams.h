/* api/diagrams.h - the diagrams of what a comparison is about. */
#ifndef API_DIAGRAMS_H
#define API_DIAGRAMS_H

#include <callgate/prove.h>

#include "prove/diagram.h"

/*
 * The diagrams of two sides, `*a` and `*b`, in one set of nodes that the caller
 * frees; NULL, with `err` filled, as cg_compare() fails.
 */
struct diagrams *diagrams_of(struct cg_side left, struct cg_side right,
			     size_t nodes, dd *a, dd *b, struct cg_error *err);

/* Two sides that can be compared: each one thing, for kernels of one order. */
bool check_sides(struct cg_side left, struct cg_side right,
		 struct cg_error *err);

/* The diagram of a side that check_sides() has accepted. */
dd diagram_of_side(struct diagrams *all, struct cg_side side);

bool side_is_big_endian(struct cg_side side);

#endif
