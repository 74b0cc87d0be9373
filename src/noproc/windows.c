/*
 * Windows: a job object of at most one active process, this one. The job lives
 * on without a handle, as long as the process does.
 */
#include "noproc/noproc.h"

#include <stddef.h>

enum { LIMIT_ACTIVE_PROCESS = 8 }; /* JOB_OBJECT_LIMIT_ACTIVE_PROCESS */

static bool create(struct noproc_attempt *attempt, struct cg_error *err)
{
	attempt->job =
		(uintptr_t)noproc_call(attempt, CALL_JOB_CREATE, 0, 0, 0, 0);
	return attempt->job != 0 || noproc_fail(attempt, err, CG_E_SYSTEM,
						"no job object can be made");
}

static bool query(struct noproc_attempt *attempt, struct noproc_job *limits,
		  struct cg_error *err)
{
	if (noproc_call(attempt, CALL_JOB_QUERY, attempt->job,
			(uintptr_t)limits, 0, 0) != 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "the limits of the job object cannot be read");
}

static bool set(struct noproc_attempt *attempt, struct cg_error *err)
{
	struct noproc_job limits = { 0 };

	if (!query(attempt, &limits, err))
		return false;
	limits.flags |= LIMIT_ACTIVE_PROCESS;
	limits.active = 1;
	if (noproc_call(attempt, CALL_JOB_SET, attempt->job, (uintptr_t)&limits,
			0, 0) != 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "the job object cannot be limited to one process");
}

static bool assign(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_JOB_ASSIGN, attempt->job, 0, 0, 0) != 0)
		return true;
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "this process cannot be put into the job object");
}

static bool check(struct noproc_attempt *attempt, struct cg_error *err)
{
	struct noproc_job limits = { 0 };

	if (noproc_call(attempt, CALL_JOB_HOLDS, attempt->job, 0, 0, 0) != 1)
		return noproc_fail(attempt, err, CG_E_SYSTEM,
				   "this process was put into the job object, "
				   "and is not in it");
	if (!query(attempt, &limits, err))
		return false;
	if ((limits.flags & LIMIT_ACTIVE_PROCESS) && limits.active == 1)
		return true;
	return noproc_fail(attempt, err, CG_E_UNSUPPORTED,
			   "the job object was limited to one process, and the "
			   "limit is not there: this system does not enforce "
			   "it");
}

static bool spawn(struct noproc_attempt *attempt, struct cg_error *err)
{
	if (noproc_call(attempt, CALL_SPAWN, 0, 0, 0, 0) < 0) {
		attempt->out.state = CG_NOPROC_ALL_THREADS;
		attempt->out.verified = true;
		return true;
	}
	return noproc_fail(attempt, err, CG_E_SYSTEM,
			   "all was set, and a process could be started all "
			   "the same");
}

static void clean(struct noproc_attempt *attempt)
{
	if (attempt->job)
		noproc_call(attempt, CALL_JOB_CLOSE, attempt->job, 0, 0, 0);
}

static const struct noproc_step steps[] = {
	{ "CreateJobObject", create },
	{ "SetInformationJobObject", set },
	{ "AssignProcessToJobObject", assign },
	{ "QueryInformationJobObject", check },
	{ "CreateProcess", spawn },
	{ NULL, NULL },
};

const struct noproc_system noproc_windows = { .name = "windows",
					      .steps = steps,
					      .clean = clean };

#ifdef _WIN32
#include <assert.h>
#include <windows.h>

static_assert(sizeof(struct noproc_job) ==
		      sizeof(JOBOBJECT_BASIC_LIMIT_INFORMATION),
	      "as Windows lays it out");
static_assert(offsetof(struct noproc_job, active) ==
		      offsetof(JOBOBJECT_BASIC_LIMIT_INFORMATION,
			       ActiveProcessLimit),
	      "as Windows lays it out");

/* Start this program again, held before its first instruction, and end it. */
static int try_process(void)
{
	STARTUPINFOW how = { .cb = sizeof(how) };
	PROCESS_INFORMATION made;
	wchar_t path[MAX_PATH];
	DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);

	if (length == 0 || length == MAX_PATH)
		return -1;
	if (!CreateProcessW(path, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED,
			    NULL, NULL, &how, &made))
		return -1;
	TerminateProcess(made.hProcess, 0);
	CloseHandle(made.hThread);
	CloseHandle(made.hProcess);
	return 1;
}

static int holds(HANDLE job)
{
	BOOL inside = FALSE;

	if (!IsProcessInJob(GetCurrentProcess(), job, &inside))
		return -1;
	return inside ? 1 : 0;
}

static intptr_t job_call(enum noproc_call what, const uintptr_t arguments[4])
{
	HANDLE job = (HANDLE)arguments[0];

	switch (what) {
	case CALL_JOB_CREATE:
		return (intptr_t)CreateJobObjectW(NULL, NULL);
	case CALL_JOB_QUERY:
		return QueryInformationJobObject(
			job, JobObjectBasicLimitInformation,
			(void *)arguments[1], sizeof(struct noproc_job), NULL);
	case CALL_JOB_SET:
		return SetInformationJobObject(job,
					       JobObjectBasicLimitInformation,
					       (void *)arguments[1],
					       sizeof(struct noproc_job));
	case CALL_JOB_ASSIGN:
		return AssignProcessToJobObject(job, GetCurrentProcess());
	case CALL_JOB_HOLDS:
		return holds(job);
	case CALL_JOB_CLOSE:
		return CloseHandle(job);
	case CALL_SPAWN:
		return try_process();
	default:
		return -2;
	}
}

static intptr_t call(void *context, enum noproc_call what,
		     const uintptr_t arguments[4], int32_t *number)
{
	intptr_t result;

	(void)context;
	SetLastError(0);
	result = job_call(what, arguments);
	if (result <= 0)
		*number = (int32_t)GetLastError();
	return result;
}

const struct noproc_os noproc_windows_os = { .call = call };
#endif
