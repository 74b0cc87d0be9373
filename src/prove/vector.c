#include "prove/vector.h"

struct vector vector_number(uint32_t number)
{
	struct vector vector;

	for (unsigned i = 0; i < 32; i++)
		vector.bit[i] = number >> i & 1 ? DD_TRUE : DD_FALSE;
	return vector;
}

struct vector vector_word(struct diagrams *all, enum word word)
{
	struct vector vector;

	for (unsigned i = 0; i < 32; i++)
		vector.bit[i] = diagram_bit(all, word, i);
	return vector;
}

bool vector_is_number(const struct vector *a, uint32_t *out)
{
	uint32_t number = 0;

	for (unsigned i = 0; i < 32; i++) {
		if (a->bit[i] > DD_TRUE)
			return false;
		number |= a->bit[i] << i;
	}
	*out = number;
	return true;
}

/*
 * If `bit` then `yes` else `no`; at once where the bit is an input that comes
 * before everything in both, which is nearly always.
 */
static dd decide(struct diagrams *all, dd bit, dd yes, dd no)
{
	unsigned variable = diagram_variable(all, bit);

	if (variable < BITS && diagram_one(all, bit) == DD_TRUE &&
	    diagram_zero(all, bit) == DD_FALSE &&
	    variable < diagram_variable(all, yes) &&
	    variable < diagram_variable(all, no))
		return diagram_node(all, variable, no, yes);
	return diagram_if(all, bit, yes, no);
}

static dd exclusive(struct diagrams *all, dd a, dd b)
{
	return diagram_if(all, a, diagram_not(all, b), b);
}

/* From the lowest bit up, so that each step adds a node on top. */
dd vector_equal(struct diagrams *all, const struct vector *a,
		const struct vector *b)
{
	dd same = DD_TRUE;

	for (unsigned i = 0; i < 32; i++)
		same = decide(all, a->bit[i],
			      decide(all, b->bit[i], same, DD_FALSE),
			      decide(all, b->bit[i], DD_FALSE, same));
	return same;
}

dd vector_above(struct diagrams *all, const struct vector *a,
		const struct vector *b)
{
	dd above = DD_FALSE;

	for (unsigned i = 0; i < 32; i++)
		above = decide(all, a->bit[i],
			       decide(all, b->bit[i], above, DD_TRUE),
			       decide(all, b->bit[i], DD_FALSE, above));
	return above;
}

dd vector_common(struct diagrams *all, const struct vector *a,
		 const struct vector *b)
{
	dd common = DD_FALSE;

	for (unsigned i = 0; i < 32; i++)
		common =
			decide(all, a->bit[i],
			       decide(all, b->bit[i], DD_TRUE, common), common);
	return common;
}

struct vector
vector_and(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	struct vector result;

	for (unsigned i = 0; i < 32; i++)
		result.bit[i] = diagram_and(all, a->bit[i], b->bit[i]);
	return result;
}

struct vector
vector_or(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	struct vector result;

	for (unsigned i = 0; i < 32; i++)
		result.bit[i] = diagram_or(all, a->bit[i], b->bit[i]);
	return result;
}

struct vector
vector_xor(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	struct vector result;

	for (unsigned i = 0; i < 32; i++)
		result.bit[i] = exclusive(all, a->bit[i], b->bit[i]);
	return result;
}

/* a + b + carry, bit by bit; the last carry goes to `*over`. */
static struct vector add(struct diagrams *all, const struct vector *a,
			 const struct vector *b, dd carry, dd *over)
{
	struct vector result;

	for (unsigned i = 0; i < 32; i++) {
		dd half = exclusive(all, a->bit[i], b->bit[i]);

		result.bit[i] = exclusive(all, half, carry);
		carry = diagram_if(all, half, carry, a->bit[i]);
	}
	*over = carry;
	return result;
}

static struct vector invert(struct diagrams *all, const struct vector *a)
{
	struct vector result;

	for (unsigned i = 0; i < 32; i++)
		result.bit[i] = diagram_not(all, a->bit[i]);
	return result;
}

struct vector
vector_add(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	dd over;

	return add(all, a, b, DD_FALSE, &over);
}

struct vector
vector_sub(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	struct vector inverted = invert(all, b);
	dd over;

	return add(all, a, &inverted, DD_TRUE, &over);
}

/* Up by `places`, zeros from below. */
static struct vector up(const struct vector *a, unsigned places)
{
	struct vector result = vector_number(0);

	for (unsigned i = places; i < 32; i++)
		result.bit[i] = a->bit[i - places];
	return result;
}

static struct vector down(const struct vector *a, unsigned places)
{
	struct vector result = vector_number(0);

	for (unsigned i = places; i < 32; i++)
		result.bit[i - places] = a->bit[i];
	return result;
}

static struct vector choose(struct diagrams *all, dd test,
			    const struct vector *yes, const struct vector *no)
{
	struct vector result;

	for (unsigned i = 0; i < 32; i++)
		result.bit[i] = diagram_if(all, test, yes->bit[i], no->bit[i]);
	return result;
}

struct vector
vector_mul(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	struct vector sum = vector_number(0);

	for (unsigned i = 0; i < 32 && !diagrams_exhausted(all); i++) {
		struct vector part = up(a, i), more;

		if (b->bit[i] == DD_FALSE)
			continue;
		more = vector_add(all, &sum, &part);
		sum = choose(all, b->bit[i], &more, &sum);
	}
	return sum;
}

/* Long division: bring down a bit, take the divisor off where it fits. */
struct vector
vector_div(struct diagrams *all, const struct vector *a, const struct vector *b)
{
	struct vector rest = vector_number(0), quotient = vector_number(0);
	struct vector inverted = invert(all, b);

	for (unsigned i = 32; i-- > 0 && !diagrams_exhausted(all);) {
		dd lost = rest.bit[31], fits;
		struct vector less;

		rest = up(&rest, 1);
		rest.bit[0] = a->bit[i];
		less = add(all, &rest, &inverted, DD_TRUE, &fits);
		fits = diagram_or(all, fits, lost);
		quotient.bit[i] = fits;
		rest = choose(all, fits, &less, &rest);
	}
	return quotient;
}

static struct vector
shift(struct diagrams *all, const struct vector *a, const struct vector *by,
      struct vector (*one)(const struct vector *, unsigned))
{
	struct vector result = *a;

	for (unsigned i = 0; i < 5; i++) {
		struct vector moved = one(&result, 1u << i);

		result = choose(all, by->bit[i], &moved, &result);
	}
	return result;
}

struct vector vector_shift_left(struct diagrams *all, const struct vector *a,
				const struct vector *by)
{
	return shift(all, a, by, up);
}

struct vector vector_shift_right(struct diagrams *all, const struct vector *a,
				 const struct vector *by)
{
	return shift(all, a, by, down);
}

/*
 * The answers that the low `bits` make with `above` before them, for inputs in
 * `where`. Values that no such input can give are not followed: there may be
 * few values, though every bit depends on the input.
 */
static dd answer_from(struct diagrams *all, const struct vector *a,
		      unsigned bits, uint32_t above, dd where)
{
	dd bit, ones, zeros;

	if (diagrams_exhausted(all))
		return DD_FALSE;
	if (bits == 0)
		return diagram_answer(all, above);
	bit = a->bit[--bits];
	ones = diagram_and(all, where, bit);
	zeros = diagram_if(all, bit, DD_FALSE, where);
	if (ones == DD_FALSE)
		return answer_from(all, a, bits, above, where);
	if (zeros == DD_FALSE)
		return answer_from(all, a, bits, above | 1u << bits, where);
	return diagram_if(all, bit,
			  answer_from(all, a, bits, above | 1u << bits, ones),
			  answer_from(all, a, bits, above, zeros));
}

dd vector_answer(struct diagrams *all, const struct vector *a)
{
	return answer_from(all, a, 32, 0, DD_TRUE);
}
