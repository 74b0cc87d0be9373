/* abi/names.h - find a name in a sorted table, or the one that was meant. */
#ifndef ABI_NAMES_H
#define ABI_NAMES_H

#include "abi/tables.h"

/* The row that `name` stands for, or SIZE_MAX. */
size_t
names_find(const struct table_name *names, size_t count, const char *name);

/* The best candidate so far for a name that is misspelt. */
struct suggestion {
	const char *wanted;
	const char *best; /* NULL: nothing comes close */
	unsigned limit;   /* a candidate must be at most this far away */
};

/* A third of the letters may be wrong, at least 1, at most 3. */
struct suggestion suggestion_start(const char *wanted);

/* Take `candidate` if it is closer than what there is. */
void suggestion_try(struct suggestion *suggestion, const char *candidate);

#endif
