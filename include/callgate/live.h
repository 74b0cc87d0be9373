/*
 * callgate/live.h - who is confined on this machine, and by what.
 *
 * Everybody may see that a thread is confined, and by how many filters. The
 * filters themselves the kernel shows only to one who has CAP_SYS_ADMIN outside
 * of any user namespace and is under no filter.
 */
#ifndef CALLGATE_LIVE_H
#define CALLGATE_LIVE_H

#include <callgate/chain.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What /proc says of a thread. */
struct cg_thread {
	int32_t process, thread; /* the first thread's id is its process's */
	int32_t tracer;          /* the process that traces it, or 0 */
	char name[64];           /* the thread's own name, unchecked bytes */
	char state;              /* 'R', 'S', 'T', 'Z', ...; 0 not known */
	int mode;                /* 0 none, 1 strict, 2 filter; -1 not known */
	int filters;             /* how many; -1 before Linux 5.9 */
	int no_new_privs;        /* -1 before Linux 4.10 */
};

/*
 * Call `each` for every process that /proc shows, by its first thread, until it
 * returns false. What ends meanwhile is left out.
 * Fails with CG_E_SYSTEM if /proc cannot be read.
 */
CG_API CG_CHECKED enum cg_status
cg_processes(bool (*each)(void *context, const struct cg_thread *thread),
	     void *context, struct cg_error *err);

/* The same for the threads of a process, which may have different filters. */
CG_API CG_CHECKED enum cg_status
cg_threads(int32_t process,
	   bool (*each)(void *context, const struct cg_thread *thread),
	   void *context, struct cg_error *err);

/*
 * Take the filters of a thread out of the kernel, exactly as they were loaded.
 *
 * `thread` is the id of any thread; a process's id is its first thread's. An
 * unconfined one has a chain of no filters. The thread is stopped for some
 * microseconds, by ptrace, from a child process of the caller's that ends
 * before this returns; it goes on as it was, stopped by job control or not,
 * with its signals, also if the caller is killed meanwhile. As with a debugger,
 * a call such as epoll_wait(2) or semop(2) that it waits in may return EINTR.
 *
 * Fails with CG_E_BLOCKED (the caller is under a filter), CG_E_UNSUPPORTED (the
 * thread is in strict mode, or this kernel cannot show filters), CG_E_SYSTEM
 * (there is no such thread, it is traced already, the caller lacks a
 * privilege, it did not stop within two seconds: the message says which),
 * CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_chain_take(int32_t thread, struct cg_chain **out, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
