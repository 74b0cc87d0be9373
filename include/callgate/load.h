/*
 * callgate/load.h - put a filter into force in this process.
 *
 * A filter can never be taken off again, and is inherited by every child and
 * across exec. Everything here fails closed: unless CG_OK is returned and
 * checked, assume nothing about what is in force.
 */
#ifndef CALLGATE_LOAD_H
#define CALLGATE_LOAD_H

#include <callgate/policy.h>
#include <callgate/program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* SECCOMP_FILTER_FLAG_*, as in linux/seccomp.h. */
enum {
	CG_FLAG_TSYNC = 1,               /* 3.17: bring every thread under it */
	CG_FLAG_LOG = 2,                 /* 4.14: log what is not allowed */
	CG_FLAG_SPEC_ALLOW = 4,          /* 4.17: no speculation mitigation */
	CG_FLAG_NEW_LISTENER = 8,        /* 5.0: hand out a notification fd */
	CG_FLAG_TSYNC_ESRCH = 16,        /* 5.7: TSYNC with NEW_LISTENER */
	CG_FLAG_WAIT_KILLABLE_RECV = 32, /* 5.19 */
};

struct cg_load_options {
	uint32_t flags;       /* CG_FLAG_*; TSYNC is on unless `one_thread` */
	bool one_thread;      /* this thread alone, no TSYNC */
	bool keep_privileges; /* never set no_new_privs; needs CAP_SYS_ADMIN */
	bool allow_prctl; /* where seccomp(2) is missing, use prctl(2), which
			     can bring this thread alone under the filter:
			     refused if there are others */
};

struct cg_loaded {
	int listener;     /* the notification fd, the caller's; or -1 */
	uint32_t threads; /* threads that were seen to be under a filter */
	bool verified;    /* /proc confirmed each of them */
	bool set_no_new_privs;
	bool by_prctl;
};

/*
 * Load a program into this process: every thread (TSYNC), unless asked
 * otherwise. no_new_privs is set where it is needed, which is when the caller
 * has no CAP_SYS_ADMIN, or when `keep_privileges` is false. Afterwards /proc is
 * read to see each thread under the filter; where /proc cannot be read,
 * `verified` is false and CG_OK is still returned.
 *
 * `options` and `loaded` may be NULL.
 *
 * Fails with CG_E_THREAD (a thread could not be synchronised: err->thread;
 * nothing was loaded), CG_E_UNSUPPORTED (this kernel lacks seccomp(2), filters
 * or a flag; the message says which), CG_E_BLOCKED (an outer filter answers
 * for the kernel), CG_E_SYSTEM, CG_E_INPUT.
 */
CG_API CG_CHECKED enum cg_status
cg_load(const struct cg_program *program, const struct cg_load_options *options,
	struct cg_loaded *loaded, struct cg_error *err);

/*
 * Read, compile, prove and load the policy in the file `path`, with the flags
 * that the policy asks for besides those of `options`. Fails as
 * cg_policy_open, cg_compile and cg_load do.
 */
CG_API CG_CHECKED enum cg_status
cg_load_file(const char *path, const struct cg_load_options *options,
	     struct cg_error *err);

/*
 * Strict mode (SECCOMP_MODE_STRICT): this thread may only read, write, exit
 * (not exit_group) and sigreturn from now on; anything else is SIGKILL.
 * Fails with CG_E_UNSUPPORTED or CG_E_SYSTEM.
 */
CG_API CG_CHECKED enum cg_status cg_load_strict(struct cg_error *err);

/* Whether a feature is there. */
enum cg_support {
	CG_NO,
	CG_YES,
	CG_BLOCKED, /* an outer filter answered; the kernel was not asked */
};

/* What this kernel, container and privilege allow. */
struct cg_features {
	enum cg_support syscall;    /* seccomp(2) */
	enum cg_support prctl;      /* prctl(PR_SET_SECCOMP) takes filters */
	enum cg_support actions[8]; /* in the order of cg_action_name() */
	enum cg_support flags[6];   /* bit i is 1 << i of CG_FLAG_* */
	enum cg_support no_new_privs;
	bool has_no_new_privs; /* already set for this thread */
	bool can_sys_admin;    /* filters need no no_new_privs */
	int mode;              /* of this thread: 0 none, 1 strict, 2 filter */
	int filters;           /* how many, or -1 if the kernel does not say */
	int notif_size, notif_resp_size, data_size; /* bytes; 0 if not known */
	int uretprobe_passes; /* 1: 335/336 pass any filter; 0 no; -1 unknown */
	char release[65];     /* uname -r */
	char machine[65];     /* uname -m */
	char actions_avail[256]; /* /proc/sys/kernel/seccomp/..., or "" */
	char actions_logged[256];
	bool i386_works, x32_works; /* calls of these ABIs reach the kernel */
};

/* The i-th action as the policy language calls it, or NULL from 8 on. */
CG_API const char *cg_action_name(size_t index);

/*
 * Find out. No bogus call is made that an outer filter could answer with a
 * kill where a harmless one will do. Cannot fail; what cannot be found out
 * is said so in the fields.
 */
CG_API void cg_probe(struct cg_features *features);

#ifdef __cplusplus
}
#endif

#endif
