/* trace/ready.h - whether a call is the notification of readiness. */
#ifndef TRACE_READY_H
#define TRACE_READY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A thread in a ptrace stop at the entry of native call `nr`: whether it sends
 * a text with a line "READY=1" in its first bytes, as sd_notify(3) does, by
 * sendto or sendmsg.
 */
bool ready_is_sent(pid_t thread, uint32_t nr, const uint64_t args[6]);

#endif
