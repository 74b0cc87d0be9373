/* The two backends that trace: by a filter, and without one. */
#include "record/tracer.h"

#include <callgate/load.h>
#include <callgate/program.h>

#include <stdlib.h>

#include "record/known.h"

static bool
begin(struct cg_recorder *recorder, bool by_filter, struct cg_error *err)
{
	struct tracer_link *link = calloc(1, sizeof(*link));

	if (!link)
		return fail_nomem(err);
	if (tracer_start(recorder, by_filter, link, err)) {
		recorder->own = link;
		if ((!recorder->child.pid ||
		     child_allow(&recorder->child, link->pid, err)) &&
		    tracer_seize(link, err))
			return true;
		tracer_end(link, false);
	}
	free(link);
	recorder->own = NULL;
	return false;
}

static void end(struct cg_recorder *recorder, bool by_filter)
{
	struct tracer_link *link = recorder->own;

	if (link)
		tracer_end(link, by_filter);
	free(link);
	recorder->own = NULL;
}

static bool alive(struct cg_recorder *recorder)
{
	struct tracer_link *link = recorder->own;
	bool lives = tracer_alive(link);

	recorder->blind = link->killed;
	return lives;
}

/* The tally is in memory that is shared. */
static bool refresh(struct cg_recorder *recorder, struct cg_error *err)
{
	(void)err;
	alive(recorder);
	return true;
}

/* It ends when nobody is left to be traced. */
static int ended_fd(struct cg_recorder *recorder)
{
	const struct tracer_link *link = recorder->own;

	return link->pidfd;
}

static bool fail_moment(struct cg_error *err)
{
	return fail(err, CG_E_UNSUPPORTED,
		    "the moment a function is entered is seen by the ebpf "
		    "backend alone");
}

static bool fail_container(struct cg_error *err)
{
	return fail(err, CG_E_UNSUPPORTED,
		    "cgroups and containers are recorded by the ebpf backend "
		    "alone");
}

/* ------------------------------------------------------------ by a filter --
 */

static bool filter_probe(struct cg_error *err)
{
	struct cg_features features;

	cg_probe(&features);
	if (features.syscall == CG_YES || features.prctl == CG_YES)
		return true;
	return fail(err, CG_E_UNSUPPORTED,
		    "this kernel, or a sandbox around us, lets no filter be "
		    "loaded");
}

static bool filter_begin(struct cg_recorder *recorder, struct cg_error *err)
{
	if (!recorder->child.pid && recorder->target.pid)
		return fail(err, CG_E_UNSUPPORTED,
			    "no filter can be put upon a process that runs: "
			    "--backend ptrace or ebpf attach to one");
	if (!recorder->child.pid || recorder->options.in_container)
		return fail_container(err);
	if (recorder->moment.kind == MOMENT_SYMBOL)
		return fail_moment(err);
	return known_filter(recorder->options.known, &recorder->filter, err) &&
	       begin(recorder, true, err);
}

static void filter_end(struct cg_recorder *recorder)
{
	end(recorder, true);
}

const struct backend backend_filter = {
	.name = "filter",
	.id = CG_BACKEND_FILTER,
	.gaps = "denied",
	.probe = filter_probe,
	.begin = filter_begin,
	.refresh = refresh,
	.alive = alive,
	.end = filter_end,
	.fd = ended_fd,
};

/* ------------------------------------------------------------- by ptrace -- */

static bool ptrace_probe(struct cg_error *err)
{
	(void)err;
	return true;
}

static bool ptrace_begin(struct cg_recorder *recorder, struct cg_error *err)
{
	if (recorder->options.in_container || recorder->target.cgroup ||
	    recorder->target.namespace)
		return fail_container(err);
	if (recorder->moment.kind == MOMENT_SYMBOL)
		return fail_moment(err);
	return begin(recorder, false, err);
}

static void ptrace_end(struct cg_recorder *recorder)
{
	end(recorder, false);
}

const struct backend backend_ptrace = {
	.name = "ptrace",
	.id = CG_BACKEND_PTRACE,
	.gaps = "",
	.probe = ptrace_probe,
	.begin = ptrace_begin,
	.refresh = refresh,
	.alive = alive,
	.end = ptrace_end,
	.fd = ended_fd,
};
