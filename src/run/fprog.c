#include "run/fprog.h"

#include <string.h>

/* Below its stack pointer a program may keep data. */
enum { RED_ZONE = 128 };

void fprog_write(const struct door_in *door, size_t count, uint64_t insns,
		 unsigned char out[FPROG_SIZE])
{
	uint16_t length = (uint16_t)count;
	uint32_t narrow = (uint32_t)insns;

	memset(out, 0, FPROG_SIZE);
	memcpy(out, &length, sizeof(length));
	if (door->pointer == sizeof(narrow))
		memcpy(out + sizeof(narrow), &narrow, sizeof(narrow));
	else
		memcpy(out + sizeof(insns), &insns, sizeof(insns));
}

bool fprog_room(const struct regs *regs, size_t size, uint64_t *out,
		struct cg_error *err)
{
	uint64_t sp = regs_sp(regs);

	if (sp < RED_ZONE + size)
		return fail(err, CG_E_SYSTEM, "the command has no stack");
	*out = (sp - RED_ZONE - size) & ~(uint64_t)15;
	return true;
}
