#include "run/plan.h"

#include <callgate/load.h>

#include <errno.h>
#include <string.h>

enum { ERRNO_MAX = 4095, SECOND_ARGUMENT = 1, SET_MODE_FILTER = 1 };

void plan_trace_errnos(const struct cg_insn *insns, size_t count,
		       struct cg_insn *out)
{
	memcpy(out, insns, count * sizeof(*out));
	for (size_t i = 0; i < count; i++)
		if (out[i].code == RET_K &&
		    (out[i].k & CG_RET_ACTION) == CG_RET_ERRNO)
			out[i].k = CG_RET_TRACE;
}

size_t plan_guard(const struct door_in *doors, size_t count, bool big_endian,
		  struct cg_insn *out)
{
	uint32_t flags = data_arg(SECOND_ARGUMENT, false, big_endian);
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct door_in *door = &doors[i];
		/* A jump that fails skips to the next door, or to this one's
		   next question. */
		const struct cg_insn each[PLAN_GUARD_EACH] = {
			{ LD_ABS, 0, 0, DATA_ARCH },
			{ JEQ_K, 0, 7, door->audit_arch },
			{ LD_ABS, 0, 0, DATA_NR },
			{ JEQ_K, 0, 1, door->ptrace },
			{ RET_K, 0, 0, CG_RET_ERRNO | EPERM },
			{ JEQ_K, 0, 3, door->seccomp },
			{ LD_ABS, 0, 0, flags },
			{ JSET_K, 0, 1, CG_FLAG_NEW_LISTENER },
			{ RET_K, 0, 0, CG_RET_ERRNO | EBUSY },
		};

		memcpy(out + n, each, sizeof(each));
		n += PLAN_GUARD_EACH;
	}
	out[n++] = (struct cg_insn){ RET_K, 0, 0, CG_RET_ALLOW };
	return n;
}

void plan_door(const struct door_in *door, uint32_t flags, bool big_endian,
	       struct cg_insn out[PLAN_DOOR])
{
	/* A jump that fails skips to the filter behind these. */
	const struct cg_insn insns[PLAN_DOOR] = {
		{ LD_ABS, 0, 0, DATA_ARCH },
		{ JEQ_K, 0, 7, door->audit_arch },
		{ LD_ABS, 0, 0, DATA_NR },
		{ JEQ_K, 0, 5, door->seccomp },
		{ LD_ABS, 0, 0, data_arg(0, false, big_endian) },
		{ JEQ_K, 0, 3, SET_MODE_FILTER },
		{ LD_ABS, 0, 0, data_arg(SECOND_ARGUMENT, false, big_endian) },
		{ JEQ_K, 0, 1, flags },
		{ RET_K, 0, 0, CG_RET_ALLOW },
	};

	memcpy(out, insns, sizeof(insns));
}

int64_t plan_result(uint32_t answer)
{
	uint32_t number = answer & CG_RET_DATA;

	if ((answer & CG_RET_ACTION) != CG_RET_ERRNO)
		return -ENOSYS; /* trace without a tracer */
	return -(int64_t)(number > ERRNO_MAX ? ERRNO_MAX : number);
}
