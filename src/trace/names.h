/* trace/names.h - stacks as text: a line a frame, the innermost first. */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct namer;

/* NULL if memory ran out; both others take that. */
struct namer *namer_new(void);
void namer_free(struct namer *namer);

/* Name these return addresses of a process that runs. False if none. */
bool namer_stack(struct namer *namer, pid_t process, const uint64_t *addresses,
		 size_t count, char *out, size_t size);

/* The stack of a thread in a ptrace stop. */
bool namer_stopped(struct namer *namer, pid_t process, pid_t thread,
		   uint64_t ip, char *out, size_t size);

#endif
