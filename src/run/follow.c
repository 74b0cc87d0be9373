#include "run/follow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "bpf/sim.h"
#include "run/memory.h"
#include "run/plan.h"
#include "sys/task.h"
#include "trace/resume.h"
#include "trace/stack.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

enum { WAIT_STATUS_SIGNAL = 0x7f };

struct follow {
	const struct cg_run_options *options;
	const struct installed *installed;
	struct stack_reader *stack;
};

/* 0 before Linux 5.3; then the machine goes by the code segment. */
static uint32_t arch_of(pid_t thread)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0)
		return 0;
	return info.arch;
}

/* The call a thread is in, and what the policy's filter says to it. */
static bool ask(const struct follow *follow, pid_t thread, struct regs *regs,
		struct cg_call *call, uint32_t *answer)
{
	const struct cg_program *program = follow->installed->program;
	const struct cg_insn *insns;
	size_t count;

	if (!regs_read(thread, regs) || !regs_call(regs, arch_of(thread), call))
		return false;
	insns = cg_program_insns(program, &count);
	*answer = bpf_sim(insns, count, cg_program_big_endian(program), call,
			  NULL);
	return true;
}

static void report(struct follow *follow, pid_t thread,
		   const struct cg_call *call, uint32_t answer)
{
	struct cg_refusal refusal = { .thread = thread,
				      .call = *call,
				      .answer = answer };
	struct task task;

	if (!follow->options->refused)
		return;
	task_read(thread, &task);
	refusal.pid = task.pid ? task.pid : thread;
	snprintf(refusal.command, sizeof(refusal.command), "%s", task.name);
	memory_tell(&refusal);
	stack_read(follow->stack, &refusal);
	follow->options->refused(follow->options->context, &refusal);
}

/*
 * A thread ends. If a filter killed it, its registers still hold the call, and
 * the policy's filter answers a kill to it. Its fellows end with the same
 * status, but in calls that are allowed, or in none.
 */
static void on_exit_stop(struct follow *follow, pid_t thread)
{
	unsigned long status = 0;
	struct cg_call call;
	struct regs regs;
	uint32_t answer;

	if (ptrace(PTRACE_GETEVENTMSG, thread, NULL, &status) != 0 ||
	    (status & WAIT_STATUS_SIGNAL) != SIGSYS ||
	    !ask(follow, thread, &regs, &call, &answer))
		return;
	answer &= CG_RET_ACTION;
	if (answer == CG_RET_KILL_PROCESS || answer == CG_RET_KILL_THREAD)
		report(follow, thread, &call, answer);
}

/* SIGSYS is about to be delivered: perhaps a trap answer. */
static void on_sigsys(struct follow *follow, pid_t thread)
{
	siginfo_t info;
	struct cg_call call;
	struct regs regs;
	uint32_t answer;

	if (ptrace(PTRACE_GETSIGINFO, thread, NULL, &info) == 0 &&
	    info.si_code == SYS_SECCOMP &&
	    ask(follow, thread, &regs, &call, &answer) &&
	    (answer & CG_RET_ACTION) == CG_RET_TRAP)
		report(follow, thread, &call, answer);
}

/*
 * A filter asks for us. If the policy's filter means errno, that is what the
 * call returns; else it is somebody's trace answer, and nobody traces.
 * Whatever fails, the call is not made: a thread that cannot be answered is
 * killed.
 */
static void on_seccomp(struct follow *follow, pid_t thread)
{
	struct cg_call call;
	struct regs regs;
	uint32_t answer;

	if (!ask(follow, thread, &regs, &call, &answer)) {
		kill(thread, SIGKILL);
		return;
	}
	if ((answer & CG_RET_ACTION) == CG_RET_ERRNO)
		report(follow, thread, &call, answer);
	regs_skip_call(&regs, plan_result(answer));
	if (!regs_write(thread, &regs))
		kill(thread, SIGKILL);
}

static void on_stop(struct follow *follow, pid_t thread, int status)
{
	switch (status >> 16) {
	case PTRACE_EVENT_EXIT:
		on_exit_stop(follow, thread);
		break;
	case PTRACE_EVENT_SECCOMP:
		on_seccomp(follow, thread);
		break;
	case 0:
		if (WSTOPSIG(status) == SIGSYS)
			on_sigsys(follow, thread);
		break;
	}
	resume_stopped(thread, status, PTRACE_CONT);
}

static bool
go_on(pid_t process, const struct cg_run_options *options, struct cg_error *err)
{
	long wanted = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
		      PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK |
		      PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

	/*
	 * Where the filter asks us, a command that outlived us could find
	 * itself another tracer, so it does not.
	 */
	if (options->explain == CG_EXPLAIN_ALL)
		wanted |= PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
	if (ptrace(PTRACE_SETOPTIONS, process, NULL, wanted) == 0 &&
	    ptrace(PTRACE_CONT, process, NULL, NULL) == 0)
		return true;
	return fail_errno(err, CG_E_SYSTEM, errno,
			  "the command cannot be followed");
}

bool follow(pid_t process, const struct cg_run_options *options,
	    const struct installed *installed, struct cg_error *err)
{
	struct follow follow = { options, installed, NULL };
	int status;
	pid_t thread;

	if (!go_on(process, options, err))
		return false;
	follow.stack = stack_new();
	for (;;) {
		thread = waitpid(-1, &status, __WALL);
		if (thread > 0 && WIFSTOPPED(status))
			on_stop(&follow, thread, status);
		else if (thread < 0 && errno != EINTR)
			break; /* nothing is left */
	}
	stack_free(follow.stack);
	return true;
}
