/*
 * sys/trial.h - questions that only a child process can answer safely.
 *
 * A wrong answer may be a signal, so each is put by a short-lived child. It
 * shares no exit signal with the caller, which never notices it.
 */
#ifndef SYS_TRIAL_H
#define SYS_TRIAL_H

#include <stdbool.h>

/* Whether a call through int 0x80, or with the x32 bit, reaches the kernel. */
bool trial_i386(void);
bool trial_x32(void);

/* Whether number 335 passes a filter that refuses it: 1, 0, or -1 unknown. */
int trial_uretprobe(void);

#endif
