#include "watcher/confine.h"

#include <string.h>
#include <unistd.h>

#include <callgate/load.h>

#include "cli/out.h"

/* policy.yml, made when building. */
extern const unsigned char watch_policy[];
extern const size_t watch_policy_size;

static enum cg_status
read_policy(const char *path, struct cg_policy **out, struct cg_error *err)
{
	if (path)
		return cg_policy_open(path, NULL, out, err);
	return cg_policy_parse((const char *)watch_policy, watch_policy_size,
			       "the watch's own policy", NULL, out, err);
}

static enum cg_status load(const struct cg_policy *policy, struct cg_error *err)
{
	const struct cg_load_options options = {
		.flags = cg_policy_flags(policy),
	};
	struct cg_program *program = NULL;
	enum cg_status status;

	status = cg_compile(policy, NULL, &program, err);
	if (status == CG_OK)
		status = cg_load(program, &options, NULL, err);
	cg_program_free(program);
	return status;
}

int confine(const struct session *session)
{
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	enum cg_status status;

	if (session->unconfined)
		return EXIT_YES;
	status = read_policy(session->policy, &policy, &err);
	if (status == CG_OK)
		status = load(policy, &err);
	cg_policy_free(policy);
	if (status == CG_OK)
		return EXIT_YES;
	out_failure(&err, NULL, 0);
	out_note("the watch does not run without its own policy; --no-confine "
		 "has it do so");
	return out_status(&err);
}

bool confine_expects(const struct session *session,
		     const struct cg_violation *violation)
{
	const struct cg_abi *abi;
	const struct cg_syscall *call;

	if (violation->pid != session->self || session->unconfined ||
	    session->policy || violation->verdict != CG_RET_ERRNO)
		return false;
	abi = cg_abi_of_call(violation->arch, violation->nr);
	call = abi ? cg_syscall_at(abi, violation->nr) : NULL;
	return call && strcmp(call->name, "clone3") == 0;
}
