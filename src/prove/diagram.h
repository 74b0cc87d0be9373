/*
 * prove/diagram.h - decision diagrams in canonical form.
 *
 * A diagram is a function of the 512 bits of struct seccomp_data: reduced,
 * ordered, hash-consed, with many kinds of leaf (an MTBDD). Two diagrams are
 * the same function if and only if they are the same number. That is the whole
 * proof; everything else here is how to build them.
 *
 * Bits are ordered arch, nr, args[0].high, args[0].low, ... args[5].low,
 * ip.high, ip.low, each most significant bit first.
 */
#ifndef PROVE_DIAGRAM_H
#define PROVE_DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A diagram. Truth values are leaves of their own, apart from all answers. */
typedef uint32_t dd;

enum { DD_FALSE = 0, DD_TRUE = 1 };

enum word {
	WORD_ARCH,
	WORD_NR,
	WORD_ARGS,                /* + 2 * argument, + 1 for the low half */
	WORD_IP = WORD_ARGS + 12, /* + 1 for the low half */
	WORDS = WORD_IP + 2,
	BITS = 32 * WORDS, /* variables 0..BITS-1 */
};

struct diagrams;

/*
 * A set of diagrams that share their nodes; at most `nodes` of them. NULL if
 * memory ran out.
 */
struct diagrams *diagrams_new(size_t nodes);
void diagrams_free(struct diagrams *all);

/*
 * Once the nodes or the memory are used up every operation answers DD_FALSE,
 * and this says so: ask it before you believe a result.
 */
bool diagrams_exhausted(const struct diagrams *all);
/* Whether that was for want of memory, and not of the budget. */
bool diagrams_out_of_memory(const struct diagrams *all);
/* Say so on behalf of one who ran out of a budget, or memory, while building.
 */
void diagrams_exhaust(struct diagrams *all);
void diagrams_no_memory(struct diagrams *all);

/* The leaf of a 32-bit answer. */
dd diagram_answer(struct diagrams *all, uint32_t answer);

/* One input bit: `bit` 31 is the most significant of a word. */
dd diagram_bit(struct diagrams *all, enum word word, unsigned bit);

/* If `test` then `yes` else `no`. `test` has truth values for leaves. */
dd diagram_if(struct diagrams *all, dd test, dd yes, dd no);

static inline dd diagram_not(struct diagrams *all, dd a)
{
	return diagram_if(all, a, DD_FALSE, DD_TRUE);
}

static inline dd diagram_and(struct diagrams *all, dd a, dd b)
{
	return diagram_if(all, a, b, DD_FALSE);
}

static inline dd diagram_or(struct diagrams *all, dd a, dd b)
{
	return diagram_if(all, a, DD_TRUE, b);
}

/*
 * What two filters in force at once answer, as answer_join() has it. Both have
 * answers for leaves.
 */
dd diagram_join(struct diagrams *all, dd newer, dd older);

/* To each call the looser, or the stricter, of two answers. */
dd diagram_looser(struct diagrams *all, dd a, dd b);
dd diagram_stricter(struct diagrams *all, dd a, dd b);

/* A node with its two branches; `variable` above all variables in both. */
dd diagram_node(struct diagrams *all, unsigned variable, dd zero, dd one);

/* What a diagram is: its variable (BITS for a leaf), its two branches. */
unsigned diagram_variable(const struct diagrams *all, dd a);
dd diagram_zero(const struct diagrams *all, dd a);
dd diagram_one(const struct diagrams *all, dd a);
uint32_t diagram_leaf(const struct diagrams *all, dd a);

size_t diagrams_count(const struct diagrams *all);

/*
 * Forget what was made since there were `mark` nodes, but for `root` and what
 * belongs to it. Diagrams from before stay as they are; of those since then
 * only the one that is returned, `root` under its new number, is left.
 */
dd diagrams_keep(struct diagrams *all, size_t mark, dd root);

#endif
