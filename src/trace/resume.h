/* trace/resume.h - let a thread go on from a ptrace stop. */
#ifndef TRACE_RESUME_H
#define TRACE_RESUME_H

#include <sys/ptrace.h>
#include <sys/types.h>

/*
 * To its next stop, which `how` chooses (PTRACE_CONT, PTRACE_SYSCALL). Its
 * signals are delivered, a stop of its whole group lasts. `status` is what
 * waitpid(2) told. A thread may be killed at any moment, so this cannot fail.
 */
void resume_stopped(pid_t thread, int status, enum __ptrace_request how);

/* The same for good: it is not traced any more. */
void resume_let_go(pid_t thread, int status);

#endif
