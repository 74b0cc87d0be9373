/* record/trace_loop.h - what the process that traces does all day. */
#ifndef RECORD_TRACE_LOOP_H
#define RECORD_TRACE_LOOP_H

#include <signal.h>

#include "record/held.h"
#include "record/recorder.h"

struct namer;

struct trace_loop {
	struct cg_recorder *recorder;
	bool by_filter; /* a filter sends calls here; else all of them stop */
	volatile sig_atomic_t *stopping;

	/* The loop's own. */
	bool armed; /* the command has been executed: calls count */
	bool letting_go;
	struct held held;
	struct namer *namer;
	unsigned char wanted[SIDE_WANTED];
};

/* Seize what is to be recorded. */
bool trace_loop_begin(struct trace_loop *loop, struct cg_error *err);

/* Until nobody is traced any more. */
void trace_loop_run(struct trace_loop *loop);

#endif
