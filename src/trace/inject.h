/*
 * trace/inject.h - system calls made by another process, as if by itself.
 *
 * For a program that has just been executed and has not run an instruction
 * yet. It is put back exactly: registers, code, memory, signals.
 */
#ifndef TRACE_INJECT_H
#define TRACE_INJECT_H

#include "trace/machine.h"

struct inject {
	pid_t process;
	const struct door_in *door;
	struct regs saved;
	uint64_t mask;         /* of signals, as it was */
	unsigned char code[8]; /* what stood at the pc */
	bool poked;
	bool by_step; /* single-step over a call, else stop at both its ends */
	bool stopped; /* a SIGSTOP came meanwhile, and is owed */
	bool trapped; /* so did a SIGTRAP */
	/*
	 * Of a filter that is in force, or -1: calls that it leaves to a
	 * supervisor go on. SIGCHLD is blocked then, and has a handler.
	 */
	int listener;
};

/*
 * Begin, the process being at PTRACE_EVENT_EXEC; `ignored` are the signals it
 * ignores, all of them where that is not known. Whatever fails from here on
 * leaves it fit for inject_exit() alone. Fails with CG_E_SYSTEM.
 */
bool inject_begin(struct inject *inject, pid_t process, uint64_t ignored,
		  struct cg_error *err);

/* Make a call; what it answered goes to `*result`, -errno or a value. */
bool inject_call(struct inject *inject, uint32_t nr, const uint64_t args[6],
		 int64_t *result, struct cg_error *err);

/*
 * Put everything back; the process stays in its stop. A signal that stops it
 * and came meanwhile is sent again.
 */
bool inject_end(struct inject *inject, struct cg_error *err);

/* Make the process end with this status, or if that fails, by SIGKILL. */
void inject_exit(struct inject *inject, int status);

/*
 * Read or write the memory of a process in a ptrace stop; `length` a multiple
 * of 8. False where it is not all there.
 */
bool memory_read(pid_t process, uint64_t address, void *to, size_t length);
bool memory_write(pid_t process, uint64_t address, const void *from,
		  size_t length);

#endif
