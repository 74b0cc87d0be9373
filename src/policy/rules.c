#include "policy/rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/rests.h"

enum { ARGUMENTS = 6, FLAGS_ALL = 0x3f };

/* What is being made, and the rule that is looked at. */
struct build {
	struct cg_policy *policy;
	struct arena *arena;
	struct cg_error *err;
	const struct cg_rules *rules;
	const struct cg_rule *rule;
	size_t index; /* of the rule */
	struct number_span *spans;
	size_t span_count;
	struct entry *from; /* one for each rule */
};

static struct place place_of(const struct build *build)
{
	return (struct place){ build->policy->source, build->rule->line,
			       build->rule->column };
}

/* A message names a rule by where it was written, or else counts it. */
__attribute__((format(printf, 2, 3))) static bool
fail_rule(const struct build *build, const char *format, ...)
{
	char what[CG_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (build->rule->line)
		return fail_at(build->err, CG_E_INPUT, place_of(build), "%s",
			       what);
	return fail_at(build->err, CG_E_INPUT, place_of(build),
		       "rule %zu of %zu: %s", build->index + 1,
		       build->rules->rule_count, what);
}

/* ------------------------------------------------------------ checks -- */

static bool is_action(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_KILL_PROCESS:
	case CG_RET_KILL_THREAD:
	case CG_RET_TRAP:
	case CG_RET_ERRNO:
	case CG_RET_USER_NOTIF:
	case CG_RET_TRACE:
	case CG_RET_LOG:
	case CG_RET_ALLOW:
		return true;
	default:
		return false;
	}
}

static bool check_test(const struct build *build, const struct cg_test *test)
{
	if (test->argument >= ARGUMENTS)
		return fail_rule(build,
				 "a test looks at argument %u; there are 0 "
				 "to %d",
				 test->argument, ARGUMENTS - 1);
	if ((unsigned)test->op > CG_GE)
		return fail_rule(build, "a test has operator %d, which is none",
				 (int)test->op);
	if (!test->mask)
		return fail_rule(build, "a test has mask 0; it would look at "
					"no bit of the argument");
	return true;
}

static bool check_rule(const struct build *build)
{
	const struct cg_rule *rule = build->rule;

	if (!rule->abi)
		return fail_rule(build, "its abi is NULL");
	if (rule->first > rule->last)
		return fail_rule(build,
				 "numbers run from the lower to the higher "
				 "one, and not from %" PRIu32 " to %" PRIu32,
				 rule->first, rule->last);
	if (rule->count && rule->first != rule->last)
		return fail_rule(
			build,
			"tests are for one number, and not for %" PRIu32
			" to %" PRIu32,
			rule->first, rule->last);
	if (rule->count && !rule->tests)
		return fail_rule(build, "its tests are NULL");
	if (!is_action(rule->answer))
		return fail_rule(build,
				 "0x%08" PRIx32 " is no answer that the kernel "
				 "knows",
				 rule->answer);
	for (size_t i = 0; i < rule->count; i++)
		if (!check_test(build, &rule->tests[i]))
			return false;
	/* Longer spans are cut where the ABI ends. */
	return abi_has_numbers(rule->abi, rule->first, rule->last)
		       ? true
		       : fail_rule(build, "0x%" PRIx32 " is no number of %s",
				   rule->first, rule->abi->name);
}

static bool check_default(const struct build *build, size_t index)
{
	const struct cg_default *all = build->rules->defaults;
	const struct cg_abi *abi = all[index].abi;

	if (!abi)
		return fail(build->err, CG_E_INPUT, "a default's abi is NULL");
	if (!abi->seccomp)
		return fail(build->err, CG_E_INPUT,
			    "the kernel has no seccomp filters on %s",
			    abi->name);
	if (abi->big_endian != all[0].abi->big_endian)
		return fail(build->err, CG_E_INPUT,
			    "%s and %s have different byte orders; no kernel "
			    "runs both",
			    all[0].abi->name, abi->name);
	for (size_t i = 0; i < index; i++)
		if (all[i].abi == abi)
			return fail(build->err, CG_E_INPUT,
				    "%s has two defaults", abi->name);
	if (!is_action(all[index].answer))
		return fail(build->err, CG_E_INPUT,
			    "0x%08" PRIx32 ", the default of %s, is no answer "
			    "that the kernel knows",
			    all[index].answer, abi->name);
	return true;
}

static bool check_whole(const struct build *build)
{
	const struct cg_rules *rules = build->rules;

	if (!rules->default_count || !rules->defaults)
		return fail(build->err, CG_E_INPUT,
			    "there must be a default for at least one ABI");
	if (rules->default_count > ABIS_MAX)
		return fail(build->err, CG_E_INPUT, "more than %d ABIs",
			    ABIS_MAX);
	if (rules->rule_count >= UINT32_MAX ||
	    (rules->rule_count && !rules->rules))
		return fail(build->err, CG_E_INPUT,
			    "there are no %zu rules where they should be",
			    rules->rule_count);
	if (!is_action(rules->foreign))
		return fail(build->err, CG_E_INPUT,
			    "0x%08" PRIx32 " for foreign architectures is no "
			    "answer that the kernel knows",
			    rules->foreign);
	if (rules->flags & ~(uint32_t)FLAGS_ALL)
		return fail(build->err, CG_E_INPUT,
			    "unknown seccomp flags 0x%" PRIx32,
			    rules->flags & ~(uint32_t)FLAGS_ALL);
	for (size_t i = 0; i < rules->default_count; i++)
		if (!check_default(build, i))
			return false;
	return true;
}

/* ------------------------------------------------------------- tests -- */

/* (x & mask) OP value as an interval of masked values, and whether x lies in
   it or outside. */
static bool
masked_test(struct arena *arena, const struct cg_test *from, struct test *out)
{
	struct number_interval *in =
		arena_array(arena, struct number_interval, 1);
	const uint64_t value = from->value;
	bool inside =
		from->op == CG_EQ || from->op == CG_LT || from->op == CG_LE;

	if (!in)
		return false;
	*in = (struct number_interval){ 0, value };
	if (from->op == CG_EQ || from->op == CG_NE)
		in->first = value;
	/* x < v is not x >= v, which is an interval even where v is 0. */
	if (from->op == CG_LT || from->op == CG_GE) {
		*in = (struct number_interval){ value, UINT64_MAX };
		inside = from->op == CG_GE;
	}
	out->compare = inside ? COMPARE_IN : COMPARE_NOT_IN;
	out->intervals = in;
	out->interval_count = 1;
	out->mask = from->mask;
	out->value = 0;
	return true;
}

static bool
make_test(struct arena *arena, const struct cg_test *from, struct test *out)
{
	static const enum compare plain[] = {
		[CG_EQ] = COMPARE_EQ, [CG_NE] = COMPARE_NE,
		[CG_LT] = COMPARE_LT, [CG_LE] = COMPARE_LE,
		[CG_GT] = COMPARE_GT, [CG_GE] = COMPARE_GE,
	};

	*out = (struct test){ .argument = from->argument,
			      .bits = 64,
			      .compare = plain[from->op],
			      .value = from->value,
			      .mask = UINT64_MAX };
	return from->mask == UINT64_MAX || masked_test(arena, from, out);
}

static const struct test *make_tests(const struct build *build)
{
	const struct cg_rule *rule = build->rule;
	struct test *out = arena_array(build->arena, struct test, rule->count);

	for (size_t i = 0; out && i < rule->count; i++)
		if (!make_test(build->arena, &rule->tests[i], &out[i]))
			return NULL;
	return out;
}

/* ------------------------------------------------------------- rules -- */

static bool add_entry(struct build *build, struct resolved_abi *abi)
{
	const struct cg_rule *rule = build->rule;
	struct entry *from = &build->from[build->index];
	struct resolved_entry *entry;

	*from = (struct entry){ .place = place_of(build),
				.call = cg_syscall_at(rule->abi, rule->first) };
	entry = &abi->entries[abi->count];
	*entry = (struct resolved_entry){
		.nr = rule->first,
		.answer = rule->answer,
		.tests = rule->count ? make_tests(build) : NULL,
		.count = rule->count,
		.from = from,
		.order = (uint32_t)build->index,
	};
	if (rule->count && !entry->tests)
		return fail_nomem(build->err);
	abi->count++;
	return true;
}

static void add_span(struct build *build)
{
	const struct cg_rule *rule = build->rule;

	build->spans[build->span_count++] = (struct number_span){
		.rest = { .first = rule->first,
			  .answer = rule->answer,
			  .cause = CG_CAUSE_RULE,
			  .place = place_of(build),
			  .order = (uint32_t)build->index },
		.last = rule->last,
	};
}

/* Room for the rules of one ABI, and no more. */
static bool make_room(struct build *build, struct resolved_abi *abi)
{
	size_t spans = 0;

	for (size_t i = 0; i < build->rules->rule_count; i++) {
		const struct cg_rule *rule = &build->rules->rules[i];

		if (rule->abi != abi->abi)
			continue;
		if (rule->first == rule->last)
			abi->room++;
		else
			spans++;
	}
	abi->entries =
		arena_array(build->arena, struct resolved_entry, abi->room);
	build->spans = arena_array(build->arena, struct number_span, spans);
	build->span_count = 0;
	return abi->entries && build->spans ? true : fail_nomem(build->err);
}

/* The table of one ABI, from all rules that are for it. */
static bool fill_abi(struct build *build, struct resolved_abi *abi,
		     const struct cg_default *from)
{
	const struct rest rest = { .answer = from->answer,
				   .cause = CG_CAUSE_DEFAULT,
				   .place = { build->policy->source,
					      build->rules->default_line,
					      build->rules->default_column },
				   .order = UINT32_MAX };
	struct rests rests = { .arena = build->arena };

	abi->abi = from->abi;
	if (!rests_add(&rests, 0, &rest))
		return fail_nomem(build->err);
	abi->rests = rests.at;
	abi->rest_count = rests.count;
	if (!make_room(build, abi))
		return false;
	for (size_t i = 0; i < build->rules->rule_count; i++) {
		build->rule = &build->rules->rules[i];
		build->index = i;
		if (build->rule->abi != abi->abi)
			continue;
		if (build->rule->first != build->rule->last)
			add_span(build);
		else if (!add_entry(build, abi))
			return false;
	}
	resolved_sort(abi);
	return rests_lay(build->arena, abi, build->spans, build->span_count)
		       ? true
		       : fail_nomem(build->err);
}

/* Each rule is for an ABI that has a default, and says what can be. */
static bool check_rules(struct build *build)
{
	const struct cg_rules *rules = build->rules;

	for (size_t i = 0; i < rules->rule_count; i++) {
		bool found = false;

		build->rule = &rules->rules[i];
		build->index = i;
		if (!check_rule(build))
			return false;
		for (size_t j = 0; j < rules->default_count && !found; j++)
			found = rules->defaults[j].abi == build->rule->abi;
		if (!found)
			return fail_rule(build,
					 "it is for %s, which has no default",
					 build->rule->abi->name);
	}
	return true;
}

static bool fill(struct build *build, struct resolved *resolved)
{
	struct cg_policy *policy = build->policy;
	const struct cg_rules *rules = build->rules;

	resolved->count = rules->default_count;
	resolved->big_endian = rules->defaults[0].abi->big_endian;
	resolved->foreign = rules->foreign;
	resolved->abis =
		arena_array(build->arena, struct resolved_abi, resolved->count);
	build->from =
		arena_array(build->arena, struct entry, rules->rule_count + 1);
	if (!resolved->abis || !build->from)
		return fail_nomem(build->err);
	for (size_t i = 0; i < resolved->count; i++) {
		policy->abis[policy->abi_count++] = rules->defaults[i].abi;
		if (!fill_abi(build, &resolved->abis[i], &rules->defaults[i]))
			return false;
	}
	policy->named_abis = policy->abi_count;
	return resolved_regions(resolved, build->arena, false)
		       ? true
		       : fail_nomem(build->err);
}

bool policy_from_rules(struct cg_policy *policy, const struct cg_rules *rules,
		       struct cg_error *err)
{
	const char *source = rules->source ? rules->source : "";
	struct build build = { .policy = policy,
			       .arena = &policy->arena,
			       .err = err,
			       .rules = rules };
	struct resolved *resolved;

	policy->source = arena_text(build.arena, source, strlen(source));
	resolved = arena_array(build.arena, struct resolved, 1);
	if (!policy->source || !resolved)
		return fail_nomem(err);
	if (!check_whole(&build) || !check_rules(&build) ||
	    !fill(&build, resolved))
		return false;
	policy->kernel = cg_kernel_newest();
	policy->flags = rules->flags;
	policy->resolved = resolved;
	return true;
}
