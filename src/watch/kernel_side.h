/*
 * watch/kernel_side.h - what the witness in the kernel and the one outside
 * agree on: the layout of what it sends and of their maps.
 */
#ifndef WATCH_KERNEL_SIDE_H
#define WATCH_KERNEL_SIDE_H

enum {
	WITNESS_NUMBERS = 512, /* no table of this machine is longer */
	WITNESS_DOORS = 3,     /* enum witness_door */
	WITNESS_ERRORS = 192,  /* the last bit: all from there on */
	WITNESS_FRAMES = 24,
	WITNESS_PEEK = 128,  /* bytes of what an argument points to */
	WITNESS_PEEKS = 2,   /* arguments of one call that are looked at */
	WITNESS_PIECE = 512, /* instructions in one piece of a filter */
	WITNESS_FILTERS = 4096,
	WITNESS_CHAINS = 4096,
	WITNESS_GROUP = 128, /* bytes of the name of a cgroup */
};

/* The ways into the kernel. */
enum witness_door {
	WITNESS_NATIVE,
	WITNESS_COMPAT,
	WITNESS_X32,
};

enum witness_kind {
	WITNESS_FILTER, /* a piece of a filter: struct witness_piece */
	WITNESS_EXIT,   /* a call failed: struct witness_call, as below */
	WITNESS_SIGNAL, /* SIGSYS by a filter */
	WITNESS_DEATH,  /* a thread was killed, and not its process */
};

struct witness_insn {
	unsigned short code;
	unsigned char jt, jf;
	unsigned k;
};

/*
 * A chain of filters comes in pieces, the newest filter first; the last piece
 * of the oldest filter has `last`. The key is a hash of all that is in it.
 */
struct witness_piece {
	unsigned kind;
	unsigned filter; /* 0: the newest */
	unsigned long long key;
	unsigned length;       /* instructions of this filter */
	unsigned first, count; /* those in this piece */
	unsigned char log;     /* SECCOMP_FILTER_FLAG_LOG */
	unsigned char last;
	unsigned char unused[2];
	struct witness_insn insns[WITNESS_PIECE];
};

struct witness_call {
	unsigned kind;
	unsigned door;           /* enum witness_door */
	unsigned long long time; /* ns, CLOCK_BOOTTIME */
	unsigned long long key;  /* of the chain; 0: it could not be read */
	unsigned long long start, image; /* what tells processes of one id */
	unsigned long long file; /* inode of the program; 0: not known */
	unsigned device;         /* that it is on, as the kernel counts */
	unsigned unused_three;
	unsigned process, thread, parent;
	unsigned uid, gid, login_uid, session;
	unsigned nr;
	unsigned long long ip;
	unsigned long long args[6];
	int result;           /* of WITNESS_EXIT: below 0 */
	int data;             /* of WITNESS_SIGNAL: of the verdict */
	int mode;             /* of seccomp: 2, or 3 once it kills */
	unsigned threads;     /* of the process that live */
	unsigned char traced; /* by one who is told what filters say */
	unsigned char unused;
	unsigned short frames;
	unsigned char peeked[WITNESS_PEEKS]; /* 1 + argument; 0: none */
	unsigned char unused_too[6];
	char name[16];
	char group[WITNESS_GROUP]; /* of its cgroup, without the path */
	unsigned long long stack[WITNESS_FRAMES];
	/* Left out where nothing was looked at. */
	unsigned char peeks[WITNESS_PEEKS][WITNESS_PEEK];
};

/* Of a chain: for which calls, and for which errnos, it may refuse. */
struct witness_interest {
	unsigned long long numbers[WITNESS_DOORS][WITNESS_NUMBERS / 64];
	unsigned long long errors[WITNESS_ERRORS / 64];
};

/* Set before loading, constant for the program. */
struct witness_config {
	unsigned long long secret[2]; /* of the keys */
	unsigned compat_status;       /* bit of thread_info.status */
	unsigned x32_bit;
	/* A bit for each argument that is to be looked at, by door, number. */
	unsigned char peek[2048];
};

/* What did not find its way. */
enum witness_loss {
	WITNESS_LOST_CALLS,
	WITNESS_LOST_FILTERS,
	WITNESS_LOSSES,
};

/* Read and written on both sides while it runs. */
struct witness_shared {
	unsigned long long generation; /* of what is known of chains */
	unsigned long long lost[WITNESS_LOSSES];
};

#endif
