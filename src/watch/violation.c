#include "watch/violation.h"

#include <stdlib.h>

#include "watch/around.h"
#include "watch/stacks.h"

enum { MEMORY = 4 * CG_RECORD_MAX };

struct violation *violation_new(void)
{
	struct violation *violation = calloc(1, sizeof(*violation));

	if (!violation)
		return NULL;
	violation->arena.budget = MEMORY;
	violation->about.pid = violation->about.uid = CG_UNSET;
	violation->about.gid = violation->about.login_uid = CG_UNSET;
	violation->about.session = violation->about.signal = CG_UNSET;
	violation->about.thread = CG_UNSET;
	violation->about.count = 1;
	return violation;
}

void violation_free(struct violation *violation)
{
	while (violation) {
		struct violation *other = violation->other;

		around_put(violation->around);
		stack_put(violation->named);
		arena_free(&violation->arena);
		free(violation);
		violation = other;
	}
}

void cg_violation_free(struct cg_violation *about)
{
	violation_free((struct violation *)about);
}

struct violation_call violation_call(const struct cg_violation *violation)
{
	const uint32_t nr = violation->nr;
	struct violation_call call = { .number = nr };
	const struct cg_syscall *known;

	call.abi = cg_abi_of_call(violation->arch, nr);
	if (!call.abi)
		return call;
	known = cg_syscall_at(call.abi, nr);
	call.name = known ? known->name : NULL;
	call.number = nr - call.abi->nr_first;
	return call;
}
