/*
 * record/tracer.h - calls seen by ptrace, by a process of its own.
 *
 * It is not the recorder itself, so that what is traced goes on when that ends.
 */
#ifndef RECORD_TRACER_H
#define RECORD_TRACER_H

#include "record/recorder.h"

struct tracer_link {
	pid_t pid;  /* of the process that traces; 0: none */
	int pidfd;  /* readable when it has ended; -1: the kernel has none */
	int socket; /* to it */
	bool gone;
	bool killed; /* before it had seen everything */
};

/*
 * Start it. By a filter it sees the calls that one sends to it; else all. It
 * holds nothing yet: the caller lets it trace the command, then tells it to
 * seize.
 */
bool tracer_start(struct cg_recorder *recorder, bool by_filter,
		  struct tracer_link *link, struct cg_error *err);

/* Have it seize the command, or all threads of the target. */
bool tracer_seize(struct tracer_link *link, struct cg_error *err);

/* Whether it still traces somebody; if not, `killed` is known. */
bool tracer_alive(struct tracer_link *link);

/*
 * Have it let go of all, where that can be done, and forget it. One that
 * answers for a filter goes on for as long as there is anybody under it; and
 * one that holds a thread which cannot be stopped now, such as the parent of a
 * vfork(2), until it can.
 */
void tracer_end(struct tracer_link *link, bool by_filter);

#endif
