/*
 * callgate/rules.h - make a policy of numbers instead of text.
 *
 * For whoever has rules already: a reader of another format, libseccomp's
 * interface, a filter lifted back to a policy. What a policy's text leaves to
 * the library (names, defaults of other ABIs, twins, doors, kernels) is spelled
 * out here, so that nothing is added and nothing is left out.
 */
#ifndef CALLGATE_RULES_H
#define CALLGATE_RULES_H

#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cg_operator { CG_EQ, CG_NE, CG_LT, CG_LE, CG_GT, CG_GE };

/* One test of one argument: (argument & mask) OP value, unsigned, 64 bits. */
struct cg_test {
	uint8_t argument; /* 0..5, as the ABI counts them */
	enum cg_operator op;
	uint64_t mask; /* UINT64_MAX for a plain comparison; 0 is refused */
	uint64_t value;
};

/*
 * If a call of `abi` has a number from `first` to `last` and passes all tests,
 * `answer` answers. Several tests may look at one argument. Only a rule without
 * tests may span more than one number.
 */
struct cg_rule {
	const struct cg_abi *abi;
	uint32_t first, last; /* as seccomp_data.nr shows it */
	uint32_t answer;      /* CG_RET_* with data */
	const struct cg_test *tests;
	size_t count;
	uint32_t line, column; /* where it was written; 0 if nowhere */
};

/*
 * Where a group of numbers goes that is not one of the rules': the numbers of
 * one ABI, and what answers those that no rule matches. An x86_64 filter that
 * does not know x32 has no default for x32: `foreign` answers there.
 */
struct cg_default {
	const struct cg_abi *abi;
	uint32_t answer;
};

/* A whole policy. Everything is borrowed for the call, and copied. */
struct cg_rules {
	const char *source; /* for messages; NULL: "" */
	/* The ABIs, the first is the main one; at least one, each once, all of
	   one byte order. Numbers of an audit_arch that belong to no ABI here
	   (x32's part of x86_64) get `foreign`. */
	const struct cg_default *defaults;
	size_t default_count;
	/* In order: the first that matches decides. */
	const struct cg_rule *rules;
	size_t rule_count;
	uint32_t foreign;      /* the answer to every other architecture */
	uint32_t flags;        /* SECCOMP_FILTER_FLAG_* */
	uint32_t default_line; /* where the defaults were written; 0 nowhere */
	uint32_t default_column;
};

/*
 * Make a policy that means exactly these rules. It is compiled, proved,
 * compared, explained and freed like any other.
 *
 * Fails with CG_E_INPUT where `rules` break what is said above (the message
 * names the rule by its place), CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_policy_from_rules(const struct cg_rules *rules,
		     const struct cg_policy_options *options,
		     struct cg_policy **out, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
