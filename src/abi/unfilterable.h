/*
 * abi/unfilterable.h - calls that the kernel lets pass without asking a filter.
 *
 * Whatever a policy says about them, it does not hold: who explains or tests a
 * policy must say so.
 */
#ifndef ABI_UNFILTERABLE_H
#define ABI_UNFILTERABLE_H

#include <callgate/arch.h>

/*
 * The first kernel release, as CG_KERNEL, which lets the call with number `nr`
 * on `abi` pass every filter; 0 if none does. (unfilterable.tbl)
 */
uint32_t abi_unfilterable(const struct cg_abi *abi, uint32_t nr);

#endif
