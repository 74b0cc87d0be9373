/*
 * abi/doors.h - the other doors to the same operation.
 *
 * bind(2) on i386 can also be reached through socketcall(2), semop(2) through
 * ipc(2), and stat(2) has stat64 beside it. A policy that refuses a call must
 * refuse it at every door.
 */
#ifndef ABI_DOORS_H
#define ABI_DOORS_H

#include <callgate/arch.h>

/* A multiplexer: args[0] of call `nr`, masked, selects the operation. */
struct door {
	uint32_t nr; /* as seccomp_data.nr shows it */
	const struct cg_syscall *through;
	uint32_t mask, value; /* (low word of args[0] & mask) == value */
};

enum { DOORS_MAX = 4, TWINS_MAX = 8 };

/* The multiplexed doors to `call` on `abi`; how many. (multiplexers.tbl) */
size_t abi_doors(const struct cg_syscall *call, const struct cg_abi *abi,
		 struct door out[DOORS_MAX]);

/*
 * Calls of `abi` that do what `call` does with the same arguments in the same
 * places but other types or another name: stat64 for stat, futex_time64 for
 * futex, mmap2 for mmap. (twins.tbl) Only those that `abi` has.
 */
size_t abi_twins(const struct cg_syscall *call, const struct cg_abi *abi,
		 const struct cg_syscall *out[TWINS_MAX]);

/*
 * The ABI whose calls come under the same audit_arch, told apart by a bit of
 * the number: x32 of x86_64, and the other way round. NULL if there is none.
 */
const struct cg_abi *abi_neighbour(const struct cg_abi *abi);

/*
 * The number on `abi` that its neighbour's call `nr` has with the bit changed,
 * where `abi` has no call of its own there: 512 for x32's rt_sigaction, 13 with
 * the bit for x86_64's. Kernels with x32 took either before 5.4
 * (arch/x86/entry/common.c), and newer ones have nothing there: they answer
 * ENOSYS, and will not give these numbers to a new call (syscall_64.tbl).
 */
bool abi_neighbour_number(const struct cg_abi *abi, uint32_t nr, uint32_t *out);

/*
 * Whether the arguments of `call` on `abi` lie behind a pointer, so that a
 * filter cannot see them (mmap and select on i386). (layout.tbl)
 */
bool abi_arguments_hidden(const struct cg_syscall *call,
			  const struct cg_abi *abi);

/*
 * Where the argument that x86_64 has at `position` (0..5) stands on `abi`
 * (clone on s390x swaps 0 and 1). (layout.tbl) At least 6 if it is split over
 * two registers there, or has no place at all.
 */
unsigned abi_argument_position(const struct cg_syscall *call,
			       const struct cg_abi *abi, unsigned position);

/*
 * A number that an ABI has, and the call behind it: an index rather than a
 * pointer, so that loading the tables costs a program nothing.
 */
struct abi_number {
	uint32_t nr;          /* as seccomp_data.nr shows it */
	uint32_t index : 12;  /* cg_syscall_get() */
	uint32_t before : 20; /* how often the lower ones are called, all in
				 all, in parts of a million */
};

static inline const struct cg_syscall *
abi_number_call(const struct abi_number *number)
{
	return cg_syscall_get(number->index);
}

/* All numbers of an ABI, sorted; borrowed, `*count` of them, and behind the
   last a row for what is `before` the end. */
const struct abi_number *abi_numbers(const struct cg_abi *abi, size_t *count);

#endif
