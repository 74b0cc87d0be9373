/*
 * compile/sieve.h - which entries a value of a word may leave.
 *
 * Of ten thousand entries for as many values of an argument one is left at each
 * of them. To ask all entries at all values would take a hundred million
 * questions: most are answered by where the few values lie that an entry can
 * match at.
 */
#ifndef COMPILE_SIEVE_H
#define COMPILE_SIEVE_H

#include "compile/condition.h"

/*
 * The entries of a state, each as its answer, the count of its conditions, and
 * their steps; or, where there is a sieve for them, as far as a value may leave
 * them.
 */
struct sieve {
	const uint32_t *words, *end;
	/* Places of entries in words, in order. NULL: all of them are asked. */
	const uint32_t *wide; /* those that are asked at every value */
	size_t wide_count;
	const uint32_t *narrow; /* those that are asked at the cut i, */
	const uint32_t *starts; /* from starts[i] up to starts[i + 1] */
};

/*
 * The sieve for a word of a state: `cuts` are the sorted values at which any of
 * its conditions on `word` with `mask` changes. False if memory ran out.
 */
bool sieve_make(struct arena *arena, const struct steps *steps,
		const uint32_t *words, size_t count, uint8_t word,
		uint32_t mask, const uint32_t *cuts, size_t cut_count,
		struct sieve *out);

/* A walk over the entries that the value at a cut may leave, in order. */
struct sieve_walk {
	const struct sieve *sieve;
	const uint32_t *at; /* without a sieve */
	size_t wide, narrow, narrow_end;
};

struct sieve_walk sieve_begin(const struct sieve *sieve, size_t cut);

/* The next entry, or NULL. */
const uint32_t *sieve_next(struct sieve_walk *walk);

#endif
