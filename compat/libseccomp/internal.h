/*
 * internal.h - what stands behind a scmp_filter_ctx.
 *
 * Contexts are never given back to malloc: a pointer to a released one must
 * stay harmless, whoever uses it. They are kept and used again.
 */
#ifndef COMPAT_LIBSECCOMP_INTERNAL_H
#define COMPAT_LIBSECCOMP_INTERNAL_H

#include <callgate/callgate.h>
#include <stdatomic.h>

#include "seccomp.h"

#define API __attribute__((visibility("default")))

/* Whether this build stands for libseccomp of that release or a newer one. */
#define AT_LEAST(major, minor)       \
	(SCMP_VER_MAJOR > (major) || \
	 (SCMP_VER_MAJOR == (major) && SCMP_VER_MINOR >= (minor)))

enum {
	LEVEL_TSYNC = 2,  /* seccomp(2) with TSYNC */
	LEVEL_LOG = 3,    /* LOG, as flag and action, and KILL_PROCESS */
	LEVEL_SSB = 4,    /* SPEC_ALLOW */
	LEVEL_NOTIFY = 5, /* NOTIFY */
	LEVEL_ESRCH = 6,  /* TSYNC with NOTIFY */
	LEVEL_WAIT = 7,   /* WAIT_KILLABLE_RECV */
	LEVEL_MAX = AT_LEAST(2, 6) ? LEVEL_WAIT : LEVEL_ESRCH,
};

struct snapshot {
	struct snapshot *older;
	struct cg_scmp *rules;
};

struct context {
	_Atomic(uint32_t) magic; /* says whether it is in use */
	struct context *next;    /* the next one that is not */
	struct cg_scmp *rules;
	struct snapshot *snapshots;
	struct cg_insn *insns; /* the filter of these rules, or NULL */
	size_t count;
	uint32_t answer, foreign;
	uint32_t optimize;
	bool no_new_privs, tsync, minus_one, log, ssb, wait_killable;
	bool raw_codes;
	char message[256];
};

/* ---------------------------------------------------------- context.c -- */

/* The context of a handle, or NULL where that is none in use. */
struct context *context_of(const scmp_filter_ctx handle);

/* The rules are to change: what was made of them is out of date. */
void context_changed(struct context *context);

/* Remember why; returns `code`. */
__attribute__((format(printf, 3, 4))) int
context_fail(struct context *context, int code, const char *format, ...);

/* ------------------------------------------------------------ level.c -- */

/* What the kernel can, or what seccomp_api_set() said it can. */
unsigned level_now(void);

/* Whether an answer is one that filters can give at this level. */
bool level_has_answer(uint32_t answer);

/* ----------------------------------------------------------- notify.c -- */

/* The process's one listener: -1 for none. */
int notify_listener(void);

/* It is `fd` from now on. */
void notify_keep(int fd);

/* Close it. */
void notify_forget(void);

/* ----------------------------------------------------------- filter.c -- */

/* Make the filter of a context, unless it is there. 0 or an errno below 0. */
int filter_compile(struct context *context);

/*
 * An errno of the system as libseccomp hands it out: as it is where the caller
 * wants that, else -ECANCELED.
 */
int system_code(const struct context *context, int number);

#endif
