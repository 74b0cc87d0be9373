/*
 * A second opinion. The same rules go to Debian's libseccomp and, as a policy,
 * to Callgate; both filters must answer alike, for every possible call. The
 * comparison is exact, so one call that differs anywhere is found.
 *
 * CALLGATE_SEED chooses other made-up rules.
 */
#include <inttypes.h>
#include <string.h>

#include "made_rules.h"
#include "tap.h"

enum { RANDOM = 200 };

/* Both filters of one set of rules, as they are and settled (rules.h). */
struct pair {
	struct cg_policy *policy;
	struct cg_program *ours, *theirs;
	struct cg_program *our_side, *their_side;
};

static void pair_done(struct pair *pair)
{
	cg_policy_free(pair->policy);
	cg_program_free(pair->ours);
	cg_program_free(pair->theirs);
	cg_program_free(pair->our_side);
	cg_program_free(pair->their_side);
}

static bool compile(struct pair *pair, const struct rules *rules)
{
	struct cg_error err = { 0 };
	struct buf text = { 0 };
	bool ok;

	rules_text(rules, &text);
	ok = !text.failed &&
	     cg_policy_parse(text.text, text.length, "rules", NULL,
			     &pair->policy, &err) == CG_OK &&
	     cg_compile(pair->policy, NULL, &pair->ours, &err) == CG_OK;
	if (!ok)
		tap_note("line %" PRIu32 ": %s", err.line, err.message);
	buf_free(&text);
	return ok;
}

static bool pair_init(struct pair *pair, const struct rules *rules)
{
	const char *what = "";

	*pair = (struct pair){ 0 };
	if (!compile(pair, rules))
		return false;
	pair->theirs = rules_peer(rules, &what);
	if (!pair->theirs) {
		tap_note("libseccomp refuses: %s", what);
		return false;
	}
	pair->our_side = rules_settle(rules, pair->ours);
	pair->their_side = rules_settle(rules, pair->theirs);
	return pair->our_side && pair->their_side;
}

static void show(const struct pair *pair, const struct cg_witness *witness)
{
	const struct cg_call *call = &witness->call;
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	const struct cg_syscall *named =
		abi ? cg_syscall_at(abi, call->nr) : NULL;

	tap_note("%s %s: arch 0x%" PRIx32 " nr 0x%" PRIx32,
		 abi ? abi->name : "?", named ? named->name : "?", call->arch,
		 call->nr);
	for (size_t i = 0; i < 6; i++)
		tap_note("  argument %zu: 0x%" PRIx64, i, call->args[i]);
	tap_note("  callgate 0x%08" PRIx32 ", libseccomp 0x%08" PRIx32
		 ", the policy read literally 0x%08" PRIx32,
		 witness->left, witness->right,
		 cg_policy_decide(pair->policy, call));
}

/* How the two sides relate; said, if they are not equal. */
static bool agree(const struct pair *pair)
{
	const struct cg_side left = { .program = pair->our_side };
	const struct cg_side right = { .program = pair->their_side };
	struct cg_witness witness = { 0 };
	enum cg_relation relation;
	struct cg_error err = { 0 };

	if (cg_compare(left, right, 0, &relation, &witness, &err) != CG_OK) {
		tap_note("%s", err.message);
		return false;
	}
	if (relation != CG_EQUAL)
		show(pair, &witness);
	return relation == CG_EQUAL;
}

static bool same(const struct rules *rules)
{
	struct pair pair;
	bool ok = pair_init(&pair, rules) && agree(&pair);

	pair_done(&pair);
	return ok;
}

/* ---------------------------------------------------------- rows by recipe --
 */

#define X86_64           \
	{                \
		"x86_64" \
	}
#define X86_64_I386              \
	{                        \
		"x86_64", "i386" \
	}
#define X86_ALL                         \
	{                               \
		"x86_64", "i386", "x32" \
	}
#define ARM64             \
	{                 \
		"aarch64" \
	}
#define S390X           \
	{               \
		"s390x" \
	}
#define EPERM_RET (CG_RET_ERRNO | 1)

/* clang-format off */
static const struct row {
	const char *name;
	struct recipe recipe;
} rows[] = {
	{ "allow 2", { X86_64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 2, 0, 1 } },
	{ "allow 50", { X86_64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 50, 0, 1 } },
	{ "allow 300", { X86_64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 300, 0, 1 } },
	{ "allow 300, -O2", { X86_64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 300, 0, 2 } },
	{ "allow 2, the rest dies", { X86_64, CG_RET_KILL_THREAD,
	  CG_RET_KILL_PROCESS, { CG_RET_ALLOW }, 2, 0, 2 } },
	{ "block 5", { X86_64, CG_RET_ALLOW, CG_RET_KILL_PROCESS,
	  { EPERM_RET }, 5, 0, 1 } },
	{ "block 60, three ways", { X86_64, CG_RET_ALLOW, CG_RET_KILL_PROCESS,
	  { EPERM_RET, CG_RET_TRAP, CG_RET_KILL_PROCESS }, 60, 0, 1 } },
	{ "errnos 13, 38, 4094", { X86_64, CG_RET_ALLOW, CG_RET_KILL_THREAD,
	  { CG_RET_ERRNO | 13, CG_RET_ERRNO | 38, CG_RET_ERRNO | 4094 },
	  40, 0, 2 } },
	{ "log and trace", { X86_64, EPERM_RET, CG_RET_TRAP,
	  { CG_RET_LOG, CG_RET_TRACE | 5, CG_RET_ALLOW }, 80, 0, 1 } },
	{ "conditions alone", { X86_64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 0, 20, 1 } },
	{ "conditions in a list", { X86_64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 100, 12, 1 } },
	{ "conditions in a list, -O2", { X86_64, EPERM_RET,
	  CG_RET_KILL_PROCESS, { CG_RET_ALLOW }, 100, 12, 2 } },
	{ "conditions that block", { X86_64, CG_RET_ALLOW,
	  CG_RET_KILL_PROCESS, { EPERM_RET, CG_RET_ERRNO | 13 }, 9, 12, 1 } },
	{ "x86_64 and i386, allow 50", { X86_64_I386, EPERM_RET,
	  CG_RET_KILL_PROCESS, { CG_RET_ALLOW }, 50, 0, 1 } },
	{ "x86_64 and i386, conditions", { X86_64_I386, EPERM_RET,
	  CG_RET_KILL_PROCESS, { CG_RET_ALLOW }, 30, 12, 1 } },
	{ "three ABIs, allow 50", { X86_ALL, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 50, 0, 1 } },
	{ "three ABIs, allow 200, -O2", { X86_ALL, EPERM_RET,
	  CG_RET_KILL_PROCESS, { CG_RET_ALLOW }, 200, 0, 2 } },
	{ "three ABIs, conditions", { X86_ALL, EPERM_RET, CG_RET_KILL_THREAD,
	  { CG_RET_ALLOW }, 100, 12, 1 } },
	{ "arm64, allow 50", { ARM64, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 50, 0, 1 } },
	{ "arm64, allow 250, -O2, conditions", { ARM64, CG_RET_ERRNO | 38,
	  CG_RET_KILL_PROCESS, { CG_RET_ALLOW, CG_RET_LOG }, 250, 12, 2 } },
	{ "arm64, block", { ARM64, CG_RET_ALLOW, CG_RET_KILL_THREAD,
	  { EPERM_RET }, 20, 6, 1 } },
	{ "s390x, allow 50", { S390X, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 50, 0, 1 } },
	{ "s390x, conditions", { S390X, EPERM_RET, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW }, 40, 3, 1 } },
	{ "s390x, conditions, -O2", { S390X, CG_RET_LOG, CG_RET_KILL_PROCESS,
	  { CG_RET_ALLOW, CG_RET_TRAP }, 30, 3, 2 } },
};
/* clang-format on */

static struct rules rules; /* too large for a stack */

static void by_recipe(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(tap,
		       made_rules(&rules, &rows[i].recipe, i) && same(&rules),
		       "%s", rows[i].name);
}

/* -------------------------------------------------- rules that people have --
 */

#define ALL_BITS UINT64_MAX

static const struct rule container[] = {
	{ "personality", CG_RET_ALLOW, { { 0, ALL_BITS, 0 } }, 1 },
	{ "personality", CG_RET_ALLOW, { { 0, ALL_BITS, 8 } }, 1 },
	{ "personality", CG_RET_ALLOW, { { 0, ALL_BITS, 0x20000 } }, 1 },
	{ "personality", CG_RET_ALLOW, { { 0, ALL_BITS, 0x20008 } }, 1 },
	{ "personality", CG_RET_ALLOW, { { 0, ALL_BITS, 0xffffffff } }, 1 },
	{ "clone", CG_RET_ALLOW, { { 0, 0x7e020000, 0 } }, 1 },
	{ "clone3", CG_RET_ERRNO | 38, { { 0 } }, 0 },
	{ "read", CG_RET_ALLOW, { { 0 } }, 0 },
	{ "write", CG_RET_ALLOW, { { 0 } }, 0 },
};

static const struct rule shared_arguments[] = {
	{ "prctl", CG_RET_ALLOW, { { 0, ALL_BITS, 15 }, { 1, 7, 5 } }, 2 },
	{ "prctl", CG_RET_ALLOW, { { 0, ALL_BITS, 15 }, { 2, 7, 2 } }, 2 },
	{ "prctl",
	  CG_RET_ALLOW,
	  { { 0, ALL_BITS, 16 }, { 1, 7, 5 }, { 2, 1, 1 } },
	  3 },
	{ "prctl", CG_RET_ALLOW, { { 0, ALL_BITS, 0x10000000f } }, 1 },
	{ "ioctl", CG_RET_ERRNO | 25, { { 1, ALL_BITS, 0x5412 } }, 1 },
	{ "ioctl", CG_RET_ERRNO | 25, { { 1, 0xffffffff, 0x541c } }, 1 },
};

static void by_hand(struct tap *tap)
{
	static const struct {
		const char *name;
		const struct rule *rules;
		size_t count;
	} sets[] = {
		{ "a container's conditions", container,
		  sizeof(container) / sizeof(container[0]) },
		{ "arguments in common", shared_arguments,
		  sizeof(shared_arguments) / sizeof(shared_arguments[0]) },
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (int level = 1; level <= 2; level++) {
			rules = (struct rules){ .abis = { "x86_64" },
						.otherwise = EPERM_RET,
						.foreign = CG_RET_KILL_PROCESS,
						.level = level,
						.count = sets[i].count };
			memcpy(rules.at, sets[i].rules,
			       sets[i].count * sizeof(*sets[i].rules));
			tap_ok(tap, same(&rules), "%s, -O%d", sets[i].name,
			       level);
		}
}

/* ---------------------------------------------------- made up, and mended --
 */

/* Put one more call, answered as nothing else is, into the rules. */
static void change(const struct rule *more)
{
	for (size_t i = 0; i < rules.count; i++)
		if (strcmp(rules.at[i].name, more->name) == 0)
			rules.at[i--] = rules.at[--rules.count];
	rules.at[rules.count++] = *more;
}

/* A comparison that finds everything equal would be of no use. */
static bool notices(void)
{
	const struct rule more = { .name = "getppid",
				   .answer = CG_RET_TRACE | 4711 };
	struct cg_witness witness = { 0 };
	enum cg_relation relation = CG_EQUAL;
	struct pair pair, other = { 0 };
	struct cg_error err;
	bool ok = pair_init(&pair, &rules);

	change(&more);
	ok = ok && pair_init(&other, &rules) &&
	     cg_compare((struct cg_side){ .program = pair.our_side },
			(struct cg_side){ .program = other.their_side }, 0,
			&relation, &witness, &err) == CG_OK;
	pair_done(&other);
	pair_done(&pair);
	return ok && relation != CG_EQUAL && witness.right == more.answer;
}

static void by_chance(struct tap *tap)
{
	const char *text = getenv("CALLGATE_SEED");
	const uint64_t seed = text ? strtoull(text, NULL, 0) : 20240229;
	size_t agreed = 0, noticed = 0;

	tap_note("CALLGATE_SEED=%" PRIu64, seed);
	for (uint64_t i = 0; i < RANDOM; i++) {
		struct recipe recipe;

		made_recipe(&recipe, seed + i);
		if (made_rules(&rules, &recipe, seed + i) && same(&rules))
			agreed++;
		else
			tap_note("^ seed %" PRIu64, seed + i);
		noticed += notices();
	}
	tap_ok(tap, agreed == RANDOM, "%zu of %d made-up policies are equal",
	       agreed, RANDOM);
	tap_ok(tap, noticed == RANDOM,
	       "%zu of %d are not, with one more call in libseccomp's", noticed,
	       RANDOM);
}

/* What is settled before comparing is there, and is all there is. */
static void high_numbers(struct tap *tap)
{
	struct cg_call call = { .arch = 0xc000003e, .nr = 0x80000000 };
	struct pair pair;

	made_rules(&rules, &rows[0].recipe, 0);
	if (tap_ok(tap, pair_init(&pair, &rules) && agree(&pair),
		   "high numbers: settled")) {
		tap_ok(tap,
		       cg_program_decide(pair.theirs, &call, NULL) ==
			       rules.foreign,
		       "high numbers: libseccomp takes them for x32");
		tap_ok(tap,
		       cg_program_decide(pair.ours, &call, NULL) ==
			       rules.otherwise,
		       "high numbers: callgate takes them for unknown");
		call.nr = 0x40000000;
		tap_ok(tap,
		       cg_program_decide(pair.ours, &call, NULL) ==
				       rules.foreign &&
			       cg_program_decide(pair.theirs, &call, NULL) ==
				       rules.foreign,
		       "x32 is foreign to both");
	}
	pair_done(&pair);
}

int main(void)
{
	struct tap tap = { 0 };

	by_recipe(&tap);
	by_hand(&tap);
	high_numbers(&tap);
	by_chance(&tap);
	return tap_done(&tap);
}
