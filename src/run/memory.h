/* run/memory.h - what the arguments of a refused call point to. */
#ifndef RUN_MEMORY_H
#define RUN_MEMORY_H

#include <callgate/run.h>

/*
 * Fill `memory` of a refusal whose thread is in a ptrace stop. What cannot be
 * read is "": nothing here fails. Bytes the call itself could not read are
 * not shown, nor more of them than a path or a socket address can have.
 */
void memory_tell(struct cg_refusal *refusal);

#endif
