/* run/fprog.h - a filter in the memory of the program that is to load it. */
#ifndef RUN_FPROG_H
#define RUN_FPROG_H

#include "trace/machine.h"

enum { FPROG_SIZE = 16 }; /* of struct sock_fprog, at most */

/* struct sock_fprog as a program of that door has it: a length, a pointer. */
void fprog_write(const struct door_in *door, size_t count, uint64_t insns,
		 unsigned char out[FPROG_SIZE]);

/*
 * Room for `size` bytes below the stack. The kernel maps 128 KiB there at
 * exec, unless the limit on the stack is smaller.
 */
bool fprog_room(const struct regs *regs, size_t size, uint64_t *out,
		struct cg_error *err);

#endif
