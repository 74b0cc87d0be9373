/*
 * The witness in the kernel: calls that a filter may have refused.
 *
 * Three raw tracepoints. Each call of every process passes the first lines of
 * on_exit: it costs a comparison where the call succeeded. Failures of
 * threads without a filter end at the next. What is left is compared with what
 * is known of the filters of this thread: most failures are of calls that they
 * allow, whatever the arguments.
 *
 * A chain of filters that was never seen is sent along, here and now: the
 * thread may be dead a moment later. Chains are told by what is in them, never
 * by their address, which another filter may have tomorrow; only for as long
 * as a thread lives does the address say that it is the same chain still.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "watch/kernel_side.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef _Bool bool;
typedef unsigned u32;
typedef unsigned long long u64;

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

/* Of the kernel's types, the fields that are read; libbpf finds the places. */
#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)
struct thread_info {
	u32 status;
};
typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;
struct cred {
	kuid_t uid;
	kgid_t gid;
};
struct atomic_int {
	int counter;
};
struct signal_struct {
	struct atomic_int live;
	u32 flags;
};
struct sock_fprog_kern {
	u16 len;
	void *filter;
};
struct bpf_prog {
	struct sock_fprog_kern *orig_prog;
};
struct seccomp_filter {
	bool log;
	struct seccomp_filter *prev;
	struct bpf_prog *prog;
};
struct seccomp {
	int mode;
	struct seccomp_filter *filter;
};
struct kernfs_node {
	const char *name;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct task_struct {
	struct thread_info thread_info;
	u32 ptrace;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	u64 start_boottime;
	const struct cred *cred;
	struct signal_struct *signal;
	struct seccomp seccomp;
	kuid_t loginuid;
	u32 sessionid;
	u64 self_exec_id;
	struct css_set *cgroups;
	char comm[16];
};
union __sifields {
	struct {
		void *_call_addr;
		int _syscall;
		u32 _arch;
	} _sigsys;
};
struct kernel_siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	union __sifields _sifields;
};
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, bx, cx, bp, ip, orig_ax;
};
#pragma clang attribute pop

const volatile struct witness_config config;
struct witness_shared shared;

/* What is known of the filters of a thread, while they are these. */
struct known {
	u64 filter; /* address of the newest */
	u64 generation;
	u64 key;
	u64 errors[WITNESS_ERRORS / 64]; /* as in its witness_interest */
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct known);
} known SEC(".maps");

/* Chains that were sent. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WITNESS_CHAINS);
	__type(key, u64);
	__type(value, struct witness_interest);
} chains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} events SEC(".maps");

/* Room for what is sent, for each program and CPU. */
enum { AT_EXIT, AT_SIGNAL, AT_DEATH, PLACES };
struct scratch {
	struct witness_call call;
	struct witness_piece piece;
	struct witness_interest interest;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline void lose(u32 what)
{
	__sync_fetch_and_add(&shared.lost[what], 1);
}

/* ------------------------------------------------------------- chains -- */

/* SipHash of 64-bit words, one round each and three to end with. */
struct hash {
	u64 v0, v1, v2, v3;
};

static __always_inline u64 turn(u64 value, u32 bits)
{
	return value << bits | value >> (64 - bits);
}

static __always_inline void hash_round(struct hash *h)
{
	h->v0 += h->v1;
	h->v1 = turn(h->v1, 13) ^ h->v0;
	h->v0 = turn(h->v0, 32);
	h->v2 += h->v3;
	h->v3 = turn(h->v3, 16) ^ h->v2;
	h->v0 += h->v3;
	h->v3 = turn(h->v3, 21) ^ h->v0;
	h->v2 += h->v1;
	h->v1 = turn(h->v1, 17) ^ h->v2;
	h->v2 = turn(h->v2, 32);
}

static __always_inline void hash_word(struct hash *h, u64 word)
{
	h->v3 ^= word;
	hash_round(h);
	h->v0 ^= word;
}

/* On the way through a chain. */
struct walk {
	struct scratch *scratch;
	struct seccomp_filter *filter;
	const void *insns; /* of this filter */
	u64 key;           /* when sending; 0 when only hashing */
	struct hash hash;
	u32 number, length;
	bool failed;
};

static long hash_insn(u32 index, void *context)
{
	struct walk *walk = context;
	u64 word;

	if (index >= WITNESS_PIECE)
		return 1;
	word = *(u64 *)&walk->scratch->piece.insns[index];
	hash_word(&walk->hash, word);
	return 0;
}

static long take_piece(u32 index, void *context)
{
	struct walk *walk = context;
	struct witness_piece *piece = &walk->scratch->piece;
	struct seccomp_filter *filter = walk->filter;
	u32 first = index * WITNESS_PIECE, count, size;

	if (first >= walk->length)
		return 1;
	count = walk->length - first;
	if (count > WITNESS_PIECE)
		count = WITNESS_PIECE;
	size = count * sizeof(struct witness_insn);
	/* The verifier forgets bounds that it cannot see here. */
	if (size > sizeof(piece->insns))
		return 1;
	if (bpf_probe_read_kernel(
		    piece->insns, size,
		    walk->insns + (u64)first * sizeof(struct witness_insn))) {
		walk->failed = 1;
		return 1;
	}
	if (!walk->key) {
		bpf_loop(count, hash_insn, walk, 0);
		return 0;
	}
	piece->kind = WITNESS_FILTER;
	piece->key = walk->key;
	piece->filter = walk->number;
	piece->length = walk->length;
	piece->first = first;
	piece->count = count;
	piece->log = BPF_CORE_READ(filter, log);
	piece->last =
		!BPF_CORE_READ(filter, prev) && first + count == walk->length;
	size += sizeof(*piece) - sizeof(piece->insns);
	if (size > sizeof(*piece) ||
	    bpf_ringbuf_output(&events, piece, size, 0)) {
		walk->failed = 1;
		return 1;
	}
	return 0;
}

static long take_filter(u32 index, void *context)
{
	struct walk *walk = context;
	struct seccomp_filter *filter = walk->filter;
	struct sock_fprog_kern *from;

	if (!filter || walk->failed)
		return 1;
	from = BPF_CORE_READ(filter, prog, orig_prog);
	if (!from) {
		walk->failed = 1; /* a kernel that does not keep it */
		return 1;
	}
	walk->number = index;
	walk->length = BPF_CORE_READ(from, len);
	walk->insns = BPF_CORE_READ(from, filter);
	hash_word(&walk->hash,
		  (u64)walk->length << 1 | BPF_CORE_READ(filter, log));
	bpf_loop(8, take_piece, walk, 0);
	walk->filter = BPF_CORE_READ(filter, prev);
	return 0;
}

static __always_inline bool
walk_chain(struct walk *walk, struct seccomp_filter *filter)
{
	walk->filter = filter;
	walk->hash = (struct hash){ config.secret[0] ^ 0x736f6d6570736575,
				    config.secret[1] ^ 0x646f72616e646f6d,
				    config.secret[0] ^ 0x6c7967656e657261,
				    config.secret[1] ^ 0x7465646279746573 };
	bpf_loop(WITNESS_FILTERS, take_filter, walk, 0);
	return !walk->failed && !walk->filter;
}

/* Send a chain that is not known outside; from then on all of it interests. */
static __noinline bool
send_chain(struct scratch *scratch, struct seccomp_filter *filter, u64 key)
{
	struct walk walk = { .scratch = scratch, .key = key };

	if (!walk_chain(&walk, filter)) {
		lose(WITNESS_LOST_FILTERS);
		return 0;
	}
	__builtin_memset(&scratch->interest, 0xff, sizeof(scratch->interest));
	bpf_map_update_elem(&chains, &key, &scratch->interest, BPF_NOEXIST);
	return 1;
}

/* The key of a thread's chain, which is known outside then; or 0. */
static __noinline u64 key_of_chain(struct scratch *scratch,
				   struct seccomp_filter *filter)
{
	struct walk walk = { .scratch = scratch };
	u64 key;

	if (!scratch || !walk_chain(&walk, filter))
		return 0;
	walk.hash.v2 ^= 0xff;
	hash_round(&walk.hash);
	hash_round(&walk.hash);
	hash_round(&walk.hash);
	key = walk.hash.v0 ^ walk.hash.v1 ^ walk.hash.v2 ^ walk.hash.v3;
	key += !key;
	if (!bpf_map_lookup_elem(&chains, &key) &&
	    !send_chain(scratch, filter, key))
		return 0;
	return key;
}

static __always_inline void
know(struct known *at, struct seccomp_filter *filter, u64 key)
{
	struct witness_interest *interest;

	at->filter = (u64)filter;
	at->generation = shared.generation;
	at->key = key;
	interest = bpf_map_lookup_elem(&chains, &key);
	if (interest)
		__builtin_memcpy(at->errors, interest->errors,
				 sizeof(at->errors));
	else
		__builtin_memset(at->errors, 0xff, sizeof(at->errors));
}

/* What is known of a thread, if it is under the same filters still. */
static __always_inline struct known *known_of(struct task_struct *task)
{
	struct known *at = bpf_task_storage_get(&known, task, 0, 0);

	if (!at || at->filter != (u64)task->seccomp.filter || !at->key ||
	    at->generation != shared.generation)
		return 0;
	return at;
}

/* The key of its chain, found out anew. */
static __always_inline u64 find_chain(struct scratch *scratch,
				      struct task_struct *task)
{
	struct seccomp_filter *filter = task->seccomp.filter;
	struct known *at;
	u64 key;

	if (!filter)
		return 0;
	key = key_of_chain(scratch, filter);
	at = bpf_task_storage_get(&known, task, 0,
				  BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (at)
		know(at, filter, key);
	return key;
}

static __always_inline u64 chain_of(struct scratch *scratch,
				    struct task_struct *task)
{
	struct known *at = known_of(task);

	return at ? at->key : find_chain(scratch, task);
}

/*
 * A dead thread has given up its filters. What was known of them still is; else
 * those of the thread that the process began with are most likely the same:
 * outside it is asked whether they kill for this call.
 */
static __always_inline u64 chain_of_dead(struct scratch *scratch,
					 struct task_struct *task)
{
	struct known *at = bpf_task_storage_get(&known, task, 0, 0);
	struct seccomp_filter *filter;

	if (at && at->key && at->generation == shared.generation)
		return at->key;
	filter = BPF_CORE_READ(task, group_leader, seccomp.filter);
	return filter ? key_of_chain(scratch, filter) : 0;
}

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
