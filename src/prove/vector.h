/*
 * prove/vector.h - 32-bit values as 32 diagrams, one a bit.
 *
 * This is what a register holds when a program is run on all inputs at once.
 * Bit i of a vector is diagram `bit[i]`, 0 the least significant.
 */
#ifndef PROVE_VECTOR_H
#define PROVE_VECTOR_H

#include "prove/diagram.h"

struct vector {
	dd bit[32];
};

struct vector vector_number(uint32_t number);
struct vector vector_word(struct diagrams *all, enum word word);
/* True, and the number in `*out`, if no bit depends on the input. */
bool vector_is_number(const struct vector *a, uint32_t *out);

/* Comparisons; unsigned, as BPF's are. */
dd vector_equal(struct diagrams *all, const struct vector *a,
		const struct vector *b);
dd vector_above(struct diagrams *all, const struct vector *a,
		const struct vector *b);
dd vector_common(struct diagrams *all, const struct vector *a,
		 const struct vector *b); /* (a & b) != 0 */

/* Arithmetic modulo 2^32, as the kernel's BPF does it. */
struct vector
vector_and(struct diagrams *, const struct vector *, const struct vector *);
struct vector
vector_or(struct diagrams *, const struct vector *, const struct vector *);
struct vector
vector_xor(struct diagrams *, const struct vector *, const struct vector *);
struct vector
vector_add(struct diagrams *, const struct vector *, const struct vector *);
struct vector
vector_sub(struct diagrams *, const struct vector *, const struct vector *);
struct vector
vector_mul(struct diagrams *, const struct vector *, const struct vector *);
/* Where the divisor is 0 the result means nothing. */
struct vector
vector_div(struct diagrams *, const struct vector *, const struct vector *);
/* By the low five bits of the second. */
struct vector vector_shift_left(struct diagrams *, const struct vector *,
				const struct vector *);
struct vector vector_shift_right(struct diagrams *, const struct vector *,
				 const struct vector *);

/* The diagram whose answers are the values of the vector. */
dd vector_answer(struct diagrams *all, const struct vector *a);

#endif
