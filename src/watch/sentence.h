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

/* "bind(3, 0x5560 {AF_INET 127.0.0.1:80}, 16)": of one whose arguments are
   known. Printable ASCII. */
enum { SENTENCE_CALL = 1024 };
void sentence_call(const struct cg_violation *violation,
		   char out[SENTENCE_CALL]);

/* free(), for what has no other use for it. */
void sentence_free(char *sentence);

#endif
