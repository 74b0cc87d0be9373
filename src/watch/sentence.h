/*
 * watch/sentence.h - a violation in words. Whatever a process calls itself, a
 * terminal gets printable text: other bytes become \xNN.
 */
#ifndef WATCH_SENTENCE_H
#define WATCH_SENTENCE_H

#include "watch/violation.h"

/* "nc (pid 7018) was killed for bind on x86_64"; NULL without memory. */
char *sentence_of(const struct cg_violation *violation);

/* The same with the time in front, and container and unit behind. */
char *sentence_line(const struct cg_violation *violation);

/*
 * What would let the call through: a line for a Callgate policy. NULL where
 * the call has no name, or was let through anyway.
 */
char *sentence_advice(const struct cg_violation *violation);

/* free(), for what has no other use for it. */
void sentence_free(char *sentence);

#endif
