#include <callgate/run.h>

#include <stdlib.h>

#include "base/fail.h"
#include "run/launch.h"
#include "run/phases.h"
#include "trace/lookup.h"
#include "trace/machine.h"

/* What would fail at the moment should fail before anything starts. */
static bool check_phases(const struct cg_run_options *options, const char *name,
			 struct cg_error *err)
{
	struct run_moment moment;
	char *file;
	bool ok;
	struct cg_program *then = NULL;

	if (!options->then_for)
		return fail(err, CG_E_INPUT,
			    "there is no second filter for the moment '%s'",
			    options->after);
	if (options->before_exec)
		return fail(err, CG_E_INPUT,
			    "with a filter that is loaded before exec nobody "
			    "is there to load the second one");
	file = lookup_file(name);
	ok = moment_read(options->after, file, &moment, err);
	free(file);
	moment_done(&moment);
	if (!ok)
		return false;
	*err = (struct cg_error){ 0 };
	if (options->then_for(options->context, cg_abi_native(), &then, err) !=
	    CG_OK)
		return false;
	cg_program_free(then);
	return true;
}

/* Who loads the filter must be able to take its listener. */
static bool
check_agent(const struct cg_run_options *options, struct cg_error *err)
{
	if (options->before_exec)
		return fail(err, CG_E_INPUT,
			    "with a filter that is loaded before exec nobody "
			    "is there to hand its listener to the agent");
	if (options->after)
		return fail(err, CG_E_INPUT,
			    "an agent is for one filter, not for two");
	if (options->explain == CG_EXPLAIN_ALL)
		return fail(err, CG_E_INPUT,
			    "calls refused with an errno cannot be explained "
			    "beside an agent");
	return true;
}

static bool check(const struct cg_run_options *options, char *const argv[],
		  struct cg_error *err)
{
	uint32_t others =
		options->flags & ~(uint32_t)(CG_FLAG_LOG | CG_FLAG_SPEC_ALLOW);
	size_t doors;

	if (!argv[0])
		return fail(err, CG_E_INPUT, "there is no command to run");
	if (!options->program_for)
		return fail(err, CG_E_INPUT, "there is no filter to run under");
	if (others)
		return fail(err, CG_E_INPUT,
			    "a command can be run with the flags log and "
			    "spec_allow alone, not 0x%x",
			    (unsigned)others);
	if (options->agent && !check_agent(options, err))
		return false;
	if (options->after && !check_phases(options, argv[0], err))
		return false;
	machine_doors(&doors);
	if (doors == 0 && !options->before_exec)
		return fail(err, CG_E_UNSUPPORTED,
			    "on this machine the filter can only be loaded "
			    "before exec");
	return true;
}

/* The classic way: this very process loads the filter, then executes. */
static bool run_before_exec(const struct cg_run_options *options,
			    const struct cg_program *program,
			    char *const argv[], struct cg_error *err)
{
	const struct cg_load_options load = {
		.flags = options->flags,
		.one_thread = true, /* no other survives exec */
		.keep_privileges = options->keep_privileges,
	};

	return cg_load(program, &load, NULL, err) == CG_OK &&
	       lookup_exec(argv, err);
}

static bool run(const struct cg_run_options *options, char *const argv[],
		struct cg_error *err)
{
	const struct cg_abi *native = cg_abi_native();
	struct cg_program *program = NULL;

	if (!check(options, argv, err))
		return false;
	*err = (struct cg_error){ 0 };
	if (options->program_for(options->context, native, &program, err) !=
	    CG_OK)
		return false;
	if (options->before_exec)
		run_before_exec(options, program, argv, err);
	else
		launch(options, program, native, argv, err);
	cg_program_free(program);
	return false;
}

enum cg_status cg_run(const struct cg_run_options *options, char *const argv[],
		      struct cg_error *err)
{
	struct cg_error scratch;

	if (!err)
		err = &scratch;
	run(options, argv, err);
	return err->status;
}
