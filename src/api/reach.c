/* callgate/prove.h: all answers to all calls of an ABI, in one go. */
#include <callgate/prove.h>

#include <stdlib.h>

#include "abi/doors.h"
#include "api/diagrams.h"
#include "base/fail.h"
#include "prove/outcomes.h"

enum { OUTCOMES = 4096 };

/* False if memory ran out. */
static bool visit(const struct diagrams *all, dd a, const struct cg_abi *abi,
		  bool (*each)(void *context, const struct cg_reached *reach),
		  void *context)
{
	const struct abi_number *numbers;
	struct cg_outcome *outcomes = calloc(OUTCOMES, sizeof(*outcomes));
	size_t count, found;
	bool ok = outcomes != NULL;

	numbers = abi_numbers(abi, &count);
	for (size_t i = 0; ok && i < count; i++) {
		const struct cg_call call = { .arch = abi->audit_arch,
					      .nr = numbers[i].nr };
		struct cg_reached reach = { .abi = abi,
					    .call = abi_number_call(
						    &numbers[i]),
					    .nr = numbers[i].nr,
					    .outcomes = outcomes };

		ok = outcomes_find(all, a, &call, 0, outcomes, OUTCOMES,
				   &found);
		reach.count = found < OUTCOMES ? found : OUTCOMES;
		if (ok && !each(context, &reach))
			break;
	}
	free(outcomes);
	return ok;
}

enum cg_status
cg_reach(struct cg_side side, const struct cg_abi *abi, size_t nodes,
	 bool (*each)(void *context, const struct cg_reached *reach),
	 void *context, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct diagrams *all;
	dd a, b;

	all = diagrams_of(side, side, nodes, &a, &b, &here);
	if (all && side_is_big_endian(side) != abi->big_endian)
		fail_set(&here, CG_E_INPUT,
			 "the filter is for kernels of another byte order than "
			 "%s",
			 abi->name);
	else if (all && !visit(all, a, abi, each, context))
		fail_set(&here, CG_E_NOMEM, "out of memory");
	diagrams_free(all);
	if (here.status != CG_OK && err)
		*err = here;
	return here.status;
}
