/* Solaris and illumos: a process without the privilege to fork or to exec. */
#include "noproc/noproc.h"

#include <stddef.h>

static const char proc_fork[] = "proc_fork", proc_exec[] = "proc_exec";

static bool give_up(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_PRIV_OFF, (uintptr_t)proc_fork,
			(uintptr_t)proc_exec, 0, 0) == 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "proc_fork and proc_exec cannot be given up");
}

static bool check(struct noproc_attempt *attempt, struct cg_error *err)
{
	const char *const names[] = { proc_fork, proc_exec };

	for (size_t i = 0; i < 2; i++)
		if (noproc_call(attempt, CALL_PRIV_HAS, (uintptr_t)names[i], 0,
				0, 0) != 0)
			return noproc_fail(attempt, err, CG_E_SYSTEM,
					   "%s was given up, and is still "
					   "there",
					   names[i]);
	return true;
}

static const struct noproc_step steps[] = {
	{ "priv_set", give_up },
	{ "priv_ineffect", check },
	{ "fork", noproc_check_fork },
	{ NULL, NULL },
};

const struct noproc_system noproc_solaris = { .name = "solaris",
					      .steps = steps };

#ifdef __sun
#include <errno.h>
#include <priv.h>
#include <string.h>

static intptr_t call(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	intptr_t result;

	(void)context;
	switch (what) {
	case CALL_PRIV_OFF: /* NULL: of every set */
		result = priv_set(PRIV_OFF, NULL, (const char *)arguments[0],
				  (const char *)arguments[1], NULL);
		break;
	case CALL_PRIV_HAS:
		return priv_ineffect((const char *)arguments[0]) ? 1 : 0;
	default:
		return noproc_posix_call(what, arguments, number);
	}
	if (result == -1)
		*number = errno;
	return result;
}

static const char *text(int32_t number)
{
	return strerror(number);
}

const struct noproc_os noproc_solaris_os = { .call = call, .text = text };
#endif
