/*
 * OpenBSD: a limit of no processes, which does not bind uid 0, and pledge(2),
 * which binds everybody, for exec as well. The limit comes first: setrlimit
 * itself needs the promise "proc".
 */
#include "noproc/noproc.h"

#include <stddef.h>

/* Every promise of pledge(2) but "proc" and "exec"; "error" for no SIGABRT. */
static const char promises[] =
	"stdio rpath wpath cpath dpath tmppath inet mcast fattr chown flock "
	"unix dns getpw sendfd recvfd tape tty prot_exec settime ps vminfo id "
	"pf route wroute audio video bpf unveil error";

static bool give_up(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_PLEDGE, (uintptr_t)promises, 0, 0, 0) ==
	    0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "RLIMIT_NPROC is 0 already, but \"proc\" and "
			   "\"exec\" cannot be given up");
}

static const struct noproc_step steps[] = {
	{ "setrlimit", noproc_set_rlimit },
	{ "getrlimit", noproc_check_rlimit },
	{ "pledge", give_up },
	{ "fork", noproc_check_fork },
	{ NULL, NULL },
};

const struct noproc_system noproc_openbsd = { .name = "openbsd",
					      .steps = steps };

#ifdef __OpenBSD__
#include <errno.h>
#include <string.h>
#include <unistd.h>

static intptr_t call(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	intptr_t result;

	(void)context;
	if (what != CALL_PLEDGE)
		return noproc_posix_call(what, arguments, number);
	result = pledge((const char *)arguments[0], NULL);
	if (result != 0)
		*number = errno;
	return result;
}

static const char *text(int32_t number)
{
	return strerror(number);
}

const struct noproc_os noproc_openbsd_os = { .call = call, .text = text };
#endif
