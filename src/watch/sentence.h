/*
 * watch/sentence.h - a violation in words. Whatever a process calls itself, a
 * terminal gets printable text: other bytes become \xNN.
 */
#ifndef WATCH_SENTENCE_H
#define WATCH_SENTENCE_H

#include "watch/violation.h"

/* "nc (pid 7018) was killed for bind on x86_64"; NULL without memory. `call` is
   what sentence_call() says, NULL where the arguments are not known. */
char *sentence_of(const struct cg_violation *violation, const char *call);

/* The same with the time in front, and container and unit behind. */
char *sentence_line(const struct cg_violation *violation);

/* "bind(3, 0x5560 {AF_INET 127.0.0.1:80}, 16)", printable ASCII, in `room`;
   NULL where the arguments are not known. */
enum { SENTENCE_CALL = 1024 };
const char *
sentence_call(const struct cg_violation *violation, char room[SENTENCE_CALL]);

/* free(), for what has no other use for it. */
void sentence_free(char *sentence);

#endif
