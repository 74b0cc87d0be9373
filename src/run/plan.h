/* run/plan.h - which filters are loaded, and what they say of a call. */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "bpf/insn.h"
#include "trace/machine.h"

/*
 * A copy of a filter in which each constant errno answer asks the tracer
 * instead. The tracer decides by running the filter as it was, so the copy
 * carries no tags, and a policy's own trace answers cannot be mixed up.
 */
void plan_trace_errnos(const struct cg_insn *insns, size_t count,
		       struct cg_insn *out);

/* Instructions of plan_guard for each door in. */
enum { PLAN_GUARD_EACH = 9 };

/*
 * A filter to go in before such a copy. It refuses what could answer in the
 * tracer's place and let a refused call pass: ptrace(2), with EPERM, as for a
 * process that is traced already, and a listener for notifications, with
 * EBUSY, as where there is one.
 *
 * Writes `count` * PLAN_GUARD_EACH + 1 instructions, and returns how many.
 */
size_t plan_guard(const struct door_in *doors, size_t count, bool big_endian,
		  struct cg_insn *out);

/* Instructions of plan_door. */
enum { PLAN_DOOR = 9 };

/*
 * What goes before the first of two filters, so that the second can be loaded
 * over it: seccomp(SECCOMP_SET_MODE_FILTER, `flags`, ...) by this door is
 * allowed, for it can only refuse more. Writes PLAN_DOOR instructions.
 */
void plan_door(const struct door_in *door, uint32_t flags, bool big_endian,
	       struct cg_insn out[PLAN_DOOR]);

/* What a call refused with this answer returns: -errno, at most -4095. */
int64_t plan_result(uint32_t answer);

#endif
