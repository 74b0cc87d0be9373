/*
 * What a proof is made of, against plain C: vectors against arithmetic, and the
 * diagram of a program, followed for one call, against a run of the program.
 */
#include <inttypes.h>
#include <string.h>

#include "bpf/check.h"
#include "bpf/sim.h"
#include "bpf_random.h"
#include "prove/outline.h"
#include "prove/vector.h"
#include "prove/walk.h"
#include "random/follow.h"
#include "tap.h"

enum {
	NODES = 1 << 20,
	PAIRS = 300,           /* of operands, for each operation */
	PROGRAMS = 1500,       /* with every opcode */
	CALLS = 40,            /* to each */
	SMALL_NODES = 1 << 16, /* of each; sums of inputs take more */
};

/* ---------------------------------------------------------- operations -- */

static uint32_t c_and(uint32_t a, uint32_t b)
{
	return a & b;
}

static uint32_t c_or(uint32_t a, uint32_t b)
{
	return a | b;
}

static uint32_t c_xor(uint32_t a, uint32_t b)
{
	return a ^ b;
}

static uint32_t c_add(uint32_t a, uint32_t b)
{
	return a + b;
}

static uint32_t c_sub(uint32_t a, uint32_t b)
{
	return a - b;
}

static uint32_t c_mul(uint32_t a, uint32_t b)
{
	return a * b;
}

static uint32_t c_div(uint32_t a, uint32_t b)
{
	return b ? a / b : 0;
}

static uint32_t c_left(uint32_t a, uint32_t b)
{
	return a << (b & 31);
}

static uint32_t c_right(uint32_t a, uint32_t b)
{
	return a >> (b & 31);
}

typedef struct vector vector_operation(struct diagrams *, const struct vector *,
				       const struct vector *);

static const struct operation {
	const char *name;
	vector_operation *vector;
	uint32_t (*plain)(uint32_t, uint32_t);
	bool cheap; /* two inputs at once stay small */
} operations[] = {
	{ "and", vector_and, c_and, true },
	{ "or", vector_or, c_or, true },
	{ "xor", vector_xor, c_xor, true },
	{ "add", vector_add, c_add, false },
	{ "sub", vector_sub, c_sub, false },
	{ "mul", vector_mul, c_mul, false },
	{ "div", vector_div, c_div, false },
	{ "shift left", vector_shift_left, c_left, false },
	{ "shift right", vector_shift_right, c_right, false },
};

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* The value of a vector for one call. */
static uint32_t
value_for(const struct diagrams *all, const struct vector *vector,
	  const struct cg_call *call)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 32; i++)
		value |= (uint32_t)(follow(all, vector->bit[i], call) != 0)
			 << i;
	return value;
}

static struct cg_call random_call(uint64_t *seed)
{
	struct cg_call call = { .nr = random_edge(seed),
				.arch = random_edge(seed),
				.ip = random_next(seed) };

	for (size_t i = 0; i < 6; i++)
		call.args[i] =
			(uint64_t)random_edge(seed) << 32 | random_edge(seed);
	return call;
}

/* Constants, both known: the result must be known, too. */
static bool constants_agree(const struct operation *operation, uint64_t *seed)
{
	struct diagrams *all = diagrams_new(NODES);
	bool ok = all != NULL;

	for (int i = 0; ok && i < PAIRS; i++) {
		uint32_t left = random_edge(seed), right = random_edge(seed);
		struct vector a = vector_number(left), b = vector_number(right);
		struct vector sum;
		uint32_t got = 0;

		if (operation->plain == c_div && !right)
			continue;
		sum = operation->vector(all, &a, &b);
		ok = vector_is_number(&sum, &got) &&
		     got == operation->plain(left, right);
		if (!ok)
			tap_note("0x%" PRIx32 ", 0x%" PRIx32 ": 0x%" PRIx32,
				 left, right, got);
	}
	ok = ok && !diagrams_exhausted(all);
	diagrams_free(all);
	return ok;
}

/* An input and a constant, on either side; two inputs where that is cheap. */
static bool inputs_agree(const struct operation *operation, uint64_t *seed)
{
	size_t tried = 0;

	for (int i = 0; i < PAIRS; i++) {
		struct diagrams *all = diagrams_new(SMALL_NODES);
		uint32_t number = random_edge(seed);
		struct vector input = vector_word(all, WORD_NR);
		struct vector other = vector_number(number), result;
		bool swap = operation->cheap && random_below(seed, 2);
		bool two = operation->cheap && random_below(seed, 2);

		if (two)
			other = vector_word(all, WORD_ARGS + 1);
		if (operation->plain == c_div && !number)
			number = 1, other = vector_number(1);
		result = operation->vector(all, swap ? &other : &input,
					   swap ? &input : &other);
		for (int j = 0; !diagrams_exhausted(all) && j < CALLS; j++) {
			struct cg_call call = random_call(seed);
			uint32_t right = two ? (uint32_t)call.args[0] : number;
			uint32_t want = swap ? operation->plain(right, call.nr)
					     : operation->plain(call.nr, right);

			if (value_for(all, &result, &call) != want) {
				tap_note("0x%" PRIx32 ", 0x%" PRIx32, call.nr,
					 right);
				diagrams_free(all);
				return false;
			}
			tried++;
		}
		diagrams_free(all);
	}
	return tried > PAIRS;
}

/* ---------------------------------------------------------- comparisons -- */

static const struct comparison {
	const char *name;
	dd (*vector)(struct diagrams *, const struct vector *,
		     const struct vector *);
	int kind; /* of '=', '>' and '&' */
} comparisons[] = {
	{ "equal", vector_equal, '=' },
	{ "above", vector_above, '>' },
	{ "common", vector_common, '&' },
};

static bool compare_plain(int kind, uint32_t a, uint32_t b)
{
	return kind == '=' ? a == b : kind == '>' ? a > b : (a & b) != 0;
}

static bool comparison_agrees(const struct comparison *row, uint64_t *seed)
{
	struct diagrams *all = diagrams_new(NODES);
	bool ok = all != NULL;

	for (int i = 0; ok && i < PAIRS; i++) {
		uint32_t number = random_edge(seed);
		struct vector known = vector_number(number);
		struct vector input = vector_word(all, WORD_ARGS);
		bool swap = random_below(seed, 2);
		dd test = row->vector(all, swap ? &known : &input,
				      swap ? &input : &known);

		for (int j = 0; ok && j < CALLS; j++) {
			struct cg_call call = random_call(seed);
			uint32_t word = (uint32_t)(call.args[0] >> 32);
			bool want;

			/* Near the number, where it matters. */
			if (random_below(seed, 2)) {
				word = number + random_below(seed, 3) - 1;
				call.args[0] = (uint64_t)word << 32;
			}
			want = swap ? compare_plain(row->kind, number, word)
				    : compare_plain(row->kind, word, number);
			ok = (follow(all, test, &call) != 0) == want;
		}
	}
	ok = ok && !diagrams_exhausted(all);
	diagrams_free(all);
	return ok;
}

/* ------------------------------------------------------------- programs -- */

static struct totals {
	size_t pairs, undecided, refused, wrong, outlines, outlines_wrong;
	bool seen[0x100];
} totals;

static void note_program(const struct cg_insn *insns, size_t count)
{
	for (size_t i = 0; totals.wrong <= 1 && i < count; i++)
		tap_note("{ 0x%02x, %u, %u, 0x%" PRIx32 " },", insns[i].code,
			 insns[i].jt, insns[i].jf, insns[i].k);
}

/* As spans of arch and nr, where it is of that kind, it must be the same. */
static void try_outline(struct diagrams *all, const struct cg_insn *insns,
			size_t count, bool big_endian, dd walked)
{
	struct spans spans;

	if (diagrams_exhausted(all) ||
	    !outline_program(all, insns, count, big_endian, &spans))
		return;
	if (!diagrams_exhausted(all)) {
		totals.outlines++;
		totals.outlines_wrong += spans_calls(all, &spans) != walked &&
					 !diagrams_exhausted(all);
	}
	free(spans.at);
}

static void
try_program(const struct cg_insn *insns, size_t count, uint64_t *seed)
{
	const bool big_endian = random_below(seed, 2);
	struct diagrams *all = diagrams_new(SMALL_NODES);
	dd walked = walk_program(all, insns, count, big_endian);

	totals.undecided += diagrams_exhausted(all);
	try_outline(all, insns, count, big_endian, walked);
	for (int i = 0; !diagrams_exhausted(all) && i < CALLS; i++) {
		struct cg_call call = random_call(seed);
		uint32_t want = bpf_sim(insns, count, big_endian, &call, NULL);

		totals.pairs++;
		if (follow(all, walked, &call) == want)
			continue;
		if (totals.wrong++ == 0)
			note_program(insns, count);
		break;
	}
	if (!diagrams_exhausted(all))
		for (size_t i = 0; i < count; i++)
			totals.seen[insns[i].code & 0xff] = true;
	diagrams_free(all);
}

/* Long programs calculate themselves into what cannot be drawn. */
static void try_programs(uint64_t *seed)
{
	for (int i = 0; i < PROGRAMS; i++) {
		struct cg_insn insns[96];
		size_t count = MEMORY_CELLS + 2 + random_below(seed, 40);
		struct cg_error err;

		random_program(seed, insns, count);
		/* The answer is one of a few, or anything. */
		if (random_below(seed, 2))
			insns[count - 1] =
				(struct cg_insn){ RET_K, 0, 0, CG_RET_ALLOW };
		if (bpf_check(insns, count, &err))
			try_program(insns, count, seed);
		else
			totals.refused++;
	}
}

/* Programs by hand, for what chance seldom brings. */
static const struct hand {
	const char *name;
	struct cg_insn insns[10];
	size_t count;
} hands[] = {
	/* clang-format off */
	{ "a division by X that is 0 answers 0",
	  { { LD_IMM, 0, 0, 7 }, { LDX_IMM, 0, 0, 0 }, { DIV_X, 0, 0, 0 },
	    { RET_K, 0, 0, 5 } }, 4 },
	{ "a division by X that may be 0",
	  { { LD_ABS, 0, 0, 0 }, { AND_K, 0, 0, 3 }, { TAX, 0, 0, 0 },
	    { LD_IMM, 0, 0, 100 }, { DIV_X, 0, 0, 0 }, { RET_A, 0, 0, 0 } }, 6 },
	{ "a shift by X past 31",
	  { { LD_ABS, 0, 0, 0 }, { AND_K, 0, 0, 63 }, { TAX, 0, 0, 0 },
	    { LD_IMM, 0, 0, 0xffff0001 }, { LSH_X, 0, 0, 0 },
	    { RET_A, 0, 0, 0 } }, 6 },
	{ "another shift by X past 31",
	  { { LD_ABS, 0, 0, 0 }, { AND_K, 0, 0, 63 }, { TAX, 0, 0, 0 },
	    { LD_IMM, 0, 0, 0xffff0001 }, { RSH_X, 0, 0, 0 },
	    { RET_A, 0, 0, 0 } }, 6 },
	{ "memory that two ways write",
	  { { LD_ABS, 0, 0, 16 }, { AND_K, 0, 0, 7 }, { JSET_K, 0, 2, 1 },
	    { ST, 0, 0, 3 }, { JA, 0, 0, 1 }, { STX, 0, 0, 3 },
	    { LD_MEM, 0, 0, 3 }, { RET_A, 0, 0, 0 } }, 8 },
	{ "X against the input",
	  { { LDX_IMM, 0, 0, 300 }, { LD_ABS, 0, 0, 0 }, { JGT_X, 0, 1, 0 },
	    { RET_K, 0, 0, 1 }, { JEQ_X, 0, 1, 0 }, { RET_K, 0, 0, 2 },
	    { RET_K, 0, 0, 3 } }, 7 },
	{ "a negated input",
	  { { LD_ABS, 0, 0, 0 }, { NEG, 0, 0, 0 }, { JGE_K, 0, 1, 0xfffffff0 },
	    { RET_K, 0, 0, 1 }, { RET_K, 0, 0, 2 } }, 5 },
	{ "arch, nr, an argument",
	  { { LD_ABS, 0, 0, 4 }, { JEQ_K, 0, 7, 5 }, { LD_ABS, 0, 0, 0 },
	    { JGE_K, 0, 4, 7 }, { JSET_K, 0, 3, 0x60000000 }, { LD_ABS, 0, 0, 16 },
	    { JGT_K, 1, 0, 3 }, { RET_K, 0, 0, 1 }, { RET_K, 0, 0, 2 },
	    { RET_K, 0, 0, 3 } }, 10 },
	{ "several archs, then nr",
	  { { LD_ABS, 0, 0, 4 }, { JGE_K, 0, 3, 0x80000000 },
	    { LD_ABS, 0, 0, 0 }, { JGE_K, 0, 1, 7 }, { RET_K, 0, 0, 1 },
	    { RET_K, 0, 0, 2 } }, 6 },
	{ "several archs, then an argument",
	  { { LD_ABS, 0, 0, 4 }, { JGE_K, 0, 3, 0x80000000 },
	    { LD_ABS, 0, 0, 16 }, { JGE_K, 0, 1, 7 }, { RET_K, 0, 0, 1 },
	    { RET_K, 0, 0, 2 } }, 6 },
	{ "the last arch, the last number",
	  { { LD_ABS, 0, 0, 4 }, { JEQ_K, 0, 3, UINT32_MAX },
	    { LD_ABS, 0, 0, 0 }, { JEQ_K, 0, 1, UINT32_MAX },
	    { RET_K, 0, 0, 1 }, { RET_K, 0, 0, 2 } }, 6 },
	{ "arch again, behind nr",
	  { { LD_ABS, 0, 0, 4 }, { JEQ_K, 0, 5, 5 }, { LD_ABS, 0, 0, 0 },
	    { JGE_K, 0, 3, 7 }, { LD_ABS, 0, 0, 4 }, { JGT_K, 0, 1, 4 },
	    { RET_K, 0, 0, 1 }, { RET_K, 0, 0, 2 } }, 8 },
	{ "arch kept over nr",
	  { { LD_ABS, 0, 0, 4 }, { AND_K, 0, 0, 3 }, { TAX, 0, 0, 0 },
	    { JEQ_K, 0, 3, 1 }, { LD_ABS, 0, 0, 0 }, { JEQ_X, 0, 1, 0 },
	    { RET_K, 0, 0, 1 }, { RET_K, 0, 0, 2 } }, 8 },
	{ "nr, then arch",
	  { { LD_ABS, 0, 0, 0 }, { JEQ_K, 0, 3, 5 }, { LD_ABS, 0, 0, 4 },
	    { JEQ_K, 0, 1, 5 }, { RET_K, 0, 0, 1 }, { RET_K, 0, 0, 2 } }, 6 },
	{ "the length",
	  { { LD_LEN, 0, 0, 0 }, { LDX_LEN, 0, 0, 0 }, { MUL_X, 0, 0, 0 },
	    { RET_A, 0, 0, 0 } }, 4 },
	/* clang-format on */
};

static void try_hands(struct tap *tap, uint64_t *seed)
{
	for (size_t i = 0; i < sizeof(hands) / sizeof(hands[0]); i++) {
		const struct hand *hand = &hands[i];
		size_t wrong = totals.wrong, undecided = totals.undecided;
		struct cg_error err = { 0 };
		bool ok = bpf_check(hand->insns, hand->count, &err);

		for (int j = 0; ok && j < 50; j++)
			try_program(hand->insns, hand->count, seed);
		tap_ok(tap,
		       ok && totals.wrong == wrong &&
			       totals.undecided == undecided,
		       "%s%s", hand->name, err.message);
	}
}

int main(void)
{
	struct tap tap = { 0 };
	uint64_t seed = 42;
	size_t opcodes = 0, covered = 0;

	for (size_t i = 0; i < OPERATIONS; i++) {
		tap_ok(&tap, constants_agree(&operations[i], &seed),
		       "%s of constants", operations[i].name);
		tap_ok(&tap, inputs_agree(&operations[i], &seed),
		       "%s of inputs", operations[i].name);
	}
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++)
		tap_ok(&tap, comparison_agrees(&comparisons[i], &seed), "%s",
		       comparisons[i].name);
	try_hands(&tap, &seed);
	try_programs(&seed);
	for (uint16_t code = 0; code < 0x100; code++) {
		opcodes += opcode_find(code) != NULL;
		covered += opcode_find(code) && totals.seen[code];
	}
	tap_ok(&tap, totals.pairs >= 20000 && !totals.wrong,
	       "%zu pairs: a program's diagram is the program (%zu too large)",
	       totals.pairs, totals.undecided);
	tap_ok(&tap, totals.outlines >= 150 && !totals.outlines_wrong,
	       "%zu of them as spans are the same", totals.outlines);
	tap_ok(&tap, opcodes > 30 && covered == opcodes && !totals.refused,
	       "%zu of %zu opcodes are in them", covered, opcodes);
	return tap_done(&tap);
}
