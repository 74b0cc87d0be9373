/* Checks of calls that are as good as others. */
#include <string.h>

#include "lint/lint.h"
#include "lint/tables.h"

/* ------------------------------------------------------------- siblings -- */

/*
 * Whether somebody meant to refuse it: not because the list does not name it,
 * and not so that libc takes another.
 */
static bool is_meant(const struct lint *lint, const char *name)
{
	struct cg_call example;
	uint32_t answer =
		lint_example(lint, lint->native, name, false, &example);

	if (lint_is_enosys(lint->native, answer))
		return false;
	return !lint->allow_list ||
	       (answer != lint->unnamed[0] && answer != lint->unnamed[1]);
}

static bool check_set(struct lint *lint, const struct siblings *row)
{
	struct names refused = { 0 }, open = { 0 };
	const char *first = NULL, *rule = NULL;
	struct cg_call example, where;
	bool partly = false;

	for (size_t i = 0; row->calls[i]; i++) {
		const char *name = row->calls[i];
		enum state state = lint_state_named(lint, lint->native, name);

		if (state == ALWAYS) {
			names_add(&open, name);
			first = first ? first : name;
		} else if ((state == NEVER && is_meant(lint, name)) ||
			   (state == PARTLY && row->kind == SIBLINGS_PARTS)) {
			names_add(&refused, name);
			rule = rule ? rule : name;
			partly = partly || state == PARTLY;
		}
	}
	if (!refused.count || !open.count)
		return true;
	lint_example(lint, lint->native, first, true, &example);
	lint_example(lint, lint->native, rule, false, &where);
	return lint_find(lint, "siblings",
			 row->kind == SIBLINGS_HINT ? CG_WARNING : CG_ERROR,
			 lint->native, &example, "%s: %s: %s; let through: %s",
			 row->about, partly ? "under conditions" : "refused",
			 names_done(&refused), names_done(&open)) &&
	       lint_where(lint, &where);
}

static bool check_siblings(struct lint *lint)
{
	for (const struct siblings *row = siblings_rows; row->about; row++)
		if (row->kind != SIBLINGS_RING && !check_set(lint, row))
			return false;
	return true;
}

/* ------------------------------------------------------------- io_uring -- */

static bool check_ring(struct lint *lint)
{
	const struct siblings *row = siblings_rows;
	struct names refused = { 0 };
	struct cg_call example;

	if (lint_state_named(lint, lint->native, "io_uring_setup") <= NEVER)
		return true;
	while (row->kind != SIBLINGS_RING)
		row++;
	for (size_t i = 0; row->calls[i]; i++) {
		enum state state =
			lint_state_named(lint, lint->native, row->calls[i]);

		if (state == NEVER || state == PARTLY)
			names_add(&refused, row->calls[i]);
	}
	if (!refused.count)
		return true;
	lint_example(lint, lint->native, "io_uring_setup", true, &example);
	return lint_find(lint, "io-uring", CG_ERROR, lint->native, &example,
			 "io_uring_setup is let through, and rings do what is "
			 "refused or stands under conditions: %s",
			 names_done(&refused));
}

/* --------------------------------------------------------------- clone3 -- */

static bool check_clone3(struct lint *lint)
{
	const struct cg_abi *abi = lint->native;
	enum state clone = lint_state_named(lint, abi, "clone");
	enum state clone3 = lint_state_named(lint, abi, "clone3");
	struct cg_call example;
	char text[64];
	uint32_t answer;

	if (clone3 > NEVER && clone == PARTLY) {
		lint_example(lint, abi, "clone3", true, &example);
		return lint_find(lint, "clone3", CG_ERROR, abi, &example,
				 "clone stands under conditions, and clone3 "
				 "does the same without");
	}
	if (clone3 != NEVER || clone <= NEVER)
		return true;
	answer = lint_example(lint, abi, "clone3", false, &example);
	if (lint_is_enosys(abi, answer))
		return true;
	cg_answer_print(answer, abi, text, sizeof(text));
	return lint_find(lint, "clone3", CG_WARNING, abi, &example,
			 "clone3 is answered with %s, not with ENOSYS: with "
			 "glibc from 2.34 no thread and no process can be "
			 "started, though clone is let through",
			 text);
}

/* ---------------------------------------------------------------- others -- */

static bool
check_open(struct lint *lint, const char *check, enum cg_severity severity,
	   const char *const *calls, const char *format)
{
	struct names open = { 0 };
	const char *first = NULL;
	struct cg_call example;

	for (; *calls; calls++)
		if (lint_state_named(lint, lint->native, *calls) > NEVER) {
			names_add(&open, *calls);
			first = first ? first : *calls;
		}
	if (!first)
		return true;
	lint_example(lint, lint->native, first, true, &example);
	return lint_find(lint, check, severity, lint->native, &example,
			 "%s let through: %s", format, names_done(&open));
}

/* In a container there is nobody else to reach: its processes are its own. */
static bool is_container(const struct lint *lint)
{
	static const char *const names[] = { "runc", "crun" };

	for (size_t i = 0; lint->runtime && i < 2; i++)
		if (strcmp(lint->runtime, names[i]) == 0)
			return true;
	return false;
}

bool lint_calls(struct lint *lint)
{
	static const char *const others[] = { "ptrace", "process_vm_writev",
					      "pidfd_getfd", NULL };
	static const char *const filters[] = { "seccomp", "prctl", NULL };

	return check_siblings(lint) && check_ring(lint) && check_clone3(lint) &&
	       check_open(lint, "reach-others",
			  is_container(lint) ? CG_NOTE : CG_WARNING, others,
			  "what steers other processes is") &&
	       check_open(lint, "more-filters", CG_NOTE, filters,
			  "what loads further filters is");
}
