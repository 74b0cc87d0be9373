/*
 * Filters that others made become policies again: libseccomp's, at random, with
 * every comparison it has; balanced range searches; and one by hand in the way
 * of Chromium's, with bit tests and shared ends. cg_lift() proves each policy;
 * here it is compared with the filter once more, and many are written as text.
 *
 * CALLGATE_SEED chooses other rules.
 */
#include <inttypes.h>
#include <seccomp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../bench/shapes.h"
#include "bpf/asm.h"
#include "made_rules.h"
#include "tap.h"
#include "unit/bpf_random.h"

enum { SHARED = 260, RAW = 300, WRITTEN = 5 /* one in so many */ };

static struct totals {
	size_t lifted, written, rules;
	double seconds, longest;
} totals;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool
is_equal(const struct cg_program *program, const struct cg_policy *policy)
{
	const struct cg_side left = { .program = program };
	const struct cg_side right = { .policy = policy };
	enum cg_relation relation = CG_DIFFERENT;
	struct cg_error err;

	return cg_compare(left, right, 0, &relation, NULL, &err) == CG_OK &&
	       relation == CG_EQUAL;
}

static bool write_text(const struct cg_policy *policy)
{
	struct cg_error err = { 0 };
	char *text = NULL;

	if (cg_policy_write(policy, CG_TEXT_YAML, 0, &text, &err) != CG_OK) {
		tap_note("%s", err.message);
		return false;
	}
	totals.written++;
	free(text);
	return true;
}

static bool lift(const struct cg_program *program, bool written)
{
	const struct cg_side side = { .program = program };
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	double took = seconds();
	bool ok;

	if (cg_lift(side, NULL, &policy, &err) != CG_OK) {
		tap_note("%s", err.message);
		return false;
	}
	took = seconds() - took;
	totals.seconds += took;
	totals.longest = took > totals.longest ? took : totals.longest;
	totals.lifted++;
	ok = is_equal(program, policy) && (!written || write_text(policy));
	cg_policy_free(policy);
	return ok;
}

/* ------------------------------------------------------- libseccomp's -- */

/* Rules that Callgate could say as well. */
static size_t try_shared(uint64_t seed)
{
	static struct rules rules;
	struct recipe recipe;
	size_t failed = 0;

	for (unsigned i = 0; i < SHARED; i++) {
		struct cg_program *program;
		const char *what = "";

		made_recipe(&recipe, seed + i);
		if (!made_rules(&rules, &recipe, seed + i))
			continue;
		program = rules_peer(&rules, &what);
		if (!program || !lift(program, i % WRITTEN == 0)) {
			tap_note("seed %" PRIu64 " %s", seed + i, what);
			failed++;
		}
		cg_program_free(program);
	}
	return failed;
}

static uint32_t any_action(uint64_t *seed)
{
	static const uint32_t actions[] = {
		SCMP_ACT_ALLOW,        SCMP_ACT_ERRNO(1), SCMP_ACT_ERRNO(38),
		SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL,     SCMP_ACT_TRAP,
		SCMP_ACT_LOG,          SCMP_ACT_TRACE(9), SCMP_ACT_NOTIFY,
	};

	return actions[random_below(seed, 9)];
}

static struct scmp_arg_cmp any_compare(uint64_t *seed, unsigned argument)
{
	static const enum scmp_compare ops[] = {
		SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,        SCMP_CMP_EQ,
		SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ, SCMP_CMP_EQ,
	};
	struct scmp_arg_cmp out = { .arg = argument,
				    .op = ops[random_below(seed, 8)] };

	out.datum_a = random_below(seed, 3) ? random_below(seed, 4096)
					    : random_edge(seed);
	if (random_below(seed, 6) == 0)
		out.datum_a |= (uint64_t)random_edge(seed) << 32;
	if (out.op == SCMP_CMP_MASKED_EQ)
		out.datum_b = out.datum_a & random_edge(seed);
	return out;
}

/* Anything at all that libseccomp takes: it need not be what was meant. */
static scmp_filter_ctx any_filter(uint64_t *seed)
{
	static const uint32_t arches[] = { SCMP_ARCH_X86, SCMP_ARCH_X32,
					   SCMP_ARCH_AARCH64, SCMP_ARCH_ARM,
					   SCMP_ARCH_MIPSEL64N32 };
	scmp_filter_ctx filter = seccomp_init(any_action(seed));
	uint32_t rules = 1 + random_below(seed, 40);
	struct scmp_arg_cmp compares[3];

	for (unsigned i = 0; filter && i < 5; i++)
		if (random_below(seed, 4) == 0)
			(void)seccomp_arch_add(filter, arches[i]);
	if (!filter)
		return NULL;
	(void)seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
			       any_action(seed));
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE,
			       1 + random_below(seed, 2));
	while (rules-- > 0) {
		unsigned count = random_below(seed, 4);
		int nr = (int)random_below(seed, 60);

		for (unsigned i = 0; i < count; i++)
			compares[i] = any_compare(seed, 2 * i);
		/* Rules that contradict others are refused; that is fine. */
		(void)seccomp_rule_add_array(filter, any_action(seed), nr,
					     count, compares);
	}
	return filter;
}

static struct cg_program *export(scmp_filter_ctx filter)
{
	static char bytes[8 * CG_PROGRAM_MAX];
	struct cg_program *program = NULL;
	struct cg_error err;
	FILE *file = tmpfile();
	ssize_t length = 0;

	if (file && seccomp_export_bpf(filter, fileno(file)) == 0)
		length = pread(fileno(file), bytes, sizeof(bytes), 0);
	if (length > 0 && cg_program_from_bytes(bytes, (size_t)length, false,
						&program, &err) != CG_OK)
		tap_note("%s", err.message);
	if (file)
		fclose(file);
	return program;
}

static size_t try_raw(uint64_t seed)
{
	size_t failed = 0;

	for (unsigned i = 0; i < RAW; i++) {
		uint64_t state = seed + 7919 * i;
		scmp_filter_ctx filter = any_filter(&state);
		struct cg_program *program = filter ? export(filter) : NULL;

		if (!program || !lift(program, i % WRITTEN == 0)) {
			tap_note("seed %" PRIu64 ", filter %u", seed, i);
			failed++;
		}
		cg_program_free(program);
		seccomp_release(filter);
	}
	return failed;
}

/* ------------------------------------------------------- other shapes -- */

/*
 * As Chromium's compiler writes: x32 by its bit first, a search by order, ends
 * that several calls share, upper halves checked by hand, bits by JSET.
 */
static const char chromium[] = "ld [4]\n"
			       "jeq #0xc000003e, native, killed\n"
			       "native: ld [0]\n"
			       "jset #0x40000000, killed, search\n"
			       "search: jge #60, upper, lower\n"
			       "lower: jge #16, middle, allowed\n"
			       "middle: jge #17, at_56, ioctl\n"
			       "at_56: jeq #56, clone, trapped\n"
			       "upper: jge #334, refused, at_60\n"
			       "at_60: jge #62, at_62, allowed\n"
			       "at_62: jeq #157, prctl, trapped\n"
			       "ioctl: ld [28]\n"
			       "jeq #0, ioctl_low, trapped\n"
			       "ioctl_low: ld [24]\n"
			       "jeq #0x5401, allowed, ioctl_two\n"
			       "ioctl_two: jeq #0x541b, allowed, refused\n"
			       "clone: ld [20]\n"
			       "jeq #0, clone_low, trapped\n"
			       "clone_low: ld [16]\n"
			       "jset #0x7e020000, refused, clone_thread\n"
			       "clone_thread: and #0x10f00\n"
			       "jeq #0x10f00, allowed, trapped\n"
			       "prctl: ld [16]\n"
			       "jgt #0x3b, refused, prctl_bits\n"
			       "prctl_bits: and #0xffffffef\n"
			       "jeq #0xf, allowed, trapped\n"
			       "allowed: ret #0x7fff0000\n"
			       "refused: ret #0x00050001\n"
			       "trapped: ret #0x00030005\n"
			       "killed: ret #0x80000000\n";

static struct cg_program *assemble(const char *text)
{
	struct arena arena = { .budget = 1 << 20 };
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	struct cg_insn *insns;
	size_t count;

	if (!asm_read(&arena, text, strlen(text), &insns, &count, &err) ||
	    cg_program_from_insns(insns, count, false, &program, &err) != CG_OK)
		tap_note("line %" PRIu32 ": %s", err.line, err.message);
	arena_free(&arena);
	return program;
}

static void try_shapes(struct tap *tap)
{
	static const char *const names[] = { "server", "no-exec", "strict",
					     "no-network" };
	const struct cg_policy_options options = { .native = cg_abi_by_name(
							   "x86_64") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cg_policy *policy = NULL;
		struct cg_program *made[3] = { 0 };
		struct cg_error err;

		if (cg_policy_preset(names[i], &options, &policy, &err) !=
		    CG_OK)
			continue;
		made[0] = shape_linear(policy);
		made[1] = shape_ranges(policy);
		made[2] = shape_frequencies(policy);
		for (size_t j = 0; j < 3; j++) {
			if (made[j])
				tap_ok(tap, lift(made[j], true),
				       "%s, in shape %zu", names[i], j);
			cg_program_free(made[j]);
		}
		cg_policy_free(policy);
	}
}

int main(void)
{
	const char *from = getenv("CALLGATE_SEED");
	const uint64_t seed = from ? strtoull(from, NULL, 0) : 20240401;
	struct cg_program *program;
	struct tap tap = { 0 };
	size_t failed;

	tap_note("CALLGATE_SEED=%" PRIu64, seed);
	failed = try_shared(seed);
	tap_ok(&tap, !failed, "%d filters of rules that both know: %zu failed",
	       SHARED, failed);
	failed = try_raw(seed);
	tap_ok(&tap, !failed, "%d filters of any rules: %zu failed", RAW,
	       failed);
	tap_ok(&tap, totals.lifted >= 500,
	       "%zu were lifted, and %zu of them written as text",
	       totals.lifted, totals.written);
	tap_note("%.2f ms a filter, %.1f ms at most",
		 1000 * totals.seconds / (double)totals.lifted,
		 1000 * totals.longest);
	try_shapes(&tap);
	program = assemble(chromium);
	tap_ok(&tap, program && lift(program, true),
	       "one in the way of Chromium's");
	cg_program_free(program);
	return tap_done(&tap);
}
