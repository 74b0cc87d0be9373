/*
 * callgate/noproc.h - no new processes from here on, on every system.
 *
 * A server that never starts programs gives the means to do so up at start:
 * whatever gets hold of it later cannot start a shell. One call does it, by
 * what each system has for it. This header and what stands behind it need no
 * other part of the library but error.h, and on Linux the loader.
 */
#ifndef CALLGATE_NOPROC_H
#define CALLGATE_NOPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For whom new processes are refused. */
enum cg_noproc_state {
	CG_NOPROC_NONE,
	CG_NOPROC_THIS_THREAD, /* and for threads that it starts from now on */
	CG_NOPROC_ALL_THREADS,
};

enum cg_noproc_mode {
	/*
	 * No program and no process, by any way; threads go on working. On
	 * Linux the preset no-new-processes.
	 */
	CG_NOPROC_STRICT,
	/*
	 * As Elasticsearch has it: on Linux its filter, byte for byte, for
	 * x86_64 and aarch64, and the preset no-exec elsewhere. No program can
	 * be run, but a process can still split with clone(2), and so with
	 * fork(3). Other systems have one way only.
	 */
	CG_NOPROC_COMPATIBLE,
};

struct cg_noproc_options {
	enum cg_noproc_mode mode;
	/*
	 * Where another thread cannot be brought along (it has a seccomp filter
	 * of its own), be content with this one. Without it, that is a failure
	 * which names the thread.
	 */
	bool this_thread_will_do;
};

/* What came of it; plain data, nothing to free. */
struct cg_noproc {
	enum cg_noproc_state state;
	const char *system; /* "linux", "macos", ...; constant */
	const char *step;   /* the last step that was begun; constant */
	uint32_t threads;   /* Linux: seen to be under the filter; or 0 */
	/*
	 * What was set was looked at afterwards, and it holds: each thread by
	 * /proc on Linux; the limit, privilege or job as read back, and an
	 * attempt to start a process, elsewhere.
	 */
	bool verified;
};

/*
 * Give up starting processes. It cannot be taken back. `options` and `out` may
 * be NULL.
 *
 * Linux       a seccomp filter in every thread, and no_new_privs
 * macOS       RLIMIT_NPROC 0 and a sandbox without process-fork and -exec
 * FreeBSD,    RLIMIT_NPROC 0; not for uid 0, whom that does not bind; a
 * NetBSD      process can still replace its program with exec
 * OpenBSD     the same, for uid 0 as well, and pledge(2) of everything but
 *             "proc" and "exec": what no promise covers is refused, too
 * Solaris,    without the privileges proc_fork and proc_exec
 * illumos
 * Windows     a job object of one active process
 *
 * `*out` is filled whatever happens: on failure it tells which step failed and
 * what is in force all the same.
 *
 * Fails with CG_E_THREAD (err->thread), CG_E_UNSUPPORTED (this system cannot do
 * it), CG_E_BLOCKED (an outer filter answers for the kernel), CG_E_SYSTEM
 * (err->sys_errno; on Windows what GetLastError says), CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_no_new_processes(const struct cg_noproc_options *options,
		    struct cg_noproc *out, struct cg_error *err);

/* "none", "this thread", "all threads". */
CG_API const char *cg_noproc_state_text(enum cg_noproc_state state);

/*
 * Whether a service may begin to serve on `addresses`: always if new processes
 * are refused in all threads; if not, only where every address is loopback.
 *
 * An address is "127.0.0.1", "[::1]:9200", "localhost:9200", or "unix:PATH". A
 * name, an empty text or a wildcard counts as beyond loopback: nothing is
 * looked up. No address at all is fine.
 *
 * Requires what cg_no_new_processes() filled. Fails with CG_E_INPUT; the
 * message names the address and the step that failed.
 */
CG_API CG_CHECKED enum cg_status
cg_noproc_may_serve(const struct cg_noproc *noproc,
		    const char *const addresses[], size_t count,
		    struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
