/* trace/symbols.h - walk a stack and name what stands on it, through libdw. */
#ifndef TRACE_SYMBOLS_H
#define TRACE_SYMBOLS_H

#include <callgate/run.h>

/* Look for libdw; NULL, or the words to say why there is none. */
const char *symbols_open(void);

/*
 * Fill address, symbol, file and line of the frames of a refusal, innermost
 * first. `maps` is /proc/PID/maps: what was learnt of these files is kept for
 * the next process that has them at the same places. 0 frames if the stack
 * cannot be walked.
 */
void symbols_walk(struct cg_refusal *refusal, const char *maps);

/*
 * Name the frames of a refusal, whose addresses are there already. The process
 * need not be stopped.
 */
void symbols_name(struct cg_refusal *refusal, const char *maps);

/* Forget what was learnt. */
void symbols_close(void);

#endif
