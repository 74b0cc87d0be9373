/* RLIMIT_NPROC, which macOS and the BSDs have; and the proof by trying. */
#include "noproc/noproc.h"

bool noproc_not_root(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_GETUID, 0, 0, 0, 0) != 0)
		return true;
	return noproc_fail(attempt, err, CG_E_UNSUPPORTED,
			   "this system's limit on processes does not bind uid "
			   "0: become another user first");
}

bool noproc_set_rlimit(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_SETRLIMIT, 0, 0, 0, 0) == 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "RLIMIT_NPROC cannot be set to 0");
}

bool noproc_check_rlimit(struct noproc_attempt *attempt, struct cg_error *err)
{
	uint64_t soft = 1, hard = 1;

	if (noproc_call(attempt, CALL_GETRLIMIT, (uintptr_t)&soft,
			(uintptr_t)&hard, 0, 0) != 0)
		return noproc_fail(attempt, err, CG_E_SYSTEM,
				   "RLIMIT_NPROC cannot be read back");
	if (soft == 0 && hard == 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "RLIMIT_NPROC was set to 0, and is not 0");
}

bool noproc_check_fork(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_FORK, 0, 0, 0, 0) < 0) {
		attempt->out.state = CG_NOPROC_ALL_THREADS;
		attempt->out.verified = true;
		return true;
	}
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "all was set, and a process could be started all "
			   "the same");
}

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || \
	defined(__OpenBSD__) || defined(__sun)
#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef RLIMIT_NPROC
static int get_rlimit(uint64_t *soft, uint64_t *hard)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) != 0)
		return -1;
	*soft = (uint64_t)limit.rlim_cur;
	*hard = (uint64_t)limit.rlim_max;
	return 0;
}

static int set_rlimit(uint64_t soft, uint64_t hard)
{
	const struct rlimit limit = { .rlim_cur = (rlim_t)soft,
				      .rlim_max = (rlim_t)hard };

	return setrlimit(RLIMIT_NPROC, &limit);
}
#endif

static int try_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child < 0)
		return -1;
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return 1;
}

intptr_t noproc_posix_call(enum noproc_call what, const uintptr_t arguments[4],
			   int32_t *number)
{
	intptr_t result;

	switch (what) {
	case CALL_GETUID:
		return (intptr_t)geteuid();
#ifdef RLIMIT_NPROC
	case CALL_GETRLIMIT:
		result = get_rlimit((uint64_t *)arguments[0],
				    (uint64_t *)arguments[1]);
		break;
	case CALL_SETRLIMIT:
		result = set_rlimit(arguments[0], arguments[1]);
		break;
#endif
	case CALL_FORK:
		result = try_fork();
		break;
	default:
		(void)arguments;
		return -2;
	}
	if (result == -1)
		*number = errno;
	return result;
}
#endif
