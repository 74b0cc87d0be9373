/*
 * Made-up policies and calls. To each pair five have an answer: the policy
 * read literally, the program run, the proof's two diagrams followed for this
 * one call, and, where it can, the maker of the policy.
 *
 * CALLGATE_SEED and CALLGATE_PAIRS choose others, and how many.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/prove.h>

#include "follow.h"
#include "lot.h"
#include "made.h"
#include "policy/resolve.h"
#include "prove/meaning.h"
#include "prove/outline.h"
#include "prove/walk.h"
#include "tap.h"
#include "unit/bpf_random.h"

enum {
	CALLS = 200,  /* asked of each policy */
	FOLLOWED = 4, /* one policy in so many is followed in its diagrams */
	NODES = 1 << 20,
	SHOWN = 3,
};

static struct totals {
	uint64_t policies, refused, pairs, by_maker, followed;
	uint64_t compiled_wrong, proved_wrong, followed_wrong, made_wrong;
	uint64_t too_long, refused_wrong, shown, outlines, outlines_wrong;
} totals;

/* One policy under test; diagrams only now and then. */
struct trial {
	uint64_t seed;
	struct made made;
	struct cg_policy *policy;
	struct cg_program *program;
	struct diagrams *diagrams;
	dd meaning, walked;
};

static void show(const struct trial *trial, const char *what)
{
	if (totals.shown++ >= SHOWN)
		return;
	printf("# policy seed %" PRIu64 ": %s\n", trial->seed, what);
	for (const char *at = trial->made.text.text; at && *at;) {
		int length = (int)strcspn(at, "\n");

		printf("#   %.*s\n", length, at);
		at += length + (at[length] == '\n');
	}
}

static void show_call(const struct trial *trial, const struct cg_call *call,
		      const char *what, uint32_t want, uint32_t got)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "%s: arch 0x%" PRIx32 " nr %" PRIu32 " args 0x%" PRIx64
		 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64
		 " 0x%" PRIx64 ": want 0x%" PRIx32 ", got 0x%" PRIx32,
		 what, call->arch, call->nr, call->args[0], call->args[1],
		 call->args[2], call->args[3], call->args[4], call->args[5],
		 want, got);
	show(trial, text);
}

/* A call that no policy leads to: any arch that is there, any number. */
static void any_call(uint64_t *seed, struct cg_call *call)
{
	const struct cg_abi *abi = cg_abi_at(random_below(seed, 40));

	*call = (struct cg_call){ .nr = random_below(seed, 512),
				  .arch = abi ? abi->audit_arch
					      : random_edge(seed),
				  .ip = random_next(seed) };
	if (abi)
		call->nr += abi->nr_base;
	if (random_below(seed, 4) == 0)
		call->nr = random_edge(seed);
	for (size_t i = 0; i < 6; i++)
		call->args[i] =
			(uint64_t)random_edge(seed) << 32 | random_edge(seed);
}

static void ask(const struct trial *trial, const struct cg_call *call)
{
	const uint32_t want = cg_policy_decide(trial->policy, call);
	uint32_t got = cg_program_decide(trial->program, call, NULL);

	totals.pairs++;
	if (got != want) {
		totals.compiled_wrong++;
		show_call(trial, call, "the program answers otherwise", want,
			  got);
	}
	if (made_answer(&trial->made, call, &got)) {
		totals.by_maker++;
		if (got != want) {
			totals.made_wrong++;
			show_call(trial, call, "it was meant otherwise", got,
				  want);
		}
	}
	if (!trial->diagrams)
		return;
	totals.followed++;
	got = follow(trial->diagrams, trial->meaning, call);
	if (got == want)
		got = follow(trial->diagrams, trial->walked, call);
	if (got != want) {
		totals.followed_wrong++;
		show_call(trial, call, "a diagram says otherwise", want, got);
	}
}

static void ask_all(struct trial *trial)
{
	uint64_t seed = trial->seed;
	struct cg_call call;

	for (uint64_t i = 0; i < CALLS; i++) {
		if (i % 5 == 4)
			any_call(&seed, &call);
		else
			cg_policy_sample(trial->policy, trial->seed, i, &call);
		ask(trial, &call);
	}
}

/* As spans of arch and nr a program must be what it is as a whole. */
static void
draw_outline(struct trial *trial, const struct cg_insn *insns, size_t count)
{
	struct spans spans;

	if (!outline_program(trial->diagrams, insns, count,
			     cg_program_big_endian(trial->program), &spans))
		return;
	totals.outlines++;
	totals.outlines_wrong +=
		spans_calls(trial->diagrams, &spans) != trial->walked;
	free(spans.at);
}

static void draw(struct trial *trial)
{
	const struct cg_insn *insns;
	size_t count;

	insns = cg_program_insns(trial->program, &count);
	trial->diagrams = diagrams_new(NODES);
	if (!trial->diagrams)
		return;
	trial->meaning = meaning_of(trial->diagrams, trial->policy->resolved);
	trial->walked = walk_program(trial->diagrams, insns, count,
				     cg_program_big_endian(trial->program));
	draw_outline(trial, insns, count);
	if (diagrams_exhausted(trial->diagrams)) {
		diagrams_free(trial->diagrams);
		trial->diagrams = NULL;
	}
}

/* What a made-up policy may be refused for: its calls and values alone. */
static bool read(struct trial *trial)
{
	struct cg_error err = { 0 };
	struct buf *text = &trial->made.text;
	enum cg_status status;

	status = cg_policy_parse(text->text, text->length, "made", NULL,
				 &trial->policy, &err);
	if (status == CG_OK)
		return true;
	totals.refused++;
	if (status != CG_E_ARCH && !strstr(err.message, "does not fit") &&
	    !strstr(err.message, "wrong way round") &&
	    !strstr(err.message, "hides this argument")) {
		totals.refused_wrong++;
		show(trial, err.message);
		printf("# %" PRIu32 ":%" PRIu32 "\n", err.line, err.column);
	}
	return false;
}

static void try_policy(uint64_t seed)
{
	struct trial trial = { .seed = seed };
	struct cg_error err = { 0 };
	enum cg_status status;

	made_init(&trial.made, seed);
	totals.policies++;
	if (read(&trial)) {
		status = cg_compile(trial.policy, NULL, &trial.program, &err);
		if (status == CG_E_TOOLONG) {
			totals.too_long++;
		} else if (status != CG_OK ||
			   cg_prove(trial.policy, trial.program, 0, NULL,
				    &err) != CG_OK) {
			totals.proved_wrong++;
			show(&trial, err.message);
		}
		if (trial.program && seed % FOLLOWED == 0)
			draw(&trial);
		if (trial.program)
			ask_all(&trial);
	}
	diagrams_free(trial.diagrams);
	cg_program_free(trial.program);
	cg_policy_free(trial.policy);
	made_done(&trial.made);
}

int main(int argc, char **argv)
{
	struct lot lot = lot_draw(argv, "CALLGATE_PAIRS",
				  (struct lot){ 400000, 20240229 });
	struct tap tap = { 0 };

	(void)argc;
	while (totals.pairs < lot.wanted && totals.policies < lot.wanted)
		try_policy(lot.seed++);
	tap_note("%" PRIu64 " policies, %" PRIu64 " refused, %" PRIu64
		 " too long",
		 totals.policies, totals.refused, totals.too_long);
	tap_ok(&tap, totals.pairs >= lot.wanted && !totals.compiled_wrong,
	       "%" PRIu64 " pairs: the program answers as the policy",
	       totals.pairs);
	tap_ok(&tap, !totals.proved_wrong, "each program is proved");
	tap_ok(&tap,
	       totals.followed > lot.wanted / 10 && !totals.followed_wrong,
	       "%" PRIu64 " pairs: so do both diagrams", totals.followed);
	tap_ok(&tap, totals.outlines && !totals.outlines_wrong,
	       "%" PRIu64 " programs: so are their spans", totals.outlines);
	tap_ok(&tap, totals.by_maker > lot.wanted / 50 && !totals.made_wrong,
	       "%" PRIu64 " pairs: it is what was meant", totals.by_maker);
	tap_ok(&tap,
	       !totals.refused_wrong && totals.refused < totals.policies / 2,
	       "nothing is refused without a reason");
	return tap_done(&tap);
}
