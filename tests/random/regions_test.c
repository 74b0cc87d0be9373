/*
 * For which arguments two filters differ: by table, for policies that nobody
 * wrote, and for Docker's default profile of two years. Each region is held
 * against both filters, simulated, at its own edges: a call lies in it if and
 * only if they answer as it says.
 *
 * CALLGATE_SEED and CALLGATE_POLICIES choose others, and how many. The profiles
 * lie beside the sources, if at all: the folder is in CALLGATE_SHARED.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <callgate/callgate.h>
#include <callgate/format.h>

#include "lot.h"
#include "made.h"
#include "made_rules.h"
#include "tap.h"
#include "unit/bpf_random.h"

enum { CALLS = 24, OUTSIDE = 60, ROUNDS = 11, LINE = 512 };

#define ALLOW "seccomp:\n  default_action: allow\n  syscalls:\n"
#define ERRNO(what) "  - {action: errno, " what "}\n"
#define TRAP(what) "  - {action: trap, " what "}\n"

static const struct row {
	const char *name, *left, *right;
	const char *lines; /* on x86_64 */
} rows[] = {
	{ "all arguments", ALLOW ERRNO("names: [getpid]"),
	  ALLOW ERRNO("names: [getuid]"),
	  "getpid(): errno(EPERM), then allow\n"
	  "getuid(): allow, then errno(EPERM)\n" },
	{ "another errno", ALLOW ERRNO("names: [getpid]"),
	  ALLOW "  - {action: errno(EACCES), names: [getpid]}\n",
	  "getpid(): errno(EPERM), then errno(EACCES)\n" },
	{ "one value", ALLOW ERRNO("rules: ['personality(3)']"),
	  ALLOW ERRNO("rules: ['personality(4)']"),
	  "personality(personality == 3): errno(EPERM), then allow\n"
	  "personality(personality == 4): allow, then errno(EPERM)\n" },
	{ "constants by name", ALLOW ERRNO("rules: ['socket(AF_ALG)']"),
	  ALLOW ERRNO("rules: ['socket({AF_ALG, AF_VSOCK}, SOCK_RAW)']"),
	  "socket(family == AF_ALG && type != SOCK_RAW): errno(EPERM), then "
	  "allow\n"
	  "socket(family == AF_VSOCK && type == SOCK_RAW): allow, then "
	  "errno(EPERM)\n" },
	{ "bits", ALLOW ERRNO("rules: ['openat(_, _, &O_ACCMODE == O_RDWR)']"),
	  ALLOW ERRNO(
		  "rules: ['openat(_, _, &O_ACCMODE == {O_RDWR, O_WRONLY})']"),
	  "openat(flags & O_ACCMODE == O_WRONLY): allow, then errno(EPERM)\n" },
	{ "bits of two masks",
	  ALLOW ERRNO("rules: ['openat(_, _, &O_ACCMODE == O_RDWR)']"),
	  ALLOW ERRNO("rules: ['openat(_, _, &O_CREAT == O_CREAT)']"),
	  "openat(flags & O_ACCMODE|O_CREAT == O_RDWR): errno(EPERM), then "
	  "allow\n"
	  "openat(flags & O_ACCMODE|O_CREAT in {O_CREAT, O_WRONLY|O_CREAT, "
	  "O_ACCMODE|O_CREAT}): allow, then errno(EPERM)\n" },
	{ "an order", ALLOW ERRNO("rules: ['listen(_, > 5)']"),
	  ALLOW ERRNO("rules: ['listen(_, > 90)']"),
	  "listen(backlog in 6..90): errno(EPERM), then allow\n" },
	{ "all but a range", ALLOW ERRNO("names: [ioctl]"),
	  ALLOW ERRNO("rules: ['ioctl(_, 10..90)']"),
	  "ioctl(cmd not in 10..90): errno(EPERM), then allow\n" },
	{ "what the kernel does not look at", ALLOW ERRNO("names: [close]"),
	  "seccomp:\n  default_action: allow\n  exact: true\n  "
	  "syscalls:\n" ERRNO("rules: ['close(7)']"),
	  "close(args[0] != 7): errno(EPERM), then allow\n" },
	{ "either of two arguments", ALLOW ERRNO("names: [dup2]"),
	  ALLOW ERRNO("rules: ['dup2(!= 3, != 4)']"),
	  "dup2(oldfd == 3): errno(EPERM), then allow\n"
	  "dup2(newfd == 4): errno(EPERM), then allow\n" },
	{ "three answers",
	  ALLOW ERRNO("rules: ['dup(3)']") TRAP("rules: ['dup(5)']"),
	  ALLOW TRAP("rules: ['dup(3)']"),
	  "dup(fildes == 3): errno(EPERM), then trap\n"
	  "dup(fildes == 5): trap, then allow\n" },
	{ "nothing", ALLOW ERRNO("rules: ['dup({3, 4})']"),
	  ALLOW ERRNO("rules: ['dup(3)', 'dup(4)']"), "" },
};

static struct totals {
	uint64_t pairs, differences, inexact, regions, inside, outside, wrong;
	uint64_t missed, notes, failed;
} totals;

/* What two filters are, and what was told of their differences. */
struct pair {
	const struct cg_program *left, *right;
	uint64_t seed;
	char *text; /* the lines of x86_64; NULL: not wanted */
	struct told {
		uint32_t arch, first, last;
	} * told;
	size_t count, room;
	bool vague; /* one stood for others */
};

static void wrong(const struct cg_call *call, const char *what)
{
	char text[256];

	totals.wrong++;
	cg_call_print(call, NULL, text, sizeof(text));
	if (totals.notes++ < 10)
		tap_note("%s: 0x%" PRIx32 " %s", what, call->arch, text);
}

/* ------------------------------------------------- one call, one region -- */

static bool passes(const struct cg_test *test, const struct cg_call *call)
{
	const uint64_t got = call->args[test->argument] & test->mask;

	switch (test->op) {
	case CG_EQ:
		return got == test->value;
	case CG_NE:
		return got != test->value;
	case CG_LT:
		return got < test->value;
	case CG_LE:
		return got <= test->value;
	case CG_GT:
		return got > test->value;
	default:
		return got >= test->value;
	}
}

static bool passes_all(const struct cg_tests *way, const struct cg_call *call)
{
	for (size_t i = 0; i < way->count; i++)
		if (!passes(&way->tests[i], call))
			return false;
	return true;
}

static bool is_in(const struct cg_region *region, const struct cg_call *call)
{
	for (size_t i = 0; i < region->way_count; i++)
		if (passes_all(&region->ways[i], call))
			return true;
	return false;
}

/* In at most one region, and in that one if they answer so. */
static void
check_call(const struct pair *pair, const struct cg_difference *difference,
	   const struct cg_call *call)
{
	const uint32_t left = cg_program_decide(pair->left, call, NULL);
	const uint32_t right = cg_program_decide(pair->right, call, NULL);
	size_t in = 0;

	for (size_t i = 0; i < difference->region_count; i++) {
		const struct cg_region *region = &difference->regions[i];

		if (!is_in(region, call))
			continue;
		in++;
		if (region->witness.left != left ||
		    region->witness.right != right)
			wrong(call, "in a region of other answers");
	}
	if (in != (left != right))
		wrong(call, in ? "in too many regions" : "in no region");
	if (in)
		totals.inside++;
	else
		totals.outside++;
}

/* A call that passes all tests of a way, or nearly. */
static struct cg_call aim(const struct cg_tests *way, uint64_t *seed)
{
	struct cg_call call = { 0 };

	for (size_t i = 0; i < 6; i++)
		call.args[i] = random_below(seed, 4) ? random_edge(seed)
						     : random_next(seed);
	for (size_t i = 0; i < way->count; i++) {
		const struct cg_test *test = &way->tests[i];
		uint64_t *arg = &call.args[test->argument];

		if (test->op != CG_NE)
			*arg = (*arg & ~test->mask) | test->value;
	}
	return call;
}

/* One of its tests is missed by as little as can be, or by a high bit. */
static void
step_out(const struct cg_tests *way, uint64_t *seed, struct cg_call *call)
{
	const struct cg_test *test;
	uint64_t *arg;

	if (!way->count)
		return;
	test = &way->tests[random_below(seed, (uint32_t)way->count)];
	arg = &call->args[test->argument];
	switch (random_below(seed, 4)) {
	case 0:
		*arg = test->value - 1;
		break;
	case 1:
		*arg = test->value + 1;
		break;
	case 2:
		*arg ^= (uint64_t)1 << random_below(seed, 64);
		break;
	default:
		*arg = test->value;
		break;
	}
}

static void
check_way(const struct pair *pair, const struct cg_difference *difference,
	  const struct cg_tests *way, uint64_t *seed)
{
	const size_t calls = way->count ? CALLS : 1;
	size_t hits = 0;

	for (size_t i = 0; i < calls; i++) {
		struct cg_call call = aim(way, seed);

		call.arch = difference->witness.call.arch;
		call.nr = difference->witness.call.nr;
		hits += passes_all(way, &call);
		check_call(pair, difference, &call);
		step_out(way, seed, &call);
		check_call(pair, difference, &call);
	}
	if (!hits)
		totals.missed++;
}

/* ------------------------------------------------------- all of a pair -- */

static void put_lines(struct pair *pair, const struct cg_difference *difference)
{
	for (size_t i = 0; i < difference->region_count; i++) {
		const struct cg_region *region = &difference->regions[i];
		char left[40], right[40];

		cg_answer_print(region->witness.left, difference->abi, left,
				sizeof(left));
		cg_answer_print(region->witness.right, difference->abi, right,
				sizeof(right));
		for (size_t j = 0; j < region->text_count; j++) {
			const size_t used = strlen(pair->text);

			snprintf(pair->text + used, 4 * LINE - used,
				 "%s(%s): %s, then %s\n",
				 difference->call->name, region->texts[j], left,
				 right);
		}
	}
}

static void on_difference(void *context, const struct cg_difference *difference)
{
	struct pair *pair = context;
	const struct cg_call *call = &difference->witness.call;
	const bool row =
		difference->abi && !difference->call && !difference->whole;

	if (pair->count == pair->room) {
		pair->room = 2 * pair->room + 64;
		pair->told =
			realloc(pair->told, pair->room * sizeof(*pair->told));
		if (!pair->told)
			abort();
	}
	pair->told[pair->count++] =
		(struct told){ call->arch, difference->whole ? 0 : call->nr,
			       difference->whole ? UINT32_MAX
			       : row             ? difference->nr_last
						 : call->nr };
	pair->vague |= difference->more || !difference->abi;
	totals.differences++;
	totals.inexact += !difference->region_count;
	for (size_t i = 0; i < difference->region_count; i++) {
		const struct cg_region *region = &difference->regions[i];

		totals.regions++;
		if (!is_in(region, &region->witness.call))
			wrong(&region->witness.call, "a witness lies outside");
		check_call(pair, difference, &region->witness.call);
		for (size_t j = 0; j < region->way_count; j++)
			check_way(pair, difference, &region->ways[j],
				  &pair->seed);
	}
	if (pair->text && difference->abi == cg_abi_by_name("x86_64") &&
	    difference->call)
		put_lines(pair, difference);
}

static bool is_told(const struct pair *pair, const struct cg_call *call)
{
	for (size_t i = 0; i < pair->count; i++)
		if (pair->told[i].arch == call->arch &&
		    pair->told[i].first <= call->nr &&
		    call->nr <= pair->told[i].last)
			return true;
	return false;
}

/* What was not told of does not differ. */
static void check_rest(const struct pair *pair, const struct cg_policy *policy)
{
	for (uint64_t i = 0; !pair->vague && i < OUTSIDE; i++) {
		struct cg_call call;

		cg_policy_sample(policy, pair->seed, i, &call);
		if (cg_program_decide(pair->left, &call, NULL) !=
			    cg_program_decide(pair->right, &call, NULL) &&
		    !is_told(pair, &call))
			wrong(&call, "not told of");
	}
}

static void compare(const struct cg_policy *a, const struct cg_policy *b,
		    uint64_t seed, char *text)
{
	const struct cg_side left = { .policy = a }, right = { .policy = b };
	struct cg_program *programs[2] = { 0 };
	struct cg_error err = { 0 };
	struct pair pair = { .seed = seed, .text = text };

	if (cg_compile(a, NULL, &programs[0], &err) == CG_OK &&
	    cg_compile(b, NULL, &programs[1], &err) == CG_OK) {
		pair.left = programs[0];
		pair.right = programs[1];
		if (cg_differences(left, right, 0, on_difference, &pair,
				   &err) == CG_OK) {
			totals.pairs++;
			check_rest(&pair, a);
			check_rest(&pair, b);
		}
	}
	if (err.status != CG_OK && err.status != CG_E_TOOLONG &&
	    err.status != CG_E_UNDECIDED) {
		totals.failed++;
		tap_note("%s", err.message);
	}
	free(pair.told);
	cg_program_free(programs[0]);
	cg_program_free(programs[1]);
}

/* --------------------------------------------------------------- tests -- */

static struct cg_policy *parse(const char *text)
{
	const struct cg_policy_options options = {
		.native = cg_abi_by_name("x86_64"),
	};
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };

	if (cg_policy_parse(text, strlen(text), "row", &options, &policy,
			    &err) != CG_OK)
		tap_note("%s", err.message);
	return policy;
}

static void test_rows(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cg_policy *left = parse(rows[i].left);
		struct cg_policy *right = parse(rows[i].right);
		const uint64_t before = totals.wrong + totals.missed;
		char text[4 * LINE] = "";

		if (left && right)
			compare(left, right, i, text);
		if (!tap_ok(tap,
			    left && right && strcmp(text, rows[i].lines) == 0 &&
				    totals.wrong + totals.missed == before,
			    "%s", rows[i].name))
			tap_note("got %s", text);
		cg_policy_free(left);
		cg_policy_free(right);
	}
}

/* Rules, and the same with a few values and answers changed. */
static void test_changed(uint64_t seed)
{
	static struct made_rules made;
	struct cg_policy *left = NULL, *right = NULL;
	struct cg_error err;
	uint64_t dice = seed;

	made_rules_init(&made, seed);
	if (made.rules.defaults[0].abi->big_endian || !made.rules.rule_count ||
	    cg_policy_from_rules(&made.rules, NULL, &left, &err) != CG_OK)
		return;
	for (int i = 0; i < 6; i++) {
		uint32_t rule =
			random_below(&dice, (uint32_t)made.rules.rule_count);

		if (i % 2)
			made.rule[rule].answer = CG_RET_ERRNO | (dice & 15);
		else
			made.tests[rule][0].value ^= 1u << (dice & 7);
	}
	if (cg_policy_from_rules(&made.rules, NULL, &right, &err) == CG_OK)
		compare(left, right, seed, NULL);
	cg_policy_free(left);
	cg_policy_free(right);
}

static void test_made(uint64_t seed)
{
	struct cg_policy *policies[2] = { 0 };
	struct cg_error err;

	for (size_t i = 0; i < 2; i++) {
		struct made made;

		made_init(&made, seed + i);
		if (cg_policy_parse(made.text.text, made.text.length, "made",
				    NULL, &policies[i], &err) != CG_OK)
			policies[i] = NULL;
		made_done(&made);
	}
	if (policies[0] && policies[1] &&
	    cg_policy_abi(policies[0], 0)->big_endian ==
		    cg_policy_abi(policies[1], 0)->big_endian)
		compare(policies[0], policies[1], seed, NULL);
	cg_policy_free(policies[0]);
	cg_policy_free(policies[1]);
}

static void test_random(struct tap *tap, uint64_t seed, uint64_t wanted)
{
	totals = (struct totals){ 0 };
	for (uint64_t i = 0; totals.pairs < wanted && i < 20 * wanted; i++) {
		test_changed(seed + i);
		if (i % 4 == 0)
			test_made(seed + i);
	}
	tap_note("%" PRIu64 " regions of %" PRIu64 " differences; %" PRIu64
		 " calls inside, %" PRIu64 " outside; %" PRIu64
		 " ways that no call was aimed into",
		 totals.regions, totals.differences, totals.inside,
		 totals.outside, totals.missed);
	tap_ok(tap, !totals.failed && totals.pairs >= wanted,
	       "%" PRIu64 " made-up pairs", totals.pairs);
	tap_ok(tap, !totals.wrong, "a call is in a region iff they differ");
	tap_ok(tap, totals.inexact * 20 <= totals.differences,
	       "%" PRIu64 " of %" PRIu64 " have a witness alone",
	       totals.inexact, totals.differences);
}

/* ------------------------------------------------------------- profiles -- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void nothing(void *context, const struct cg_difference *difference)
{
	(void)context;
	(void)difference;
}

static int by_time(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static struct cg_policy *open_profile(const char *folder, const char *name)
{
	const struct cg_target target = { .native = cg_abi_by_name("x86_64"),
					  .runtime = "docker" };
	const struct cg_format *format = NULL;
	struct cg_policy *policy = NULL;
	struct cg_error err;
	char path[512];

	snprintf(path, sizeof(path), "%s/data/oci/%s", folder, name);
	if (cg_format_open(path, &format, &target, &policy, &err) != CG_OK)
		return NULL;
	return policy;
}

static void test_profiles(struct tap *tap, const char *folder)
{
	struct cg_policy *old = NULL, *new = NULL;
	double times[ROUNDS];
	struct cg_error err;

	if (folder) {
		old = open_profile(folder, "moby-default-2017-05.json");
		new = open_profile(folder, "moby-default.json");
	}
	if (!old || !new) {
		tap_skip(tap, "Docker's default, then and now",
			 "needs the profiles in CALLGATE_SHARED");
		return;
	}
	totals = (struct totals){ 0 };
	compare(old, new, 1, NULL);
	for (size_t i = 0; i < ROUNDS; i++) {
		const struct cg_side left = { .policy = old };
		const struct cg_side right = { .policy = new };

		times[i] = seconds();
		if (cg_differences(left, right, 0, nothing, NULL, &err) !=
		    CG_OK)
			totals.failed++;
		times[i] = seconds() - times[i];
	}
	qsort(times, ROUNDS, sizeof(*times), by_time);
	tap_note("%" PRIu64 " calls in regions, %" PRIu64 " outside; "
		 "median %.1f ms of processor time",
		 totals.inside, totals.outside, 1000 * times[ROUNDS / 2]);
	tap_ok(tap,
	       totals.pairs == 1 && !totals.wrong && !totals.missed &&
		       !totals.inexact && !totals.failed,
	       "Docker's default, then and now: all %" PRIu64
	       " differences are told to the argument, and are so",
	       totals.differences);
	cg_policy_free(old);
	cg_policy_free(new);
}

int main(int argc, char **argv)
{
	struct lot lot = lot_draw(argv, "CALLGATE_POLICIES",
				  (struct lot){ 80, 20250505 });
	struct tap tap = { 0 };

	(void)argc;
	test_rows(&tap);
	test_random(&tap, lot.seed, lot.wanted);
	test_profiles(&tap, getenv("CALLGATE_SHARED"));
	return tap_done(&tap);
}
