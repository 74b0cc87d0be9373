/*
 * The witness in the kernel: calls that a filter may have refused.
 *
 * Three raw tracepoints. Each call of every process passes the first lines of
 * on_exit: it costs a comparison where the call succeeded. Failures of
 * threads without a filter end at the next. What is left is compared with what
 * is known of the filters of this thread: most failures are of calls that they
 * allow, whatever the arguments.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "watch/witness_chains.h"

enum {
	MODE_FILTER = 2, /* SECCOMP_MODE_FILTER */
	MODE_DEAD = 3,   /* SECCOMP_MODE_DEAD: it is being killed */
	SIGNAL_SYS = 31,
	BY_SECCOMP = 1,            /* SYS_SECCOMP, an si_code */
	GROUP_EXIT = 4,            /* SIGNAL_GROUP_EXIT */
	TOLD_OF_FILTERS = 1 << 10, /* PT_EVENT_FLAG(PTRACE_EVENT_SECCOMP) */
	LAST_ERROR = 4095,
};

#define UNSET 0xffffffffu

/* -------------------------------------------------------------- calls -- */

static __always_inline u32 door_of(struct task_struct *task, u64 nr)
{
	if (task->thread_info.status & config.compat_status)
		return WITNESS_COMPAT;
	return config.x32_bit && nr & config.x32_bit ? WITNESS_X32
						     : WITNESS_NATIVE;
}

static __always_inline void
put_arguments(struct witness_call *call, const struct pt_regs *regs)
{
	call->ip = BPF_CORE_READ(regs, ip);
	if (call->door == WITNESS_COMPAT) {
		call->args[0] = (u32)BPF_CORE_READ(regs, bx);
		call->args[1] = (u32)BPF_CORE_READ(regs, cx);
		call->args[2] = (u32)BPF_CORE_READ(regs, dx);
		call->args[3] = (u32)BPF_CORE_READ(regs, si);
		call->args[4] = (u32)BPF_CORE_READ(regs, di);
		call->args[5] = (u32)BPF_CORE_READ(regs, bp);
		return;
	}
	call->args[0] = BPF_CORE_READ(regs, di);
	call->args[1] = BPF_CORE_READ(regs, si);
	call->args[2] = BPF_CORE_READ(regs, dx);
	call->args[3] = BPF_CORE_READ(regs, r10);
	call->args[4] = BPF_CORE_READ(regs, r8);
	call->args[5] = BPF_CORE_READ(regs, r9);
}

static __always_inline void
put_task(struct witness_call *call, struct task_struct *task)
{
	call->time = bpf_ktime_get_boot_ns();
	call->process = task->tgid;
	call->thread = task->pid;
	call->parent = BPF_CORE_READ(task, real_parent, tgid);
	call->start = BPF_CORE_READ(task, group_leader, start_boottime);
	call->image = task->self_exec_id;
	/* In NULLs that there may be on the way it reads zeros. */
	call->file = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	call->device = BPF_CORE_READ(task, mm, exe_file, f_inode, i_sb, s_dev);
	call->uid = BPF_CORE_READ(task, cred, uid.val);
	call->gid = BPF_CORE_READ(task, cred, gid.val);
	call->login_uid = UNSET;
	call->session = UNSET;
	if (bpf_core_field_exists(task->loginuid))
		call->login_uid = task->loginuid.val;
	if (bpf_core_field_exists(task->sessionid))
		call->session = task->sessionid;
	call->traced = (task->ptrace & TOLD_OF_FILTERS) != 0;
	call->mode = task->seccomp.mode;
	call->threads = BPF_CORE_READ(task, signal, live.counter);
	bpf_probe_read_kernel_str(call->name, sizeof(call->name), task->comm);
	call->group[0] = 0;
	if (bpf_core_field_exists(task->cgroups))
		bpf_probe_read_kernel_str(call->group, sizeof(call->group),
					  BPF_CORE_READ(task, cgroups, dfl_cgrp,
							kn, name));
}

/* What its pointers point to, as it is now: later it may be something else. */
static __always_inline u32 put_peeks(struct witness_call *call)
{
	u32 nr = call->nr, which, number = 0;

	if (call->door == WITNESS_X32)
		nr &= ~config.x32_bit;
	if (nr >= WITNESS_NUMBERS)
		return 0;
	which = config.peek[(call->door * WITNESS_NUMBERS + nr) % 2048];
	if (!which)
		return 0;
	for (u32 i = 0; i < 6; i++) {
		if (!(which & 1u << i) || number >= WITNESS_PEEKS)
			continue;
		/* A page that is not there ends it; the text may be before. */
		if (bpf_probe_read_user(call->peeks[number], WITNESS_PEEK,
					(void *)call->args[i]) != 0 &&
		    bpf_probe_read_user_str(call->peeks[number], WITNESS_PEEK,
					    (void *)call->args[i]) < 0)
			continue;
		call->peeked[number++] = i + 1;
	}
	return number;
}

static __always_inline void
send_call(void *ctx, struct witness_call *call, bool alive)
{
	u32 size = sizeof(*call) - sizeof(call->peeks);
	long got = -1;

	call->frames = 0;
	__builtin_memset(call->peeked, 0, sizeof(call->peeked));
	if (alive) {
		got = bpf_get_stack(ctx, call->stack, sizeof(call->stack),
				    BPF_F_USER_STACK);
		if (put_peeks(call))
			size = sizeof(*call);
	}
	if (got > 0)
		call->frames = (u32)got / sizeof(u64);
	if (bpf_ringbuf_output(&events, call, size, 0))
		lose(WITNESS_LOST_CALLS);
}

static __always_inline struct scratch *scratch_at(u32 place)
{
	return bpf_map_lookup_elem(&scratches, &place);
}

static __always_inline bool has_bit(const u64 *bits, u32 bit)
{
	return bits[bit / 64] >> bit % 64 & 1;
}

/* Whether filters like these ever answer with this errno. */
static __always_inline bool may_answer(const u64 *errors, u32 error)
{
	if (error >= WITNESS_ERRORS)
		error = WITNESS_ERRORS - 1;
	return has_bit(errors, error);
}

/* Whether the chain could have made this call fail so. */
static __always_inline bool may_refuse(u64 key, u32 door, u32 nr, u32 error)
{
	struct witness_interest *interest;

	interest = bpf_map_lookup_elem(&chains, &key);
	if (!interest)
		return 1;
	if (!may_answer(interest->errors, error))
		return 0;
	if (door == WITNESS_X32)
		nr &= ~config.x32_bit;
	if (nr >= WITNESS_NUMBERS || door >= WITNESS_DOORS)
		return 1;
	return has_bit(interest->numbers[door], nr);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	struct scratch *scratch;
	struct witness_call *call;
	struct known *at;
	u32 door, nr;
	u64 key;

	if (ret >= 0 || ret < -LAST_ERROR)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	if (task->seccomp.mode != MODE_FILTER)
		return 0;
	at = known_of(task);
	if (at && !may_answer(at->errors, (u32)-ret))
		return 0;
	scratch = scratch_at(AT_EXIT);
	if (!scratch)
		return 0;
	nr = (u32)regs->orig_ax;
	door = door_of(task, nr);
	key = at ? at->key : find_chain(scratch, task);
	if (key && !may_refuse(key, door, nr, (u32)-ret))
		return 0;
	call = &scratch->call;
	call->kind = WITNESS_EXIT;
	call->door = door;
	call->key = key;
	call->nr = nr;
	call->result = (int)ret;
	call->data = 0;
	put_arguments(call, regs);
	put_task(call, task);
	send_call(ctx, call, 1);
	return 0;
}

/* A filter traps, or kills; the program has not been told yet. */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int signal, struct kernel_siginfo *info,
	     struct task_struct *target)
{
	struct task_struct *task;
	struct scratch *scratch;
	struct witness_call *call;

	if (signal != SIGNAL_SYS)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	/* Only a thread's own call can have this cause; what is no record at
	   all (SEND_SIG_PRIV) reads as zeros. */
	if (task->pid != target->pid ||
	    BPF_CORE_READ(info, si_code) != BY_SECCOMP)
		return 0;
	scratch = scratch_at(AT_SIGNAL);
	if (!scratch)
		return 0;
	call = &scratch->call;
	call->kind = WITNESS_SIGNAL;
	call->nr = (u32)BPF_CORE_READ(info, _sifields._sigsys._syscall);
	call->door = door_of(task, call->nr);
	call->result = 0;
	call->data = BPF_CORE_READ(info, si_errno);
	call->key = chain_of(scratch, task);
	put_arguments(call, (struct pt_regs *)bpf_task_pt_regs(task));
	put_task(call, task);
	send_call(ctx, call, 1);
	return 0;
}

/*
 * A thread that is killed while others go on gets no signal. Since 5.17 its
 * mode says that it is being killed; its filters may be gone by now.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_death, struct task_struct *task)
{
	struct scratch *scratch;
	struct witness_call *call;
	struct pt_regs *regs;

	if ((task->exit_code & 0x7f) != SIGNAL_SYS ||
	    task->seccomp.mode < MODE_FILTER ||
	    BPF_CORE_READ(task, signal, flags) & GROUP_EXIT)
		return 0;
	scratch = scratch_at(AT_DEATH);
	if (!scratch)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	call = &scratch->call;
	call->kind = WITNESS_DEATH;
	call->nr = (u32)BPF_CORE_READ(regs, orig_ax);
	call->door = door_of(task, call->nr);
	call->result = 0;
	call->data = 0;
	call->key = chain_of_dead(scratch, task);
	put_arguments(call, regs);
	put_task(call, task);
	send_call(ctx, call, 0);
	return 0;
}

/* The kernel hands some helpers out to such licences alone. */
char licence_text[] SEC("license") = "Dual MIT/GPL";
