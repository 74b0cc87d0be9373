/* Checks of what nobody can do without. */
#include <string.h>

#include "lint/lint.h"
#include "lint/tables.h"

/* ------------------------------------------------------- every program -- */

static bool check_end(struct lint *lint)
{
	const struct cg_abi *abi = lint->native;
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "exit_group", "exit_group is refused: a process that wants "
				"to end spins for ever, or is killed" },
		{ "exit", "exit is refused: a thread that wants to end spins "
			  "for ever, or is killed" },
		{ "rt_sigreturn", "rt_sigreturn is refused: a program crashes "
				  "when its first signal handler returns" },
	};
	struct cg_call example;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* Programs of one thread never call exit. */
		enum cg_severity severity = i == 1 ? CG_WARNING : CG_ERROR;

		if (lint_state_named(lint, abi, rows[i].name) != NEVER)
			continue;
		lint_example(lint, abi, rows[i].name, false, &example);
		if (!lint_find(lint, "end", severity, abi, &example, "%s",
			       rows[i].text))
			return false;
	}
	return true;
}

/* --------------------------------------------------------- the runtime -- */

static bool is_kill(uint32_t answer)
{
	answer &= CG_RET_ACTION;
	return answer == CG_RET_KILL_PROCESS || answer == CG_RET_KILL_THREAD ||
	       answer == CG_RET_TRAP;
}

/* What is refused of a row, with the first such call. */
static void look_at(const struct lint *lint, const struct need *row,
		    struct names *names, struct cg_call *first)
{
	struct cg_call example;

	for (size_t i = 0; row->calls[i]; i++) {
		uint32_t answer;

		if (lint_state_named(lint, lint->native, row->calls[i]) !=
		    NEVER)
			continue;
		answer = lint_example(lint, lint->native, row->calls[i], false,
				      &example);
		if (row->kill && !is_kill(answer))
			continue;
		if (!names->count)
			*first = example;
		names_add(names, row->calls[i]);
	}
}

static bool check_runtime(struct lint *lint, int no_new_privs, bool *found)
{
	struct names names = { 0 };
	struct cg_call first = { 0 };
	const char *when = "";

	for (const struct need *row = need_rows; row->runtime; row++)
		if (strcmp(row->runtime, lint->runtime) == 0 &&
		    (row->no_new_privs < 0 ||
		     row->no_new_privs == no_new_privs)) {
			look_at(lint, row, &names, &first);
			when = row->no_new_privs == 0  ? " without no_new_privs"
			       : row->no_new_privs > 0 ? " with no_new_privs"
						       : "";
		}
	*found = names.count > 0;
	return !names.count ||
	       lint_find(lint, "runtime-needs", CG_ERROR, lint->native, &first,
			 "%s itself calls %s under the filter%s, and is "
			 "refused: nothing can be started",
			 lint->runtime, names_done(&names), when);
}

static bool check_needs(struct lint *lint)
{
	bool found;

	if (!lint->runtime)
		return true;
	if (lint->no_new_privs >= 0)
		return check_runtime(lint, lint->no_new_privs, &found);
	/* What fails even with less to do fails either way. */
	if (!check_runtime(lint, 1, &found))
		return false;
	return found || check_runtime(lint, 0, &found);
}

bool lint_needs(struct lint *lint)
{
	return check_end(lint) && check_needs(lint);
}
