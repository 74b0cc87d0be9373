#include "trace/machine.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <unistd.h>

#include "sys/file.h"

enum {
	X86_64,
	I386,
	X32,
	DOORS,
	CS_32 = 0x23, /* __USER32_CS; 64-bit code has 0x33 */
	X32_BIT = 0x40000000,
};
#define ARCH_X86_64 0xc000003eu
#define ARCH_I386 0x40000003u

/*
 * An x32 program is free to make x86_64 calls, and the launcher's own are such
 * calls: only ptrace(2), which is not called but refused, has its x32 number.
 */
static const struct door_in doors[DOORS] = {
	[X86_64] = { "x86_64",
		     ARCH_X86_64,
		     157,
		     317,
		     101,
		     231,
		     8,
		     { 0x0f, 0x05 },
		     2,
		     9,
		     11 },
	[I386] = { "i386",
		   ARCH_I386,
		   172,
		   354,
		   26,
		   252,
		   4,
		   { 0xcd, 0x80 },
		   2,
		   192,
		   91 },
	[X32] = { "x32",
		  ARCH_X86_64,
		  X32_BIT | 157,
		  X32_BIT | 317,
		  X32_BIT | 521,
		  X32_BIT | 231,
		  8,
		  { 0x0f, 0x05 },
		  2,
		  X32_BIT | 9,
		  X32_BIT | 11 },
};

const struct door_in *machine_doors(size_t *count)
{
	*count = DOORS;
	return doors;
}

static_assert(sizeof(struct user_regs_struct) <= sizeof(struct regs),
	      "registers fit");

static struct user_regs_struct *of(struct regs *regs)
{
	return (struct user_regs_struct *)(void *)regs->raw;
}

static const struct user_regs_struct *in(const struct regs *regs)
{
	return (const struct user_regs_struct *)(const void *)regs->raw;
}

bool regs_read(pid_t thread, struct regs *out)
{
	return ptrace(PTRACE_GETREGS, thread, NULL, out->raw) == 0;
}

bool regs_write(pid_t thread, const struct regs *regs)
{
	return ptrace(PTRACE_SETREGS, thread, NULL, regs->raw) == 0;
}

uint64_t regs_pc(const struct regs *regs)
{
	return in(regs)->rip;
}

uint64_t regs_sp(const struct regs *regs)
{
	return in(regs)->rsp;
}

void regs_set_pc(struct regs *regs, uint64_t pc)
{
	of(regs)->rip = pc;
}

const struct trap_insn *machine_trap(void)
{
	static const struct trap_insn int3 = { { 0xcc }, 1, 1 };

	return &int3;
}

/*
 * x32 differs from x86_64 in the class of the file alone. Where that cannot be
 * read it is taken for x86_64, whose filter answers x32 calls as foreign ones.
 */
static bool is_x32(pid_t process)
{
	char path[64], start[EI_CLASS + 2];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process);
	return file_peek(AT_FDCWD, path, start, sizeof(start)) > EI_CLASS &&
	       memcmp(start, ELFMAG, SELFMAG) == 0 &&
	       start[EI_CLASS] == ELFCLASS32;
}

const struct door_in *regs_door(pid_t process, const struct regs *regs)
{
	if (in(regs)->cs == CS_32)
		return &doors[I386];
	return &doors[is_x32(process) ? X32 : X86_64];
}

void regs_set_call(struct regs *regs, const struct door_in *door, uint32_t nr,
		   const uint64_t args[6])
{
	struct user_regs_struct *to = of(regs);

	/* The number goes to rax: orig_rax -1 asks for no restart. */
	to->rax = door == &doors[X32] ? nr & ~(uint32_t)X32_BIT : nr;
	to->orig_rax = ~0ull;
	if (door == &doors[I386]) {
		to->rbx = args[0];
		to->rcx = args[1];
		to->rdx = args[2];
		to->rsi = args[3];
		to->rdi = args[4];
		to->rbp = args[5];
	} else {
		to->rdi = args[0];
		to->rsi = args[1];
		to->rdx = args[2];
		to->r10 = args[3];
		to->r8 = args[4];
		to->r9 = args[5];
	}
}

void regs_swap_call(struct regs *regs, const struct door_in *door, uint32_t nr,
		    const uint64_t args[6])
{
	regs_set_call(regs, door, nr, args);
	/* Past the entry the number is read from here; rax is the result. */
	of(regs)->orig_rax = nr;
	of(regs)->rax = (uint64_t)-ENOSYS;
}

void regs_repeat_call(struct regs *regs, const struct regs *before,
		      const struct door_in *door)
{
	*regs = *before;
	of(regs)->rip -= door->enter_length;
	of(regs)->rax = in(before)->orig_rax;
	of(regs)->orig_rax = ~0ull;
}

int64_t regs_result(const struct regs *regs, const struct door_in *door)
{
	if (door == &doors[I386])
		return (int32_t)in(regs)->rax;
	return (int64_t)in(regs)->rax;
}

void regs_skip_call(struct regs *regs, int64_t result)
{
	of(regs)->orig_rax = ~0ull;
	of(regs)->rax = (uint64_t)result;
}

bool regs_call(const struct regs *regs, uint32_t arch, struct cg_call *out)
{
	const struct user_regs_struct *from = in(regs);

	if ((int32_t)from->orig_rax < 0)
		return false;
	if (arch == 0)
		arch = from->cs == CS_32 ? ARCH_I386 : ARCH_X86_64;
	*out = (struct cg_call){ .nr = (uint32_t)from->orig_rax,
				 .arch = arch,
				 .ip = from->rip };
	if (arch == ARCH_I386) {
		const uint64_t args[6] = { from->rbx, from->rcx, from->rdx,
					   from->rsi, from->rdi, from->rbp };

		for (size_t i = 0; i < 6; i++)
			out->args[i] = (uint32_t)args[i];
	} else {
		const uint64_t args[6] = { from->rdi, from->rsi, from->rdx,
					   from->r10, from->r8,  from->r9 };

		memcpy(out->args, args, sizeof(args));
	}
	return true;
}

unsigned
regs_dwarf(const struct regs *regs, uint64_t out[DWARF_REGS_MAX], bool *narrow)
{
	const struct user_regs_struct *r = in(regs);
	const uint64_t wide[] = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi,
				  r->rdi, r->rbp, r->rsp, r->r8,  r->r9,
				  r->r10, r->r11, r->r12, r->r13, r->r14,
				  r->r15, r->rip };
	const uint64_t small[] = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp,
				   r->rbp, r->rsi, r->rdi, r->rip };

	*narrow = r->cs == CS_32;
	memcpy(out, *narrow ? small : wide,
	       *narrow ? sizeof(small) : sizeof(wide));
	return (*narrow ? sizeof(small) : sizeof(wide)) / sizeof(*out);
}
