/* abi/layout.h - where an ABI departs from the generic order of arguments. */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#include "abi/tables.h"

/* The layout of `call` on `abi`; NULL: each argument in its own register. */
const struct layout *
layout_of(const struct cg_syscall *call, const struct cg_abi *abi);

#endif
