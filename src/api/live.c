/* callgate/live.h: who is confined, and by what. */
#include <callgate/live.h>

#include <errno.h>
#include <string.h>

#include "api/chain.h"
#include "base/fail.h"
#include "sys/take.h"
#include "sys/task.h"

struct visit {
	bool (*each)(void *context, const struct cg_thread *thread);
	void *context;
};

static bool visit_task(void *context, const struct task *task)
{
	const struct visit *visit = context;
	struct cg_thread thread = {
		.process = task->pid,
		.thread = task->thread,
		.tracer = task->tracer,
		.state = task->state,
		.mode = task->seccomp,
		.filters = task->filters,
		.no_new_privs = task->no_new_privs,
	};

	memcpy(thread.name, task->name, sizeof(thread.name));
	return visit->each(visit->context, &thread);
}

static enum cg_status
visit_all(int32_t process, struct visit visit, struct cg_error *err)
{
	struct cg_error here;
	int number;

	if (task_each_of(process, visit_task, &visit) == 0)
		return CG_OK;
	number = errno;
	err = err ? err : &here;
	if (process && (number == ENOENT || number == ESRCH))
		fail_set_errno(err, CG_E_SYSTEM, number,
			       "there is no process %d", (int)process);
	else
		fail_set_errno(err, CG_E_SYSTEM, number, "cannot read /proc");
	return CG_E_SYSTEM;
}

enum cg_status
cg_processes(bool (*each)(void *context, const struct cg_thread *thread),
	     void *context, struct cg_error *err)
{
	return visit_all(0, (struct visit){ each, context }, err);
}

enum cg_status
cg_threads(int32_t process,
	   bool (*each)(void *context, const struct cg_thread *thread),
	   void *context, struct cg_error *err)
{
	struct cg_error here;

	if (process > 0)
		return visit_all(process, (struct visit){ each, context }, err);
	fail_set(err ? err : &here, CG_E_INPUT, "there is no process %d",
		 (int)process);
	return CG_E_INPUT;
}

static struct cg_chain *
chain_of(const struct taken *taken, struct cg_error *err)
{
	struct cg_chain *chain =
		chain_alloc(taken->count, cg_abi_native()->big_endian);

	if (!chain) {
		fail_set(err, CG_E_NOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < taken->count; i++) {
		const struct taken_filter *filter = &taken->filters[i];

		chain->at[i].flags = filter->flags;
		if (cg_program_from_insns(&taken->insns[filter->first],
					  filter->count, chain->big_endian,
					  &chain->at[i].program,
					  err) != CG_OK) {
			cg_chain_free(chain);
			return NULL;
		}
	}
	return chain;
}

enum cg_status
cg_chain_take(int32_t thread, struct cg_chain **out, struct cg_error *err)
{
	const struct taken *taken = NULL;
	struct cg_chain *chain = NULL;
	struct cg_error here = { 0 };

	if (take(thread, &taken, &here))
		chain = chain_of(taken, &here);
	taken_free(taken);
	if (chain)
		*out = chain;
	else if (err)
		*err = here;
	return here.status;
}
