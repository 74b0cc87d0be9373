/* A machine whose registers are not known: run before_exec is all there is. */
#include "trace/machine.h"

#include <errno.h>

const struct door_in *machine_doors(size_t *count)
{
	*count = 0;
	return NULL;
}

/* With no door in, nothing is ever launched: none of these is reached. */
bool regs_read(pid_t thread, struct regs *out)
{
	(void)thread;
	(void)out;
	errno = ENOSYS;
	return false;
}

bool regs_write(pid_t thread, const struct regs *regs)
{
	(void)thread;
	(void)regs;
	errno = ENOSYS;
	return false;
}

uint64_t regs_pc(const struct regs *regs)
{
	(void)regs;
	return 0;
}

uint64_t regs_sp(const struct regs *regs)
{
	(void)regs;
	return 0;
}

void regs_set_pc(struct regs *regs, uint64_t pc)
{
	(void)regs;
	(void)pc;
}

const struct trap_insn *machine_trap(void)
{
	return NULL;
}

const struct door_in *regs_door(pid_t process, const struct regs *regs)
{
	(void)process;
	(void)regs;
	return NULL;
}

void regs_set_call(struct regs *regs, const struct door_in *door, uint32_t nr,
		   const uint64_t args[6])
{
	(void)regs;
	(void)door;
	(void)nr;
	(void)args;
}

void regs_swap_call(struct regs *regs, const struct door_in *door, uint32_t nr,
		    const uint64_t args[6])
{
	regs_set_call(regs, door, nr, args);
}

void regs_repeat_call(struct regs *regs, const struct regs *before,
		      const struct door_in *door)
{
	(void)regs;
	(void)before;
	(void)door;
}

int64_t regs_result(const struct regs *regs, const struct door_in *door)
{
	(void)regs;
	(void)door;
	return -ENOSYS;
}

void regs_skip_call(struct regs *regs, int64_t result)
{
	(void)regs;
	(void)result;
}

bool regs_call(const struct regs *regs, uint32_t arch, struct cg_call *out)
{
	(void)regs;
	(void)arch;
	(void)out;
	return false;
}

unsigned
regs_dwarf(const struct regs *regs, uint64_t out[DWARF_REGS_MAX], bool *narrow)
{
	(void)regs;
	out[0] = 0;
	*narrow = false;
	return 0;
}
