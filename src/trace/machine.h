/*
 * trace/machine.h - what the launcher must know of the machine it runs on.
 *
 * Registers and the way into the kernel. One file of the build implements it:
 * machine_x86.c, or machine_none.c, which says that it cannot be done.
 */
#ifndef TRACE_MACHINE_H
#define TRACE_MACHINE_H

#include "base/fail.h"

#include <callgate/policy.h>

#include <stddef.h>
#include <sys/types.h>

/* One way into this machine's kernel. */
struct door_in {
	const char *name; /* of its struct cg_abi */
	uint32_t audit_arch;
	uint32_t prctl, seccomp, ptrace, exit_group; /* as registers hold it */
	unsigned pointer;       /* bytes of a pointer in struct sock_fprog */
	unsigned char enter[8]; /* the instruction */
	unsigned enter_length;
	uint32_t mmap, munmap; /* the first with an offset in pages or bytes */
};

/* The ways in, `*count` of them; 0 where this machine is not known. */
const struct door_in *machine_doors(size_t *count);

/* All registers of a thread; what is in there, the machine alone knows. */
struct regs {
	_Alignas(16) unsigned char raw[512];
};

/* Of a thread in a ptrace stop. False, and errno, if it is gone. */
bool regs_read(pid_t thread, struct regs *out);
bool regs_write(pid_t thread, const struct regs *regs);

uint64_t regs_pc(const struct regs *regs);
uint64_t regs_sp(const struct regs *regs);
void regs_set_pc(struct regs *regs, uint64_t pc);

/* The instruction that stops a thread; how far behind it the pc is then. */
struct trap_insn {
	unsigned char code[4];
	unsigned length, behind;
};
/* NULL where this machine is not known. */
const struct trap_insn *machine_trap(void);

/* The door that a program just executed will use, by its first registers. */
const struct door_in *regs_door(pid_t process, const struct regs *regs);

/* Make the thread call `nr` with the instruction at the present pc. */
void regs_set_call(struct regs *regs, const struct door_in *door, uint32_t nr,
		   const uint64_t args[6]);

/*
 * At the entry of a call: make another one instead. At its end, `before` being
 * the registers of the entry: go back, so that the first call is made after
 * all, from its entry on.
 */
void regs_swap_call(struct regs *regs, const struct door_in *door, uint32_t nr,
		    const uint64_t args[6]);
void regs_repeat_call(struct regs *regs, const struct regs *before,
		      const struct door_in *door);

/* What a call returned: -errno or a value. */
int64_t regs_result(const struct regs *regs, const struct door_in *door);

/*
 * At a stop before a call: leave the call out, and let `result` be what it
 * returns.
 */
void regs_skip_call(struct regs *regs, int64_t result);

/*
 * The call that a thread is in, as a filter sees it. `arch` is the AUDIT_ARCH
 * of the call where the kernel told it, else 0. False if it is in none.
 */
bool regs_call(const struct regs *regs, uint32_t arch, struct cg_call *out);

/*
 * The registers by their DWARF numbers, from 0; how many. The last one is the
 * pc. `*narrow` says that the program has 32-bit addresses.
 */
enum { DWARF_REGS_MAX = 17 };
unsigned
regs_dwarf(const struct regs *regs, uint64_t out[DWARF_REGS_MAX], bool *narrow);

#endif
