/*
 * callgate/scmp.h - what rules mean that are written for libseccomp.
 *
 * Programs and container profiles add rules to a filter one by one, and
 * libseccomp says which are refused and which of several wins. Here is that
 * meaning, without its faults, for whoever has such rules: the same answer to
 * each addition, and at the end a policy.
 *
 * The meaning  A rule that has no condition decides its call, whatever else is
 *              said about it. Of the others, the first that matches decides,
 *              in this order: at the first condition in which two rules differ
 *              (conditions ordered by argument), the one on the later argument
 *              goes first; on one argument `==`, `!=` and masked tests go
 *              before `<` and `<=`, which go before `>` and `>=`; among these
 *              the larger value goes first, for `<` and `<=` the smaller; where
 *              one rule has no condition left, it goes first; and what is still
 *              undecided goes in the order in which it was added. Values of
 *              64 bits compare `==`, `!=` and masked tests by halves, the upper
 *              one first.
 */
#ifndef CALLGATE_SCMP_H
#define CALLGATE_SCMP_H

#include <callgate/policy.h>
#include <callgate/program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Constant data of the library: nothing to free. */
struct cg_scmp_arch {
	const char *name; /* "x86": what follows SCMP_ARCH_, in small letters */
	uint32_t token;   /* SCMP_ARCH_* */
	const struct cg_abi *abi;
	uint8_t bits; /* of an argument that conditions compare: 32 or 64 */
	bool doors;   /* socketcall and ipc stand for their families */
};

/* All architectures, by index from 0; NULL past the end. */
CG_API const struct cg_scmp_arch *cg_scmp_arch_get(size_t index);

/* By token, or by name; NULL if unknown. */
CG_API const struct cg_scmp_arch *cg_scmp_arch_by_token(uint32_t token);
CG_API const struct cg_scmp_arch *cg_scmp_arch_by_name(const char *name);

/* The one that this library was built for; NULL where there is none. */
CG_API const struct cg_scmp_arch *cg_scmp_arch_native(void);

enum {
	CG_SCMP_UNKNOWN = -1, /* SCMP_ERROR: no such name */
	CG_SCMP_TESTS_MAX = 6,
};

/*
 * The number that stands for a call on an architecture: its own, or a pseudo
 * number (below 0) where it has none or reaches the call by socketcall or ipc;
 * CG_SCMP_UNKNOWN for a name that means nothing there.
 */
CG_API int cg_scmp_number(const struct cg_scmp_arch *arch, const char *name);

/* The name of a number, pseudo numbers included, or NULL. */
CG_API const char *cg_scmp_name(const struct cg_scmp_arch *arch, int number);

/* The number of the multiplexer that `number` goes through; itself else. */
CG_API int cg_scmp_door(const struct cg_scmp_arch *arch, int number);

/* struct scmp_arg_cmp, and enum scmp_compare. */
enum cg_scmp_operator {
	CG_SCMP_NE = 1,
	CG_SCMP_LT,
	CG_SCMP_LE,
	CG_SCMP_EQ,
	CG_SCMP_GE,
	CG_SCMP_GT,
	CG_SCMP_MASKED_EQ, /* (argument & a) == b */
};
struct cg_scmp_test {
	unsigned argument;
	int op; /* enum cg_scmp_operator */
	uint64_t a, b;
};

/* A filter that is being made. For one thread at a time. */
struct cg_scmp;

/*
 * A filter for no architecture yet. Rules will be given as numbers of `native`.
 * `answer` is CG_RET_* for calls without a rule. NULL if memory ran out.
 */
CG_API CG_CHECKED struct cg_scmp *
cg_scmp_new(const struct cg_scmp_arch *native, uint32_t answer);

/* The same filter once more; NULL if memory ran out. */
CG_API CG_CHECKED struct cg_scmp *cg_scmp_copy(const struct cg_scmp *scmp);

/* Free a filter. NULL is fine. */
CG_API void cg_scmp_free(struct cg_scmp *scmp);

/* Whether an answer is one that a filter can give: false for its data, too. */
CG_API bool cg_scmp_is_answer(uint32_t answer);

/* What answers on architectures that are not in the filter. */
CG_API void cg_scmp_set_foreign(struct cg_scmp *scmp, uint32_t answer);

/* Whether rules for the number -1 are taken, which tracers use. */
CG_API void cg_scmp_set_minus_one(struct cg_scmp *scmp, bool allowed);

/*
 * The functions below return 0, or an errno of this system below 0, the one
 * that libseccomp returns; then the filter is as it was. After -ENOMEM, which
 * is the exception, only cg_scmp_free() does anything.
 */

/*
 * An architecture more or less. -EEXIST if it is there already, or is not;
 * -EDOM if its byte order differs from the others'. Rules added earlier do not
 * reach a new one.
 */
CG_API int
cg_scmp_arch_add(struct cg_scmp *scmp, const struct cg_scmp_arch *arch);
CG_API int
cg_scmp_arch_remove(struct cg_scmp *scmp, const struct cg_scmp_arch *arch);

/* The architectures of a filter, in order; NULL past the end. */
CG_API const struct cg_scmp_arch *
cg_scmp_arch_at(const struct cg_scmp *scmp, size_t index);

/*
 * A rule: if a call of number `nr` passes all tests, `answer` answers.
 *
 * -EINVAL without architecture, for an answer that is none, a number from -1 to
 * -99, a test that is none, an argument tested twice, more than 6 tests;
 * -EACCES if `answer` is that of calls without a rule; -EFAULT if an
 * architecture other than the native one is there and the number has no name;
 * -EEXIST if it contradicts an earlier rule. With `exact`: -EOPNOTSUPP with
 * several architectures, -EDOM for a pseudo number that stays one, -EINVAL for
 * tests on what goes through socketcall or ipc.
 */
CG_API int cg_scmp_rule(struct cg_scmp *scmp, bool exact, uint32_t answer,
			int nr, const struct cg_scmp_test *tests, size_t count);

/*
 * How often a call is made, from 0 to 255; of several the highest counts. Fails
 * as cg_scmp_rule.
 */
CG_API int cg_scmp_priority(struct cg_scmp *scmp, int nr, uint8_t priority);

/*
 * Move the architectures of `from`, with their rules, into `into`, and free
 * `from`. -EEXIST if both have one, -EDOM for another byte order, -EINVAL if
 * one has none.
 */
CG_API int cg_scmp_merge(struct cg_scmp *into, struct cg_scmp *from);

/* The policy that the rules mean. Fails with CG_E_INPUT (no architecture),
   CG_E_NOMEM. */
CG_API CG_CHECKED enum cg_status
cg_scmp_policy(const struct cg_scmp *scmp, uint32_t flags,
	       struct cg_policy **out, struct cg_error *err);

/*
 * Priorities as frequencies for cg_compile(): malloc'ed, free() it. NULL and
 * `*count` 0 where no priority was set; NULL and 1 if memory ran out.
 */
CG_API struct cg_frequency *
cg_scmp_frequencies(const struct cg_scmp *scmp, size_t *count);

/*
 * The filter as libseccomp's pseudo filter code, as it would write it with
 * optimisation `level` 1 or 2. `trap_data` says whether TRAP shows its data, as
 * from libseccomp 2.7 on. malloc'ed; NULL if memory ran out.
 */
CG_API CG_CHECKED char *
cg_scmp_text(const struct cg_scmp *scmp, int level, bool trap_data);

#ifdef __cplusplus
}
#endif

#endif
