#include "sys/kernel.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

const struct kernel_flag kernel_flags[KERNEL_FLAGS] = {
	{ CG_FLAG_TSYNC, CG_KERNEL(3, 17), "tsync" },
	{ CG_FLAG_LOG, CG_KERNEL(4, 14), "log" },
	{ CG_FLAG_SPEC_ALLOW, CG_KERNEL(4, 17), "spec_allow" },
	{ CG_FLAG_NEW_LISTENER, CG_KERNEL(5, 0), "new_listener" },
	{ CG_FLAG_TSYNC_ESRCH, CG_KERNEL(5, 7), "tsync_esrch" },
	{ CG_FLAG_WAIT_KILLABLE_RECV, CG_KERNEL(5, 19), "wait_killable_recv" },
};

long kernel_seccomp(unsigned operation, unsigned flags, void *argument)
{
	return syscall(SYS_seccomp, operation, flags, argument);
}

uint32_t kernel_release(void)
{
	struct utsname name;
	unsigned long major, minor;
	char *end;

	if (uname(&name) != 0)
		return 0;
	major = strtoul(name.release, &end, 10);
	if (*end != '.')
		return 0;
	minor = strtoul(end + 1, NULL, 10);
	if (major > UINT16_MAX || minor > UINT16_MAX)
		return 0;
	return CG_KERNEL(major, minor);
}

int kernel_ask_flags(uint32_t flags)
{
	if (kernel_seccomp(SECCOMP_SET_MODE_FILTER, flags, NULL) == 0)
		return ECANCELED; /* no kernel does: somebody else answered */
	return errno == EFAULT ? 0 : errno;
}

enum cg_support
kernel_support(int number, uint32_t since, const struct task *self)
{
	bool lacking =
		number == ENOSYS || number == EINVAL || number == EOPNOTSUPP;

	if (number == 0)
		return CG_YES;
	if (!lacking)
		return CG_BLOCKED;
	return self->seccomp == 2 && kernel_release() >= since ? CG_BLOCKED
							       : CG_NO;
}

/* The flag that is not known; the combination works with each of them. */
static const struct kernel_flag *flag_to_blame(uint32_t flags)
{
	uint32_t listener = CG_FLAG_NEW_LISTENER;

	for (size_t i = 0; i < KERNEL_FLAGS; i++) {
		uint32_t bit = kernel_flags[i].bit;

		/* This one is refused without a listener. */
		if (bit == CG_FLAG_WAIT_KILLABLE_RECV)
			bit |= listener;
		if ((flags & kernel_flags[i].bit) && kernel_ask_flags(bit) != 0)
			return &kernel_flags[i];
	}
	return NULL;
}

bool kernel_refused(int number, uint32_t flags, const struct task *self,
		    struct cg_error *err)
{
	const struct kernel_flag *flag =
		number == EINVAL ? flag_to_blame(flags) : NULL;
	uint32_t since = flag ? flag->since : CG_KERNEL(3, 17);
	enum cg_support support = kernel_support(number, since, self);
	const char *what = flag ? flag->name : "seccomp(2)";

	if (support == CG_BLOCKED)
		return fail_errno(err, CG_E_BLOCKED, number,
				  "an outer filter or sandbox refuses %s%s; "
				  "this kernel was not asked",
				  flag ? "the seccomp flag " : "", what);
	if (flag)
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "this kernel lacks the seccomp flag %s, "
				  "which came with Linux %u.%u",
				  what, since >> 16, since & 0xffff);
	return fail_errno(err, CG_E_UNSUPPORTED, number,
			  "this kernel has no seccomp(2): it needs Linux 3.17 "
			  "with CONFIG_SECCOMP_FILTER");
}
