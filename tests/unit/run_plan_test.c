/*
 * run/plan: the copy that asks a tracer, and the guard before it. The
 * simulator judges: the copy differs where the filter answers errno, and
 * nowhere else; the guard refuses two calls, and allows all others.
 */
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/check.h"
#include "bpf/sim.h"
#include "run/plan.h"

static const struct door_in doors[] = {
	{ "one", 0xc000003e, 157, 317, 101, 231, 8, { 0 }, 2, 9, 11 },
	{ "two", 0x40000003, 172, 354, 26, 252, 4, { 0 }, 2, 192, 91 },
	{ "three",
	  0xc000003e,
	  0x4000009d,
	  0x4000013d,
	  0x40000209,
	  1,
	  8,
	  { 0 },
	  2,
	  0x40000009,
	  0x4000000b },
};

enum { DOORS = sizeof(doors) / sizeof(doors[0]) };

static const struct row {
	const char *name;
	uint32_t arch, nr;
	uint64_t flags; /* the second argument */
	uint32_t want;
} rows[] = {
	{ "read", 0xc000003e, 0, 8, CG_RET_ALLOW },
	{ "ptrace", 0xc000003e, 101, 0, CG_RET_ERRNO | EPERM },
	{ "ptrace, other ABI", 0x40000003, 26, 0, CG_RET_ERRNO | EPERM },
	{ "ptrace, same arch", 0xc000003e, 0x40000209, 0,
	  CG_RET_ERRNO | EPERM },
	{ "its number elsewhere", 0x40000003, 101, 0, CG_RET_ALLOW },
	{ "on an unknown arch", 0x12345678, 101, 8, CG_RET_ALLOW },
	{ "a filter", 0xc000003e, 317, 0, CG_RET_ALLOW },
	{ "a filter, logged", 0xc000003e, 317, 2, CG_RET_ALLOW },
	{ "a listener", 0xc000003e, 317, 8, CG_RET_ERRNO | EBUSY },
	{ "a listener and more", 0xc000003e, 317, 63, CG_RET_ERRNO | EBUSY },
	{ "a listener, dirty high half", 0xc000003e, 317, 0xffffffff00000008ull,
	  CG_RET_ERRNO | EBUSY },
	{ "only the high half", 0xc000003e, 317, 0x800000000ull, CG_RET_ALLOW },
	{ "a listener, other ABI", 0x40000003, 354, 8, CG_RET_ERRNO | EBUSY },
	{ "a listener, same arch", 0xc000003e, 0x4000013d, 8,
	  CG_RET_ERRNO | EBUSY },
};

static void test_guard(struct tap *tap, bool big_endian)
{
	struct cg_insn insns[DOORS * PLAN_GUARD_EACH + 1];
	size_t count = plan_guard(doors, DOORS, big_endian, insns);
	struct cg_error err;

	tap_ok(tap,
	       count == DOORS * PLAN_GUARD_EACH + 1 &&
		       bpf_check(insns, count, &err),
	       "guard is a program");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cg_call call = { .nr = rows[i].nr,
					.arch = rows[i].arch,
					.args = { 1, rows[i].flags } };

		tap_ok(tap,
		       bpf_sim(insns, count, big_endian, &call, NULL) ==
			       rows[i].want,
		       "guard: %s%s", rows[i].name,
		       big_endian ? ", big endian" : "");
	}
}

/* Each number returns the answer beside it; others are allowed. */
static const uint32_t answers[] = {
	CG_RET_ERRNO,       CG_RET_ERRNO | 13,   CG_RET_ERRNO | 0xffff,
	CG_RET_KILL_THREAD, CG_RET_KILL_PROCESS, CG_RET_TRAP | 5,
	CG_RET_TRACE | 7,   CG_RET_LOG,          CG_RET_USER_NOTIF,
	CG_RET_ALLOW,
};

enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

static void test_copy(struct tap *tap)
{
	struct cg_insn insns[2 * ANSWERS + 2], copy[2 * ANSWERS + 2];
	size_t n = 0;

	insns[n++] = (struct cg_insn){ LD_ABS, 0, 0, DATA_NR };
	for (uint32_t i = 0; i < ANSWERS; i++) {
		insns[n++] = (struct cg_insn){ JEQ_K, 0, 1, i };
		insns[n++] = (struct cg_insn){ RET_K, 0, 0, answers[i] };
	}
	insns[n++] = (struct cg_insn){ RET_K, 0, 0, CG_RET_ALLOW };
	plan_trace_errnos(insns, n, copy);
	for (uint32_t i = 0; i <= ANSWERS; i++) {
		struct cg_call call = { .nr = i };
		uint32_t was = bpf_sim(insns, n, false, &call, NULL);
		uint32_t is = bpf_sim(copy, n, false, &call, NULL);
		bool error = (was & CG_RET_ACTION) == CG_RET_ERRNO;

		tap_ok(tap, is == (error ? CG_RET_TRACE : was),
		       "copy: answer 0x%08x", (unsigned)was);
	}
}

static void test_result(struct tap *tap)
{
	static const struct {
		uint32_t answer;
		int64_t want;
	} results[] = {
		{ CG_RET_ERRNO, 0 },
		{ CG_RET_ERRNO | 1, -1 },
		{ CG_RET_ERRNO | 4095, -4095 },
		{ CG_RET_ERRNO | 4096, -4095 },
		{ CG_RET_ERRNO | 65535, -4095 },
		{ CG_RET_TRACE | 3, -ENOSYS },
		{ CG_RET_ALLOW, -ENOSYS },
	};

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		tap_ok(tap, plan_result(results[i].answer) == results[i].want,
		       "result of 0x%08x", (unsigned)results[i].answer);
}

int main(void)
{
	struct tap tap = { 0 };

	test_guard(&tap, false);
	test_guard(&tap, true);
	test_copy(&tap);
	test_result(&tap);
	return tap_done(&tap);
}
