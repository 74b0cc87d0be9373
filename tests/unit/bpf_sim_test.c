/*
 * What a program answers. Rows are judged by hand; random programs by the
 * kernel, in children whose filter answers every call with an errno of its own.
 */
#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf/sim.h"
#include "bpf_live.h"
#include "bpf_random.h"
#include "tap.h"

#if defined(__x86_64__)
#define OUR_ARCH 0xc000003e
#elif defined(__aarch64__)
#define OUR_ARCH 0xc00000b7
#else
#define OUR_ARCH 0 /* the live part is skipped */
#endif

#define X86_64 0xc000003eu

enum { PLENTY = 1 << 20 };

/* Every word of it is another number. */
static const struct cg_call sample = {
	.nr = 0x101,
	.arch = X86_64,
	.ip = 0x1111222233334444,
	.args = { 0xa0000001b0000001, 0xa0000002b0000002, 0xa0000003b0000003,
		  0xa0000004b0000004, 0xa0000005b0000005, 0xffffffff00000000 },
};

static const struct row {
	const char *text;
	uint32_t want;
	size_t steps;
} rows[] = {
	/* clang-format off */
	{ "ret #0x12345678", 0x12345678, 1 },
	{ "ret a", 0, 1 },				/* A is 0 at first */
	{ "txa\n ret a", 0, 2 },			/* and so is X */

	{ "ld [0]\n ret a", 0x101, 2 },
	{ "ld [4]\n ret a", 0xc000003e, 2 },
	{ "ld [8]\n ret a", 0x33334444, 2 },
	{ "ld [12]\n ret a", 0x11112222, 2 },
	{ "ld [16]\n ret a", 0xb0000001, 2 },
	{ "ld [20]\n ret a", 0xa0000001, 2 },
	{ "ld [24]\n ret a", 0xb0000002, 2 },
	{ "ld [28]\n ret a", 0xa0000002, 2 },
	{ "ld [32]\n ret a", 0xb0000003, 2 },
	{ "ld [36]\n ret a", 0xa0000003, 2 },
	{ "ld [40]\n ret a", 0xb0000004, 2 },
	{ "ld [44]\n ret a", 0xa0000004, 2 },
	{ "ld [48]\n ret a", 0xb0000005, 2 },
	{ "ld [52]\n ret a", 0xa0000005, 2 },
	{ "ld [56]\n ret a", 0x00000000, 2 },
	{ "ld [60]\n ret a", 0xffffffff, 2 },

	{ "ld #0xffffffff\n ret a", 0xffffffff, 2 },
	{ "ld #len\n ret a", 64, 2 },
	{ "ldx #len\n txa\n ret a", 64, 3 },
	{ "ldx #7\n txa\n ret a", 7, 3 },
	{ "ldx #7\n ld #9\n tax\n ld #1\n txa\n ret a", 9, 6 },
	{ "ldx #7\n txa\n ld #1\n txa\n ret a", 7, 5 },	/* txa keeps X */
	{ "ld #5\n st M[0]\n ld #6\n st M[15]\n ld M[0]\n ret a", 5, 6 },
	{ "ld #5\n st M[0]\n ld #6\n st M[15]\n ld M[15]\n ret a", 6, 6 },
	{ "ldx #5\n stx M[3]\n ldx #6\n ld M[3]\n ret a", 5, 5 },
	{ "ld #5\n st M[3]\n ldx M[3]\n ld #0\n txa\n ret a", 5, 6 },
	{ "ld #5\n st M[3]\n ld #6\n st M[3]\n ld M[3]\n ret a", 6, 6 },

	{ "ld #0xffffffff\n add #1\n ret a", 0, 3 },
	{ "ld #3\n add #4\n ret a", 7, 3 },
	{ "ld #0\n sub #1\n ret a", 0xffffffff, 3 },
	{ "ld #9\n sub #4\n ret a", 5, 3 },
	{ "ld #0x10001\n mul #0x10001\n ret a", 0x20001, 3 },
	{ "ld #0xffffffff\n mul #0xffffffff\n ret a", 1, 3 },
	{ "ld #0xffffffff\n div #2\n ret a", 0x7fffffff, 3 },
	{ "ld #7\n div #0xffffffff\n ret a", 0, 3 },
	{ "ld #0x0f0\n or #0xf00\n ret a", 0xff0, 3 },
	{ "ld #0xff0\n and #0x0ff\n ret a", 0x0f0, 3 },
	{ "ld #0xff0\n xor #0x0ff\n ret a", 0xf0f, 3 },
	{ "ld #3\n lsh #31\n ret a", 0x80000000, 3 },
	{ "ld #3\n lsh #0\n ret a", 3, 3 },
	{ "ld #0x80000000\n rsh #31\n ret a", 1, 3 },	/* no sign */
	{ "ld #1\n neg\n ret a", 0xffffffff, 3 },
	{ "ld #0x80000000\n neg\n ret a", 0x80000000, 3 },
	{ "neg\n ret a", 0, 2 },

	{ "ld #0xffffffff\n ldx #2\n add x\n ret a", 1, 4 },
	{ "ld #1\n ldx #2\n sub x\n ret a", 0xffffffff, 4 },
	{ "ld #0x10000\n ldx #0x10000\n mul x\n ret a", 0, 4 },
	{ "ld #0xffffffff\n ldx #16\n div x\n ret a", 0x0fffffff, 4 },
	{ "ld #5\n div x\n ret #7", 0, 2 },	/* by zero: ends with 0 */
	{ "ld #0x0f0\n ldx #0xf00\n or x\n ret a", 0xff0, 4 },
	{ "ld #0xff0\n ldx #0x0ff\n and x\n ret a", 0x0f0, 4 },
	{ "ld #0xff0\n ldx #0x0ff\n xor x\n ret a", 0xf0f, 4 },
	{ "ld #1\n ldx #31\n lsh x\n ret a", 0x80000000, 4 },
	{ "ld #1\n ldx #32\n lsh x\n ret a", 1, 4 },	/* wraps, as eBPF */
	{ "ld #1\n ldx #0xffffffff\n lsh x\n ret a", 0x80000000, 4 },
	{ "ld #0x80000000\n ldx #31\n rsh x\n ret a", 1, 4 },
	{ "ld #0x80000000\n ldx #33\n rsh x\n ret a", 0x40000000, 4 },

	{ "ja e\n ret #1\ne: ret #2", 2, 2 },
	{ "ja e\ne: ret #2", 2, 2 },
	{ "ld #5\n jeq #5, t, f\nt: ret #1\nf: ret #2", 1, 3 },
	{ "ld #5\n jeq #6, t, f\nt: ret #1\nf: ret #2", 2, 3 },
	{ "ld #0x80000000\n jgt #0x7fffffff, t, f\nt: ret #1\nf: ret #2", 1, 3 },
	{ "ld #5\n jgt #5, t, f\nt: ret #1\nf: ret #2", 2, 3 },
	{ "ld #5\n jge #5, t, f\nt: ret #1\nf: ret #2", 1, 3 },
	{ "ld #5\n jge #6, t, f\nt: ret #1\nf: ret #2", 2, 3 },
	{ "ld #1\n jge #0xffffffff, t, f\nt: ret #1\nf: ret #2", 2, 3 },
	{ "ld #6\n jset #3, t, f\nt: ret #1\nf: ret #2", 1, 3 },
	{ "ld #6\n jset #9, t, f\nt: ret #1\nf: ret #2", 2, 3 },
	{ "ld #0x80000000\n jset #0x80000000, t, f\nt: ret #1\nf: ret #2", 1, 3 },
	{ "ld #0xffffffff\n jset #0, t, f\nt: ret #1\nf: ret #2", 2, 3 },
	{ "ld #5\n ldx #5\n jeq x, t, f\nt: ret #1\nf: ret #2", 1, 4 },
	{ "ld #5\n ldx #4\n jeq x, t, f\nt: ret #1\nf: ret #2", 2, 4 },
	{ "ld #0xffffffff\n ldx #1\n jgt x, t, f\nt: ret #1\nf: ret #2", 1, 4 },
	{ "ld #5\n ldx #5\n jgt x, t, f\nt: ret #1\nf: ret #2", 2, 4 },
	{ "ld #5\n ldx #5\n jge x, t, f\nt: ret #1\nf: ret #2", 1, 4 },
	{ "ld #5\n ldx #6\n jge x, t, f\nt: ret #1\nf: ret #2", 2, 4 },
	{ "ld #6\n ldx #2\n jset x, t, f\nt: ret #1\nf: ret #2", 1, 4 },
	{ "ld #6\n ldx #9\n jset x, t, f\nt: ret #1\nf: ret #2", 2, 4 },
	/* Where k is not used, it is not used. */
	{ ".insn 0x1d, 0, 1, 5\n ret #1\n ret #2", 1, 2 },
	{ ".insn 0x87, 9, 9, 5\n ret a", 0, 2 },
	/* clang-format on */
};

/* The same words, where the high half of an argument comes first. */
static const struct row big_rows[] = {
	/* clang-format off */
	{ "ld [0]\n ret a", 0x101, 2 },
	{ "ld [4]\n ret a", 0xc000003e, 2 },
	{ "ld [8]\n ret a", 0x11112222, 2 },
	{ "ld [12]\n ret a", 0x33334444, 2 },
	{ "ld [16]\n ret a", 0xa0000001, 2 },
	{ "ld [20]\n ret a", 0xb0000001, 2 },
	{ "ld [56]\n ret a", 0xffffffff, 2 },
	{ "ld [60]\n ret a", 0x00000000, 2 },
	/* clang-format on */
};

/* What the kernel's action cache makes of a program for nr 1 of x86_64. */
static const struct cached_row {
	const char *name, *text;
	bool want;
} cached_rows[] = {
	/* clang-format off */
	{ "allows all", "ret #0x7fff0000", true },
	{ "allow with data", "ret #0x7fff0001", false },
	{ "log", "ret #0x7ffc0000", false },
	{ "errno", "ret #0x50001", false },
	{ "kill", "ret #0", false },
	{ "ret a that is allow", "ld #0x7fff0000\n ret a", false },
	{ "by number", "ld [0]\n jeq #1, y, n\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "another number",
	  "ld [0]\n jeq #2, y, n\ny: ret #0x7fff0000\nn: ret #0", false },
	{ "by ABI", "ld [4]\n jeq #0xc000003e, y, n\ny: ret #0x7fff0000\n"
	  "n: ret #0", true },
	{ "another ABI", "ld [4]\n jeq #0x40000003, y, n\ny: ret #0x7fff0000\n"
	  "n: ret #0", false },
	{ "above", "ld [0]\n jgt #0, y, n\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "not above", "ld [0]\n jgt #1, n, y\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "at least", "ld [0]\n jge #1, y, n\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "a bit", "ld [0]\n jset #1, y, n\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "no bit", "ld [0]\n jset #2, n, y\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "masked", "ld [0]\n and #0xfe\n jeq #0, y, n\ny: ret #0x7fff0000\n"
	  "n: ret #0", true },
	{ "A is 0 at first", "jeq #0, y, n\ny: ret #0x7fff0000\nn: ret #0",
	  true },
	{ "ja", "ja y\n ld [16]\ny: ret #0x7fff0000", true },
	{ "an argument", "ld [16]\n ret #0x7fff0000", false },
	{ "ip", "ld [8]\n ret #0x7fff0000", false },
	{ "an argument not on the way",
	  "ld [0]\n jeq #1, y, n\nn: ld [16]\n ret #0\ny: ret #0x7fff0000",
	  true },
	{ "ld imm", "ld #1\n ret #0x7fff0000", false },
	{ "ld len", "ld #len\n ret #0x7fff0000", false },
	{ "ldx", "ldx #1\n ret #0x7fff0000", false },
	{ "st", "st M[0]\n ret #0x7fff0000", false },
	{ "tax", "tax\n ret #0x7fff0000", false },
	{ "txa", "txa\n ret #0x7fff0000", false },
	{ "and x", "and x\n ret #0x7fff0000", false },
	{ "or", "or #0\n ret #0x7fff0000", false },
	{ "add", "add #0\n ret #0x7fff0000", false },
	{ "sub", "sub #0\n ret #0x7fff0000", false },
	{ "rsh", "rsh #0\n ret #0x7fff0000", false },
	{ "neg", "neg\n ret #0x7fff0000", false },
	{ "jeq x", "jeq x, y, y\ny: ret #0x7fff0000", false },
	{ "jgt x", "jgt x, y, y\ny: ret #0x7fff0000", false },
	{ "jge x", "jge x, y, y\ny: ret #0x7fff0000", false },
	{ "jset x", "jset x, y, y\ny: ret #0x7fff0000", false },
	/* clang-format on */
};

/* A checked program, or NULL with a note why not. */
static const struct cg_insn *
program(struct arena *arena, const char *text, size_t *count)
{
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *insns;

	if (asm_read(arena, text, strlen(text), &insns, count, &err) &&
	    bpf_check(insns, *count, &err))
		return insns;
	tap_note("%u:%u: %s", err.line, err.column, err.message);
	return NULL;
}

/* One line, for a name. */
static const char *flat(const char *text)
{
	static char line[256];
	size_t i = 0;

	for (; text[i] && i + 1 < sizeof(line); i++)
		line[i] = text[i] == '\n' || text[i] == '#' ? '_' : text[i];
	line[i] = '\0';
	return line;
}

static void rows_try(struct tap *tap, const struct row *table, size_t length,
		     bool big_endian)
{
	for (size_t i = 0; i < length; i++) {
		struct arena arena = { .budget = PLENTY };
		size_t count = 0, steps = 0;
		const struct cg_insn *insns =
			program(&arena, table[i].text, &count);
		uint32_t got = insns ? bpf_sim(insns, count, big_endian,
					       &sample, &steps)
				     : 0;

		tap_ok(tap,
		       insns && got == table[i].want &&
			       steps == table[i].steps &&
			       bpf_sim(insns, count, big_endian, &sample,
				       NULL) == got,
		       "%s: 0x%x in %zu steps", flat(table[i].text), got,
		       steps);
		arena_free(&arena);
	}
}

static void cached_try(struct tap *tap, const struct cached_row *row)
{
	struct arena arena = { .budget = PLENTY };
	size_t count = 0;
	const struct cg_insn *insns = program(&arena, row->text, &count);

	tap_ok(tap, insns && bpf_cached(insns, count, X86_64, 1) == row->want,
	       "cached: %s", row->name);
	arena_free(&arena);
}

/*
 * Whatever the cache would answer, the program answers too: for any call of
 * that number and ABI.
 */
static void cached_agrees(struct tap *tap)
{
	struct cg_insn insns[24];
	size_t cached = 0, wrong = 0;
	uint64_t seed = 3;

	for (size_t i = 0; i < 20000; i++) {
		const size_t count = 1 + random_below(&seed, 12);
		struct cg_error err;
		struct cg_call call = sample;

		for (size_t at = 0; at + 1 < count; at++)
			insns[at] = random_insn(&seed, at, count);
		insns[count - 1] =
			(struct cg_insn){ RET_K, 0, 0, CG_RET_ALLOW };
		call.nr = random_edge(&seed);
		call.args[0] = random_next(&seed);
		if (!bpf_check(insns, count, &err) ||
		    !bpf_cached(insns, count, call.arch, call.nr))
			continue;
		cached++;
		wrong += bpf_sim(insns, count, false, &call, NULL) !=
			 CG_RET_ALLOW;
	}
	tap_ok(tap, wrong == 0 && cached > 1000,
	       "%zu cached answers are the program's", cached);
}

/* ------------------------------------------------------- the kernel --- */

enum { SYS_UPROBES_FIRST = 335, SYS_UPROBES_LAST = 336, CALLS = 8 };

/*
 * A random program whose every answer is an errno from 1024 to 4095, except
 * for exit_group, which it allows, and for a division by zero.
 */
static void canary_program(uint64_t *seed, struct cg_insn *out, size_t count)
{
	enum { HEAD = 3, TAIL = 3 };

	out[0] = (struct cg_insn){ LD_ABS, 0, 0, DATA_NR };
	out[1] = (struct cg_insn){ JEQ_K, 0, 1, SYS_exit_group };
	out[2] = (struct cg_insn){ RET_K, 0, 0, CG_RET_ALLOW };
	random_program(seed, out + HEAD, count - HEAD - TAIL + 1);
	for (size_t at = HEAD; at < count - TAIL; at++) {
		if (out[at].code == RET_K)
			out[at].k = CG_RET_ERRNO |
				    (1024 + random_below(seed, 3072));
		if (out[at].code == RET_A)
			out[at] = (struct cg_insn){ LD_ABS, 0, 0, DATA_NR };
	}
	out[count - 3] = (struct cg_insn){ AND_K, 0, 0, 0x3ff };
	out[count - 2] = (struct cg_insn){ OR_K, 0, 0, CG_RET_ERRNO | 0x400 };
	out[count - 1] = (struct cg_insn){ RET_A, 0, 0, 0 };
}

/* The kernel has calls of its own that no filter sees. */
static struct cg_call random_call(uint64_t *seed)
{
	struct cg_call call = { .arch = (uint32_t)OUR_ARCH };

	do {
		call.nr = random_below(seed, 2) ? random_below(seed, 600)
						: random_edge(seed);
	} while (call.nr == SYS_exit_group || call.nr == UINT32_MAX ||
		 (call.nr >= SYS_UPROBES_FIRST && call.nr <= SYS_UPROBES_LAST));
	for (size_t i = 0; i < 6; i++)
		call.args[i] = random_next(seed) >> random_below(seed, 64);
	return call;
}

#if defined(__x86_64__)

/* Where the call instruction ends: ip, as the filter sees it. */
static uint64_t calls_end(void)
{
	uint64_t ip;

	__asm__("leaq canary_call_end(%%rip), %0" : "=r"(ip));
	return ip;
}

#if __has_attribute(noclone)
#define ONCE __attribute__((noinline, noclone))
#else
#define ONCE __attribute__((noinline))
#endif

/* Its own function, once: it defines a symbol. */
ONCE static long call_make(const struct cg_call *call)
{
	register uint64_t r10 __asm__("r10") = call->args[3];
	register uint64_t r8 __asm__("r8") = call->args[4];
	register uint64_t r9 __asm__("r9") = call->args[5];
	long result;

	__asm__ volatile("syscall\ncanary_call_end:"
			 : "=a"(result)
			 : "a"((uint64_t)call->nr), "D"(call->args[0]),
			   "S"(call->args[1]), "d"(call->args[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static uint64_t calls_end(void)
{
	uint64_t ip;

	__asm__("adr %0, canary_call_end" : "=r"(ip));
	return ip;
}

__attribute__((noinline, noclone)) static long
call_make(const struct cg_call *call)
{
	register uint64_t x0 __asm__("x0") = call->args[0];
	register uint64_t x1 __asm__("x1") = call->args[1];
	register uint64_t x2 __asm__("x2") = call->args[2];
	register uint64_t x3 __asm__("x3") = call->args[3];
	register uint64_t x4 __asm__("x4") = call->args[4];
	register uint64_t x5 __asm__("x5") = call->args[5];
	register uint64_t x8 __asm__("x8") = call->nr;

	__asm__ volatile("svc #0\ncanary_call_end:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
			 : "memory");
	return (long)x0;
}

#else

static uint64_t calls_end(void)
{
	return 0;
}

static long call_make(const struct cg_call *call)
{
	(void)call;
	return 0;
}

#endif

/* Put the calls to the kernel, under the program; how the child ended. */
static int ask_kernel(struct live *live, const struct cg_insn *insns,
		      size_t count, const struct cg_call *calls)
{
	pid_t pid = live_fork(live);

	if (pid != 0)
		return live_wait(pid);
	live->load_error = live_load(insns, count);
	if (live->load_error == 0) {
		for (unsigned i = 0; i < CALLS; i++) {
			live->result[i] = call_make(&calls[i]);
			live->done = i + 1;
		}
	}
	live_leave();
	return -1;
}

/* How many of the calls agree; a division by zero ends the child. */
static bool
answers_agree(struct live *live, int status, const struct cg_insn *insns,
	      size_t count, const struct cg_call *calls, size_t *killed)
{
	if (live->load_error != 0)
		return false;
	for (unsigned i = 0; i < live->done; i++) {
		uint32_t answer = bpf_sim(insns, count, false, &calls[i], NULL);

		if ((answer & CG_RET_ACTION) != CG_RET_ERRNO ||
		    live->result[i] != -(long)(answer & CG_RET_DATA)) {
			tap_note("nr 0x%x: sim 0x%x, kernel %ld", calls[i].nr,
				 answer, live->result[i]);
			return false;
		}
	}
	if (live->done == CALLS)
		return WIFEXITED(status) && WEXITSTATUS(status) == 0;
	*killed += 1;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS &&
	       bpf_sim(insns, count, false, &calls[live->done], NULL) ==
		       CG_RET_KILL_THREAD;
}

static void random_agree(struct tap *tap, struct live *live)
{
	struct cg_insn insns[128];
	struct cg_call calls[CALLS];
	size_t agreed = 0, killed = 0, answered = 0;
	uint64_t seed = 11;

	for (size_t i = 0; i < 500; i++) {
		const size_t count = 24 + random_below(&seed, 100);
		struct cg_error err = { .status = CG_OK };
		int status;

		canary_program(&seed, insns, count);
		for (size_t c = 0; c < CALLS; c++) {
			calls[c] = random_call(&seed);
			calls[c].ip = calls_end();
		}
		if (!bpf_check(insns, count, &err)) {
			tap_note("program %zu: %s", i, err.message);
			continue;
		}
		status = ask_kernel(live, insns, count, calls);
		if (answers_agree(live, status, insns, count, calls, &killed))
			agreed++;
		else
			tap_note("program %zu differs", i);
		answered += live->done;
	}
	tap_ok(tap, agreed == 500, "500 random programs: the kernel agrees");
	tap_ok(tap, answered > 2000 && killed > 20,
	       "%zu answers, %zu divisions by zero", answered, killed);
}

int main(void)
{
	struct tap tap = { 0 };
	struct live *live = live_new();
	const char *missing = live_missing(live);

	if (!missing && OUR_ARCH == 0)
		missing = "no way to make a bare call on this machine yet";
	rows_try(&tap, rows, sizeof(rows) / sizeof(rows[0]), false);
	rows_try(&tap, big_rows, sizeof(big_rows) / sizeof(big_rows[0]), true);
	for (size_t i = 0; i < sizeof(cached_rows) / sizeof(cached_rows[0]);
	     i++)
		cached_try(&tap, &cached_rows[i]);
	cached_agrees(&tap);
	if (missing)
		tap_skip(&tap, "random programs and the kernel", missing);
	else
		random_agree(&tap, live);
	return tap_done(&tap);
}
