#include "policy/lint.h"

#include <inttypes.h>
#include <stdio.h>

#include "policy/read.h"

enum { NAME = 64 };

/* A check looks at one entry of the main ABI and may warn. */
struct lint {
	struct read read; /* what warn_as() wants */
	const struct resolved_abi *abi;
	const struct resolved_entry *entry;
};

/* What to call an entry: by the name of its number, or by that. */
static const char *name_of(const struct lint *lint, char *out, size_t size)
{
	const struct resolved_entry *entry = lint->entry;
	const struct cg_syscall *call = entry->from->call;

	if (!call)
		call = cg_syscall_at(lint->abi->abi, entry->nr);
	if (call)
		snprintf(out, size, "%s", call->name);
	else
		snprintf(out, size, "call %" PRIu32, entry->nr);
	return out;
}

/* uretprobe and uprobe: the kernel never asks a filter about them. */
static bool check_unfilterable(struct lint *lint)
{
	const struct resolved_entry *entry = lint->entry;
	uint32_t since = cg_unfilterable_since(lint->abi->abi, entry->nr);
	char name[NAME];

	if (!since || answer_permits(entry->answer))
		return true;
	return warn_as(&lint->read, "unfilterable", entry->from->place,
		       "%s passes every filter on %s since Linux %u.%u; "
		       "refusing it does nothing there",
		       name_of(lint, name, sizeof(name)), lint->abi->abi->name,
		       since >> 16, since & 0xffff);
}

static bool warn_shadowed(struct lint *lint, uint32_t line)
{
	char name[NAME];

	return warn_as(&lint->read, "shadowed", lint->entry->from->place,
		       "'%s' never counts here: line %u decides it first",
		       name_of(lint, name, sizeof(name)), line);
}

static bool is_covered(const struct lint *lint)
{
	const struct resolved_abi *abi = lint->abi;

	return abi->covered_count && lint->entry >= abi->covered &&
	       lint->entry < abi->covered + abi->covered_count;
}

/* An entry behind one without conditions is never reached. */
static bool check_shadowed(struct lint *lint)
{
	const struct resolved_entry *entry = lint->entry, *before;
	uint32_t line;
	size_t count;

	if (is_covered(lint)) {
		line = resolved_rest(lint->abi, entry->nr)->place.line;
		return warn_shadowed(lint, line);
	}
	before = resolved_entries(lint->abi, entry->nr, &count);
	for (size_t i = 0; i < count && before[i].order < entry->order; i++)
		if (!before[i].count && before[i].from != entry->from &&
		    !entry->from->optional)
			return warn_shadowed(lint, before[i].from->place.line);
	return true;
}

/* Whether a test depends on the high half of its argument. */
static bool looks_high(const struct test *test)
{
	const uint64_t high = 0xffffffff00000000;

	switch (test->compare) {
	case COMPARE_ANY_BITS:
	case COMPARE_NO_BITS:
	case COMPARE_ALL_BITS:
		return (test->value & high) != 0;
	case COMPARE_IN:
	case COMPARE_NOT_IN:
		return (test->mask & high) != 0;
	default:
		return true;
	}
}

/*
 * names_with_args compares 64 bits. Where the kernel reads 32 of them, whoever
 * makes the call can set the others as they like.
 */
static bool check_width(struct lint *lint)
{
	const struct resolved_entry *entry = lint->entry;
	struct cg_argument arguments[6];
	const struct cg_syscall *call;
	size_t count;

	call = entry->from->call ? entry->from->call
				 : cg_syscall_at(lint->abi->abi, entry->nr);
	if (!call ||
	    !cg_syscall_arguments(call, lint->abi->abi, arguments, &count))
		return true;
	for (size_t i = 0; i < entry->count; i++) {
		const struct test *test = &entry->tests[i];
		bool permits = answer_permits(entry->answer);

		if (test->bits == 32 || test->argument >= count ||
		    arguments[test->argument].bits != 32 || !looks_high(test))
			continue;
		return warn_as(&lint->read, "width", entry->from->place,
			       "the kernel reads argument %u of %s as 32 bits, "
			       "and this compares 64: %s; a rule such as "
			       "%s(...)%s compares what the kernel reads",
			       test->argument, call->name,
			       permits ? "a call with other high bits is not "
					 "meant here, though it does the same"
				       : "a call with other high bits passes",
			       call->name,
			       entry->from->exact ? " without `exact: true`"
						  : "");
	}
	return true;
}

static bool (*const checks[])(struct lint *) = {
	check_unfilterable,
	check_shadowed,
	check_width,
};

static bool lint_entry(struct lint *lint, const struct resolved_entry *entry)
{
	lint->entry = entry;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (!checks[i](lint))
			return false;
	return true;
}

bool policy_lint(struct cg_policy *policy, struct cg_error *err)
{
	struct lint lint = { .read = { .policy = policy,
				       .arena = &policy->arena,
				       .err = err } };

	lint.abi = &policy->resolved->abis[0];
	for (size_t i = 0; i < lint.abi->count; i++)
		if (!lint_entry(&lint, &lint.abi->entries[i]))
			return false;
	for (size_t i = 0; i < lint.abi->covered_count; i++)
		if (!lint_entry(&lint, &lint.abi->covered[i]))
			return false;
	return true;
}
