/*
 * The recorder in the kernel: counts the calls of chosen threads.
 *
 * Attached to raw tracepoints alone, which every kernel with BTF has. What
 * costs is what happens at each call of each process of the machine: that a
 * tracepoint is on, and one look into `threads`. Everything else is for the
 * recorded.
 *
 * A call is counted when it returns, which one tracepoint tells with all that
 * there is to know: number, arguments and result. What does not return is
 * counted elsewhere: exec, which changes the number, when it is done; the last
 * call of a thread at its end; calls that still wait, by an iterator over the
 * threads. Where the time or the stack of a call is asked for, its beginning
 * has to be seen anyway, and it is counted there.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record/kernel_side.h"
#include "record/side_keep.h"
#include "record/side_machine.h"

enum {
	READY_LOOK = 64,   /* bytes of a notification that are looked at */
	CGROUP_DEPTH = 32, /* levels below the recorded group */
	SA_SIGINFO = 4,
	SIGNAL_GROUP_EXIT = 4,
	NOT_MADE = -38, /* ENOSYS */
};

/* As a program of 64 bits lays them out. */
struct user_iovec {
	u64 base, length;
};
struct user_msghdr {
	u64 name, name_length, pieces, piece_count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, union side_thread[SIDE_THREADS]);
} threads SEC(".maps");

/* The call with which a process executes, as it was before it was changed. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32); /* process */
	__type(value, struct call);
} execs SEC(".maps");

static __always_inline union side_thread *thread_of(u32 id)
{
	u32 page = id / SIDE_THREADS;
	union side_thread *all = bpf_map_lookup_elem(&threads, &page);

	return all ? &all[id % SIDE_THREADS] : 0;
}

/* Make it something else; what it was. */
static __always_inline u8 thread_becomes(union side_thread *thread, u8 state,
					 u8 mark)
{
	union side_thread next = { { state, mark } };

	next.word = __sync_lock_test_and_set(&thread->word, next.word);
	return next.state;
}

/* Nobody may be left: whoever waits outside is to look. */
static __always_inline void end_one(void)
{
	u32 nothing = 0;

	__sync_fetch_and_add(&shared.alive, -1);
	if (*(volatile int *)&shared.alive <= 0)
		bpf_ringbuf_output(&firsts, &nothing, sizeof(nothing), 0);
}

/* Whether the number is one of these; -1 among them is none. */
#define IS_ONE_OF(nr, list) \
	is_one_of(nr, list, sizeof(list) / sizeof((list)[0]))
static __always_inline bool
is_one_of(u32 nr, const volatile int *list, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (list[i] == (int)nr)
			return 1;
	return 0;
}

/* The runtime of a container counts from its filter on; where to, or LANES. */
static __always_inline u32 lane_of(struct task_struct *task,
				   union side_thread *thread)
{
	u8 state = thread->state;

	if (state == STATE_RECORDED)
		return shared.lane;
	if (state == STATE_FILTERED)
		return 2;
	if (state == STATE_RUNTIME && config.runtime &&
	    task->seccomp.mode == 2 &&
	    task->seccomp.filter_count.counter > config.base_filters) {
		thread->state = STATE_FILTERED;
		/* The one that returns now is the one that loaded it. */
		return config.at_exit ? SIDE_LANES : 2;
	}
	return SIDE_LANES;
}

/* Text with a line "READY=1". */
static __noinline bool says_ready(const char *text)
{
	char head[READY_LOOK];

	if (bpf_probe_read_user(head, sizeof(head), text) != 0 &&
	    bpf_probe_read_user_str(head, sizeof(head), text) < 0)
		return 0;
	for (u32 i = 0; i + 7 <= sizeof(head); i++)
		if ((i == 0 || head[i - 1] == '\n') && head[i] == 'R' &&
		    head[i + 1] == 'E' && head[i + 2] == 'A' &&
		    head[i + 3] == 'D' && head[i + 4] == 'Y' &&
		    head[i + 5] == '=' && head[i + 6] == '1')
			return 1;
	return 0;
}

/* A readiness notification goes out by sendto or sendmsg. */
static __noinline void
look_for_ready(const struct pt_regs *regs, u32 door, u32 nr)
{
	struct user_msghdr header;
	struct user_iovec piece;
	u64 at = machine_argument(regs, door, 1);

	if (door != DOOR_NATIVE)
		return;
	if (nr == config.nr_sendmsg) {
		if (bpf_probe_read_user(&header, sizeof(header), (void *)at) !=
			    0 ||
		    bpf_probe_read_user(&piece, sizeof(piece),
					(void *)header.pieces) != 0)
			return;
		at = piece.base;
	} else if (nr != config.nr_sendto) {
		return;
	}
	if (says_ready((const char *)at))
		shared.lane = 1;
}

/* `regs` is NULL where they do not hold the arguments any more. */
static __always_inline void
count_call(void *ctx, struct task_struct *task, const struct pt_regs *regs,
	   const struct call *call)
{
	u32 cell, which;
	struct side_count *count;

	if (call->nr >= SIDE_NUMBERS) {
		note_stranger(call);
		return;
	}
	cell = SIDE_CELL(call->lane, call->door, call->nr);
	count = bpf_map_lookup_elem(&counts, &cell);
	if (!count)
		return;
	if (count->count++ == 0)
		note_first(ctx, task, cell);
	if (config.values && regs) {
		which = config.wanted[(call->door * SIDE_NUMBERS + call->nr) %
				      SIDE_WANTED];
		if (which)
			keep_values(regs, call->door, cell, which);
	}
	if (config.time)
		note_start(task, cell);
}

/* ------------------------------------------------------------ beginnings -- */

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long id)
{
	union side_thread *thread = thread_of((u32)bpf_get_current_pid_tgid());
	struct task_struct *task;
	struct call call;

	if (!thread || thread->state == STATE_OTHER)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	call.lane = lane_of(task, thread);
	if (call.lane >= SIDE_LANES)
		return 0;
	call.door = machine_door(task, id);
	call.nr = machine_bare(call.door, id);
	if (config.moment_ready)
		look_for_ready(regs, call.door, call.nr);
	count_call(ctx, task, regs, &call);
	return 0;
}

/* --------------------------------------------------------------- returns -- */

/*
 * Only what comes back from a handler leaves -1 for a number; or a call of
 * that number, or one that a tracer made it.
 */
static __always_inline bool
came_from_handler(const union side_thread *thread, struct call *call)
{
	u32 handler = HANDLER_OF(thread->mark) % HANDLERS;

	if (handler == HANDLER_NONE)
		return 0;
	if (handler == HANDLER_NATIVE && call->door == DOOR_COMPAT)
		handler = HANDLER_COMPAT_INFO; /* sent before we looked */
	call->door = (u32)config.return_door[handler];
	call->nr = (u32)config.return_nr[handler];
	return 1;
}

/* Killed on its way into a call, while it is traced: the call was not made. */
static __always_inline bool died_before(const struct task_struct *task)
{
	return task->ptrace && task->signal->flags & SIGNAL_GROUP_EXIT;
}

/* A call has returned: count it. False if it does not count. */
static __always_inline bool
count_returned(void *ctx, struct task_struct *task, union side_thread *thread,
	       const struct pt_regs *regs, long ret, struct call *call)
{
	if (thread->mark & MARK_SKIP) {
		thread->mark &= ~MARK_SKIP;
		return 0;
	}
	/* The registers are those of before the signal, then. */
	if (machine_number(regs) == -1 && came_from_handler(thread, call))
		regs = 0;
	/* The parent's call: a child returns from it, too. */
	if (ret == 0 && regs &&
	    IS_ONE_OF(call->nr, config.fork_nr[call->door & 3]))
		return 0;
	if (ret == NOT_MADE && regs && died_before(task)) {
		thread->mark |= MARK_SKIP; /* nor will it be when it ends */
		return 0;
	}
	if (config.moment_ready && ret >= 0 && regs)
		look_for_ready(regs, call->door, call->nr);
	count_call(ctx, task, regs, call);
	return 1;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long ret)
{
	/* -512 and below never reach the program: the call is made again. */
	bool failed = ret < 0 && ret > -512;
	union side_thread *thread;
	struct task_struct *task;
	struct call call;

	if (!config.at_exit && !config.time && !config.moment_call && !failed)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	thread = thread_of((u32)task->pid);
	if (!thread || thread->state == STATE_OTHER)
		return 0;
	if (config.time)
		add_time(task);
	call.lane = lane_of(task, thread);
	if (call.lane >= SIDE_LANES)
		return 0;
	call.door = machine_door(task, machine_number(regs));
	call.nr = machine_bare(call.door, machine_number(regs));
	if (config.at_exit &&
	    !count_returned(ctx, task, thread, regs, ret, &call))
		return 0;
	if (call.nr >= SIDE_NUMBERS)
		return 0;
	if (failed && config.errors)
		note_error(&call, (u32)-ret);
	if (config.moment_call && ret >= 0 && thread->state == STATE_RECORDED &&
	    config.moment_nr[call.door & 3] == (int)call.nr)
		shared.lane = 1;
	return 0;
}

/* A handler is about to be entered, if it is none of SIG_DFL and SIG_IGN. */
SEC("tp_btf/signal_deliver")
int BPF_PROG(on_deliver, int number, void *info, struct k_sigaction *action)
{
	union side_thread *thread = thread_of((u32)bpf_get_current_pid_tgid());
	struct task_struct *task;
	u32 handler;

	if (!thread || thread->state == STATE_OTHER ||
	    (u64)action->sa.sa_handler <= 1)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	handler = machine_handler(task, action->sa.sa_flags,
				  action->sa.sa_flags & SA_SIGINFO);
	thread->mark = (u8)(MARK_OF(handler) | (thread->mark & MARK_SKIP));
	return 0;
}

/* The calls that have not returned yet, one after the other. */
SEC("iter/task")
int on_flight(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct side_flight flight = { 0 };
	union side_thread *thread;
	struct pt_regs *regs;

	if (!task)
		return 0;
	thread = thread_of((u32)task->pid);
	if (!thread || thread->state == STATE_OTHER || thread->mark & MARK_SKIP)
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	if (!machine_in_call(task, regs))
		return 0;
	flight.lane = lane_of(task, thread);
	if (flight.lane >= SIDE_LANES)
		return 0;
	flight.door = machine_door(task, machine_number(regs));
	flight.nr = machine_bare(flight.door, machine_number(regs));
	for (u32 i = 0; i < SIDE_ARGUMENTS; i++)
		flight.args[i] = machine_argument(regs, flight.door, i);
	bpf_seq_write(ctx->meta->seq, &flight, sizeof(flight));
	return 0;
}

/* The moment is when a function is entered. */
SEC("uprobe")
int on_symbol(void *ctx)
{
	union side_thread *thread = thread_of((u32)bpf_get_current_pid_tgid());

	if (thread && thread->state == STATE_RECORDED)
		shared.lane = 1;
	return 0;
}

/* ------------------------------------------------- who is recorded -- */

/* Whether it is the recorded cgroup, or below it. */
static __always_inline bool in_cgroup(struct cgroup *group)
{
	for (u32 i = 0; i < CGROUP_DEPTH; i++) {
		struct cgroup_subsys_state *parent;

		if (group->kn->id == config.cgroup)
			return 1;
		parent = group->self.parent;
		if (!parent)
			break;
		group = parent->cgroup;
	}
	return 0;
}

static __always_inline bool in_namespace(const struct task_struct *task)
{
	return task->thread_pid->level > config.base_level &&
	       task->nsproxy->pid_ns_for_children->ns.inum == config.namespace;
}

/*
 * Whether a thread is one of those that are looked for outside at this time. It
 * may not have been found yet, and it would be missed for good if it could take
 * another id or make another thread unseen.
 */
static __always_inline bool is_looked_for(const struct task_struct *task)
{
	if (!shared.looking)
		return 0;
	if (config.cgroup)
		return config.hierarchy == 0 &&
		       in_cgroup(task->cgroups->dfl_cgrp);
	return config.namespace ? in_namespace(task)
				: task->tgid == config.process;
}

/*
 * Whether a new thread is recorded: as the one that made it. One of a recorded
 * cgroup was put there by the kernel: mostly that of its parent, but not with
 * CLONE_INTO_CGROUP.
 */
static __always_inline u8 state_of_new(const struct task_struct *child,
				       const struct task_struct *parent,
				       u8 parents)
{
	if (!config.cgroup || config.hierarchy != 0)
		return parents == STATE_OTHER && is_looked_for(parent)
			       ? STATE_RECORDED
			       : parents;
	return in_cgroup(child->cgroups->dfl_cgrp) ? STATE_RECORDED
						   : STATE_OTHER;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	union side_thread *from = thread_of((u32)parent->pid), *to;
	u8 state;

	if (!from)
		return 0;
	state = state_of_new(child, parent, from->state);
	if (state == STATE_OTHER)
		return 0;
	to = thread_of((u32)child->pid);
	if (!to) {
		lose(LOSS_THREADS);
		return 0;
	}
	/* It may have been found and marked from outside already. */
	if (thread_becomes(to, state, from->mark & ~MARK_SKIP) == STATE_OTHER)
		__sync_fetch_and_add(&shared.alive, 1);
	return 0;
}

static __always_inline bool in_container(struct task_struct *task)
{
	if (config.by_mount)
		return task->nsproxy->mnt_ns->ns.inum != config.base_mount;
	return task->thread_pid->level > config.base_level;
}

/*
 * The last place where a thread that executes still has its call's number: the
 * new program's ABI will be put over it, and execve over execveat.
 */
SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *name)
{
	struct task_struct *self =
		(struct task_struct *)bpf_get_current_task_btf();
	struct call call = { 0 };
	u32 process = (u32)self->tgid;
	long nr;

	if (task->pid != self->pid)
		return 0;
	nr = machine_number((struct pt_regs *)bpf_task_pt_regs(self));
	call.door = machine_door(self, nr);
	call.nr = machine_bare(call.door, nr);
	if (IS_ONE_OF(call.nr, config.exec_nr[call.door & 3]))
		bpf_map_update_elem(&execs, &process, &call, BPF_ANY);
	return 0;
}

/* An exec has been done; its return will not show what it was. */
static __always_inline void
count_exec(void *ctx, struct task_struct *task, u32 lane)
{
	u32 process = (u32)task->tgid;
	struct call *known = bpf_map_lookup_elem(&execs, &process), call;

	if (!known)
		return;
	call = *known;
	bpf_map_delete_elem(&execs, &process);
	call.lane = lane;
	if (lane < SIDE_LANES)
		count_call(ctx, task, 0, &call);
}

/* What a thread is from its exec on, which was `state`. */
static __always_inline u8 state_after_exec(struct task_struct *task, u8 state)
{
	if (state == STATE_OTHER)
		return is_looked_for(task) ? STATE_RECORDED : STATE_OTHER;
	if (state == STATE_PENDING ||
	    ((state == STATE_RUNTIME || state == STATE_FILTERED) &&
	     in_container(task)))
		return STATE_RECORDED;
	return state;
}

/* `old` is what the thread was called before it became the first one. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old)
{
	union side_thread *from = thread_of((u32)old),
			  *to = thread_of((u32)task->pid);
	u8 before, after, there;

	if (!from || !to)
		return 0;
	before = from->state;
	if (before != STATE_OTHER && config.at_exit)
		count_exec(ctx, task, lane_of(task, from));
	/* Outside, it may be taken for ended: it goes by a new id. */
	if (before != STATE_OTHER && from != to)
		before = thread_becomes(from, STATE_OTHER, 0);
	after = state_after_exec(task, before);
	if (after == STATE_OTHER)
		return 0;
	/* Or be marked by that already, and is one thread all the same. */
	there = thread_becomes(to, after, MARK_SKIP);
	if (before == STATE_OTHER && there == STATE_OTHER)
		__sync_fetch_and_add(&shared.alive, 1);
	else if (before != STATE_OTHER && there != STATE_OTHER && from != to)
		end_one();
	return 0;
}

/* A call that the thread will not return from. */
static __always_inline void
count_last(void *ctx, struct task_struct *task, union side_thread *thread)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long nr = machine_number(regs);
	struct call call = { .lane = lane_of(task, thread) };

	call.door = machine_door(task, nr);
	call.nr = machine_bare(call.door, nr);
	if (call.lane >= SIDE_LANES || nr == -1 || thread->mark & MARK_SKIP)
		return;
	if (IS_ONE_OF(call.nr, config.end_nr[call.door & 3]) ||
	    machine_dies_in_call(task, regs))
		count_call(ctx, task, 0, &call);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_thread_exit, struct task_struct *task)
{
	union side_thread *thread = thread_of((u32)task->pid);

	if (!thread || thread->state == STATE_OTHER)
		return 0;
	if (config.at_exit)
		count_last(ctx, task, thread);
	if (thread_becomes(thread, STATE_OTHER, 0) != STATE_OTHER)
		end_one();
	return 0;
}

/* A thread moves between groups; one that leaves is not recorded further. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move, struct cgroup *to, const char *path,
	     struct task_struct *task, bool whole)
{
	union side_thread *thread = thread_of((u32)task->pid);
	u8 now, before, mark;

	if (!thread || to->root->hierarchy_id != config.hierarchy)
		return 0;
	now = in_cgroup(to) ? STATE_RECORDED : STATE_OTHER;
	if (now == thread->state)
		return 0;
	/* The call that moves the caller itself is not one of the group's. */
	mark = MARK_OF(HANDLER_NATIVE);
	if (task->pid == (int)(u32)bpf_get_current_pid_tgid())
		mark |= MARK_SKIP;
	before = thread_becomes(thread, now, mark);
	if (before == STATE_OTHER && now != STATE_OTHER)
		__sync_fetch_and_add(&shared.alive, 1);
	else if (before != STATE_OTHER && now == STATE_OTHER)
		end_one();
	return 0;
}

/* The kernel hands some helpers out to such licences alone. */
char licence_text[] SEC("license") = "Dual MIT/GPL";
