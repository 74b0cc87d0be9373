/* run/memory.h - what the arguments of a refused call point to. */
#ifndef RUN_MEMORY_H
#define RUN_MEMORY_H

#include <callgate/run.h>

/*
 * Fill `memory` of a refusal whose thread is in a ptrace stop. What cannot be
 * read is "": nothing here fails, and never are more than 256 bytes read.
 */
void memory_tell(struct cg_refusal *refusal);

#endif
