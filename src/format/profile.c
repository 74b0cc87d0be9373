/*
 * What an OCI runtime makes of a profile: libseccomp's rules, and what runc
 * puts in front of them.
 */
#include "format/profile.h"

#include <errno.h>
#include <string.h>

#include "format/scmp.h"

enum { ENOSYS_SINCE_NATIVE = CG_RELEASE(1, 1, 15) };

/* ------------------------------------------------- names that are known -- */

static bool is_old_enough(const struct host *host, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);

	return !call || cg_syscall_since(call, NULL) <= host->named;
}

static const struct cg_scmp_arch *scmp_arch_of(const struct cg_abi *abi)
{
	const struct cg_scmp_arch *arch;

	for (size_t i = 0; (arch = cg_scmp_arch_get(i)); i++)
		if (arch->abi == abi)
			return arch;
	return NULL;
}

bool profile_knows(const struct host *host, const struct cg_syscall *call)
{
	const struct cg_scmp_arch *arch = scmp_arch_of(host->native);

	return arch && cg_scmp_number(arch, call->name) != CG_SCMP_UNKNOWN &&
	       is_old_enough(host, call->name);
}

/* --------------------------------------------------------------- rules -- */

/* What was said about a call without conditions, and with them. */
struct told {
	const char *name;
	const struct profile_rule *whole, *part;
};

struct filter {
	struct reading *reading;
	struct profile *profile;
	struct cg_scmp *scmp;
	const struct cg_scmp_arch *native;
	struct told *told;
	size_t count, room;
};

static const char *runtime_name(const struct filter *filter)
{
	return filter->reading->host->runtime->about.name;
}

static bool unknown_name(struct filter *filter, const struct node *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name->text);
	const char *meant = call ? NULL : cg_syscall_suggest(name->text);

	if (call && strcmp(call->name, name->text) != 0)
		meant = call->name;
	if (call && !meant)
		return reading_find(filter->reading, "unknown-name",
				    name->place,
				    "%s passes over '%.64s': its libseccomp "
				    "does not know that call",
				    runtime_name(filter), name->text);
	return reading_find(filter->reading, "unknown-name", name->place,
			    "%s passes over '%.64s': there is no such call%s%s"
			    "%s",
			    runtime_name(filter), name->text,
			    meant ? "; did you mean '" : "", meant ? meant : "",
			    meant ? "'?" : "");
}

static struct told *told_of(struct filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->count; i++)
		if (strcmp(filter->told[i].name, name) == 0)
			return &filter->told[i];
	filter->told =
		arena_grow(filter->reading->arena, filter->told, &filter->room,
			   filter->count + 1, sizeof(*filter->told));
	if (!filter->told) {
		fail_nomem(filter->reading->err);
		return NULL;
	}
	filter->told[filter->count] = (struct told){ .name = name };
	return &filter->told[filter->count++];
}

/* Say which of two rules about one call does not count. */
static bool warn_conflict(struct filter *filter, const struct node *name,
			  const struct profile_rule *rule)
{
	struct told *told = told_of(filter, name->text);
	const struct profile_rule *other;

	if (!told)
		return false;
	other = rule->count || told->whole ? told->whole : told->part;
	if (!rule->count && !told->whole)
		told->whole = rule;
	if (rule->count && !told->part)
		told->part = rule;
	if (!other || other->answer == rule->answer)
		return true;
	if (!rule->count && other->count)
		return reading_find(filter->reading, "shadowed", other->place,
				    "what this rule says of %s does not "
				    "count: line %u says something else "
				    "without conditions",
				    name->text, name->place.line);
	return reading_find(filter->reading, "shadowed", name->place,
			    "what this rule says of %s does not count: line "
			    "%u said something else before, without "
			    "conditions",
			    name->text, other->place.line);
}

/* runc and crun: one argument tested twice makes a rule of each test. */
static bool tests_repeat(const struct profile_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->count; i++) {
		if (seen & 1u << rule->tests[i].argument)
			return true;
		seen |= 1u << rule->tests[i].argument;
	}
	return false;
}

static struct cg_scmp_test scmp_test(const struct profile_test *test)
{
	static const int ops[] = {
		[PROFILE_NE] = CG_SCMP_NE,
		[PROFILE_LT] = CG_SCMP_LT,
		[PROFILE_LE] = CG_SCMP_LE,
		[PROFILE_EQ] = CG_SCMP_EQ,
		[PROFILE_GE] = CG_SCMP_GE,
		[PROFILE_GT] = CG_SCMP_GT,
		[PROFILE_MASKED_EQ] = CG_SCMP_MASKED_EQ,
	};

	return (struct cg_scmp_test){ test->argument, ops[test->compare],
				      test->value, test->value_two };
}

static bool add(struct filter *filter, const struct node *name, int number,
		uint32_t answer, const struct profile_test *tests, size_t count)
{
	struct cg_scmp_test made[CG_SCMP_TESTS_MAX];
	int result;

	for (size_t i = 0; i < count; i++)
		made[i] = scmp_test(&tests[i]);
	result = cg_scmp_rule(filter->scmp, false, answer, number, made, count);
	if (result == 0)
		return true;
	if (result == -ENOMEM)
		return fail_nomem(filter->reading->err);
	filter->profile->refused = name;
	return fail_at(filter->reading->err, CG_E_MEANING, name->place,
		       result == -EEXIST
			       ? "%s refuses the file: what this rule says of "
				 "%s contradicts another one"
			       : "%s refuses the file: libseccomp takes no "
				 "such rule for %s",
		       runtime_name(filter), name->text);
}

/* Whether an architecture that is not the native one has the call. */
static bool is_elsewhere(const char *name)
{
	const struct cg_scmp_arch *arch;

	for (size_t i = 0; (arch = cg_scmp_arch_get(i)); i++)
		if (cg_scmp_number(arch, name) >= 0)
			return true;
	return false;
}

static bool add_name(struct filter *filter, const struct profile_rule *rule,
		     const struct node *name, bool repeats)
{
	int number = cg_scmp_number(filter->native, name->text);

	if (!is_old_enough(filter->reading->host, name->text))
		return unknown_name(filter, name);
	if (number == CG_SCMP_UNKNOWN)
		return is_elsewhere(name->text) || unknown_name(filter, name);
	if (rule->answer == CG_RET_USER_NOTIF &&
	    host_does(filter->reading->host, TRAIT_NEEDS_LISTENER) &&
	    strcmp(name->text, "write") == 0)
		return fail_at(filter->reading->err, CG_E_MEANING, name->place,
			       "%s refuses SCMP_ACT_NOTIFY for write: it "
			       "writes itself when the filter is loaded",
			       runtime_name(filter));
	/* Runtimes leave out what the default does anyway. */
	if (rule->answer == filter->profile->answer)
		return true;
	if (!warn_conflict(filter, name, rule))
		return false;
	if (!repeats)
		return add(filter, name, number, rule->answer, rule->tests,
			   rule->count);
	for (size_t i = 0; i < rule->count; i++)
		if (!add(filter, name, number, rule->answer, &rule->tests[i],
			 1))
			return false;
	return true;
}

/* A condition that never makes a difference. */
static const char *fault_of(const struct profile_test *test)
{
	if (test->compare == PROFILE_MASKED_EQ &&
	    (test->value_two & ~test->value) != 0)
		return "never holds: valueTwo has bits outside of the mask, "
		       "which is value";
	if (test->compare == PROFILE_LT && test->value == 0)
		return "never holds: nothing is less than 0";
	if (test->compare == PROFILE_GE && test->value == 0)
		return "always holds: nothing is less than 0";
	return NULL;
}

/* What nobody is told of, but who asks. */
static bool look_at(struct filter *filter, const struct profile_rule *rule)
{
	for (size_t i = 0; i < rule->count; i++) {
		const char *fault = fault_of(&rule->tests[i]);

		if (fault && !reading_find(filter->reading, "condition",
					   rule->tests[i].place,
					   "this condition %s", fault))
			return false;
	}
	return rule->answer != filter->profile->answer || !rule->name_count ||
	       reading_find(filter->reading, "same-as-default", rule->place,
			    "this rule says what the default does anyway; %s "
			    "leaves it out",
			    runtime_name(filter));
}

static bool add_rule(struct filter *filter, const struct profile_rule *rule)
{
	bool repeats = tests_repeat(rule);

	if (!look_at(filter, rule))
		return false;
	if (repeats &&
	    !reading_find(filter->reading, "repeated-argument",
			  rule->tests[0].place,
			  "an argument is tested twice: %s makes a rule of "
			  "each condition, so that any of them is enough",
			  runtime_name(filter)))
		return false;
	for (size_t i = 0; i < rule->name_count; i++)
		if (!add_name(filter, rule, rule->names[i], repeats))
			return false;
	return true;
}

static bool add_arch(struct filter *filter, const struct cg_abi *abi)
{
	const struct cg_scmp_arch *arch = scmp_arch_of(abi);
	int result;

	if (!arch)
		return fail_at(filter->reading->err, CG_E_MEANING,
			       filter->profile->place,
			       "libseccomp does not know %s", abi->name);
	result = cg_scmp_arch_add(filter->scmp, arch);
	if (result == 0)
		return true;
	if (result == -ENOMEM)
		return fail_nomem(filter->reading->err);
	return fail_at(filter->reading->err, CG_E_MEANING,
		       filter->profile->place,
		       "%s cannot be in one filter with %s", abi->name,
		       filter->reading->host->native->name);
}

/* ---------------------------------------------------------- runc's stub -- */

static bool is_restrictive(uint32_t answer)
{
	uint32_t action = answer & CG_RET_ACTION;

	return action != CG_RET_ALLOW && action != CG_RET_LOG &&
	       action != CG_RET_TRACE;
}

/* The largest number that a name in the profile has on an ABI, or 0. */
static uint32_t
largest_number(const struct filter *filter, const struct cg_abi *abi)
{
	const struct cg_scmp_arch *arch = scmp_arch_of(abi);
	const struct profile *profile = filter->profile;
	int most = 0;

	for (size_t i = 0; i < profile->rule_count; i++)
		for (size_t j = 0; j < profile->rules[i].name_count; j++) {
			const char *name = profile->rules[i].names[j]->text;
			int number = cg_scmp_number(arch, name);

			if (number > most &&
			    is_old_enough(filter->reading->host, name))
				most = number;
		}
	return (uint32_t)most;
}

static bool add_span(struct filter *filter, const struct cg_abi *abi,
		     uint32_t first, uint32_t last)
{
	uint64_t enosys = 38;

	cg_constant_value("ENOSYS", filter->reading->host->native, &enosys);
	return first > last ||
	       reading_rule(filter->reading,
			    &(struct cg_rule){
				    .abi = abi,
				    .first = first,
				    .last = last,
				    .answer = CG_RET_ERRNO | (uint32_t)enosys,
				    .line = filter->profile->place.line,
				    .column = filter->profile->place.column });
}

/*
 * x86_64 and x32 share numbers: bit 30 tells them apart, and what has bit 31,
 * too, belongs to x86_64's table.
 */
static bool
add_stub_x86_64(struct filter *filter, const struct cg_abi *abi, uint32_t last)
{
	const struct cg_abi *whole = cg_abi_of_call(abi->audit_arch, 0);

	if (abi->nr_first)
		return add_span(filter, abi, last + 1, abi->nr_last) &&
		       add_span(filter, whole, 0xc0000000, UINT32_MAX);
	return add_span(filter, abi, last + 1, 0x3fffffff) &&
	       add_span(filter, abi, 0x80000000, 0xbfffffff);
}

static bool add_stub(struct filter *filter, const struct cg_abi *abi)
{
	uint32_t last = largest_number(filter, abi);

	if (!last)
		return true;
	if (abi->audit_arch == 0xc000003e)
		return add_stub_x86_64(filter, abi, last);
	/* What the kernel does not know arrives there as number 0. */
	if (strncmp(abi->name, "s390", 4) == 0 && !add_span(filter, abi, 0, 0))
		return false;
	return last == UINT32_MAX ||
	       add_span(filter, abi, last + 1, UINT32_MAX);
}

static bool add_stubs(struct filter *filter)
{
	const struct host *host = filter->reading->host;
	const struct profile *profile = filter->profile;
	bool native =
		host->release >= ENOSYS_SINCE_NATIVE || profile->lists_native;

	/* Also where the default is ENOSYS: runc means to leave it out there,
	   and compares with another number (seen in its filters). */
	if (!host_does(host, TRAIT_ENOSYS_STUB) ||
	    !is_restrictive(profile->answer))
		return true;
	if (native && !add_stub(filter, host->native))
		return false;
	for (size_t i = 0; i < profile->abi_count; i++)
		if (!add_stub(filter, profile->abis[i]))
			return false;
	return true;
}

/* --------------------------------------------------------------- whole -- */

/* Whether a test of the filter came from one of the profile. */
static bool
is_test_of(const struct cg_test *made, const struct profile_test *test)
{
	static const enum cg_operator ops[] = {
		[PROFILE_NE] = CG_NE,        [PROFILE_LT] = CG_LT,
		[PROFILE_LE] = CG_LE,        [PROFILE_EQ] = CG_EQ,
		[PROFILE_GE] = CG_GE,        [PROFILE_GT] = CG_GT,
		[PROFILE_MASKED_EQ] = CG_EQ,
	};
	bool masked = test->compare == PROFILE_MASKED_EQ;
	uint64_t value = masked ? test->value_two : test->value;

	return made->argument == test->argument &&
	       made->op == ops[test->compare] &&
	       made->value == (value & made->mask) &&
	       (!masked || made->mask == (test->value & made->mask));
}

/* Each test of the filter's rule stands in the profile's. */
static bool
is_made_of(const struct cg_rule *made, const struct profile_rule *rule)
{
	for (size_t i = 0; i < made->count; i++) {
		bool found = false;

		for (size_t j = 0; j < rule->count && !found; j++)
			found = is_test_of(&made->tests[i], &rule->tests[j]);
		if (!found)
			return false;
	}
	return made->answer == rule->answer &&
	       (made->count == rule->count ||
		(made->count == 1 && tests_repeat(rule)));
}

/* The name in the profile that one of the filter's rules came from. */
static const struct node *
origin_of(const struct filter *filter, const struct cg_rule *made)
{
	const struct cg_syscall *call = cg_syscall_at(made->abi, made->first);
	const struct profile *profile = filter->profile;

	for (size_t i = 0; call && i < profile->rule_count; i++) {
		const struct profile_rule *rule = &profile->rules[i];

		if (!is_made_of(made, rule))
			continue;
		for (size_t j = 0; j < rule->name_count; j++)
			if (strcmp(rule->names[j]->text, call->name) == 0)
				return rule->names[j];
	}
	return NULL;
}

static bool take_rules(struct filter *filter, const struct cg_rules *rules)
{
	struct reading *reading = filter->reading;

	for (size_t i = 0; i < rules->default_count; i++)
		if (!reading_default(reading, rules->defaults[i].abi,
				     rules->defaults[i].answer))
			return false;
	for (size_t i = 0; i < rules->rule_count; i++) {
		struct cg_rule rule = rules->rules[i];
		const struct node *origin = origin_of(filter, &rule);

		if (origin) {
			rule.line = origin->place.line;
			rule.column = origin->place.column;
		}
		if (!reading_rule(reading, &rule))
			return false;
	}
	reading->foreign = rules->foreign;
	reading->flags = filter->profile->flags;
	reading->default_place = filter->profile->place;
	return true;
}

static bool make(struct filter *filter)
{
	struct reading *reading = filter->reading;
	const struct profile *profile = filter->profile;
	struct cg_rules rules;

	if (profile->answer == CG_RET_USER_NOTIF &&
	    host_does(reading->host, TRAIT_NEEDS_LISTENER))
		return fail_at(reading->err, CG_E_MEANING, profile->place,
			       "%s refuses SCMP_ACT_NOTIFY as the default: it "
			       "could not start itself",
			       runtime_name(filter));
	if (!add_arch(filter, reading->host->native))
		return false;
	for (size_t i = 0; i < profile->abi_count; i++)
		if (!add_arch(filter, profile->abis[i]))
			return false;
	for (size_t i = 0; i < profile->rule_count; i++)
		if (!add_rule(filter, &profile->rules[i]))
			return false;
	return scmp_rules(filter->scmp, false, reading->arena, &rules,
			  reading->err) &&
	       add_stubs(filter) && take_rules(filter, &rules);
}

bool profile_filter(struct reading *reading, struct profile *profile)
{
	struct filter filter = { .reading = reading,
				 .profile = profile,
				 .native =
					 scmp_arch_of(reading->host->native) };
	bool ok;

	if (!filter.native)
		return fail_at(reading->err, CG_E_MEANING, profile->place,
			       "libseccomp does not know %s",
			       reading->host->native->name);
	filter.scmp = cg_scmp_new(filter.native, profile->answer);
	if (!filter.scmp)
		return fail_nomem(reading->err);
	ok = make(&filter);
	cg_scmp_free(filter.scmp);
	return ok;
}
