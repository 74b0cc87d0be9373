/* sys/threads.h - a crew of threads, for as long as somebody has work. */
#ifndef SYS_THREADS_H
#define SYS_THREADS_H

#include "base/crew.h"

enum { THREADS_MAX = 16 };

struct threads;

/*
 * A crew of `count` threads, the caller's among them; 0: one for each processor
 * that this process may use, up to THREADS_MAX. With one, or where threads
 * cannot be had, the caller works alone. NULL without memory.
 */
struct threads *threads_new(unsigned count);

/* NULL is fine. */
void threads_free(struct threads *threads);

struct crew threads_crew(struct threads *threads);

#endif
