/* record/held.h - the threads that a tracer holds, by their ids. */
#ifndef RECORD_HELD_H
#define RECORD_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct held_thread {
	pid_t id;
	bool in_call;   /* `cell` is the call that it is in */
	bool is_moment; /* which ends the start-up if it succeeds */
	uint32_t cell;
	uint64_t since; /* ns, if time is asked for */
};

/* All zeros hold nobody. */
struct held {
	struct held_thread *slots; /* those without an id are free */
	size_t room, count;
};

/* NULL if it is not held. Valid until the next held_add() or held_drop(). */
struct held_thread *held_find(const struct held *held, pid_t id);

/* The same, and hold it if it is not held; NULL if memory ran out. */
struct held_thread *held_add(struct held *held, pid_t id);

/* Hold it no longer; nothing if it is not held. */
void held_drop(struct held *held, pid_t id);

void held_done(struct held *held);

#endif
