/*
 * Policies made of numbers: what is refused and how the message names it, what
 * explain tells, x32, many rules, and memory that runs out. What such policies
 * mean is tested with random ones, in tests/random.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <callgate/callgate.h>

#include "tap.h"

#define ALLOW CG_RET_ALLOW
#define EPERM_ (CG_RET_ERRNO | 1)
#define KILL CG_RET_KILL_PROCESS

enum { MANY = 10000, ON_ONE_CALL = 1600, RULES = 4 };

static const struct cg_abi *abi(const char *name)
{
	return cg_abi_by_name(name);
}

/* ------------------------------------------------------------ refusals -- */

static const struct cg_test one = { .mask = UINT64_MAX };
static const struct cg_test no_mask = { .op = CG_EQ };
static const struct cg_test no_argument = { .argument = 6, .mask = 1 };
static const struct cg_test no_operator = { .op = (enum cg_operator)6,
					    .mask = 1 };

/* ABIs by name; each row has one rule and up to two defaults. */
static const struct row {
	const char *name;
	const char *defaults[2];
	const char *abi;
	struct cg_rule rule;
	uint32_t foreign, flags;
	const char *message; /* NULL: it is fine */
} rows[] = {
	{ "one number",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW },
	  0,
	  0,
	  NULL },
	{ "all numbers",
	  { "x86_64" },
	  "x86_64",
	  { .last = UINT32_MAX, .answer = EPERM_ },
	  0,
	  0,
	  NULL },
	{ "x32's own",
	  { "x86_64", "x32" },
	  "x32",
	  { .first = 0x40000000, .last = 0x40000000, .answer = ALLOW },
	  0,
	  0,
	  NULL },
	{ "no defaults",
	  { NULL },
	  "x86_64",
	  { .answer = ALLOW },
	  0,
	  0,
	  "there must be a default for at least one ABI" },
	{ "two of one ABI",
	  { "i386", "i386" },
	  "i386",
	  { .answer = ALLOW },
	  0,
	  0,
	  "i386 has two defaults" },
	{ "byte orders",
	  { "x86_64", "s390x" },
	  "x86_64",
	  { .answer = ALLOW },
	  0,
	  0,
	  "x86_64 and s390x have different byte orders; no kernel runs both" },
	{ "no filters",
	  { "sparc64" },
	  "sparc64",
	  { .answer = ALLOW },
	  0,
	  0,
	  "the kernel has no seccomp filters on sparc64" },
	{ "an ABI without default",
	  { "x86_64" },
	  "i386",
	  { .answer = ALLOW },
	  0,
	  0,
	  "rule 1 of 1: it is for i386, which has no default" },
	{ "a place",
	  { "x86_64" },
	  "i386",
	  { .answer = ALLOW, .line = 7, .column = 3 },
	  0,
	  0,
	  "it is for i386, which has no default" },
	{ "backwards",
	  { "x86_64" },
	  "x86_64",
	  { .first = 5, .last = 4, .answer = ALLOW },
	  0,
	  0,
	  "rule 1 of 1: numbers run from the lower to the higher one, and not "
	  "from 5 to 4" },
	{ "tests of many",
	  { "x86_64" },
	  "x86_64",
	  { .last = 1, .answer = ALLOW, .tests = &one, .count = 1 },
	  0,
	  0,
	  "rule 1 of 1: tests are for one number, and not for 0 to 1" },
	{ "no tests there",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW, .count = 1 },
	  0,
	  0,
	  "rule 1 of 1: its tests are NULL" },
	{ "mask 0",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW, .tests = &no_mask, .count = 1 },
	  0,
	  0,
	  "rule 1 of 1: a test has mask 0; it would look at no bit of the "
	  "argument" },
	{ "argument 6",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW, .tests = &no_argument, .count = 1 },
	  0,
	  0,
	  "rule 1 of 1: a test looks at argument 6; there are 0 to 5" },
	{ "operator 6",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW, .tests = &no_operator, .count = 1 },
	  0,
	  0,
	  "rule 1 of 1: a test has operator 6, which is none" },
	{ "no answer",
	  { "x86_64" },
	  "x86_64",
	  { .answer = 0x7ffd0000 },
	  0,
	  0,
	  "rule 1 of 1: 0x7ffd0000 is no answer that the kernel knows" },
	{ "no foreign answer",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW },
	  0x7ffe0000,
	  0,
	  "0x7ffe0000 for foreign architectures is no answer that the kernel "
	  "knows" },
	{ "x32's for x86_64",
	  { "x86_64" },
	  "x86_64",
	  { .first = 0x40000001, .last = 0x40000001, .answer = ALLOW },
	  0,
	  0,
	  "rule 1 of 1: 0x40000001 is no number of x86_64" },
	{ "x86_64's for x32",
	  { "x32" },
	  "x32",
	  { .first = 1, .last = 2, .answer = ALLOW },
	  0,
	  0,
	  "rule 1 of 1: 0x1 is no number of x32" },
	{ "flags",
	  { "x86_64" },
	  "x86_64",
	  { .answer = ALLOW },
	  0,
	  0x42,
	  "unknown seccomp flags 0x40" },
};

static bool try_row(const struct row *row)
{
	struct cg_default defaults[2];
	struct cg_rule rule = row->rule;
	struct cg_rules rules = { .source = "here",
				  .defaults = defaults,
				  .rules = &rule,
				  .rule_count = 1,
				  .foreign = row->foreign,
				  .flags = row->flags };
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	enum cg_status status;

	rule.abi = abi(row->abi);
	for (; rules.default_count < 2; rules.default_count++) {
		const char *name = row->defaults[rules.default_count];

		if (!name)
			break;
		defaults[rules.default_count] =
			(struct cg_default){ abi(name), ALLOW };
	}
	status = cg_policy_from_rules(&rules, NULL, &policy, &err);
	cg_policy_free(policy);
	if (!row->message)
		return status == CG_OK;
	if (status == CG_E_INPUT && !policy &&
	    strcmp(err.message, row->message) == 0 &&
	    err.line == row->rule.line && err.column == row->rule.column)
		return true;
	tap_note("%u:%u: %s", err.line, err.column, err.message);
	return false;
}

/* -------------------------------------------------------------- explain -- */

static const struct ask {
	const char *abi; /* NULL: an arch that none has */
	uint32_t nr;
	uint64_t argument;
	uint32_t answer;
	enum cg_cause cause;
	uint32_t line;
} asks[] = {
	{ "x86_64", 0, 0, KILL, CG_CAUSE_RULE, 2 },
	/* The second rule hides the third. */
	{ "x86_64", 1, 5, KILL, CG_CAUSE_RULE, 2 },
	{ "x86_64", 7, 1, CG_RET_LOG, CG_CAUSE_RULE, 1 },
	{ "x86_64", 7, 2, KILL, CG_CAUSE_RULE, 2 },
	{ "x86_64", 10, 0, KILL, CG_CAUSE_RULE, 2 },
	{ "x86_64", 11, 0, CG_RET_TRAP, CG_CAUSE_RULE, 4 },
	{ "x86_64", 0x3fffffff, 0, CG_RET_TRAP, CG_CAUSE_RULE, 4 },
	/* x32 is no part of it, though the span goes on behind. */
	{ "x86_64", 0x40000000, 0, EPERM_, CG_CAUSE_FOREIGN, 0 },
	{ "x86_64", 0x80000000, 0, CG_RET_TRAP, CG_CAUSE_RULE, 4 },
	{ "x86_64", UINT32_MAX, 0, ALLOW, CG_CAUSE_DEFAULT, 0 },
	{ "i386", 3, 0, CG_RET_KILL_THREAD, CG_CAUSE_DEFAULT, 0 },
	{ NULL, 3, 0, EPERM_, CG_CAUSE_FOREIGN, 0 },
};

static bool try_asks(struct tap *tap)
{
	const struct cg_test is_one = { 0, CG_EQ, UINT64_MAX, 1 };
	const struct cg_test is_five = { 0, CG_EQ, UINT64_MAX, 5 };
	const struct cg_abi *x86 = abi("x86_64");
	const struct cg_default defaults[] = {
		{ x86, ALLOW }, { abi("i386"), CG_RET_KILL_THREAD }
	};
	const struct cg_rule rule[RULES] = {
		{ x86, 7, 7, CG_RET_LOG, &is_one, 1, 1, 1 },
		{ x86, 0, 10, KILL, NULL, 0, 2, 1 },
		{ x86, 1, 1, CG_RET_TRAP, &is_five, 1, 3, 1 },
		{ x86, 5, UINT32_MAX - 1, CG_RET_TRAP, NULL, 0, 4, 1 },
	};
	const struct cg_rules rules = { "x",    defaults, 2, rule, RULES,
					EPERM_, 0,        0, 0 };
	struct cg_program *program = NULL;
	struct cg_policy *policy = NULL;
	struct cg_error err;
	bool made;

	made = cg_policy_from_rules(&rules, NULL, &policy, &err) == CG_OK &&
	       cg_compile(policy, NULL, &program, &err) == CG_OK;
	tap_ok(tap, made, "spans and tests: made, compiled, proved");
	for (size_t i = 0; made && i < sizeof(asks) / sizeof(*asks); i++) {
		const struct ask *ask = &asks[i];
		const struct cg_call call = {
			.arch = ask->abi ? abi(ask->abi)->audit_arch : 1,
			.nr = ask->nr,
			.args = { ask->argument },
		};
		struct cg_reason reason;

		cg_policy_explain(policy, &call, &reason);
		tap_ok(tap,
		       reason.answer == ask->answer &&
			       reason.cause == ask->cause &&
			       reason.line == ask->line &&
			       cg_policy_decide(policy, &call) == ask->answer &&
			       cg_program_decide(program, &call, NULL) ==
				       ask->answer,
		       "%s 0x%x(%u): 0x%08x by line %u",
		       ask->abi ? ask->abi : "elsewhere", ask->nr,
		       (unsigned)ask->argument, reason.answer, reason.line);
	}
	cg_program_free(program);
	cg_policy_free(policy);
	return made;
}

/* ----------------------------------------------------------- many rules -- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Values with nothing in common, none beside another. */
static uint64_t scattered(size_t i)
{
	return (uint32_t)i * 2654435761u & ~1u;
}

/* Every rule is for another number, or all are for one. */
static bool
many(size_t count, bool on_one_call, enum cg_status wanted, double *took)
{
	struct cg_rule *rule = calloc(count, sizeof(*rule));
	struct cg_test *tests = calloc(count, sizeof(*tests));
	const struct cg_default x86 = { abi("x86_64"), EPERM_ };
	const struct cg_rules rules = {
		"", &x86, 1, rule, count, KILL, 0, 0, 0
	};
	struct cg_policy *policy = NULL;
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	struct cg_call call;
	enum cg_status status;
	bool ok;

	if (!rule || !tests)
		return false;
	for (size_t i = 0; i < count; i++) {
		tests[i] =
			(struct cg_test){ 0, CG_EQ, UINT64_MAX, scattered(i) };
		rule[i] = (struct cg_rule){ .abi = x86.abi,
					    .answer = ALLOW,
					    .tests = &tests[i],
					    .count = 1 };
		rule[i].first = rule[i].last = on_one_call ? 0 : (uint32_t)i;
	}
	*took = seconds();
	status = cg_policy_from_rules(&rules, NULL, &policy, &err);
	ok = status == CG_OK;
	for (uint32_t i = 0; ok && i < count; i += 16) {
		call = (struct cg_call){ .arch = x86.abi->audit_arch,
					 .nr = on_one_call ? 0 : i,
					 .args = { scattered(i) } };
		ok = cg_policy_decide(policy, &call) == ALLOW;
		call.args[0]++;
		ok = ok && cg_policy_decide(policy, &call) == EPERM_;
	}
	if (ok)
		status = cg_compile(policy, NULL, &program, &err);
	*took = seconds() - *took;
	if (status != wanted)
		tap_note("%s", err.message);
	cg_program_free(program);
	cg_policy_free(policy);
	free(rule);
	free(tests);
	return ok && status == wanted;
}

/* Spans within spans, from the outside in and from the inside out. */
static bool nested(bool outer_first)
{
	static struct cg_rule rule[MANY];
	const struct cg_default x86 = { abi("i386"), EPERM_ };
	const struct cg_rules rules = {
		"", &x86, 1, rule, MANY, KILL, 0, 0, 0
	};
	struct cg_policy *policy = NULL;
	struct cg_error err;
	bool ok;

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t in = outer_first ? i : MANY - 1 - i;

		rule[i] = (struct cg_rule){ .abi = x86.abi,
					    .first = in,
					    .last = UINT32_MAX - in,
					    .answer = CG_RET_TRACE | in };
	}
	ok = cg_policy_from_rules(&rules, NULL, &policy, &err) == CG_OK;
	for (uint32_t i = 0; ok && i < MANY; i++) {
		struct cg_call call = { .arch = x86.abi->audit_arch, .nr = i };

		ok = cg_policy_decide(policy, &call) ==
		     (CG_RET_TRACE | (outer_first ? 0 : i));
		call.nr = UINT32_MAX - i;
		ok = ok && cg_policy_decide(policy, &call) ==
				   (CG_RET_TRACE | (outer_first ? 0 : i));
	}
	cg_policy_free(policy);
	return ok;
}

int main(void)
{
	struct tap tap = { 0 };
	double took;
	bool ok;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, try_row(&rows[i]), "%s: %s", rows[i].name,
		       rows[i].message ? rows[i].message : "fine");
	try_asks(&tap);
	ok = many(ON_ONE_CALL, true, CG_OK, &took);
	tap_ok(&tap, ok, "%d rules on one call: %.0f ms", ON_ONE_CALL,
	       1000 * took);
	ok = many(MANY, true, CG_E_TOOLONG, &took);
	tap_ok(&tap, ok, "%d rules on one call, too long: %.0f ms", MANY,
	       1000 * took);
	ok = many(MANY, false, CG_E_TOOLONG, &took);
	tap_ok(&tap, ok, "%d rules on as many numbers, too long: %.0f ms", MANY,
	       1000 * took);
	tap_ok(&tap, nested(true), "%d spans, the widest first", MANY);
	tap_ok(&tap, nested(false), "%d spans, the widest last", MANY);
	return tap_done(&tap);
}
