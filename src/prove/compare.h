/* prove/compare.h - where two diagrams differ. */
#ifndef PROVE_COMPARE_H
#define PROVE_COMPARE_H

#include <callgate/prove.h>

#include "prove/diagram.h"

/*
 * A call on which `left` and `right` answer differently.
 * Requires left != right: then there is one.
 */
void compare_witness(const struct diagrams *all, dd left, dd right,
		     struct cg_witness *out);

/*
 * How two different diagrams relate, with a witness for it.
 * Fails with false if memory ran out.
 */
bool compare_relation(const struct diagrams *all, dd left, dd right,
		      enum cg_relation *out, struct cg_witness *witness);

#endif
