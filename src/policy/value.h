/* policy/value.h - numbers and named constants in a policy. */
#ifndef POLICY_VALUE_H
#define POLICY_VALUE_H

#include "policy/model.h"

/* Text that is read character by character, with the place it came from. */
struct scan {
	const char *text, *at;
	struct place place; /* of text[0] */
};

/* The place of `scan->at`. */
struct place scan_place(const struct scan *scan);
void scan_space(struct scan *scan);
/* Step over `word` if it comes next, after white space. */
bool scan_take(struct scan *scan, const char *word);
/* The length of the name (letters, digits, _) that comes next, or 0. */
size_t scan_name(const struct scan *scan);

/*
 * Read a value: numbers and constants joined by |. `signed_ok` lets numbers
 * below 0 pass.
 * Fails with CG_E_MEANING and the place, and what would be right.
 */
bool value_read(struct arena *arena, struct scan *scan, bool signed_ok,
		struct value *out, struct cg_error *err);

/* The number that a value is on an ABI. Fails where a constant is unknown. */
bool value_on(const struct value *value, const struct cg_abi *abi,
	      struct place place, uint64_t *out, struct cg_error *err);

#endif
