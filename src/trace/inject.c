#include "trace/inject.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <callgate/notify.h>

enum { SYSCALL_STOP = SIGTRAP | 0x80, WORD = sizeof(long) };

/* A sandbox around us may lack process_vm_readv: ptrace has to do then. */
static bool
peek(pid_t process, uint64_t address, unsigned char *to, size_t length)
{
	for (size_t i = 0; i < length; i += WORD) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, process, address + i, NULL);
		if (errno != 0)
			return false;
		memcpy(to + i, &word, WORD);
	}
	return true;
}

bool memory_read(pid_t process, uint64_t address, void *to, size_t length)
{
	struct iovec here = { to, length };
	struct iovec there = { (void *)(uintptr_t)address, length };

	if (process_vm_readv(process, &here, 1, &there, 1, 0) ==
	    (ssize_t)length)
		return true;
	return peek(process, address, to, length);
}

static bool
poke(pid_t process, uint64_t address, const unsigned char *from, size_t length)
{
	for (size_t i = 0; i < length; i += WORD) {
		long word;

		memcpy(&word, from + i, WORD);
		if (ptrace(PTRACE_POKEDATA, process, address + i, word) != 0)
			return false;
	}
	return true;
}

bool memory_write(pid_t process, uint64_t address, const void *from,
		  size_t length)
{
	struct iovec here = { (void *)(uintptr_t)from, length };
	struct iovec there = { (void *)(uintptr_t)address, length };

	if (process_vm_writev(process, &here, 1, &there, 1, 0) ==
	    (ssize_t)length)
		return true;
	return poke(process, address, from, length);
}

/* A signal to the program itself came between; it is owed to it. */
static bool note_signal(struct inject *inject, int status, struct cg_error *err)
{
	if (status >> 16 == PTRACE_EVENT_STOP)
		return true;
	if (WSTOPSIG(status) == SIGSTOP)
		inject->stopped = true;
	else if (WSTOPSIG(status) == SIGTRAP)
		inject->trapped = true;
	else
		return fail(err, CG_E_SYSTEM,
			    "signal %d came before the filter was in force",
			    WSTOPSIG(status));
	return true;
}

/* Until a stop, or a call that is left to us: let that go on. */
static void let_go_on(int listener)
{
	struct pollfd left = { .fd = listener, .events = POLLIN };
	struct cg_notification call;
	enum cg_notify_event event;
	sigset_t open;

	sigemptyset(&open);
	/* SIGCHLD can only come in here, so none is missed. */
	if (ppoll(&left, 1, NULL, &open) <= 0)
		return;
	/* Whatever goes wrong, the call does, which is looked at. */
	if (cg_notify_receive(listener, 0, &event, &call, NULL) == CG_OK &&
	    event == CG_NOTIFY_CALL &&
	    cg_notify_continue(listener, call.id, NULL) != CG_OK)
		return;
}

static bool wait_stop(const struct inject *inject, int *status)
{
	const int how = inject->listener < 0 ? __WALL : __WALL | WNOHANG;
	pid_t got;

	while ((got = waitpid(inject->process, status, how)) <= 0) {
		if (got < 0 && errno != EINTR)
			return false;
		if (got == 0)
			let_go_on(inject->listener);
	}
	return true;
}

/* Go on in one way or the other, to the next stop. */
static bool resume(const struct inject *inject, enum __ptrace_request how,
		   int *status, struct cg_error *err)
{
	if (ptrace(how, inject->process, NULL, NULL) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "the command cannot be continued");
	if (!wait_stop(inject, status))
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "the command is gone");
	if (!WIFSTOPPED(*status))
		return fail(err, CG_E_SYSTEM,
			    "the command was killed before its filter was in "
			    "force");
	return true;
}

/* Run to the next stop at the border of a system call. */
static bool go_to_border(struct inject *inject, struct cg_error *err)
{
	int status;

	for (;;) {
		if (!resume(inject, PTRACE_SYSCALL, &status, err))
			return false;
		if (WSTOPSIG(status) == SYSCALL_STOP)
			return true;
		if (!note_signal(inject, status, err))
			return false;
	}
}

static bool fail_gone(struct cg_error *err)
{
	return fail_errno(err, CG_E_SYSTEM, errno,
			  "the memory or registers of the command cannot be "
			  "reached");
}

/* The instruction that enters the kernel, in place of the program's first. */
static bool poke_enter(struct inject *inject, struct cg_error *err)
{
	uint64_t pc = regs_pc(&inject->saved);
	unsigned char code[sizeof(inject->code)];

	/* Written by ptrace alone: it may write where the program may not. */
	if (!peek(inject->process, pc, inject->code, sizeof(code)))
		return fail_errno(err, CG_E_UNSUPPORTED, errno,
				  "the memory of the command cannot be read, "
				  "perhaps because its file may be executed "
				  "but not read; load the filter before exec "
				  "instead");
	memcpy(code, inject->code, sizeof(code));
	memcpy(code, inject->door->enter, inject->door->enter_length);
	if (!poke(inject->process, pc, code, sizeof(code)))
		return fail_gone(err);
	inject->poked = true;
	return true;
}

/*
 * All signals are blocked meanwhile, SIGSTOP alone cannot be. Nor is SIGTRAP,
 * where it tells of a step: to have it come all the same, the kernel would
 * change what the program does with it. Where the program ignores it, that
 * would be lost, too, so no steps there.
 */
bool inject_begin(struct inject *inject, pid_t process, uint64_t ignored,
		  struct cg_error *err)
{
	const uint64_t trap = 1ull << (SIGTRAP - 1);
	uint64_t blocked = ~0ull;

	*inject = (struct inject){ .process = process, .listener = -1 };
	inject->by_step = !(ignored & trap);
	if (inject->by_step)
		blocked &= ~trap;
	if (ptrace(PTRACE_GETSIGMASK, process, sizeof(inject->mask),
		   &inject->mask) != 0 ||
	    ptrace(PTRACE_SETSIGMASK, process, sizeof(blocked), &blocked) != 0)
		return fail_gone(err);
	/* Registers set before execve has returned would not all last. */
	if (!go_to_border(inject, err))
		return false;
	if (!regs_read(process, &inject->saved))
		return fail_gone(err);
	inject->door = regs_door(process, &inject->saved);
	return poke_enter(inject, err);
}

/* Whether a stop after a step was not its own SIGTRAP. */
static bool is_signal(const struct inject *inject, int status)
{
	siginfo_t info = { 0 };

	return status >> 16 != 0 || WSTOPSIG(status) != SIGTRAP ||
	       (ptrace(PTRACE_GETSIGINFO, inject->process, NULL, &info) == 0 &&
		info.si_code <= 0);
}

/*
 * Make the call that the registers hold with one stop. Whether it was made is
 * read from the pc: any signal may come before or instead of the step's own.
 */
static bool
step_over(struct inject *inject, struct regs *regs, struct cg_error *err)
{
	uint64_t start = regs_pc(&inject->saved);
	int status;

	do {
		if (!resume(inject, PTRACE_SINGLESTEP, &status, err))
			return false;
		if (is_signal(inject, status) &&
		    !note_signal(inject, status, err))
			return false;
		if (!regs_read(inject->process, regs))
			return fail_gone(err);
	} while (regs_pc(regs) == start);
	return true;
}

static bool stop_at_both_ends(struct inject *inject, struct regs *regs,
			      struct cg_error *err)
{
	if (!go_to_border(inject, err)) /* its entry */
		return false;
	if (!go_to_border(inject, err)) /* its return */
		return false;
	return regs_read(inject->process, regs) || fail_gone(err);
}

bool inject_call(struct inject *inject, uint32_t nr, const uint64_t args[6],
		 int64_t *result, struct cg_error *err)
{
	struct regs regs = inject->saved;

	regs_set_call(&regs, inject->door, nr, args);
	if (!regs_write(inject->process, &regs))
		return fail_gone(err);
	if (!(inject->by_step ? step_over(inject, &regs, err)
			      : stop_at_both_ends(inject, &regs, err)))
		return false;
	*result = regs_result(&regs, inject->door);
	return true;
}

bool inject_end(struct inject *inject, struct cg_error *err)
{
	pid_t process = inject->process;

	if (!poke(process, regs_pc(&inject->saved), inject->code,
		  sizeof(inject->code)) ||
	    !regs_write(process, &inject->saved) ||
	    ptrace(PTRACE_SETSIGMASK, process, sizeof(inject->mask),
		   &inject->mask) != 0)
		return fail_gone(err);
	if ((inject->stopped && kill(process, SIGSTOP) != 0) ||
	    (inject->trapped && kill(process, SIGTRAP) != 0))
		return fail_gone(err);
	return true;
}

/*
 * At the entry of exit_group. If a filter refuses that, the command stops
 * again at its end, so that no instruction follows.
 */
static bool exit_entered(struct inject *inject, int status)
{
	const uint64_t args[6] = { (uint64_t)status };
	struct regs regs = inject->saved;
	struct cg_error unwanted;

	if (!inject->poked)
		return false;
	regs_set_call(&regs, inject->door, inject->door->exit_group, args);
	return regs_write(inject->process, &regs) &&
	       go_to_border(inject, &unwanted) &&
	       ptrace(PTRACE_SYSCALL, inject->process, NULL, NULL) == 0;
}

void inject_exit(struct inject *inject, int status)
{
	int seen;

	if (!exit_entered(inject, status))
		kill(inject->process, SIGKILL);
	while (wait_stop(inject, &seen) && WIFSTOPPED(seen))
		/* Still there: exit_group was refused. */
		kill(inject->process, SIGKILL);
}
