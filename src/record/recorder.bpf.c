/*
 * The recorder in the kernel: counts the calls of chosen threads.
 *
 * Attached to raw tracepoints alone, which every kernel with BTF has. What
 * costs is what happens at each call of each process of the machine: one look
 * into `threads`. Everything else is for the recorded.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record/kernel_side.h"

typedef unsigned char u8;
typedef _Bool bool;
typedef unsigned u32;
typedef unsigned long long u64;

enum {
	READY_LOOK = 64,  /* bytes of a notification that are looked at */
	CGROUP_DEPTH = 8, /* levels below the recorded group */
};

/* As a program of 64 bits lays them out. */
struct user_iovec {
	u64 base, length;
};
struct user_msghdr {
	u64 name, name_length, pieces, piece_count;
};

/* Of the kernel's types, the fields that are read; libbpf finds the places. */
#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)
struct thread_info {
	u32 status;
};
struct pid {
	u32 level; /* of the deepest pid namespace that it is known in */
};
struct ns_common {
	u32 inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct atomic_int {
	int counter;
};
struct seccomp {
	int mode;
	struct atomic_int filter_count;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};
struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct seccomp seccomp;
};
struct kernfs_node {
	u64 id;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
	struct cgroup *cgroup;
};
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, bx, cx, bp, orig_ax;
};
#pragma clang attribute pop

const volatile struct side_config config;
struct side_shared shared;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u8[SIDE_PAGE]);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SIDE_CELLS);
	__type(key, u32);
	__type(value, struct side_count);
} counts SEC(".maps");

/* When a call was first made, on CLOCK_BOOTTIME. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SIDE_CELLS);
	__type(key, u32);
	__type(value, u64);
} first_times SEC(".maps");

/* For each cell: distinct values so far and those that found no room. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SIDE_CELLS);
	__type(key, u32);
	__type(value, u32[SIDE_ARGUMENTS]);
} distinct SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SIDE_CELLS);
	__type(key, u32);
	__type(value, u64[SIDE_ARGUMENTS]);
} others SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct side_value);
	__type(value, u64);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct side_error);
	__type(value, u64);
} errors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct side_stranger);
	__type(value, u64);
} strangers SEC(".maps");

/* When the call that a thread is in began, if time is asked for. */
struct started {
	u64 at;
	u32 cell; /* 1 + cell */
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct started);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} firsts SEC(".maps");

static __always_inline u8 *state_of(u32 pid)
{
	u32 page = pid / SIDE_PAGE;
	u8 *states = bpf_map_lookup_elem(&threads, &page);

	return states ? &states[pid % SIDE_PAGE] : 0;
}

static __always_inline void lose(u32 what)
{
	__sync_fetch_and_add(&shared.lost[what], 1);
}

/* Add one to an entry of a hash; false if it had no room. */
static __always_inline int
add_one(void *map, const void *key, void *value_or_null)
{
	u64 one = 1, *value = value_or_null;

	if (!value) {
		if (bpf_map_update_elem(map, key, &one, BPF_NOEXIST) == 0)
			return 1;
		value = bpf_map_lookup_elem(map, key);
		if (!value)
			return 0;
	}
	__sync_fetch_and_add(value, 1);
	return 1;
}

static __always_inline u32 door_of(struct task_struct *task, long nr)
{
	if (task->thread_info.status & config.compat_status)
		return DOOR_COMPAT;
	return config.x32_bit && nr & config.x32_bit ? DOOR_X32 : DOOR_NATIVE;
}

static __always_inline u64 argument(const struct pt_regs *regs, u32 door,
				    u32 number)
{
	if (door == DOOR_COMPAT) {
		switch (number) {
		case 0:
			return (u32)regs->bx;
		case 1:
			return (u32)regs->cx;
		case 2:
			return (u32)regs->dx;
		case 3:
			return (u32)regs->si;
		case 4:
			return (u32)regs->di;
		default:
			return (u32)regs->bp;
		}
	}
	switch (number) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

static __always_inline void keep_value(u32 cell, u32 number, u64 value)
{
	struct side_value key = { cell, number, value };
	u64 *count = bpf_map_lookup_elem(&values, &key), *other;
	u32 *distinct_of;

	if (count) {
		__sync_fetch_and_add(count, 1);
		return;
	}
	distinct_of = bpf_map_lookup_elem(&distinct, &cell);
	other = bpf_map_lookup_elem(&others, &cell);
	if (!distinct_of || !other)
		return;
	if (distinct_of[number] < SIDE_VALUES) {
		__sync_fetch_and_add(&distinct_of[number], 1);
		if (add_one(&values, &key, 0))
			return;
		lose(LOSS_VALUES);
	}
	__sync_fetch_and_add(&other[number], 1);
}

static __noinline void
keep_values(const struct pt_regs *regs, u32 door, u32 cell, u32 which)
{
	for (u32 i = 0; i < SIDE_ARGUMENTS; i++)
		if (which & 1u << i)
			keep_value(cell, i, argument(regs, door, i));
}

static __always_inline void
tell_first(void *ctx, struct task_struct *task, u32 cell)
{
	struct side_first *first;
	long got;

	first = bpf_ringbuf_reserve(&firsts, sizeof(*first), 0);
	if (!first) {
		lose(LOSS_FIRSTS);
		return;
	}
	first->cell = cell;
	first->process = task->tgid;
	got = bpf_get_stack(ctx, first->addresses, sizeof(first->addresses),
			    BPF_F_USER_STACK);
	first->frames = got > 0 ? (u32)got / sizeof(u64) : 0;
	bpf_ringbuf_submit(first, 0);
}

static __always_inline void
note_first(void *ctx, struct task_struct *task, u32 cell)
{
	u64 *at = bpf_map_lookup_elem(&first_times, &cell);

	if (!at || *at)
		return;
	*at = bpf_ktime_get_boot_ns();
	if (config.stacks)
		tell_first(ctx, task, cell);
}

static __always_inline void note_start(struct task_struct *task, u32 cell)
{
	struct started *start = bpf_task_storage_get(
		&starts, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!start) {
		lose(LOSS_TIMES);
		return;
	}
	start->cell = cell + 1;
	start->at = bpf_ktime_get_ns();
}

static __always_inline void note_stranger(u32 lane, u32 door, u32 nr)
{
	struct side_stranger key = { lane, door, nr, 0 };

	if (!add_one(&strangers, &key, bpf_map_lookup_elem(&strangers, &key)))
		lose(LOSS_STRANGERS);
}

/* The runtime of a container counts from its filter on; where to, or LANES. */
static __always_inline u32 lane_of(struct task_struct *task, u8 state)
{
	if (state == STATE_RECORDED)
		return shared.lane;
	if (state == STATE_RUNTIME && config.runtime &&
	    task->seccomp.mode == 2 &&
	    task->seccomp.filter_count.counter > config.base_filters)
		return 2;
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
	u64 at = argument(regs, door, 1);

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

static __always_inline void
count_call(void *ctx, struct task_struct *task, const struct pt_regs *regs,
	   u32 lane, u32 door, u32 nr)
{
	u32 cell = SIDE_CELL(lane, door, nr), which;
	struct side_count *count = bpf_map_lookup_elem(&counts, &cell);

	if (!count)
		return;
	if (count->count++ == 0)
		note_first(ctx, task, cell);
	if (config.values) {
		which = config.wanted[(door * SIDE_NUMBERS + nr) % SIDE_WANTED];
		if (which)
			keep_values(regs, door, cell, which);
	}
	if (config.time)
		note_start(task, cell);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long id)
{
	u8 *state = state_of((u32)bpf_get_current_pid_tgid());
	struct task_struct *task;
	u32 lane, door, nr;

	if (!state || *state == STATE_OTHER)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	lane = lane_of(task, *state);
	door = door_of(task, id);
	nr = door == DOOR_X32 ? (u32)id & ~config.x32_bit : (u32)id;
	if (lane >= SIDE_LANES)
		return 0;
	if (config.moment_ready)
		look_for_ready(regs, door, nr);
	if (nr < SIDE_NUMBERS)
		count_call(ctx, task, regs, lane, door, nr);
	else
		note_stranger(lane, door, (u32)id);
	return 0;
}

static __always_inline void add_time(struct task_struct *task)
{
	struct started *start = bpf_task_storage_get(&starts, task, 0, 0);
	struct side_count *count;
	u32 cell;

	if (!start || !start->cell)
		return;
	cell = start->cell - 1;
	start->cell = 0;
	count = bpf_map_lookup_elem(&counts, &cell);
	if (count)
		count->time += bpf_ktime_get_ns() - start->at;
}

static __always_inline void note_error(u32 lane, u32 door, u32 nr, u32 number)
{
	struct side_error key = { SIDE_CELL(lane, door, nr), number };

	if (!add_one(&errors, &key, bpf_map_lookup_elem(&errors, &key)))
		lose(LOSS_ERRORS);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long ret)
{
	/* -512 and below never reach the program: the call is made again. */
	bool failed = ret < 0 && ret > -512;
	struct task_struct *task;
	u32 lane, door, nr;
	u8 *state;

	if (!config.time && !config.moment_call && !failed)
		return 0;
	state = state_of((u32)bpf_get_current_pid_tgid());
	if (!state || *state == STATE_OTHER)
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	if (config.time)
		add_time(task);
	lane = lane_of(task, *state);
	door = door_of(task, (long)regs->orig_ax);
	nr = (u32)regs->orig_ax;
	if (door == DOOR_X32)
		nr &= ~config.x32_bit;
	if (lane >= SIDE_LANES || nr >= SIDE_NUMBERS)
		return 0;
	if (failed && config.errors)
		note_error(lane, door, nr, (u32)-ret);
	if (config.moment_call && ret >= 0 && *state == STATE_RECORDED &&
	    config.moment_nr[door] == (int)nr)
		shared.lane = 1;
	return 0;
}

/* The moment is when a function is entered. */
SEC("uprobe")
int on_symbol(void *ctx)
{
	u8 *state = state_of((u32)bpf_get_current_pid_tgid());

	if (state && *state == STATE_RECORDED)
		shared.lane = 1;
	return 0;
}

/* ------------------------------------------------- who is recorded -- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u8 *from = state_of((u32)parent->pid), *to;

	if (!from || *from == STATE_OTHER)
		return 0;
	to = state_of((u32)child->pid);
	if (!to) {
		lose(LOSS_THREADS);
		return 0;
	}
	*to = *from;
	__sync_fetch_and_add(&shared.alive, 1);
	return 0;
}

static __always_inline bool in_container(struct task_struct *task)
{
	if (config.by_mount)
		return task->nsproxy->mnt_ns->ns.inum != config.base_mount;
	return task->thread_pid->level > config.base_level;
}

/* `old` is what the thread was called before it became the first one. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old)
{
	u8 *from = state_of((u32)old), *to = state_of((u32)task->pid);
	u8 state;

	if (!from || !to || *from == STATE_OTHER)
		return 0;
	state = *from;
	if (from != to)
		*from = STATE_OTHER;
	if (state == STATE_PENDING ||
	    (state == STATE_RUNTIME && in_container(task)))
		state = STATE_RECORDED;
	*to = state;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_thread_exit, struct task_struct *task)
{
	u8 *state = state_of((u32)task->pid);

	if (state && *state != STATE_OTHER) {
		*state = STATE_OTHER;
		__sync_fetch_and_add(&shared.alive, -1);
	}
	return 0;
}

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

/* A thread moves between groups; one that leaves is not recorded further. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move, struct cgroup *to, const char *path,
	     struct task_struct *task, bool whole)
{
	u8 *state = state_of((u32)task->pid), now;

	if (!state || to->root->hierarchy_id != config.hierarchy)
		return 0;
	now = in_cgroup(to) ? STATE_RECORDED : STATE_OTHER;
	if (now != *state)
		__sync_fetch_and_add(&shared.alive, now ? 1 : -1);
	*state = now;
	return 0;
}

/* The kernel hands some helpers out to such licences alone. */
char licence_text[] SEC("license") = "Dual MIT/GPL";
