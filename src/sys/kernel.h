/* sys/kernel.h - the calls of seccomp, and why one was refused. */
#ifndef SYS_KERNEL_H
#define SYS_KERNEL_H

#include "base/fail.h"
#include "sys/task.h"

#include <callgate/load.h>

struct sock_fprog;

/* seccomp(2), for which libc has no function; -1 and errno as usual. */
long kernel_seccomp(unsigned operation, unsigned flags, void *argument);

/* A flag, the release that brought it, and how to name it. */
struct kernel_flag {
	uint32_t bit;
	uint32_t since; /* CG_KERNEL */
	const char *name;
};
enum { KERNEL_FLAGS = 6 };
extern const struct kernel_flag kernel_flags[KERNEL_FLAGS];

/* The running kernel as CG_KERNEL, or 0 if its release has no such form. */
uint32_t kernel_release(void);

/*
 * Whether seccomp(SET_MODE_FILTER) knows these flags: 0, or the errno that it
 * answers. Nothing is loaded: the kernel looks at the flags first and then
 * fails to read a program at NULL.
 */
int kernel_ask_flags(uint32_t flags);

/*
 * What an errno from asking after a feature says. The kernel itself answers
 * ENOSYS, EINVAL or EOPNOTSUPP to what it lacks. Anything else comes from an
 * outer filter, as do these three where a filter is in force and the release
 * is one that has the feature.
 */
enum cg_support
kernel_support(int number, uint32_t since, const struct task *self);

/*
 * Say why seccomp(SET_MODE_FILTER) with these flags failed with `number`,
 * other than for the program's sake.
 */
bool kernel_refused(int number, uint32_t flags, const struct task *self,
		    struct cg_error *err);

#endif
