/*
 * record/kernel_side.h - what the recorder in the kernel and the one outside
 * agree on: the layout of their maps.
 */
#ifndef RECORD_KERNEL_SIDE_H
#define RECORD_KERNEL_SIDE_H

enum {
	SIDE_LANES = 3,     /* enum lane */
	SIDE_DOORS = 3,     /* enum side_door */
	SIDE_NUMBERS = 512, /* no table of this machine is longer */
	SIDE_CELLS = SIDE_LANES * SIDE_DOORS * SIDE_NUMBERS,
	SIDE_WANTED = 4 * SIDE_NUMBERS, /* a power of 2, at least the doors */
	SIDE_THREADS = 1024, /* in one element of `threads`, which is a page */
	SIDE_VALUES = 64,    /* distinct values kept of one argument */
	SIDE_ARGUMENTS = 6,
	SIDE_SLOTS = 1024, /* a power of 2 */
	SIDE_FRAMES = 32,
};

/* The ways into the kernel; which ABI each one is, the outside knows. */
enum side_door {
	DOOR_NATIVE,
	DOOR_COMPAT,
	DOOR_X32,
};

enum side_state {
	STATE_OTHER,    /* somebody else's */
	STATE_RECORDED, /* counted */
	STATE_PENDING,  /* counted from its next exec on */
	STATE_RUNTIME,  /* starts a container, which is in another namespace */
	STATE_FILTERED, /* the same, once it has loaded the filter */
};

/*
 * The last handler of a signal that a thread was sent into: which call comes
 * back from there. Registers do not tell that any more when it has returned.
 */
enum side_handler {
	HANDLER_NONE,
	HANDLER_NATIVE,
	HANDLER_COMPAT,
	HANDLER_COMPAT_INFO, /* SA_SIGINFO: another call of its own */
	HANDLER_X32,
	HANDLERS,
};

/*
 * Of one thread, by its id, in `threads`. The mark is written by the thread
 * itself once it is recorded. Who makes a thread recorded, or not, may be the
 * kernel at its beginning or end and the recorder outside at once: that is done
 * by exchanging the whole word, so that one of them alone counts it in `alive`.
 */
union side_thread {
	struct {
		unsigned char state;
		unsigned char
			mark; /* MARK_SKIP, enum side_handler from bit 4 */
	};
	unsigned word;
};
#define MARK_SKIP 1u /* the call that it is in does not count */
#define MARK_OF(handler) ((handler) << 4)
#define HANDLER_OF(mark) ((mark) >> 4)

/* A call that has a cell of its own: lane, door and number. */
#define SIDE_CELL(lane, door, nr) \
	(((lane)*SIDE_DOORS + (door)) * SIDE_NUMBERS + (nr))

struct side_count {
	unsigned long long count;
	unsigned long long time; /* ns, if asked for */
};

/* Key of `values`: how often an argument had a value. */
struct side_value {
	unsigned cell;
	unsigned argument;
	unsigned long long value;
};

/* Key of `errors`: how often a call failed so. */
struct side_error {
	unsigned cell;
	unsigned number;
};

/*
 * One value or error on one CPU, which adds to it without a lock. Whatever
 * claims the slot first keeps it; it has its entry in `values` or `errors` by
 * then, and that and the slots of all CPUs together are the count.
 */
struct side_slot {
	unsigned what; /* 0: free; 1 + argument; SIDE_ERROR */
	unsigned cell;
	unsigned long long value; /* or the error's number */
	unsigned long long count;
};
#define SIDE_ERROR (1u + SIDE_ARGUMENTS)

/* Key of `strangers`: numbers that have no cell. */
struct side_stranger {
	unsigned lane;
	unsigned door;
	unsigned nr;
	unsigned unused;
};

/* A call that has not returned yet, as the iterator tells it. */
struct side_flight {
	unsigned lane;
	unsigned door;
	unsigned nr;
	unsigned unused;
	unsigned long long args[SIDE_ARGUMENTS];
};

/* A call made for the first time, with the stack, through `firsts`. */
struct side_first {
	unsigned cell;
	int process;
	unsigned frames;
	unsigned unused;
	unsigned long long addresses[SIDE_FRAMES];
};

/* What did not find room. */
enum side_loss {
	LOSS_VALUES,
	LOSS_ERRORS,
	LOSS_STRANGERS,
	LOSS_FIRSTS,
	LOSS_TIMES,
	LOSS_THREADS,
	LOSS_CALLS,
	LOSSES,
};

/* Set before loading, constant for the program. */
struct side_config {
	unsigned char errors, values, time, stacks;
	unsigned char at_exit;      /* count calls when they return */
	unsigned char runtime;      /* count it from its filter on */
	unsigned char by_mount;     /* a container is known by its mounts */
	unsigned char moment_call;  /* a call ends the start-up */
	unsigned char moment_ready; /* a readiness notification does */
	unsigned base_level;        /* of pid namespaces, where we stand */
	unsigned base_mount;        /* inode of our mount namespace */
	/* By door, -1: none. */
	int moment_nr[SIDE_DOORS + 1];
	int exec_nr[SIDE_DOORS + 1][2]; /* execve, execveat */
	int end_nr[SIDE_DOORS + 1][2];  /* exit, exit_group */
	int fork_nr[SIDE_DOORS + 1][4]; /* clone, clone3, fork, vfork */
	/* By enum side_handler: the call that ends it. */
	int return_nr[HANDLERS + 3];
	int return_door[HANDLERS + 3];
	unsigned nr_sendto, nr_sendmsg; /* native */
	unsigned long long cgroup;      /* inode of the directory */
	int hierarchy;                  /* that it is in */
	int process;                    /* recorded, or 0 */
	unsigned namespace;             /* inode of a pid namespace, or 0 */
	int base_filters;               /* that we are under ourselves */
	/* By door and number, up to two arguments to keep: each is 1 more than
	   its number, in 4 bits. */
	unsigned char wanted[SIDE_WANTED];
};

/* Read and written on both sides while it runs. */
struct side_shared {
	unsigned lane; /* where calls are counted now */
	int alive;     /* threads that are recorded */
	int looking;   /* outside, threads that run already are looked for */
	unsigned long long lost[LOSSES];
};

#endif
