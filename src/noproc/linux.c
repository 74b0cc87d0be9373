/*
 * Linux: a seccomp filter in every thread. The loader asks the kernel before it
 * changes anything, names the thread that cannot be brought along, and looks
 * into /proc afterwards; the steps here are what comes on top.
 */
#include "noproc/noproc.h"

#include <errno.h>
#include <stddef.h>

#include <callgate/load.h>

static bool make_filter(struct noproc_attempt *attempt, struct cg_error *err)
{
	struct cg_program *program = NULL;

	if (noproc_call(attempt, CALL_FILTER, attempt->options->mode,
			(uintptr_t)&program, (uintptr_t)err, 0) != CG_OK)
		return false;
	attempt->program = (uintptr_t)program;
	return true;
}

/* Which filters are there already decides what may be tried afterwards. */
static bool look(struct noproc_attempt *attempt, struct cg_error *err)
{
	(void)err;
	attempt->mode = noproc_call(attempt, CALL_MODE, 0, 0, 0, 0);
	return true;
}

static bool
load_for(struct noproc_attempt *attempt, bool one_thread, struct cg_error *err)
{
	struct cg_loaded loaded = { 0 };

	if (noproc_call(attempt, CALL_LOAD, attempt->program, one_thread,
			(uintptr_t)&loaded, (uintptr_t)err) != CG_OK)
		return false;
	attempt->out.state =
		one_thread ? CG_NOPROC_THIS_THREAD : CG_NOPROC_ALL_THREADS;
	attempt->out.threads = loaded.threads;
	attempt->out.verified = loaded.verified;
	return true;
}

static bool load(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (load_for(attempt, false, err))
		return true;
	return err->status == CG_E_THREAD &&
	       attempt->options->this_thread_will_do &&
	       load_for(attempt, true, err);
}

/*
 * Calls that no kernel carries out, whatever is loaded; so what answers tells
 * whether the filter is there. Not under filters that were there before: one
 * of those may kill for the asking.
 */
static bool try_calls(struct noproc_attempt *attempt, struct cg_error *err)
{
	static const struct {
		enum noproc_call call;
		int32_t wanted;
		bool strict;
		const char *name;
	} rows[] = {
		{ CALL_EXECVE, EACCES, false, "execve" },
		{ CALL_EXECVEAT, EACCES, false, "execveat" },
		{ CALL_CLONE, EACCES, true, "clone" },
		{ CALL_CLONE3, ENOSYS, true, "clone3" },
	};
	bool strict = attempt->options->mode == CG_NOPROC_STRICT;

	if (attempt->mode != 0)
		return true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].strict && !strict)
			continue;
		noproc_call(attempt, rows[i].call, 0, 0, 0, 0);
		if (attempt->number == rows[i].wanted)
			continue;
		attempt->out.state = CG_NOPROC_NONE;
		attempt->out.verified = false;
		return noproc_fail(attempt, err, CG_E_SYSTEM,
				   "the filter was loaded, and %s is not "
				   "refused",
				   rows[i].name);
	}
	return true;
}

static void clean(struct noproc_attempt *attempt)
{
	if (attempt->program)
		noproc_call(attempt, CALL_FREE, attempt->program, 0, 0, 0);
}

static const struct noproc_step steps[] = {
	{ "filter", make_filter }, { "mode", look }, { "load", load },
	{ "try", try_calls },      { NULL, NULL },
};

const struct noproc_system noproc_linux = { .name = "linux",
					    .steps = steps,
					    .clean = clean };

#ifdef __linux__
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* CLONE_SIGHAND without CLONE_VM: EINVAL from every kernel (clone(2)). */
enum { IMPOSSIBLE = 0x800 };

static enum cg_status
from_preset(const char *name, struct cg_program **out, struct cg_error *err)
{
	struct cg_policy *policy = NULL;
	enum cg_status status = cg_policy_preset(name, NULL, &policy, err);

	if (status == CG_OK)
		status = cg_compile(policy, NULL, out, err);
	cg_policy_free(policy);
	return status;
}

static enum cg_status filter_for(enum cg_noproc_mode mode,
				 struct cg_program **out, struct cg_error *err)
{
	enum cg_status status;

	if (mode == CG_NOPROC_STRICT)
		return from_preset("no-new-processes", out, err);
	status = cg_program_no_exec(cg_abi_native(), out, err);
	return status == CG_E_ARCH ? from_preset("no-exec", out, err) : status;
}

static long system_call(enum noproc_call what)
{
	static char *const none[] = { NULL };

	switch (what) {
	case CALL_MODE:
		return prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	case CALL_EXECVE:
		return syscall(SYS_execve, "", none, none);
	case CALL_EXECVEAT:
		return syscall(SYS_execveat, -1, "", none, none, 0);
	case CALL_CLONE: /* the flags come first, or second on s390 */
		return syscall(SYS_clone, IMPOSSIBLE, IMPOSSIBLE, 0, 0, 0);
	case CALL_CLONE3:
		return syscall(SYS_clone3, NULL, 0);
	default:
		return -2;
	}
}

static intptr_t call(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	struct cg_load_options options = { 0 };
	long result;

	(void)context;
	switch (what) {
	case CALL_FILTER:
		return (intptr_t)filter_for((enum cg_noproc_mode)arguments[0],
					    (struct cg_program **)arguments[1],
					    (struct cg_error *)arguments[2]);
	case CALL_LOAD:
		options.one_thread = arguments[1] != 0;
		return (intptr_t)cg_load((struct cg_program *)arguments[0],
					 &options,
					 (struct cg_loaded *)arguments[2],
					 (struct cg_error *)arguments[3]);
	case CALL_FREE:
		cg_program_free((struct cg_program *)arguments[0]);
		return 0;
	default:
		break;
	}
	result = system_call(what);
	if (result == -1)
		*number = errno;
	return result;
}

static const char *text(int32_t number)
{
	return strerror(number);
}

const struct noproc_os noproc_linux_os = { .call = call, .text = text };
#endif
