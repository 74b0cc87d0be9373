#include "lint/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lint/checks.h"
#include "prove/compare.h"
#include "prove/permit.h"

enum { FINDINGS_MAX = 4096 };

bool lint_find(struct lint *lint, const char *check, enum cg_severity severity,
	       const struct cg_abi *abi, const struct cg_call *example,
	       const char *format, ...)
{
	struct cg_finding *found;
	va_list args;

	if (lint->count == FINDINGS_MAX)
		return true;
	lint->found = arena_grow(lint->arena, lint->found, &lint->room,
				 lint->count + 1, sizeof(*lint->found));
	lint->where = arena_grow(lint->arena, lint->where, &lint->where_room,
				 lint->count + 1, sizeof(*lint->where));
	if (!lint->found || !lint->where)
		return fail_nomem(lint->err);
	found = &lint->found[lint->count++];
	*found = (struct cg_finding){
		.check = check_named(check),
		.severity = severity,
		.abi = abi,
		.has_call = example != NULL,
		.source = "",
	};
	if (example) {
		found->call = *example;
		lint->where[lint->count - 1] = *example;
		found->answer =
			permit_answer(lint->all, lint->decision, example);
	}
	va_start(args, format);
	vsnprintf(found->message, sizeof(found->message), format, args);
	va_end(args);
	return true;
}

bool lint_where(struct lint *lint, const struct cg_call *call)
{
	lint->where[lint->count - 1] = *call;
	return true;
}

dd lint_permit(const struct lint *lint, const struct cg_abi *abi, uint32_t nr)
{
	return compare_fix(lint->all, lint->permit, abi->audit_arch, nr);
}

enum state lint_state(const struct lint *lint, const struct cg_abi *abi,
		      const struct cg_syscall *call)
{
	uint32_t nr;
	dd permit;

	if (!call || !cg_syscall_number(call, abi, &nr))
		return ABSENT;
	permit = lint_permit(lint, abi, nr);
	return permit == DD_TRUE ? ALWAYS : permit == DD_FALSE ? NEVER : PARTLY;
}

enum state lint_state_named(const struct lint *lint, const struct cg_abi *abi,
			    const char *name)
{
	return lint_state(lint, abi, cg_syscall_by_name(name));
}

uint32_t lint_example(const struct lint *lint, const struct cg_abi *abi,
		      const char *name, bool wanted, struct cg_call *out)
{
	*out = (struct cg_call){ .arch = abi->audit_arch };
	cg_syscall_number(cg_syscall_by_name(name), abi, &out->nr);
	permit_example(lint->all, lint_permit(lint, abi, out->nr), wanted, out);
	return permit_answer(lint->all, lint->decision, out);
}

bool lint_is_enosys(const struct cg_abi *abi, uint32_t answer)
{
	const char *name = cg_errno_name(answer & CG_RET_DATA, abi);

	return (answer & CG_RET_ACTION) == CG_RET_ERRNO && name &&
	       strcmp(name, "ENOSYS") == 0;
}

/* -------------------------------------------------------------- names -- */

void names_add(struct names *names, const char *name)
{
	size_t used = strlen(names->text);

	/* Room is left for what names_done() adds. */
	if (names->more || used + strlen(name) + 24 > sizeof(names->text)) {
		names->more++;
		return;
	}
	snprintf(names->text + used, sizeof(names->text) - used, "%s%s",
		 names->count ? ", " : "", name);
	names->count++;
}

const char *names_done(struct names *names)
{
	size_t used = strlen(names->text);

	if (names->more)
		snprintf(names->text + used, sizeof(names->text) - used,
			 " and %zu more", names->more);
	names->count += names->more;
	names->more = 0;
	return names->text;
}

/* ------------------------------------------------- before the checks -- */

static bool is_guest(const struct cg_abi *abi, const struct cg_abi *native)
{
	return abi->native && strcmp(abi->native, native->name) == 0 &&
	       abi->big_endian == native->big_endian;
}

static void find_guests(struct lint *lint)
{
	const struct cg_abi *abi;

	for (size_t i = 0;
	     lint->guest_count < GUESTS_MAX && (abi = cg_abi_at(i)); i++)
		if (is_guest(abi, lint->native))
			lint->guests[lint->guest_count++] = abi;
}

/*
 * What is said of calls that nobody names: of a number past all, and of one in
 * the first gap, as runc answers the former in its own way.
 */
static void find_default(struct lint *lint)
{
	enum { PAST = 4000, LOOK = 600 };
	const struct cg_abi *abi = lint->native;
	struct cg_call call = { .arch = abi->audit_arch };
	uint32_t gap = abi->nr_base;

	while (gap < abi->nr_base + LOOK && cg_syscall_at(abi, gap))
		gap++;
	call.nr = abi->nr_base + PAST;
	lint->unnamed[0] = permit_answer(lint->all, lint->decision, &call);
	lint->allow_list = lint_permit(lint, abi, call.nr) != DD_TRUE;
	call.nr = gap;
	lint->unnamed[1] = permit_answer(lint->all, lint->decision, &call);
}

bool lint_run(struct lint *lint)
{
	static bool (*const checks[])(struct lint *) = {
		lint_abis, lint_calls, lint_width, lint_needs, lint_answers,
	};

	lint->permit = permit_of(lint->all, lint->decision);
	if (!diagrams_exhausted(lint->all)) {
		find_guests(lint);
		find_default(lint);
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) &&
			   !diagrams_exhausted(lint->all);
	     i++)
		if (!checks[i](lint))
			return false;
	if (!diagrams_exhausted(lint->all))
		return true;
	if (diagrams_out_of_memory(lint->all))
		return fail_nomem(lint->err);
	return fail(lint->err, CG_E_UNDECIDED,
		    "not decided: the checks need more than their budget of "
		    "diagram nodes");
}
