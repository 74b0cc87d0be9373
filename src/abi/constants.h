/* abi/constants.h - the sets that named constants belong to. */
#ifndef ABI_CONSTANTS_H
#define ABI_CONSTANTS_H

#include "abi/tables.h"

/* The constant at `index` of a set, in the order to print them, or NULL. */
const struct constant *set_member(const struct set *set, size_t index);

/* False, and `*value` untouched, if `abi` has no such constant. */
bool constant_value(const struct constant *constant, const struct cg_abi *abi,
		    uint64_t *value);

#endif
