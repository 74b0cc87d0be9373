/*
 * macOS: a limit of no processes, and a sandbox that refuses fork and exec to
 * uid 0, too. The sandbox reads its rules from a file, which is removed again
 * however it goes.
 */
#include "noproc/noproc.h"

#include <stddef.h>

enum { MESSAGE_MAX = 200 };

static const char rules[] = "(version 1)\n"
			    "(allow default)\n"
			    "(deny process-fork)\n"
			    "(deny process-exec)\n";

static bool write_rules(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_RULES_WRITE, (uintptr_t)rules,
			(uintptr_t)attempt->path, sizeof(attempt->path),
			0) == 0)
		return true;
	attempt->path[0] = '\0';
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "the sandbox's rules cannot be written to a file");
}

static bool enter(struct noproc_attempt *attempt, struct cg_error *err)
{
	char why[MESSAGE_MAX] = "";

	if (noproc_call(attempt, CALL_SANDBOX_INIT, (uintptr_t)attempt->path,
			(uintptr_t)why, sizeof(why), 0) == 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "RLIMIT_NPROC is 0 already, but the sandbox cannot "
			   "be entered (%s)",
			   why[0] ? why : "it does not say why");
}

static void clean(struct noproc_attempt *attempt)
{
	if (attempt->path[0])
		noproc_call(attempt, CALL_RULES_REMOVE,
			    (uintptr_t)attempt->path, 0, 0, 0);
}

static const struct noproc_step steps[] = {
	{ "setrlimit", noproc_set_rlimit },
	{ "getrlimit", noproc_check_rlimit },
	{ "rules", write_rules },
	{ "sandbox_init", enter },
	{ "fork", noproc_check_fork },
	{ NULL, NULL },
};

const struct noproc_system noproc_macos = { .name = "macos",
					    .steps = steps,
					    .clean = clean };

#ifdef __APPLE__
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libSystem has them; the header is not in every SDK. */
int sandbox_init(const char *profile, uint64_t flags, char **message);
void sandbox_free_error(char *message);

enum { NAMED = 1 }; /* SANDBOX_NAMED: the profile is a name, or a path */

static int write_file(const char *text, char *path, size_t size)
{
	const char *folder = getenv("TMPDIR");
	size_t length = strlen(text);
	int fd, used;
	bool ok;

	used = snprintf(path, size, "%s/callgate.XXXXXX",
			folder && folder[0] == '/' ? folder : "/tmp");
	if (used < 0 || (size_t)used >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	ok = write(fd, text, length) == (ssize_t)length;
	ok = close(fd) == 0 && ok;
	if (!ok)
		unlink(path);
	return ok ? 0 : -1;
}

static int enter_sandbox(const char *path, char *why, size_t size)
{
	char *message = NULL;
	int result = sandbox_init(path, NAMED, &message);

	if (message) {
		snprintf(why, size, "%s", message);
		sandbox_free_error(message);
	}
	return result;
}

static intptr_t call(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	intptr_t result;

	(void)context;
	switch (what) {
	case CALL_RULES_WRITE:
		result = write_file((const char *)arguments[0],
				    (char *)arguments[1], arguments[2]);
		break;
	case CALL_RULES_REMOVE:
		result = unlink((const char *)arguments[0]);
		break;
	case CALL_SANDBOX_INIT:
		return enter_sandbox((const char *)arguments[0],
				     (char *)arguments[1], arguments[2]);
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

const struct noproc_os noproc_macos_os = { .call = call, .text = text };
#endif
