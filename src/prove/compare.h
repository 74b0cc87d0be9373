/* prove/compare.h - where two diagrams differ. */
#ifndef PROVE_COMPARE_H
#define PROVE_COMPARE_H

#include <callgate/prove.h>

#include "prove/diagram.h"

/* What is left of a diagram where arch and nr are known. */
dd compare_fix(const struct diagrams *all, dd a, uint32_t arch, uint32_t nr);
dd compare_fix_arch(const struct diagrams *all, dd a, uint32_t arch);

/*
 * A call on which `left` and `right` answer differently.
 * Requires left != right: then there is one.
 */
void compare_witness(const struct diagrams *all, dd left, dd right,
		     struct cg_witness *out);

/*
 * A number under `arch`, not in `skip` (sorted), on which the two differ; false
 * if there is none.
 */
bool compare_other_number(const struct diagrams *all, dd left, dd right,
			  uint32_t arch, uint32_t first, uint32_t last,
			  const uint32_t *skip, size_t count, uint32_t *nr);

/*
 * How far, from `nr` up to `last` and before the next in `skip`, both answer as
 * they do to `nr`.
 */
uint32_t compare_same_numbers(const struct diagrams *all, dd left, dd right,
			      uint32_t arch, uint32_t nr, uint32_t last,
			      const uint32_t *skip, size_t count);

/* An arch, not in `skip` (sorted), on which the two differ. */
bool compare_other_arch(const struct diagrams *all, dd left, dd right,
			const uint32_t *skip, size_t count, uint32_t *arch);

/*
 * How two different diagrams relate, with a witness for it.
 * Fails with false if memory ran out.
 */
bool compare_relation(const struct diagrams *all, dd left, dd right,
		      enum cg_relation *out, struct cg_witness *witness);

/*
 * Whether `right` lets nothing through that `left` does not: neither where left
 * refuses, nor where it leaves the answer to a tracer or a supervisor. If not,
 * with a witness. Fails with false if memory ran out.
 */
bool compare_permits(const struct diagrams *all, dd left, dd right, bool *out,
		     struct cg_witness *witness);

#endif
