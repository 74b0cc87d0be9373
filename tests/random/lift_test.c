/*
 * Policies and back: a policy, its filter, and the policy of that filter are
 * the same, and what is lifted of either is the same text. What no policy can
 * say is refused, and the message says what it is.
 *
 * CALLGATE_SEED and CALLGATE_POLICIES choose others, and how many.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/callgate.h>

#include "bpf/asm.h"
#include "lot.h"
#include "made.h"
#include "made_rules.h"
#include "tap.h"

static struct totals {
	uint64_t policies, failed, undecided, otherwise, shown;
} totals;

static void note(uint64_t seed, const char *what)
{
	if (totals.shown++ < 4)
		tap_note("seed %" PRIu64 ": %s", seed, what);
}

/* The lifted side as text; NULL where that failed, or was not decided. */
static char *lift(uint64_t seed, struct cg_side side)
{
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	enum cg_status status;
	char *text = NULL;

	status = cg_lift(side, NULL, &policy, &err);
	if (status == CG_OK)
		status = cg_policy_write(policy, CG_TEXT_YAML, 0, &text, &err);
	cg_policy_free(policy);
	if (status == CG_E_UNDECIDED) {
		totals.undecided++;
	} else if (status != CG_OK) {
		totals.failed++;
		note(seed, err.message);
	}
	return text;
}

static void try_policy(uint64_t seed, const struct cg_policy *policy)
{
	struct cg_program *program = NULL;
	struct cg_error err;
	char *from_policy, *from_program;

	if (cg_compile(policy, NULL, &program, &err) != CG_OK)
		return; /* too long: tested elsewhere */
	totals.policies++;
	from_policy = lift(seed, (struct cg_side){ .policy = policy });
	from_program = lift(seed, (struct cg_side){ .program = program });
	if (from_policy && from_program &&
	    strcmp(from_policy, from_program) != 0) {
		totals.otherwise++;
		note(seed, "the filter lifts to another text than its policy");
	}
	free(from_policy);
	free(from_program);
	cg_program_free(program);
}

static void try_seed(uint64_t seed)
{
	static struct made_rules made_rules;
	struct cg_policy *policy = NULL;
	struct cg_error err;
	struct made made;

	made_init(&made, seed);
	if (cg_policy_parse(made.text.text, made.text.length, "made", NULL,
			    &policy, &err) == CG_OK)
		try_policy(seed, policy);
	cg_policy_free(policy);
	made_done(&made);
	policy = NULL;
	made_rules_init(&made_rules, seed);
	if (cg_policy_from_rules(&made_rules.rules, NULL, &policy, &err) ==
	    CG_OK)
		try_policy(seed, policy);
	cg_policy_free(policy);
}

/* ------------------------------------------------------------ refusals -- */

static const struct row {
	const char *name, *text, *only;
	enum cg_status status;
	const char *message;
} rows[] = {
	{ "the instruction pointer",
	  "ld [4]\njeq #0xc000003e, a, b\na: ld [0]\njeq #3, c, b\n"
	  "c: ld [8]\njgt #0x1000, b, d\nb: ret #0\nd: ret #0x7fff0000\n",
	  NULL, CG_E_INPUT, "the filter looks at the instruction pointer" },
	{ "an architecture that nothing has",
	  "ld [4]\njeq #0x1234, a, b\na: ret #0x7fff0000\nb: ret #0\n", NULL,
	  CG_E_INPUT, "an answer of its own for architecture 0x1234" },
	{ "the other byte order",
	  "ld [4]\njeq #0x80000016, a, b\na: ret #0x7fff0000\nb: ret #0\n",
	  NULL, CG_E_INPUT, "which no ABI of a little-endian kernel has" },
	{ "no look at the architecture",
	  "ld [0]\njeq #3, a, b\na: ret #0x7fff0000\nb: ret #0\n", NULL,
	  CG_E_INPUT, "does not look at the architecture" },
	{ "... but for one alone",
	  "ld [0]\njeq #3, a, b\na: ret #0x7fff0000\nb: ret #0\n", "x86_64",
	  CG_OK, "" },
	{ "an argument of any call",
	  "ld [4]\njeq #0xc000003e, a, b\na: ld [16]\njeq #3, c, b\n"
	  "b: ret #0\nc: ret #0x7fff0000\n",
	  NULL, CG_E_INPUT,
	  "on x86_64, arguments decide about all numbers from 0x0" },
	{ "no action",
	  "ld [4]\njeq #0xc000003e, a, b\na: ret #0x7ffd0000\n"
	  "b: ret #0\n",
	  NULL, CG_E_INPUT, "0x7ffd0000" },
	{ "one answer for all", "ret #0x7fff0000\n", NULL, CG_OK, "" },
	{ "multiplied arguments",
	  "ld [4]\njeq #0xc000003e, a, b\na: ld [0]\njeq #3, c, b\n"
	  "c: ld [16]\ntax\nld [24]\nmul x\njeq #7, d, b\n"
	  "b: ret #0\nd: ret #0x7fff0000\n",
	  NULL, CG_E_UNDECIDED, "budget" },
};

static bool try_row(const struct row *row)
{
	struct arena arena = { .budget = 1 << 20 };
	const struct cg_lift_options options = {
		.only = row->only ? cg_abi_by_name(row->only) : NULL,
		.nodes = 1 << 16,
	};
	struct cg_program *program = NULL;
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	struct cg_insn *insns;
	enum cg_status status = CG_E_SYNTAX;
	size_t count;

	if (asm_read(&arena, row->text, strlen(row->text), &insns, &count,
		     &err) &&
	    cg_program_from_insns(insns, count, false, &program, &err) == CG_OK)
		status = cg_lift((struct cg_side){ .program = program },
				 &options, &policy, &err);
	cg_policy_free(policy);
	cg_program_free(program);
	arena_free(&arena);
	if (status == row->status && strstr(err.message, row->message))
		return true;
	tap_note("%d: %s", (int)status, err.message);
	return false;
}

int main(int argc, char **argv)
{
	struct lot lot = lot_draw(argv, "CALLGATE_POLICIES",
				  (struct lot){ 100, 20240402 });
	struct tap tap = { 0 };

	(void)argc;
	while (totals.policies < lot.wanted)
		try_seed(lot.seed++);
	tap_ok(&tap, !totals.failed, "%" PRIu64 " policies are lifted",
	       totals.policies);
	tap_ok(&tap, !totals.otherwise,
	       "a filter lifts to the text that its policy lifts to");
	tap_ok(&tap, totals.undecided <= totals.policies / 20,
	       "%" PRIu64 " were not decided", totals.undecided);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, try_row(&rows[i]), "%s", rows[i].name);
	return tap_done(&tap);
}
