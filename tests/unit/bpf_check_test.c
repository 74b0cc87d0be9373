/*
 * What the kernel accepts, and how long it makes it. Each row is judged three
 * times: by the row itself, by bpf_check, and by the kernel in a child.
 */
#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf_live.h"
#include "bpf_random.h"
#include "tap.h"

enum { PLENTY = 1 << 20, KERNEL_LIMIT = 32768, PER_FILTER = 4 };

static const struct row {
	const char *name, *text;
	const char *refused; /* part of the message; NULL: accepted */
} rows[] = {
	/* clang-format off */
	{ "shortest", "ret #0", NULL },
	{ "returns A", "ret a", NULL },
	{ "no ret at the end", "ret #0\n ld #1", "must be a ret" },
	{ "a jump at the end", "ld #1\n jeq #1, e, e\ne: ld #2",
	  "must be a ret" },
	{ "two rets, the second never reached", "ret #0\n ret a", NULL },
	{ "a loop of nothing", "ja e\n ld [0]\ne: ret #0", NULL },

	{ "first word", "ld [0]\n ret a", NULL },
	{ "last word", "ld [60]\n ret a", NULL },
	{ "a word past the end", "ld [64]\n ret a", "k is 64, but words" },
	{ "offset 1", "ld [1]\n ret a", "words of the call lie at" },
	{ "offset 2", "ld [2]\n ret a", "words of the call lie at" },
	{ "offset 63", "ld [63]\n ret a", "k is 63" },
	{ "offset -4096, an extension of sockets", "ld [0xfffff000]\n ret a",
	  "k is 4294963200" },
	{ "offset -4", "ld [0xfffffffc]\n ret a", "k is 4294967292" },

	{ "cell 15", "st M[15]\n ld M[15]\n ret a", NULL },
	{ "cell 16 written", "st M[16]\n ret a", "k is 16, but scratch" },
	{ "cell 16 written from X", "stx M[16]\n ret a", "k is 16" },
	{ "cell 16 read", "ld M[16]\n ret a", "k is 16" },
	{ "cell 16 read to X", "ldx M[16]\n ret a", "k is 16" },
	{ "cell -1", "st M[0xffffffff]\n ret a", "k is 4294967295" },
	{ "cell not written", "ld M[0]\n ret a",
	  "instruction 0 (ld): reads memory cell 0" },
	{ "cell not written, to X", "ldx M[3]\n ret a", "(ldx): reads memory" },
	{ "another cell written", "st M[1]\n ld M[0]\n ret a",
	  "reads memory cell 0" },
	{ "written from X", "stx M[4]\n ld M[4]\n ret a", NULL },
	{ "written on one way only",
	  "ld [0]\n jeq #1, w, r\nw: st M[0]\nr: ld M[0]\n ret a",
	  "which some path has not written" },
	{ "written on both ways",
	  "ld [0]\n jeq #1, w, v\nw: st M[0]\n ja r\nv: stx M[0]\n"
	  "r: ld M[0]\n ret a", NULL },
	{ "written, then jumped over",
	  "ja r\n st M[0]\nr: ld M[0]\n ret a", "reads memory cell 0" },
	{ "written before a branch",
	  "st M[2]\n jeq #0, a, b\na: ret #0\nb: ld M[2]\n ret a", NULL },
	{ "written behind a ret counts for what is behind it",
	  "st M[2]\n ret #0\n ld M[2]\n ret a", NULL },
	{ "what is before a ret counts for what is behind it",
	  "jeq #0, a, b\na: ret #0\nb: st M[2]\n ja c\nc: ld M[2]\n ret a",
	  NULL },
	{ "a ret that nothing passes still spoils a cell",
	  "jeq #0, a, b\nb: st M[2]\n ja c\na: ret #0\nc: ld M[2]\n ret a",
	  "reads memory cell 2" },
	{ "read where nothing leads", "ja e\n ld M[0]\ne: ret #0", NULL },
	{ "read behind a ret", "ret #0\n ld M[0]\n ret a",
	  "instruction 1 (ld): reads memory cell 0" },

	{ "constants and length",
	  "ld #5\n ldx #5\n ld #len\n ldx #len\n tax\n txa\n ret a", NULL },
	{ "all that computes with X",
	  "add x\n sub x\n mul x\n div x\n or x\n and x\n lsh x\n rsh x\n"
	  " xor x\n neg\n ret a", NULL },
	{ "all that computes with k",
	  "add #0\n sub #0\n mul #0\n div #1\n or #0\n and #0\n lsh #31\n"
	  " rsh #31\n xor #0\n ret a", NULL },
	{ "div by 0", "div #0\n ret a", "a divisor must not be 0" },
	{ "div by -1", "div #0xffffffff\n ret a", NULL },
	{ "lsh by 32", "lsh #32\n ret a", "a shift must be below 32" },
	{ "rsh by 32", "rsh #32\n ret a", "a shift must be below 32" },
	{ "rsh by -1", "rsh #0xffffffff\n ret a", "a shift must be" },
	{ "mod", ".insn 0x94, 0, 0, 5\n ret a", "code 0x94" },
	{ "mod x", ".insn 0x9c, 0, 0, 0\n ret a", "code 0x9c" },

	{ "ja to the last", "ja e\n ld #1\ne: ret #0", NULL },
	{ "ja past the end", ".insn 0x05, 0, 0, 1\n ret #0",
	  "instruction 0 (ja): jumps to 2, past the end" },
	{ "ja far past the end", ".insn 0x05, 0, 0, 300\n ret #0",
	  "jumps to 301" },
	{ "ja back to itself", ".insn 0x05, 0, 0, 0xffffffff\n ret #0",
	  "jumps to 4294967296" },
	{ "ja with jt and jf set", ".insn 0x05, 9, 9, 0\n ret #0", NULL },
	{ "jt past the end", ".insn 0x15, 1, 0, 0\n ret #0",
	  "instruction 0 (jeq): jumps to 2" },
	{ "jf past the end", ".insn 0x15, 0, 1, 0\n ret #0", "jumps to 2" },
	{ "jgt past the end", ".insn 0x25, 0, 255, 0\n ret #0", "(jgt)" },
	{ "jge past the end", ".insn 0x35, 255, 0, 0\n ret #0", "(jge)" },
	{ "jset past the end", ".insn 0x45, 255, 0, 0\n ret #0", "(jset)" },
	{ "jeq x past the end", ".insn 0x1d, 1, 0, 0\n ret #0", "(jeq)" },
	{ "jgt x past the end", ".insn 0x2d, 1, 0, 0\n ret #0", "(jgt)" },
	{ "jge x past the end", ".insn 0x3d, 0, 1, 0\n ret #0", "(jge)" },
	{ "jset x past the end", ".insn 0x4d, 0, 1, 0\n ret #0", "(jset)" },
	{ "all branches",
	  "jeq #1, a, a\na: jgt #1, b, b\nb: jge #1, c, c\nc: jset #1, d, d\n"
	  "d: jeq x, e, e\ne: jgt x, f, f\nf: jge x, g, g\ng: jset x, h, h\n"
	  "h: ret #0", NULL },

	{ "half a word", ".insn 0x28, 0, 0, 0\n ret a", "code 0x28" },
	{ "a byte", ".insn 0x30, 0, 0, 0\n ret a", "code 0x30" },
	{ "indirect", ".insn 0x40, 0, 0, 0\n ret a", "code 0x40" },
	{ "indirect half", ".insn 0x48, 0, 0, 0\n ret a", "code 0x48" },
	{ "indirect byte", ".insn 0x50, 0, 0, 0\n ret a", "code 0x50" },
	{ "length of an IP header", ".insn 0xb1, 0, 0, 0\n ret a",
	  "code 0xb1" },
	{ "ldx absolute, the kernel's own", ".insn 0x21, 0, 0, 0\n ret a",
	  "code 0x21" },
	{ "ret x", "ld #1\n .insn 0x0e, 0, 0, 0", "code 0xe" },
	{ "a jump of eBPF", ".insn 0x55, 0, 0, 0\n ret a", "code 0x55" },
	{ "a call of eBPF", ".insn 0x85, 0, 0, 0\n ret a", "code 0x85" },
	{ "an exit of eBPF", "ld #1\n .insn 0x95, 0, 0, 0", "code 0x95" },
	{ "a code above 255", ".insn 0x100, 0, 0, 0\n ret a", "code 0x100" },
	{ "ret with a high byte", "ret #0\n .insn 0x8006, 0, 0, 0",
	  "code 0x8006" },
	{ "fields that nobody reads", ".insn 0x87, 1, 2, 3\n .insn 0x16, 4, 5,"
	  " 6", NULL },
	{ "an unknown action", "ret #0x12340000", NULL },
	/* clang-format on */
};

/* Rows that no text can say, by the number of `ret #0` in them. */
static const struct length_row {
	size_t count;
	bool accepted;
} length_rows[] = {
	{ 0, false },    { 1, true },      { 4096, true },
	{ 4097, false }, { 65535, false },
};

static const struct cg_insn *
row_read(struct arena *arena, const char *text, size_t *count)
{
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *insns;

	if (asm_read(arena, text, strlen(text), &insns, count, &err))
		return insns;
	tap_note("%u:%u: %s", err.line, err.column, err.message);
	return NULL;
}

static void row_try(struct tap *tap, const struct row *row, struct live *live,
		    const char *missing)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	size_t count = 0;
	const struct cg_insn *insns = row_read(&arena, row->text, &count);
	bool accepted = insns && bpf_check(insns, count, &err);

	if (row->refused)
		tap_ok(tap,
		       insns && !accepted && err.status == CG_E_PROGRAM &&
			       strstr(err.message, row->refused),
		       "%s: %s", row->name, err.message);
	else
		tap_ok(tap, accepted, "%s%s", row->name, err.message);
	if (missing)
		tap_skip(tap, row->name, missing);
	else
		tap_ok(tap,
		       insns && live_try(live, insns, count) ==
					(row->refused ? EINVAL : 0),
		       "the kernel: %s", row->name);
	arena_free(&arena);
}

static void length_try(struct tap *tap, const struct length_row *row,
		       struct live *live, const char *missing)
{
	struct cg_insn *insns = calloc(row->count + 1, sizeof(*insns));
	struct cg_error err = { .status = CG_OK };

	for (size_t i = 0; insns && i < row->count; i++)
		insns[i].code = RET_K;
	tap_ok(tap,
	       insns && bpf_check(insns, row->count, &err) == row->accepted,
	       "%zu instructions: %s", row->count, err.message);
	if (missing)
		tap_skip(tap, "length", missing);
	else
		tap_ok(tap,
		       insns && live_try(live, insns, row->count) ==
					(row->accepted ? 0 : EINVAL),
		       "the kernel: %zu instructions", row->count);
	free(insns);
}

/* A random program, changed in up to four places. */
static size_t random_case(uint64_t *seed, struct cg_insn *out)
{
	const size_t count = 1 + random_below(seed, 60);
	const uint32_t changes = random_below(seed, 5);

	if (count > MEMORY_CELLS)
		random_program(seed, out, count);
	else
		for (size_t at = 0; at < count; at++)
			out[at] = at + 1 < count
					  ? random_insn(seed, at, count)
					  : (struct cg_insn){ RET_K, 0, 0, 0 };
	for (uint32_t i = 0; i < changes; i++)
		random_mutate(seed, out, count);
	return count;
}

static void random_agree(struct tap *tap, struct live *live)
{
	struct cg_insn insns[64];
	size_t accepted = 0, differ = 0;
	uint64_t seed = 1;

	for (size_t i = 0; i < 2000; i++) {
		const size_t count = random_case(&seed, insns);
		struct cg_error err = { .status = CG_OK };
		const bool ours = bpf_check(insns, count, &err);
		const int theirs = live_try(live, insns, count);

		accepted += ours;
		if (ours == (theirs == 0) && (ours || theirs == EINVAL))
			continue;
		differ++;
		tap_note("program %zu: kernel says %d, check says \"%s\"", i,
			 theirs, err.message);
	}
	tap_ok(tap, differ == 0, "2000 mutated programs: the kernel agrees");
	tap_ok(tap, accepted > 400 && accepted < 1600,
	       "of these %zu are accepted, enough on both sides", accepted);
}

/* ------------------------------------------------ converted length --- */

static const struct converted_row {
	const char *name, *text;
	size_t want;
} converted_rows[] = {
	/* clang-format off */
	{ "ret k", "ret #0", 5 },
	{ "ret a", "ret a", 4 },
	{ "load", "ld [0]\n ret a", 5 },
	{ "length", "ld #len\n ldx #len\n ret a", 6 },
	{ "memory", "st M[0]\n stx M[1]\n ld M[0]\n ldx M[1]\n ret a", 8 },
	{ "moves", "tax\n txa\n ld #1\n ldx #1\n ret a", 8 },
	{ "arithmetic", "add #1\n sub x\n neg\n mul x\n xor #0x80000000\n"
	  " lsh x\n rsh #3\n or x\n and #1\n ret a", 13 },
	{ "div k", "div #3\n ret a", 5 },
	{ "div x tests for zero", "div x\n ret a", 9 },
	{ "ja", "ja e\ne: ret a", 5 },
	{ "falls through both ways", "jeq #1, e, e\ne: ret a", 5 },
	{ "falls through if false", "jeq #1, e, f\nf: tax\ne: ret a", 6 },
	{ "falls through if true", "jeq #1, f, e\nf: tax\ne: ret a", 6 },
	{ "jgt turned round", "jgt #1, f, e\nf: tax\ne: ret a", 6 },
	{ "jge turned round", "jge x, f, e\nf: tax\ne: ret a", 6 },
	{ "jset cannot be", "jset #1, f, e\nf: tax\ne: ret a", 7 },
	{ "jset x cannot be", "jset x, f, e\nf: tax\ne: ret a", 7 },
	{ "jset falling through if false", "jset #1, e, f\nf: tax\ne: ret a",
	  6 },
	{ "skips both ways", "jeq #1, e, f\n tax\nf: tax\ne: ret a", 8 },
	{ "bit 31", "jeq #0x80000000, e, f\nf: tax\ne: ret a", 7 },
	{ "bit 31 is not set", "jeq #0x7fffffff, e, f\nf: tax\ne: ret a", 6 },
	{ "bit 31, both ways", "jset #0x80000000, e, f\n tax\nf: tax\ne: ret a",
	  9 },
	{ "x does not look at k", ".insn 0x1d, 0, 0, 0x80000000\n ret a", 5 },
	/* clang-format on */
};

/* Load a filter that comes to `size` of the kernel's budget: 9 to 4104. */
static int filler_load(size_t size)
{
	static struct cg_insn insns[CG_PROGRAM_MAX];
	const size_t count = size - 8; /* 3 before, 1 more for ret, 4 for it */

	for (size_t i = 0; i + 1 < count; i++)
		insns[i] = (struct cg_insn){ LD_ABS, 0, 0, 0 };
	insns[count - 1] = (struct cg_insn){ RET_K, 0, 0, CG_RET_ALLOW };
	return live_load(insns, count);
}

/* What the kernel says to a program when `filled` of its budget is taken. */
static int try_filled(struct live *live, size_t filled,
		      const struct cg_insn *insns, size_t count)
{
	pid_t pid = live_fork(live);

	if (pid != 0) {
		live_wait(pid);
		return live->load_error;
	}
	while (filled > 0) {
		size_t size = filled > 4104 ? 4104 : filled;

		/* What is left must be enough for one more. */
		if (filled > size && filled - size < 9)
			size -= 9;
		if (filler_load(size) != 0)
			_exit(98);
		filled -= size;
	}
	live->load_error = live_load(insns, count);
	live_leave();
	return -1;
}

/* It fits exactly where bpf_converted_length() says, and not one tighter. */
static bool
length_agrees(struct live *live, const struct cg_insn *insns, size_t count)
{
	const size_t left = KERNEL_LIMIT - bpf_converted_length(insns, count);

	return try_filled(live, left, insns, count) == 0 &&
	       try_filled(live, left + 1, insns, count) == ENOMEM;
}

static const char *length_unmeasurable(const char *missing)
{
	if (missing)
		return missing;
	if (live_number("/proc/self/status", "Seccomp_filters:") != 0)
		return "filters in force already, or their number is not shown";
	if (live_number("/proc/sys/net/core/bpf_jit_harden", "") != 0)
		return "bpf_jit_harden lengthens programs, or is not shown";
	return NULL;
}

static void converted_try(struct tap *tap, const struct converted_row *row,
			  struct live *live, const char *missing)
{
	struct arena arena = { .budget = PLENTY };
	size_t count = 0;
	const struct cg_insn *insns = row_read(&arena, row->text, &count);
	const size_t got = insns ? bpf_converted_length(insns, count) : 0;

	tap_ok(tap, got == row->want, "converted: %s: %zu", row->name, got);
	if (missing)
		tap_skip(tap, row->name, missing);
	else
		tap_ok(tap, insns && length_agrees(live, insns, count),
		       "the kernel makes as many: %s", row->name);
	arena_free(&arena);
}

static void converted_random(struct tap *tap, struct live *live)
{
	static struct cg_insn insns[CG_PROGRAM_MAX];
	size_t agreed = 0;
	uint64_t seed = 7;

	for (size_t i = 0; i < 20; i++) {
		const size_t count = 17 + random_below(&seed, 4000);
		struct cg_error err = { .status = CG_OK };

		random_program(&seed, insns, count);
		if (bpf_check(insns, count, &err) &&
		    length_agrees(live, insns, count))
			agreed++;
		else
			tap_note("program %zu: %s", i, err.message);
	}
	tap_ok(tap, agreed == 20, "the kernel makes as many: 20 random ones");
}

int main(void)
{
	struct tap tap = { 0 };
	struct live *live = live_new();
	const char *missing = live_missing(live);
	const char *unmeasurable = length_unmeasurable(missing);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_try(&tap, &rows[i], live, missing);
	for (size_t i = 0; i < sizeof(length_rows) / sizeof(length_rows[0]);
	     i++)
		length_try(&tap, &length_rows[i], live, missing);
	if (missing)
		tap_skip(&tap, "mutated programs", missing);
	else
		random_agree(&tap, live);
	for (size_t i = 0;
	     i < sizeof(converted_rows) / sizeof(converted_rows[0]); i++)
		converted_try(&tap, &converted_rows[i], live, unmeasurable);
	if (unmeasurable)
		tap_skip(&tap, "lengths of random programs", unmeasurable);
	else
		converted_random(&tap, live);
	return tap_done(&tap);
}
