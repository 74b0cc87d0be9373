/* policy/test.h - the conditions of an entry as tests in numbers. */
#ifndef POLICY_TEST_H
#define POLICY_TEST_H

#include "policy/resolve.h"

enum tests_result {
	TESTS_MADE,
	TESTS_HIDDEN, /* an argument cannot be seen on this ABI */
	TESTS_FAILED, /* and `err` says why */
};

/*
 * The tests of `entry` for `call` on `abi`, `entry->count` of them. `call` is
 * NULL for a number: all its arguments are a register wide.
 */
enum tests_result
tests_make(struct arena *arena, const struct entry *entry,
	   const struct cg_syscall *call, const struct cg_abi *abi,
	   struct test *out, struct cg_error *err);

/* (low word of args[0] & mask) == value; false if memory ran out. */
bool test_selector(struct arena *arena, uint32_t mask, uint32_t value,
		   struct test *out);

#endif
