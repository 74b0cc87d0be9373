/*
 * Written policies, at random. That a text means the policy is proved by the
 * library each time; here it is asked that it can be written at all, whatever
 * the policy, that it is stable, and that JSON says the same.
 *
 * CALLGATE_SEED and CALLGATE_POLICIES choose others, and how many.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/callgate.h>

#include "lot.h"
#include "made.h"
#include "made_rules.h"
#include "tap.h"

static struct totals {
	uint64_t policies, unwritten, unstable, shown, exact;
} totals;

static void show(uint64_t seed, const char *what, const char *text)
{
	if (totals.shown++ >= 4)
		return;
	tap_note("seed %" PRIu64 ": %s", seed, what);
	for (const char *at = text; at && *at;) {
		int length = (int)strcspn(at, "\n");

		printf("#   %.*s\n", length, at);
		at += length + (at[length] == '\n');
	}
}

/* What is written is written the same when it has been read. */
static void
write_again(uint64_t seed, const char *text, enum cg_policy_text form)
{
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	char *again = NULL;

	if (cg_policy_parse(text, strlen(text), "written", NULL, &policy,
			    &err) != CG_OK ||
	    cg_policy_write(policy, form, 0, &again, &err) != CG_OK) {
		totals.unwritten++;
		show(seed, err.message, text);
	} else if (strcmp(text, again) != 0) {
		totals.unstable++;
		show(seed, "it was written as", text);
		show(seed, "and then as", again);
	}
	free(again);
	cg_policy_free(policy);
}

static void try_policy(uint64_t seed, const struct cg_policy *policy)
{
	const enum cg_policy_text form = seed % 4 ? CG_TEXT_YAML : CG_TEXT_JSON;
	struct cg_error err = { 0 };
	char *text = NULL;

	totals.policies++;
	if (cg_policy_write(policy, form, 0, &text, &err) != CG_OK) {
		totals.unwritten++;
		show(seed, err.message, "");
		return;
	}
	totals.exact += strstr(text, "exact") != NULL;
	write_again(seed, text, form);
	free(text);
}

static void try_text(uint64_t seed)
{
	struct cg_policy *policy = NULL;
	struct cg_error err;
	struct made made;

	made_init(&made, seed);
	if (cg_policy_parse(made.text.text, made.text.length, "made", NULL,
			    &policy, &err) == CG_OK)
		try_policy(seed, policy);
	cg_policy_free(policy);
	made_done(&made);
}

static void try_rules(uint64_t seed)
{
	static struct made_rules made;
	struct cg_policy *policy = NULL;
	struct cg_error err;

	made_rules_init(&made, seed);
	if (cg_policy_from_rules(&made.rules, NULL, &policy, &err) == CG_OK)
		try_policy(seed, policy);
	else
		totals.unwritten++;
	cg_policy_free(policy);
}

int main(int argc, char **argv)
{
	struct lot lot = lot_draw(argv, "CALLGATE_POLICIES",
				  (struct lot){ 400, 20240302 });
	struct tap tap = { 0 };

	(void)argc;
	while (totals.policies < lot.wanted) {
		try_text(lot.seed);
		try_rules(lot.seed++);
	}
	tap_ok(&tap, !totals.unwritten,
	       "%" PRIu64 " policies: each is written, and proved",
	       totals.policies);
	tap_ok(&tap, !totals.unstable, "written again, it is the same text");
	tap_ok(&tap,
	       totals.exact > lot.wanted / 10 &&
		       totals.exact < lot.wanted * 9 / 10,
	       "%" PRIu64 " needed exact rules, others did not", totals.exact);
	return tap_done(&tap);
}
