/* What the kernel can do: found out once, when it first matters. */
#include "internal.h"

#include <sys/syscall.h>
#include <unistd.h>

/* 0: not looked yet. Two threads that look find the same. */
static atomic_uint level;

static long ask(unsigned operation, unsigned flags, void *argument)
{
	return syscall(SYS_seccomp, operation, flags, argument);
}

/* A filter at NULL is not read: EFAULT says that the flags are known. */
static bool has_flags(unsigned flags)
{
	return ask(SECCOMP_SET_MODE_FILTER, flags, NULL) == -1 &&
	       errno == EFAULT;
}

static bool has_action(uint32_t action)
{
	return ask(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* Each level has what those below have. */
static unsigned look(void)
{
	int before = errno;
	unsigned found = 1;

	if (!has_flags(CG_FLAG_TSYNC))
		goto done;
	found = LEVEL_TSYNC;
	if (!has_flags(CG_FLAG_LOG) || !has_action(SCMP_ACT_LOG) ||
	    !has_action(SCMP_ACT_KILL_PROCESS))
		goto done;
	found = LEVEL_LOG;
	if (!has_flags(CG_FLAG_SPEC_ALLOW))
		goto done;
	found = LEVEL_SSB;
	if (!has_flags(CG_FLAG_NEW_LISTENER) || !has_action(SCMP_ACT_NOTIFY))
		goto done;
	found = LEVEL_NOTIFY;
	if (!has_flags(CG_FLAG_TSYNC_ESRCH))
		goto done;
	found = LEVEL_ESRCH;
	if (LEVEL_MAX == LEVEL_WAIT &&
	    has_flags(CG_FLAG_NEW_LISTENER | CG_FLAG_WAIT_KILLABLE_RECV))
		found = LEVEL_WAIT;
done:
	errno = before;
	return found;
}

unsigned level_now(void)
{
	unsigned now = atomic_load(&level);

	if (!now) {
		now = look();
		atomic_store(&level, now);
	}
	return now;
}

API unsigned int seccomp_api_get(void)
{
	return level_now();
}

API int seccomp_api_set(unsigned int new_level)
{
	if (new_level < 1 || new_level > LEVEL_MAX)
		return -EINVAL;
	atomic_store(&level, new_level);
	return 0;
}

bool level_has_answer(uint32_t answer)
{
	if (!cg_scmp_is_answer(answer))
		return false;
	switch (answer & CG_RET_ACTION) {
	case CG_RET_KILL_PROCESS:
	case CG_RET_LOG:
		return level_now() >= LEVEL_LOG;
	case CG_RET_USER_NOTIF:
		return level_now() >= LEVEL_NOTIFY;
	case CG_RET_TRAP:
		return AT_LEAST(2, 7) || (answer & CG_RET_DATA) == 0;
	default:
		return true;
	}
}
