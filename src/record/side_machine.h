/*
 * record/side_machine.h - what the recorder in the kernel must know of the
 * machine: where a call's number and arguments are, and which ABI it is of.
 *
 * For each machine the same macros and functions; the number is -1 where the
 * registers are not, or no longer, those of a call.
 */
#ifndef RECORD_SIDE_MACHINE_H
#define RECORD_SIDE_MACHINE_H

#include "record/side_types.h"

#if defined(__TARGET_ARCH_x86)

enum {
	X32_BIT = 0x40000000,
	TS_COMPAT = 2,
	SA_X32_ABI = 0x01000000,
	SA_COMPAT_ABI = 0x02000000,
	NO_RESULT = -38, /* stands in ax until a call returns: -ENOSYS */
};

static __always_inline long machine_number(const struct pt_regs *regs)
{
	return (long)regs->orig_ax;
}

static __always_inline u32 machine_door(const struct task_struct *task, long nr)
{
	if (task->thread_info.status & TS_COMPAT)
		return DOOR_COMPAT;
	return (u32)nr >> 30 == 1 ? DOOR_X32 : DOOR_NATIVE;
}

static __always_inline u32 machine_bare(u32 door, long nr)
{
	return door == DOOR_X32 ? (u32)nr & ~X32_BIT : (u32)nr;
}

/* Whether a thread that may be anywhere is within a call. */
static __always_inline bool
machine_in_call(const struct task_struct *task, const struct pt_regs *regs)
{
	(void)task;
	return (long)regs->orig_ax >= 0 && (int)regs->ax == NO_RESULT;
}

/* The same of one that ends: it did not come back from there. */
static __always_inline bool
machine_dies_in_call(const struct task_struct *task, const struct pt_regs *regs)
{
	return machine_in_call(task, regs);
}

static __always_inline u32 machine_handler(const struct task_struct *task,
					   unsigned long flags, bool info)
{
	(void)task;
	if (flags & SA_COMPAT_ABI)
		return info ? HANDLER_COMPAT_INFO : HANDLER_COMPAT;
	return flags & SA_X32_ABI ? HANDLER_X32 : HANDLER_NATIVE;
}

static __always_inline u64 machine_argument(const struct pt_regs *regs,
					    u32 door, u32 number)
{
	if (door == DOOR_COMPAT) {
		switch (number) {
		case 0:
			return (u32)regs->bx;
		case 1:
			return (u32)regs->cx;
		case 2:
			return (u32)regs->dx;
		case 3:
			return (u32)regs->si;
		case 4:
			return (u32)regs->di;
		default:
			return (u32)regs->bp;
		}
	}
	switch (number) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

#elif defined(__TARGET_ARCH_arm64)

enum { TIF_32BIT = 1 << 22 };

static __always_inline long machine_number(const struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline u32 machine_door(const struct task_struct *task, long nr)
{
	(void)nr;
	return task->thread_info.flags & TIF_32BIT ? DOOR_COMPAT : DOOR_NATIVE;
}

static __always_inline u32 machine_bare(u32 door, long nr)
{
	(void)door;
	return (u32)nr;
}

/* The number stays when a call has returned: one that sleeps is within. */
static __always_inline bool
machine_in_call(const struct task_struct *task, const struct pt_regs *regs)
{
	enum { INTERRUPTIBLE = 1, UNINTERRUPTIBLE = 2 };

	return regs->syscallno >= 0 &&
	       task->__state & (INTERRUPTIBLE | UNINTERRUPTIBLE);
}

/* That cannot be told here. */
static __always_inline bool
machine_dies_in_call(const struct task_struct *task, const struct pt_regs *regs)
{
	(void)task;
	(void)regs;
	return 0;
}

static __always_inline u32 machine_handler(const struct task_struct *task,
					   unsigned long flags, bool info)
{
	(void)flags;
	if (!(task->thread_info.flags & TIF_32BIT))
		return HANDLER_NATIVE;
	return info ? HANDLER_COMPAT_INFO : HANDLER_COMPAT;
}

/* The first one gives its register to the result. */
static __always_inline u64 machine_argument(const struct pt_regs *regs,
					    u32 door, u32 number)
{
	u64 value = number ? regs->regs[number % 6] : regs->orig_x0;

	return door == DOOR_COMPAT ? (u32)value : value;
}

#else
#error "where are the arguments of a call on this machine?"
#endif

#endif
