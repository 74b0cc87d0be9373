/* Checks of the answers themselves. */
#include <stdlib.h>
#include <string.h>

#include "lint/lint.h"
#include "lint/tables.h"
#include "prove/call_bits.h"
#include "prove/compare.h"

enum { ANSWERS_MAX = 4096 };

/* Each answer that calls of the native ABI can get, with one that does. */
struct answers {
	const struct diagrams *all;
	uint8_t *seen; /* by node */
	struct cg_call call;
	struct cg_outcome *at;
	size_t count;
};

/* At most BITS deep. */
static void visit(struct answers *answers, dd a)
{
	unsigned variable = diagram_variable(answers->all, a);
	struct cg_call before = answers->call;

	if (answers->seen[a] || answers->count == ANSWERS_MAX)
		return;
	answers->seen[a] = 1;
	if (variable == BITS) {
		answers->at[answers->count++] =
			(struct cg_outcome){ diagram_leaf(answers->all, a),
					     answers->call };
		return;
	}
	call_set_bit(&answers->call, variable, false);
	visit(answers, diagram_zero(answers->all, a));
	answers->call = before;
	call_set_bit(&answers->call, variable, true);
	visit(answers, diagram_one(answers->all, a));
	answers->call = before;
}

static bool check_errno(struct lint *lint, const struct cg_outcome *outcome)
{
	uint32_t number = outcome->answer & CG_RET_DATA;

	if (number == 0)
		return lint_find(lint, "errno-range", CG_WARNING, lint->native,
				 &outcome->call,
				 "errno 0 is no refusal: the call is not made, "
				 "and the program is told that it was");
	if (number <= 4095)
		return true;
	return lint_find(lint, "errno-range", CG_ERROR, lint->native,
			 &outcome->call,
			 "errno %u is out of range: the kernel returns 4095",
			 number);
}

static bool check_answer(struct lint *lint, const struct cg_outcome *outcome)
{
	switch (outcome->answer & CG_RET_ACTION) {
	case CG_RET_ERRNO:
		return check_errno(lint, outcome);
	case CG_RET_TRACE:
		return lint_find(lint, "trace", CG_WARNING, lint->native,
				 &outcome->call,
				 "some calls are answered with trace: without "
				 "a tracer that is ENOSYS");
	default:
		return true;
	}
}

static bool check_answers(struct lint *lint)
{
	dd native = compare_fix_arch(lint->all, lint->decision,
				     lint->native->audit_arch);
	struct answers answers = {
		.all = lint->all,
		.call.arch = lint->native->audit_arch,
		.seen = calloc(diagrams_count(lint->all), 1),
		.at = calloc(ANSWERS_MAX, sizeof(*answers.at)),
	};
	bool ok = true, traced = false;

	if (answers.seen && answers.at)
		visit(&answers, native);
	else
		ok = fail_nomem(lint->err);
	for (size_t i = 0; ok && i < answers.count; i++) {
		uint32_t action = answers.at[i].answer & CG_RET_ACTION;

		if (action == CG_RET_TRACE && traced)
			continue; /* only its data is another */
		traced = traced || action == CG_RET_TRACE;
		ok = check_answer(lint, &answers.at[i]);
	}
	free(answers.seen);
	free(answers.at);
	return ok;
}

/* --------------------------------------------------------------- notify -- */

static bool
is_notified(const struct lint *lint, const char *name, struct cg_call *example)
{
	return lint_state_named(lint, lint->native, name) == NEVER &&
	       (lint_example(lint, lint->native, name, false, example) &
		CG_RET_ACTION) == CG_RET_USER_NOTIF;
}

static bool check_notify(struct lint *lint)
{
	struct cg_call example;

	if ((lint->unnamed[0] & CG_RET_ACTION) == CG_RET_USER_NOTIF)
		return lint_find(
			lint, "notify", CG_WARNING, lint->native, NULL,
			"every call that is not named is handed to a "
			"supervisor: runc refuses that, and what a "
			"runtime calls on its way is handed over, too");
	if (!is_notified(lint, "write", &example))
		return true;
	return lint_find(lint, "notify", CG_ERROR, lint->native, &example,
			 "write is handed to a supervisor: a runtime writes to "
			 "hand over the listener, and waits for itself");
}

/* --------------------------------------------------------------- ENOSYS -- */

static bool check_probes(struct lint *lint)
{
	const struct cg_abi *abi = lint->native;
	struct names names = { 0 };
	struct cg_call example, first = { 0 };
	char text[64] = "";

	for (const struct probe *row = probe_rows; row->call; row++) {
		uint32_t answer;

		/* clone3 has a check of its own. */
		if (strcmp(row->call, "clone3") == 0 ||
		    lint_state_named(lint, abi, row->call) != NEVER ||
		    lint_state_named(lint, abi, row->fallback) <= NEVER)
			continue;
		answer = lint_example(lint, abi, row->call, false, &example);
		if (lint_is_enosys(abi, answer))
			continue;
		if (!names.count) {
			first = example;
			cg_answer_print(answer, abi, text, sizeof(text));
		}
		names_add(&names, row->call);
	}
	return !names.count ||
	       lint_find(lint, "needs-enosys", CG_WARNING, abi, &first,
			 "libc tries %s, and would do without on ENOSYS; the "
			 "answer is %s",
			 names_done(&names), text);
}

static bool check_new(struct lint *lint)
{
	const struct cg_abi *abi = lint->native;
	char text[64];

	if (!lint->allow_list || lint_is_enosys(abi, lint->unnamed[0]))
		return true;
	cg_answer_print(lint->unnamed[0], abi, text, sizeof(text));
	return lint_find(lint, "new-calls", CG_NOTE, abi, NULL,
			 "calls that newer kernels bring are answered with %s, "
			 "not with ENOSYS",
			 text);
}

bool lint_answers(struct lint *lint)
{
	return check_answers(lint) && check_notify(lint) &&
	       check_probes(lint) && check_new(lint);
}
