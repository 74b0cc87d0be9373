/*
 * callgate/error.h - how every function of this library fails.
 *
 * Ownership  An object that a function hands out through `out` is the
 *            caller's, and goes back with the _free function of its type.
 *            A pointer that a function returns is borrowed: it lives as long
 *            as the object it was asked of. The library keeps no pointer that
 *            a caller passed in, except where a header says so.
 * Failure    A function that can fail returns a status. If it is not CG_OK,
 *            `*out` is as it was, and `*err`, unless `err` is NULL, says what
 *            went wrong and where.
 * Threads    There is no global state. A policy or a program never changes
 *            once made, so threads may share one without a lock.
 * Silence    The library never prints, never exits and never reads the
 *            environment.
 */
#ifndef CALLGATE_ERROR_H
#define CALLGATE_ERROR_H

#include <stdint.h>

#define CG_API __attribute__((visibility("default")))
#define CG_CHECKED __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/* The order is part of the ABI: new values go to the end. */
enum cg_status {
	CG_OK,
	CG_E_NOMEM,       /* memory ran out, or the object's budget of it */
	CG_E_SYNTAX,      /* the text is neither YAML nor JSON */
	CG_E_MEANING,     /* the text is well formed, but says no such thing */
	CG_E_ARCH,        /* the architecture is unknown or has no such call */
	CG_E_TOOLONG,     /* more than CG_PROGRAM_MAX instructions are needed */
	CG_E_PROGRAM,     /* the kernel would refuse these BPF instructions */
	CG_E_PROOF,       /* the filter does not do what the policy says */
	CG_E_UNDECIDED,   /* the proof ran out of its budget of nodes */
	CG_E_INPUT,       /* an argument of the call is out of its range */
	CG_E_SYSTEM,      /* the system refused; see sys_errno */
	CG_E_UNSUPPORTED, /* this kernel or machine cannot do it */
	CG_E_BLOCKED,     /* an outer filter or sandbox forbids it */
	CG_E_THREAD,      /* a thread could not be brought under the filter */
};

enum { CG_MESSAGE_MAX = 512, CG_SOURCE_MAX = 256 };

/* Plain data, nothing to free: keep one on the stack. */
struct cg_error {
	enum cg_status status;
	uint32_t line;              /* from 1; 0 where no text is to blame */
	uint32_t column;            /* from 1, in bytes; 0 as above */
	int32_t sys_errno;          /* errno of the call that failed, or 0 */
	int32_t thread;             /* id of the thread to blame, or 0 */
	const char *check;          /* of a warning: whose (lint.h), or NULL */
	char source[CG_SOURCE_MAX]; /* the file `line` counts in, or "" */
	char message[CG_MESSAGE_MAX]; /* one line of UTF-8, no full stop */
};

/* A few words for a status, such as "out of memory"; never NULL. */
CG_API const char *cg_status_text(enum cg_status status);

#ifdef __cplusplus
}
#endif

#endif
