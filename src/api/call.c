/* callgate/policy.h: a call as a person writes it. */
#include <callgate/policy.h>

#include <string.h>

#include "base/num.h"
#include "policy/rule.h"
#include "policy/value.h"

enum { MEMORY = 1 << 20 };

/* "nr=999(1, 2)" is a rule whose name is a number. */
static bool read_number(struct rule *rule, uint32_t *nr, const char **text,
			struct cg_error *err)
{
	const struct place place = { .column = 1 };
	size_t length;
	uint64_t number;

	if (strncmp(*text, "nr=", 3) != 0)
		return true;
	length = strcspn(*text + 3, "( ");
	if (num_read(*text + 3, length, &number) != NUM_OK ||
	    number > UINT32_MAX)
		return fail_at(err, CG_E_MEANING, place,
			       "'%.40s' is no call; write nr=999 or a name",
			       *text);
	*nr = (uint32_t)number;
	*text += 3;
	rule->name = NULL;
	return true;
}

static bool find_number(const struct rule *rule, const struct cg_abi *abi,
			uint32_t *nr, struct cg_error *err)
{
	const struct cg_syscall *call = cg_syscall_by_name(rule->name);
	const char *close;

	if (!call) {
		close = cg_syscall_suggest(rule->name);
		return fail_at(err, CG_E_MEANING, rule->place,
			       "no system call is called '%.64s'%s%s%s",
			       rule->name, close ? "; did you mean '" : "",
			       close ? close : "", close ? "'?" : "");
	}
	if (!cg_syscall_number(call, abi, nr))
		return fail_at(err, CG_E_ARCH, rule->place,
			       "%s has no call '%s'", abi->name, rule->name);
	return true;
}

static bool
fill_argument(const struct condition *condition, const struct cg_abi *abi,
	      const struct cg_argument *argument, struct cg_call *call,
	      uint32_t *known, struct cg_error *err)
{
	uint64_t value;

	if (condition->compare != COMPARE_EQ)
		return fail_at(err, CG_E_MEANING, condition->place,
			       "a call has one value for each argument, or _");
	if (!value_on(&condition->value, abi, condition->place, &value, err))
		return false;
	/* A filter sees all of a register, whatever the kernel does. */
	if (abi->bits == 32 ||
	    (argument && argument->bits == 32 && condition->value.negative))
		value = (uint32_t)value;
	call->args[condition->argument] = value;
	*known |= 1u << condition->argument;
	return true;
}

static bool
parse(struct arena *arena, const char *text, const struct cg_abi *abi,
      struct cg_call *call, uint32_t *known, struct cg_error *err)
{
	struct place place = { .line = 0, .column = 1 };
	struct cg_argument arguments[6];
	const struct cg_syscall *named;
	const char *rest = text;
	struct rule rule = { .name = text };
	size_t count = 0;
	bool numbered;

	*call = (struct cg_call){ .arch = abi->audit_arch };
	*known = 0;
	if (!read_number(&rule, &call->nr, &rest, err))
		return false;
	numbered = !rule.name;
	place.column += (uint32_t)(rest - text);
	if (!rule_read(arena, rest, place, &rule, err) ||
	    (!numbered && !find_number(&rule, abi, &call->nr, err)))
		return false;
	named = cg_syscall_at(abi, call->nr);
	if (named && !cg_syscall_arguments(named, abi, arguments, &count))
		count = 0;
	if (count && rule.arguments > count)
		return fail_at(err, CG_E_MEANING, rule.place,
			       "%s has %zu argument%s, not %u", named->name,
			       count, count == 1 ? "" : "s", rule.arguments);
	for (size_t i = 0; i < rule.count; i++) {
		size_t at = rule.conditions[i].argument;

		if (!fill_argument(&rule.conditions[i], abi,
				   at < count ? &arguments[at] : NULL, call,
				   known, err))
			return false;
	}
	return true;
}

enum cg_status
cg_call_parse(const char *text, const struct cg_abi *abi, struct cg_call *call,
	      uint32_t *known, struct cg_error *err)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error here = { 0 };
	struct cg_call read = { 0 };
	uint32_t bits = 0;

	if (parse(&arena, text, abi, &read, &bits, &here)) {
		*call = read;
		*known = bits;
	} else if (err) {
		*err = here;
	}
	arena_free(&arena);
	return here.status;
}
