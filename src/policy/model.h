/*
 * policy/model.h - a policy as a person wrote it, checked but not yet numbers.
 *
 * Names of calls are settled here; what differs between ABIs (numbers, errnos,
 * the values of constants, the places of arguments) stays symbolic until
 * resolve.h makes it concrete for one ABI.
 */
#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

#include <callgate/policy.h>

#include "base/arena.h"
#include "base/fail.h"

/* A number plus named constants, joined by |. */
struct value {
	uint64_t number;
	bool negative; /* `number` was written with a minus */
	const char *const *names;
	size_t count;
};

enum compare {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
	COMPARE_ANY_BITS, /* (argument & value) != 0 */
	COMPARE_NO_BITS,  /* (argument & value) == 0 */
	COMPARE_ALL_BITS, /* (argument & value) == value */
	COMPARE_IN,       /* (argument & mask) lies in one of the intervals */
	COMPARE_NOT_IN,
};

struct interval {
	struct value first, last; /* both included */
};

/* One condition on one argument. */
struct condition {
	struct place place;
	uint8_t argument; /* 0..5, counted as on x86_64 where `typed` */
	enum compare compare;
	/*
	 * A typed condition compares as C does: as many bits as the kernel's
	 * parameter has, signed where that is. Others compare 64 bits,
	 * unsigned, as names_with_args always has.
	 */
	bool typed;
	bool masked;
	struct value mask, value;
	const struct interval *intervals;
	size_t interval_count;
};

/*
 * A call of a group, with all the conditions that must hold. Or numbers, where
 * `call` is NULL; several only without conditions.
 */
struct entry {
	struct place place;
	const struct cg_syscall *call;
	uint32_t first, last; /* as seccomp_data.nr shows them */
	const struct condition *conditions;
	size_t count;
	bool optional; /* from an @group: skipped where an ABI lacks it */
	/* This call and no other: no doors, no twins, and whole registers are
	   compared, unsigned, in the places that the ABI has them. */
	bool exact;
};

/* What a filter answers; an errno by name has another number on each ABI. */
struct action {
	struct place place;
	uint32_t answer;
	const char *errno_name; /* or NULL */
	bool plain_errno;       /* errno, and nobody said which */
};

struct group {
	struct place place;
	struct action action;
	struct entry *entries;
	size_t count, room;
	/* The ABIs that it is for, or none: for all of the policy's. */
	const struct only {
		const struct cg_abi *abi;
		struct place place;
	} * only;
	size_t only_count;
};

enum foreign {
	FOREIGN_DEFAULT, /* kill_process */
	FOREIGN_ACTION,
	FOREIGN_ELASTIC, /* as go-seccomp-bpf answers */
};

/* How a text changes the policy that a program's parts have registered. */
enum registered {
	REGISTERED_NOTHING, /* it does not say */
	REGISTERED_EXTEND,
	REGISTERED_RESTRICT,
	REGISTERED_REPLACE,
};

enum { ABIS_MAX = 64, GROUPS_MAX = 4096, EXTENDS_MAX = 8 };

struct resolved;

struct cg_policy {
	struct arena arena;
	const char *source;
	struct action default_action;
	bool has_default, disabled;
	bool has_unknown;
	struct action unknown;
	enum foreign foreign;
	struct action foreign_action;
	bool has_kernel, has_architectures, has_flags, has_foreign;
	uint32_t kernel;                     /* CG_KERNEL */
	uint32_t flags;                      /* SECCOMP_FILTER_FLAG_* */
	const struct cg_abi *abis[ABIS_MAX]; /* the first is the main one */
	size_t abi_count;
	/* ABIs from here on cover the doors of a block list; nobody named
	   them, so they need not have every call. */
	size_t named_abis;
	struct group *groups;
	size_t group_count, group_room;
	struct cg_error *warnings;
	size_t warning_count, warning_room;
	enum registered registered;
	struct place registered_place;
	struct resolved *resolved;
};

/* Whether an answer lets the call through to the kernel. */
static inline bool answer_permits(uint32_t answer)
{
	uint32_t action = answer & CG_RET_ACTION;

	return action == CG_RET_ALLOW || action == CG_RET_LOG;
}

#endif
