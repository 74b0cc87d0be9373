/*
 * watch/witness_chains.h - the chain of filters of a thread, in the kernel:
 * what is known of it, what tells it from others, and how it is sent.
 *
 * A chain that was never seen is sent along, here and now: the thread may be
 * dead a moment later. Chains are told by what is in them, never by their
 * address, which another filter may have tomorrow; only for as long as a thread
 * lives does the address say that it is the same chain still.
 */
#ifndef WATCH_WITNESS_CHAINS_H
#define WATCH_WITNESS_CHAINS_H

#include "watch/kernel_side.h"
#include "watch/witness_kernel.h"

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

#endif
