#include "format/dnf.h"

#include <string.h>

enum { VALUES_MAX = 2 * DNF_CLAUSES };

static uint64_t ones(unsigned bits)
{
	return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

enum dnf_result dnf_constant(struct arena *arena, bool always, struct dnf *out)
{
	*out = (struct dnf){ 0 };
	if (!always)
		return DNF_OK;
	out->clauses = arena_array(arena, struct dnf_clause, 1);
	out->count = 1;
	return out->clauses ? DNF_OK : DNF_NO_MEMORY;
}

static enum dnf_result add_clause(struct arena *arena, struct dnf *dnf,
				  const struct atom *atoms, size_t count)
{
	struct dnf_clause *clause;

	if (dnf->count == DNF_CLAUSES || count > DNF_ATOMS)
		return DNF_TOO_LONG;
	if (!dnf->clauses)
		dnf->clauses =
			arena_array(arena, struct dnf_clause, DNF_CLAUSES);
	if (!dnf->clauses)
		return DNF_NO_MEMORY;
	clause = &dnf->clauses[dnf->count++];
	clause->count = count;
	clause->atoms = arena_array(arena, struct atom, count);
	if (!clause->atoms)
		return DNF_NO_MEMORY;
	if (count)
		memcpy(clause->atoms, atoms, count * sizeof(*atoms));
	return DNF_OK;
}

enum dnf_result dnf_or(struct arena *arena, const struct dnf *a,
		       const struct dnf *b, struct dnf *out)
{
	struct dnf result = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct dnf *dnf = side ? b : a;

		for (size_t i = 0; i < dnf->count; i++) {
			enum dnf_result added =
				add_clause(arena, &result,
					   dnf->clauses[i].atoms,
					   dnf->clauses[i].count);

			/* What holds always needs no other. */
			if (!dnf->clauses[i].count)
				return dnf_constant(arena, true, out);
			if (added != DNF_OK)
				return added;
		}
	}
	*out = result;
	return DNF_OK;
}

static bool same_atom(const struct atom *a, const struct atom *b)
{
	return a->argument == b->argument && a->op == b->op &&
	       a->value == b->value;
}

/* Both clauses' atoms, each once. */
static enum dnf_result
join_clauses(struct arena *arena, struct dnf *dnf, const struct dnf_clause *a,
	     const struct dnf_clause *b)
{
	struct atom atoms[2 * DNF_ATOMS];
	size_t count = a->count;

	if (a->count)
		memcpy(atoms, a->atoms, a->count * sizeof(atoms[0]));
	for (size_t i = 0; i < b->count; i++) {
		size_t n = 0;

		while (n < count && !same_atom(&atoms[n], &b->atoms[i]))
			n++;
		if (n == count)
			atoms[count++] = b->atoms[i];
	}
	return add_clause(arena, dnf, atoms, count);
}

enum dnf_result dnf_and(struct arena *arena, const struct dnf *a,
			const struct dnf *b, struct dnf *out)
{
	struct dnf result = { 0 };

	for (size_t i = 0; i < a->count; i++)
		for (size_t n = 0; n < b->count; n++) {
			enum dnf_result joined = join_clauses(
				arena, &result, &a->clauses[i], &b->clauses[n]);

			if (joined != DNF_OK)
				return joined;
		}
	*out = result;
	return DNF_OK;
}

/* -------------------------------------------------- what is not an atom -- */

/* One atom as a condition; one that always or never holds is none. */
static enum dnf_result
of_atom(struct arena *arena, struct atom atom, unsigned bits, struct dnf *out)
{
	uint64_t all = ones(bits);

	*out = (struct dnf){ 0 };
	if ((atom.op == ATOM_GE && !atom.value) ||
	    (atom.op == ATOM_LE && atom.value == all) ||
	    (atom.op == ATOM_IN && atom.value == all))
		return dnf_constant(arena, true, out);
	if (atom.op == ATOM_ANY && !atom.value)
		return DNF_OK;
	return add_clause(arena, out, &atom, 1);
}

static enum dnf_result
not_atom(struct arena *arena, struct atom atom, unsigned bits, struct dnf *out)
{
	uint64_t all = ones(bits);

	switch (atom.op) {
	case ATOM_EQ:
		atom.op = ATOM_NE;
		break;
	case ATOM_NE:
		atom.op = ATOM_EQ;
		break;
	case ATOM_LE:
		if (atom.value == all)
			return dnf_constant(arena, false, out);
		atom.op = ATOM_GE;
		atom.value++;
		break;
	case ATOM_GE:
		if (!atom.value)
			return dnf_constant(arena, false, out);
		atom.op = ATOM_LE;
		atom.value--;
		break;
	case ATOM_ANY:
		atom.op = ATOM_IN;
		atom.value = ~atom.value & all;
		break;
	case ATOM_IN:
		atom.op = ATOM_ANY;
		atom.value = ~atom.value & all;
		break;
	}
	return of_atom(arena, atom, bits, out);
}

enum dnf_result dnf_not(struct arena *arena, const struct dnf *a, unsigned bits,
			struct dnf *out)
{
	enum dnf_result ok = dnf_constant(arena, true, out);

	for (size_t i = 0; ok == DNF_OK && i < a->count; i++) {
		struct dnf any = { 0 }, one;

		for (size_t n = 0; ok == DNF_OK && n < a->clauses[i].count;
		     n++) {
			ok = not_atom(arena, a->clauses[i].atoms[n], bits,
				      &one);
			if (ok == DNF_OK)
				ok = dnf_or(arena, &any, &one, &any);
		}
		if (ok == DNF_OK)
			ok = dnf_and(arena, out, &any, out);
	}
	return ok;
}

/* ------------------------------------------------------ tests as values -- */

/* Values of (argument & mask): sorted intervals. */
struct values {
	uint64_t mask;
	struct number_interval at[VALUES_MAX];
	size_t count;
	bool too_many;
};

static void add_values(struct values *values, uint64_t first, uint64_t last)
{
	if (first > last)
		return;
	if (values->count == VALUES_MAX) {
		values->too_many = true;
		return;
	}
	values->at[values->count++] = (struct number_interval){ first, last };
}

/* In order, and those that overlap or touch as one. */
static void tidy(struct values *values)
{
	size_t kept = 0;

	for (size_t i = 1; i < values->count; i++)
		for (size_t n = i;
		     n && values->at[n].first < values->at[n - 1].first; n--) {
			struct number_interval at = values->at[n];

			values->at[n] = values->at[n - 1];
			values->at[n - 1] = at;
		}
	for (size_t i = 1; i < values->count; i++) {
		struct number_interval *last = &values->at[kept];

		if (last->last == UINT64_MAX ||
		    values->at[i].first <= last->last + 1) {
			if (values->at[i].last > last->last)
				last->last = values->at[i].last;
		} else {
			values->at[++kept] = values->at[i];
		}
	}
	values->count = values->count ? kept + 1 : 0;
}

/* All values of `mask` that are in none of the intervals. */
static void invert(struct values *values)
{
	struct values inverse = { .mask = values->mask,
				  .too_many = values->too_many };
	uint64_t next = 0;
	bool done = false;

	for (size_t i = 0; i < values->count && !done; i++) {
		if (values->at[i].first)
			add_values(&inverse, next, values->at[i].first - 1);
		done = values->at[i].last >= values->mask;
		next = values->at[i].last + 1;
	}
	if (!done)
		add_values(&inverse, next, values->mask);
	*values = inverse;
}

/* From the lowest number of the test's sign up to `last`. */
static void
add_up_to(struct values *values, const struct test *test, uint64_t last)
{
	uint64_t half = ones(test->bits - 1u);

	if (!test->is_signed || last > half) {
		add_values(values, test->is_signed ? half + 1 : 0, last);
		return;
	}
	add_values(values, 0, last);
	add_values(values, half + 1, ones(test->bits));
}

/* Whether a value is the lowest that there is. */
static bool is_lowest(const struct test *test)
{
	return test->value == (test->is_signed ? ones(test->bits - 1u) + 1 : 0);
}

static void order_values(const struct test *test, struct values *values)
{
	switch (test->compare) {
	case COMPARE_LE:
	case COMPARE_GT:
		add_up_to(values, test, test->value);
		break;
	default:
		if (!is_lowest(test))
			add_up_to(values, test,
				  (test->value - 1) & ones(test->bits));
		break;
	}
	tidy(values);
	if (test->compare == COMPARE_GT || test->compare == COMPARE_GE)
		invert(values);
}

/* The values of a test that is not one of bits. */
static void values_of(const struct test *test, struct values *values)
{
	*values = (struct values){ .mask = ones(test->bits) };
	switch (test->compare) {
	case COMPARE_EQ:
	case COMPARE_NE:
		add_values(values, test->value, test->value);
		if (test->compare == COMPARE_NE)
			invert(values);
		break;
	case COMPARE_IN:
	case COMPARE_NOT_IN:
		values->mask &= test->mask;
		for (size_t i = 0; i < test->interval_count; i++)
			add_values(values, test->intervals[i].first,
				   test->intervals[i].last);
		tidy(values);
		if (test->compare == COMPARE_NOT_IN)
			invert(values);
		break;
	default:
		order_values(test, values);
	}
	tidy(values);
}

/* (argument & mask) == value, as atoms of whole arguments. */
static enum dnf_result
masked_equal(struct arena *arena, uint8_t argument, uint64_t mask,
	     uint64_t value, unsigned bits, struct dnf *out)
{
	uint64_t all = ones(bits);
	struct atom atoms[65];
	size_t count = 0;

	if (value & ~mask)
		return DNF_OK;
	if (mask == all) {
		atoms[count++] = (struct atom){ argument, ATOM_EQ, value };
		return add_clause(arena, out, atoms, count);
	}
	for (unsigned bit = 0; bit < bits; bit++)
		if (value >> bit & 1)
			atoms[count++] = (struct atom){ argument, ATOM_ANY,
							(uint64_t)1 << bit };
	if (mask & ~value)
		atoms[count++] = (struct atom){ argument, ATOM_IN,
						~(mask & ~value) & all };
	return add_clause(arena, out, atoms, count);
}

/* An interval of whole arguments, or of their low bits, block by block. */
static enum dnf_result
add_interval(struct arena *arena, uint8_t argument, uint64_t mask,
	     struct number_interval interval, unsigned bits, struct dnf *out)
{
	uint64_t first = interval.first, last = interval.last;
	struct atom atoms[2] = { { argument, ATOM_GE, first },
				 { argument, ATOM_LE, last } };
	enum dnf_result ok = DNF_OK;

	if (first == last)
		return masked_equal(arena, argument, mask, first, bits, out);
	if (mask == ones(bits))
		return add_clause(arena, out, atoms + !first,
				  2u - !first - (last == mask));
	if (mask & (mask + 1))
		return DNF_TOO_LONG;
	while (ok == DNF_OK) {
		uint64_t size = 1;

		while (!(first & size) && size <= mask / 2 &&
		       first + 2 * size - 1 <= last)
			size *= 2;
		ok = masked_equal(arena, argument, mask & ~(size - 1), first,
				  bits, out);
		if (first + size - 1 == last)
			return ok;
		first += size;
	}
	return ok;
}

static enum dnf_result of_test(struct arena *arena, const struct test *test,
			       unsigned bits, struct dnf *out)
{
	uint64_t value = test->value & ones(test->bits);
	struct atom atom = { test->argument, ATOM_ANY, value };
	enum dnf_result ok = DNF_OK;
	struct values values;

	*out = (struct dnf){ 0 };
	if (test->compare == COMPARE_ANY_BITS)
		return of_atom(arena, atom, bits, out);
	if (test->compare == COMPARE_NO_BITS)
		return not_atom(arena, atom, bits, out);
	if (test->compare == COMPARE_ALL_BITS)
		return value ? masked_equal(arena, test->argument, value, value,
					    bits, out)
			     : dnf_constant(arena, true, out);
	values_of(test, &values);
	if (values.too_many)
		return DNF_TOO_LONG;
	if (values.count == 1 && !values.at[0].first &&
	    values.at[0].last >= values.mask)
		return dnf_constant(arena, true, out);
	for (size_t i = 0; ok == DNF_OK && i < values.count; i++)
		ok = add_interval(arena, test->argument, values.mask,
				  values.at[i], bits, out);
	return ok;
}

enum dnf_result dnf_of(struct arena *arena, const struct resolved_entry *entry,
		       unsigned bits, struct dnf *out)
{
	enum dnf_result ok = dnf_constant(arena, true, out);
	struct dnf one;

	for (size_t i = 0; ok == DNF_OK && i < entry->count; i++) {
		ok = of_test(arena, &entry->tests[i], bits, &one);
		if (ok == DNF_OK)
			ok = dnf_and(arena, out, &one, out);
	}
	return ok;
}
