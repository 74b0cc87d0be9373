/*
 * The same uses of the interface go to Debian's libseccomp and to Callgate's.
 * Return codes must be equal, and the filters: this is proved, for all calls.
 * Where they are not, the rules read literally (reference.c) say who is right,
 * and it must be Callgate, and the call one of a class that the manual page
 * tells of. Callgate's filter is proved equal to the reference in any case.
 *
 * libseccomp can loop for ever on rules that it took: it runs in a child that
 * has so much time and no more. CALLGATE_SEED chooses other sequences.
 */
#include <callgate/callgate.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made.h"
#include "reference.h"
#include "tap.h"

enum {
	SEQUENCES = 20000,
	SLICE = 30000, /* microseconds of CPU for one sequence */
	BATCH = 64,
	SHOWN = 8, /* differences of a kind */
};

/* What the child writes; `done` sequences of the batch are finished. */
struct shared {
	volatile size_t done;
	struct outcome outcomes[BATCH];
	unsigned char bytes[BATCH][PROGRAM_ROOM];
};

static struct library theirs, ours;

static struct figures {
	size_t played, equal, codes, loops, crashes, wrong;
	size_t exported, forgotten, by[DIFFERENCES];
	size_t texts, other_texts;
} figures;

/* --------------------------------------------------------------- the child --
 */

static void
play_batch(struct shared *shared, uint64_t seed, size_t first, size_t count)
{
	const struct itimerval slice = { .it_value = { 0, SLICE } };
	struct sequence sequence;
	int fd = memfd_create("filter", MFD_CLOEXEC);

	for (size_t i = first; i < count; i++) {
		setitimer(ITIMER_VIRTUAL, &slice, NULL);
		made_sequence(&sequence, seed + i);
		library_play(&theirs, &sequence, fd, &shared->outcomes[i],
			     shared->bytes[i]);
		shared->done = i + 1;
	}
	_exit(0);
}

/* Play a batch in children, as many as it takes; what was lost is marked. */
static void
run_batch(struct shared *shared, uint64_t seed, size_t count, bool lost[BATCH])
{
	shared->done = 0;
	while (shared->done < count) {
		int status = 0;
		pid_t child = fork();

		if (child == 0)
			play_batch(shared, seed, shared->done, count);
		if (child < 0 || waitpid(child, &status, 0) != child)
			exit(1);
		if (shared->done == count)
			return;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM)
			figures.loops++;
		else
			figures.crashes++;
		lost[shared->done++] = true;
	}
}

/* --------------------------------------------------------------- judgement --
 */

static void show(const struct sequence *sequence, uint64_t seed,
		 const struct outcome *left, const struct outcome *right)
{
	char text[512];

	tap_note("sequence %" PRIu64, seed);
	for (size_t i = 0; i < sequence->count; i++) {
		op_print(&sequence->ops[i], text, sizeof(text));
		tap_note("  %s -> libseccomp %d, callgate %d", text,
			 left->codes[i], right->codes[i]);
	}
}

/* Proved: Callgate's filter does what the rules say, read literally. */
static bool
is_right(const struct cg_program *program, const struct reference *reference)
{
	struct cg_policy *policy = reference_policy(reference);
	struct cg_witness witness = { 0 };
	struct cg_error err = { .message = "no policy" };
	bool ok =
		policy && cg_prove(policy, program, 0, &witness, &err) == CG_OK;

	if (!ok)
		tap_note("callgate is wrong: %s; arch %#x nr %u a0 %#jx a1 "
			 "%#jx a2 %#jx: 0x%x for 0x%x",
			 err.message, witness.call.arch, witness.call.nr,
			 (uintmax_t)witness.call.args[0],
			 (uintmax_t)witness.call.args[1],
			 (uintmax_t)witness.call.args[2], witness.right,
			 witness.left);
	cg_policy_free(policy);
	return ok;
}

/* How libseccomp's filter differs, if it does: false if it may not. */
static bool
compare(const struct reference *reference, const struct cg_program *ours_,
	const unsigned char *bytes, size_t length, bool big_endian)
{
	struct cg_program *their = NULL;
	struct cg_witness witness = { 0 };
	enum cg_relation relation = CG_EQUAL;
	struct cg_error err = { 0 };
	enum difference difference;
	bool ok;

	if (cg_program_from_bytes(bytes, length, big_endian, &their, &err) !=
		    CG_OK ||
	    cg_compare((struct cg_side){ .program = their },
		       (struct cg_side){ .program = ours_ }, 0, &relation,
		       &witness, &err) != CG_OK) {
		/* Past 255 instructions it writes returns the wrong way round
		   for another byte order, which are none. */
		cg_program_free(their);
		figures.by[DIFFERENCE_FAR]++;
		return big_endian && length / 8 > 255;
	}
	difference = reference_difference(reference, &witness.call, length / 8);
	ok = relation == CG_EQUAL || difference != DIFFERENCE_NONE;
	figures.equal += relation == CG_EQUAL;
	figures.by[difference] += relation != CG_EQUAL;
	if (!ok)
		tap_note("arch %#x nr %u a0 %#jx a1 %#jx a2 %#jx: libseccomp "
			 "0x%x, callgate 0x%x",
			 witness.call.arch, witness.call.nr,
			 (uintmax_t)witness.call.args[0],
			 (uintmax_t)witness.call.args[1],
			 (uintmax_t)witness.call.args[2], witness.left,
			 witness.right);
	cg_program_free(their);
	return ok;
}

/*
 * Where libseccomp before 2.6 forgets: a rule that fails on an architecture
 * undoes what architectures came and went after the first rule that was taken.
 * From there on the two are not the same.
 */
static bool
forgets(const struct sequence *sequence, const int *codes, size_t *end)
{
	bool changed[CONTEXTS] = { false }, ruled[CONTEXTS] = { false };

	for (size_t i = 0; i < sequence->count; i++) {
		const struct op *op = &sequence->ops[i];
		bool rule = op->kind == OP_RULE;

		if (op->undone)
			continue;
		if (rule && codes[i] && codes[i] != -EACCES &&
		    changed[op->context] && ruled[op->context]) {
			*end = i + 1;
			return true;
		}
		if (codes[i])
			continue;
		ruled[op->context] |= rule;
		changed[op->context] |=
			ruled[op->context] &&
			(op->kind == OP_ARCH_ADD ||
			 op->kind == OP_ARCH_REMOVE || op->kind == OP_MERGE);
	}
	*end = sequence->count;
	return false;
}

/* The first step with another code, or `count`. */
static size_t first_other(const struct outcome *left,
			  const struct outcome *right, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (left->codes[i] != right->codes[i])
			return i;
	return count;
}

/*
 * Codes may differ in one way: a rule is refused for contradicting one that
 * libseccomp has dropped, or the other way round.
 */
static bool
may_differ(const struct sequence *sequence, const struct outcome *left,
	   const struct outcome *right, size_t at)
{
	return sequence->ops[at].kind == OP_RULE &&
	       left->codes[at] + right->codes[at] == -EEXIST;
}

/* Whether a rule is refused after a priority was given. */
static bool refuses(const struct sequence *sequence, const int *codes)
{
	bool given = false;

	for (size_t i = 0; i < sequence->count; i++) {
		given |= sequence->ops[i].kind == OP_PRIORITY;
		if (given && codes[i] && sequence->ops[i].kind == OP_RULE)
			return true;
	}
	return false;
}

/* `left` is NULL where libseccomp looped or crashed: then the rules alone say
   what is right. */
static bool
judge(const struct sequence *sequence, uint64_t seed,
      const struct outcome *left, const unsigned char *their_bytes, int fd)
{
	static unsigned char bytes[PROGRAM_ROOM];
	static struct reference reference;
	struct cg_program *program = NULL;
	struct outcome right;
	struct cg_error err;
	bool big, agree, forgot, ok;
	size_t end, other;

	library_play(&ours, sequence, fd, &right, bytes);
	forgot = forgets(sequence, right.codes, &end);
	other = left ? first_other(left, &right, end) : end;
	if (other < end && !may_differ(sequence, left, &right, other))
		return false;
	figures.codes += other < end;
	figures.forgotten += forgot && other == end;
	agree = left && !forgot && other == end;
	reference_read(&reference, sequence, right.codes);
	if (right.exported || !reference.count)
		return !reference.count == !!right.exported &&
		       (!agree || right.exported == left->exported);
	figures.exported++;
	big = reference.filters[0].arch->abi->big_endian;
	if (cg_program_from_bytes(bytes, right.length, big, &program, &err) !=
	    CG_OK)
		return false;
	/* A refused rule costs libseccomp what priorities there were. */
	if (agree && reference_simple(&reference) && right.text) {
		figures.texts++;
		bool differs = left->text != right.text &&
			       !refuses(sequence, right.codes);

		if (differs)
			show(sequence, seed, left, &right);
		figures.other_texts += differs;
	}
	ok = is_right(program, &reference) &&
	     (!agree ||
	      compare(&reference, program, their_bytes, left->length, big));
	cg_program_free(program);
	return ok;
}

static void judge_batch(const struct shared *shared, uint64_t seed,
			size_t count, const bool lost[BATCH], int fd)
{
	struct sequence sequence;

	for (size_t i = 0; i < count; i++) {
		figures.played++;
		made_sequence(&sequence, seed + i);
		if (judge(&sequence, seed + i,
			  lost[i] ? NULL : &shared->outcomes[i],
			  shared->bytes[i], fd))
			continue;
		if (figures.wrong++ < SHOWN) {
			struct outcome right;
			unsigned char *bytes = malloc(PROGRAM_ROOM);

			library_play(&ours, &sequence, fd, &right, bytes);
			show(&sequence, seed + i, &shared->outcomes[i], &right);
			free(bytes);
		}
	}
}

int main(int argc, char *argv[])
{
	const char *text = getenv("CALLGATE_SEED");
	const uint64_t seed = text ? strtoull(text, NULL, 0) : 20261122;
	const size_t wanted = argc > 3 ? strtoull(argv[3], NULL, 0) : SEQUENCES;
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct shared *shared;
	struct tap tap = { 0 };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc < 3 || fd < 0 || shared == MAP_FAILED ||
	    !library_open(&theirs, argv[1]) || !library_open(&ours, argv[2])) {
		fprintf(stderr, "usage: %s THEIRS OURS [SEQUENCES]\n", argv[0]);
		return 1;
	}
	tap_note("CALLGATE_SEED=%" PRIu64, seed);
	for (size_t i = 0; i < wanted; i += BATCH) {
		size_t count = wanted - i < BATCH ? wanted - i : BATCH;
		bool lost[BATCH] = { false };

		run_batch(shared, seed + i, count, lost);
		judge_batch(shared, seed + i, count, lost, fd);
	}
	tap_ok(&tap, figures.wrong == 0,
	       "%zu of %zu sequences: Callgate is right, and equal but for "
	       "known classes",
	       figures.played - figures.wrong, figures.played);
	tap_ok(&tap, figures.codes * 1000 <= wanted,
	       "%zu differ in EEXIST for a rule that contradicts a lost one",
	       figures.codes);
	tap_ok(&tap, figures.other_texts == 0 && figures.texts > wanted / 8,
	       "%zu pseudo filter codes are equal, %zu are not",
	       figures.texts - figures.other_texts, figures.other_texts);
	tap_note("%zu filters, %zu proved equal to libseccomp's",
		 figures.exported, figures.equal);
	tap_note("libseccomp is wrong in %zu with several rules for a call, "
		 "not all on equality; %zu with masks, for several "
		 "architectures; %zu with a call that an architecture lacks; "
		 "%zu with a priority without a rule; %zu long ones for "
		 "another byte order",
		 figures.by[DIFFERENCE_UNEQUAL], figures.by[DIFFERENCE_MASKED],
		 figures.by[DIFFERENCE_PSEUDO], figures.by[DIFFERENCE_STRAY],
		 figures.by[DIFFERENCE_FAR]);
	tap_note("it undoes architectures in %zu, loops in %zu, crashes in "
		 "%zu",
		 figures.forgotten, figures.loops, figures.crashes);
	return tap_done(&tap);
}
