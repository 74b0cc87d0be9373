/*
 * noproc/noproc.h - the steps of each system, and how they reach it.
 *
 * The steps of every system are compiled everywhere: they know no header of a
 * system, and make each call through `struct noproc_os`. So a test can stand in
 * for any system on any machine, see the calls, and have each of them fail. The
 * real calls stand at the end of each system's file, for that system alone.
 *
 * Only linux.c needs the rest of the library; the others, with noproc.c,
 * serve.c, rlimit.c and base/fail.c, are all that another system has to build.
 */
#ifndef NOPROC_NOPROC_H
#define NOPROC_NOPROC_H

#include <callgate/noproc.h>

#include "base/fail.h"

/* What a system can be asked to do; arguments are listed behind it. */
enum noproc_call {
	CALL_GETUID,    /* returns it */
	CALL_GETRLIMIT, /* uint64_t *soft, *hard: of RLIMIT_NPROC */
	CALL_SETRLIMIT, /* soft, hard */
	CALL_FORK, /* 1: a child was started, has ended and is reaped; or -1 */

	CALL_RULES_WRITE,  /* text, char *path, size: to a new file */
	CALL_RULES_REMOVE, /* path */
	CALL_SANDBOX_INIT, /* path, char *message, size: why, if -1 */

	CALL_PLEDGE, /* promises */

	CALL_PRIV_OFF, /* two names, as all sets lose them */
	CALL_PRIV_HAS, /* name: 1 or 0 */

	CALL_JOB_CREATE, /* returns a handle, or 0 */
	CALL_JOB_QUERY,  /* handle, struct noproc_job *: 1 or 0 */
	CALL_JOB_SET,    /* handle, const struct noproc_job *: 1 or 0 */
	CALL_JOB_ASSIGN, /* handle: this process; 1 or 0 */
	CALL_JOB_HOLDS,  /* handle: 1 if this process is in it, 0, or -1 */
	CALL_JOB_CLOSE,  /* handle */
	CALL_SPAWN, /* 1: this program started again, and was ended; or -1 */

	CALL_FILTER, /* mode, struct cg_program **, err: a cg_status */
	CALL_MODE,   /* prctl(PR_GET_SECCOMP) */
	CALL_LOAD,   /* program, one_thread, struct cg_loaded *, err: status */
	CALL_FREE,   /* program */
	CALL_EXECVE, /* of a file without a name: always -1 */
	CALL_EXECVEAT,
	CALL_CLONE,  /* with flags that no kernel takes: always -1 */
	CALL_CLONE3, /* without arguments: always -1 */
	CALLS,
};

/* What is not refused to a job; as JOBOBJECT_BASIC_LIMIT_INFORMATION. */
struct noproc_job {
	int64_t process_time, job_time;
	uint32_t flags;
	size_t least, most; /* of working set */
	uint32_t active;
	uintptr_t affinity;
	uint32_t priority, scheduling;
};

struct noproc_os {
	/* Do it; where it fails, `*number` becomes errno or GetLastError(). */
	intptr_t (*call)(void *context, enum noproc_call what,
			 const uintptr_t arguments[4], int32_t *number);
	/* What a number means, or NULL. */
	const char *(*text)(int32_t number);
	void *context;
};

struct noproc_attempt;

struct noproc_step {
	const char *name; /* what stands in messages: "setrlimit" */
	bool (*run)(struct noproc_attempt *attempt, struct cg_error *err);
};

struct noproc_system {
	const char *name;
	const struct noproc_step *steps; /* up to one without a name */
	/* Runs after the steps, however they went; or NULL. */
	void (*clean)(struct noproc_attempt *attempt);
};

enum { NOPROC_PATH_MAX = 1024 };

/* One attempt; a system uses what it needs of the lower part. */
struct noproc_attempt {
	const struct noproc_os *os;
	const struct cg_noproc_options *options;
	struct cg_noproc out;
	int32_t number; /* of the last call that failed */
	char path[NOPROC_PATH_MAX];
	uintptr_t job;
	uintptr_t program;
	intptr_t mode;
};

extern const struct noproc_system noproc_linux, noproc_macos, noproc_freebsd,
	noproc_netbsd, noproc_openbsd, noproc_solaris, noproc_windows;

/* The real thing; each is there on its own system alone. */
extern const struct noproc_os noproc_linux_os, noproc_macos_os,
	noproc_freebsd_os, noproc_netbsd_os, noproc_openbsd_os,
	noproc_solaris_os, noproc_windows_os;

/* Run the steps of a system. What cg_no_new_processes() promises. */
bool noproc_run(const struct noproc_system *system, const struct noproc_os *os,
		const struct cg_noproc_options *options, struct cg_noproc *out,
		struct cg_error *err);

intptr_t noproc_call(struct noproc_attempt *attempt, enum noproc_call what,
		     uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d);

/* A failure with the number of the last call, and what that means. */
__attribute__((format(printf, 4, 5))) bool
noproc_fail(const struct noproc_attempt *attempt, struct cg_error *err,
	    enum cg_status status, const char *format, ...);

/* Steps that several systems share, in rlimit.c. */
bool noproc_not_root(struct noproc_attempt *attempt, struct cg_error *err);
bool noproc_set_rlimit(struct noproc_attempt *attempt, struct cg_error *err);
bool noproc_check_rlimit(struct noproc_attempt *attempt, struct cg_error *err);
bool noproc_check_fork(struct noproc_attempt *attempt, struct cg_error *err);

/* The calls of CALL_GETUID to CALL_FORK where there are such; -2: no such. */
intptr_t noproc_posix_call(enum noproc_call what, const uintptr_t arguments[4],
			   int32_t *number);

#endif
