/*
 * record/side_keep.h - what the recorder in the kernel keeps of calls: counts,
 * times, values of arguments, errors, the first stack. Where there is no room,
 * that is counted.
 */
#ifndef RECORD_SIDE_KEEP_H
#define RECORD_SIDE_KEEP_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "record/kernel_side.h"
#include "record/side_machine.h"

/* A call of a thread, and where it is counted. */
struct call {
	u32 lane, door;
	u32 nr; /* without what marks the door */
};

const volatile struct side_config config;
struct side_shared shared;

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

/* What is seen often, beside both. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SIDE_SLOTS);
	__type(key, u32);
	__type(value, struct side_slot);
} slots SEC(".maps");

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

/* First calls; also, that nobody is left. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} firsts SEC(".maps");

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

static __always_inline struct side_slot *slot_of(u32 what, u32 cell, u64 value)
{
	u32 at = (u32)value * 0x9e3779b1u;

	at = ((at >> 16 ^ at) + cell * 8 + what) % SIDE_SLOTS;
	return bpf_map_lookup_elem(&slots, &at);
}

/* Add one, if the slot is of just that. */
static __always_inline bool
add_to_slot(struct side_slot *slot, u32 what, u32 cell, u64 value)
{
	if (!slot || slot->what != what || slot->cell != cell ||
	    slot->value != value)
		return 0;
	slot->count++;
	return 1;
}

/* From now on; it is in its hash. */
static __always_inline void
claim_slot(struct side_slot *slot, u32 what, u32 cell, u64 value)
{
	if (!slot || slot->what)
		return;
	slot->cell = cell;
	slot->value = value;
	slot->what = what;
}

/* A value that has no slot, or not yet. */
static __noinline void keep_value(u32 cell, u32 number, u64 value)
{
	struct side_value key = { cell, number, value };
	u64 *count = bpf_map_lookup_elem(&values, &key), *other, one = 1;
	u32 *distinct_of;

	if (count) {
		__sync_fetch_and_add(count, 1);
		claim_slot(slot_of(1 + number, cell, value), 1 + number, cell,
			   value);
		return;
	}
	distinct_of = bpf_map_lookup_elem(&distinct, &cell);
	other = bpf_map_lookup_elem(&others, &cell);
	if (!distinct_of || !other || number >= SIDE_ARGUMENTS)
		return;
	if (distinct_of[number] < SIDE_VALUES) {
		if (bpf_map_update_elem(&values, &key, &one, BPF_NOEXIST) ==
		    0) {
			__sync_fetch_and_add(&distinct_of[number], 1);
			return;
		}
		/* Another CPU may have been faster. */
		if (add_one(&values, &key, bpf_map_lookup_elem(&values, &key)))
			return;
		lose(LOSS_VALUES);
	}
	__sync_fetch_and_add(&other[number], 1);
}

static __always_inline void
keep_argument(const struct pt_regs *regs, u32 door, u32 cell, u32 number)
{
	u64 value = machine_argument(regs, door, number);

	if (!add_to_slot(slot_of(1 + number, cell, value), 1 + number, cell,
			 value))
		keep_value(cell, number, value);
}

/* The arguments are told one by one: a loop takes the verifier long. */
static __always_inline void
keep_values(const struct pt_regs *regs, u32 door, u32 cell, u32 which)
{
	u32 first = which & 15, second = which >> 4;

	if (first)
		keep_argument(regs, door, cell, first - 1);
	if (second)
		keep_argument(regs, door, cell, second - 1);
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

static __always_inline void note_stranger(const struct call *call)
{
	struct side_stranger key = { call->lane, call->door, call->nr, 0 };

	if (!add_one(&strangers, &key, bpf_map_lookup_elem(&strangers, &key)))
		lose(LOSS_STRANGERS);
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

static __always_inline void note_error(const struct call *call, u32 number)
{
	struct side_error key = { SIDE_CELL(call->lane, call->door, call->nr),
				  number };
	struct side_slot *slot = slot_of(SIDE_ERROR, key.cell, number);

	if (add_to_slot(slot, SIDE_ERROR, key.cell, number))
		return;
	if (add_one(&errors, &key, bpf_map_lookup_elem(&errors, &key)))
		claim_slot(slot, SIDE_ERROR, key.cell, number);
	else
		lose(LOSS_ERRORS);
}

#endif
