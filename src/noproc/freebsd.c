/* FreeBSD: a limit of no processes. It binds every user but uid 0. */
#include "noproc/noproc.h"

#include <stddef.h>

static const struct noproc_step steps[] = {
	{ "uid", noproc_not_root },
	{ "setrlimit", noproc_set_rlimit },
	{ "getrlimit", noproc_check_rlimit },
	{ "fork", noproc_check_fork },
	{ NULL, NULL },
};

const struct noproc_system noproc_freebsd = { .name = "freebsd",
					      .steps = steps };

#ifdef __FreeBSD__
#include <string.h>

static intptr_t call(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	(void)context;
	return noproc_posix_call(what, arguments, number);
}

static const char *text(int32_t number)
{
	return strerror(number);
}

const struct noproc_os noproc_freebsd_os = { .call = call, .text = text };
#endif
