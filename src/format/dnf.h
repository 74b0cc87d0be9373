/*
 * format/dnf.h - conditions as minijail has them: clauses of atoms, joined by
 * "or", each of which compares a whole argument.
 */
#ifndef FORMAT_DNF_H
#define FORMAT_DNF_H

#include "base/arena.h"
#include "policy/resolve.h"

enum atom_op {
	ATOM_EQ,
	ATOM_NE,
	ATOM_LE,
	ATOM_GE,
	ATOM_ANY, /* (argument & value) != 0 */
	ATOM_IN,  /* (argument & ~value) == 0 */
};

struct atom {
	uint8_t argument;
	enum atom_op op;
	uint64_t value;
};

enum { DNF_CLAUSES = 64, DNF_ATOMS = 80 };

/* Atoms that must all hold; none: always. */
struct dnf_clause {
	struct atom *atoms;
	size_t count;
};

/* None: never. */
struct dnf {
	struct dnf_clause *clauses;
	size_t count;
};

/* How a function below went. */
enum dnf_result { DNF_OK, DNF_TOO_LONG, DNF_NO_MEMORY };

/* What holds always, or never. */
enum dnf_result dnf_constant(struct arena *arena, bool always, struct dnf *out);

/* All tests of an entry; `bits` is the width of a register. */
enum dnf_result dnf_of(struct arena *arena, const struct resolved_entry *entry,
		       unsigned bits, struct dnf *out);

enum dnf_result dnf_and(struct arena *arena, const struct dnf *a,
			const struct dnf *b, struct dnf *out);
enum dnf_result dnf_or(struct arena *arena, const struct dnf *a,
		       const struct dnf *b, struct dnf *out);
enum dnf_result dnf_not(struct arena *arena, const struct dnf *a, unsigned bits,
			struct dnf *out);

#endif
