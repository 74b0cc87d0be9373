/* watch/advice.h - what would let a call through, in the words of each tool. */
#ifndef WATCH_ADVICE_H
#define WATCH_ADVICE_H

#include "watch/violation.h"

enum { ADVICE_MAX = 160 };

struct advice {
	const char *format; /* that the process is under, as far as is known */
	char best[ADVICE_MAX]; /* for that */
	char callgate[ADVICE_MAX];
	char oci[ADVICE_MAX];     /* one more item of "syscalls" */
	char systemd[ADVICE_MAX]; /* one more line of the unit */
};

/*
 * False where there is nothing to say: the call has no name, or was let through
 * anyway, or a supervisor has to decide.
 */
bool advice_of(const struct cg_violation *violation, struct advice *out);

#endif
