/*
 * peers/rules.h - one set of rules, said twice: as a policy, and to libseccomp.
 *
 * Only what libseccomp itself gets right can be said here: equality, masked
 * equality, and one action for all rules of a call. Its ordered comparisons of
 * several rules are wrong now and then, so it is no judge of those.
 */
#ifndef PEERS_RULES_H
#define PEERS_RULES_H

#include <callgate/callgate.h>

#include "base/buf.h"

enum { RULES_ABIS = 3, RULES_CONDITIONS = 3, RULES_MAX = 2048 };

/* (argument & mask) == value, of 64 bits; the value has no other bits. */
struct condition {
	unsigned argument;
	uint64_t mask, value;
};

struct rule {
	const char *name;
	uint32_t answer;
	struct condition conditions[RULES_CONDITIONS];
	size_t count;
};

struct rules {
	const char
		*abis[RULES_ABIS]; /* as Callgate calls them; NULL: no more */
	uint32_t otherwise;        /* of calls that no rule names */
	uint32_t foreign;          /* of other architectures */
	bool elastic;              /* go-seccomp-bpf's way, not `foreign` */
	int level;                 /* libseccomp's CTL_OPTIMIZE, 1 or 2 */
	struct rule at[RULES_MAX];
	size_t count;
};

/* The policy as text; ask buf->failed. */
void rules_text(const struct rules *rules, struct buf *out);

/* libseccomp's filter for the same; NULL, and `*what` failed, if it has none.*/
struct cg_program *rules_peer(const struct rules *rules, const char **what);

/* Whether libseccomp knows the call by the same numbers as Callgate does. */
bool rules_shared(const struct rules *rules, const struct cg_syscall *call);

/*
 * What the two must differ in gets `rules->otherwise` here, and the rest stays:
 *
 * - The numbers of x86_64 from 0x80000000 to 0xfffffffe, where x32 is foreign:
 *   libseccomp takes them for x32, Callgate for unknown, no ABI has them.
 * - Where x86_64 and x32 are covered, the numbers that only one of them has a
 *   call for: with x32's bit changed they are the other's call to Callgate, as
 *   to kernels before 5.4, and nobody's to libseccomp.
 * - Calls of i386 and x32 with anything in the upper half of an argument:
 *   conditions in keys look at all 64 bits, libseccomp at 32. No kernel makes
 *   such a call of i386; one of x32 anybody can make.
 *
 * NULL if memory runs out.
 */
struct cg_program *
rules_settle(const struct rules *rules, const struct cg_program *program);

#endif
