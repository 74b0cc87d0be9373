/* callgate run - start a command under a policy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/run.h>

#include "cli/input.h"
#include "cli/out.h"
#include "cli/refusal.h"
#include "cli/verbs.h"

enum {
	EXIT_FAILED = 125, /* as env(1) has it */
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NOT_FOUND = 127,
};

struct fields {
	struct choice choice;
	const char *explain;
	bool before_exec, keep_privileges, log, spec_allow, json;
};

static const struct option options[] = {
	CHOICE_OPTIONS(struct fields, choice),
	{ 'e', "explain", "WHAT", OPTION_TEXT, offsetof(struct fields, explain),
	  "explain kills (also traps; default), all or none" },
	{ 0, "before-exec", NULL, OPTION_FLAG,
	  offsetof(struct fields, before_exec),
	  "load before exec: the policy must allow execve" },
	{ 0, "keep-privileges", NULL, OPTION_FLAG,
	  offsetof(struct fields, keep_privileges),
	  "do not set no_new_privs; needs CAP_SYS_ADMIN" },
	{ 0, "log", NULL, OPTION_FLAG, offsetof(struct fields, log),
	  "let the kernel log what is not allowed" },
	{ 0, "spec-allow", NULL, OPTION_FLAG,
	  offsetof(struct fields, spec_allow),
	  "leave speculation mitigations off" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "tell of each refusal in a line of JSON" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

static const struct {
	const char *name;
	enum cg_explain explain;
} modes[] = {
	{ "kills", CG_EXPLAIN_KILLS },
	{ "all", CG_EXPLAIN_ALL },
	{ "none", CG_EXPLAIN_NONE },
};

/* What the callbacks know. The policy is read anew for another ABI. */
struct context {
	const struct fields *fields;
	struct input input;
	const struct cg_abi *abi; /* that `native` means in it */
	struct refusals *refusals;
};

static bool read_mode(const char *text, enum cg_explain *out)
{
	*out = CG_EXPLAIN_KILLS;
	if (!text)
		return true;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, text) == 0) {
			*out = modes[i].explain;
			return true;
		}
	out_error("--explain takes kills, all or none, not '%s'", text);
	return false;
}

static enum cg_status program_for(void *data, const struct cg_abi *abi,
				  struct cg_program **out, struct cg_error *err)
{
	struct context *context = data;
	struct input input;
	int status;

	if (abi != context->abi) {
		if (!input_choice(&context->fields->choice, abi, &input,
				  &status)) {
			input_free(&input);
			*err = (struct cg_error){ .status = CG_E_MEANING };
			snprintf(err->message, sizeof(err->message),
				 "the policy has no meaning for a program of "
				 "%s",
				 abi->name);
			return err->status;
		}
		input_free(&context->input);
		context->input = input;
		context->abi = abi;
	}
	return cg_compile(context->input.policy, NULL, out, err);
}

static void refused(void *data, const struct cg_refusal *refusal)
{
	struct context *context = data;

	refusals_tell(context->refusals, &context->input, refusal);
}

static void failed(void *data, const struct cg_error *err)
{
	struct context *context = data;

	out_failure(err, input_text_for(&context->input, err),
		    context->input.length);
}

/* Of the policy's own flags those that a command can be run with. */
static bool read_flags(const struct context *context, uint32_t *out)
{
	uint32_t wanted = cg_policy_flags(context->input.policy);

	if (wanted & CG_FLAG_NEW_LISTENER) {
		out_error("the policy asks for a listener, and run has none to "
			  "give: nobody would answer");
		return false;
	}
	*out = wanted & (CG_FLAG_LOG | CG_FLAG_SPEC_ALLOW);
	if (context->fields->log)
		*out |= CG_FLAG_LOG;
	if (context->fields->spec_allow)
		*out |= CG_FLAG_SPEC_ALLOW;
	return true;
}

static int exit_status(const struct cg_error *err)
{
	if (err->status != CG_E_SYSTEM)
		return EXIT_FAILED;
	switch (err->sys_errno) {
	case ENOENT:
	case ENOTDIR:
		return EXIT_NOT_FOUND;
	case EACCES:
	case ENOEXEC:
	case ELOOP:
	case ENAMETOOLONG:
	case E2BIG:
	case ETXTBSY:
		return EXIT_CANNOT_EXECUTE;
	default:
		return EXIT_FAILED;
	}
}

static int run_under(struct context *context, char **operands)
{
	const struct fields *fields = context->fields;
	struct cg_run_options run = {
		.program_for = program_for,
		.refused = refused,
		.failed = failed,
		.context = context,
		.before_exec = fields->before_exec,
		.keep_privileges = fields->keep_privileges,
	};
	struct cg_error err;

	if (!read_mode(fields->explain, &run.explain) ||
	    !read_flags(context, &run.flags))
		return EXIT_FAILED;
	if (cg_run(&run, operands, &err) == CG_OK)
		return EXIT_FAILED; /* it never is: it does not return then */
	failed(context, &err);
	return exit_status(&err);
}

static int run(void *data, int count, char **operands)
{
	struct context context = { .fields = data };
	const struct fields *fields = data;
	int status = EXIT_FAILED;

	(void)count;
	context.abi = cg_abi_native();
	context.refusals = refusals_new(fields->json);
	if (input_choice(&fields->choice, context.abi, &context.input, &status))
		status = run_under(&context, operands);
	else
		status = EXIT_FAILED;
	refusals_free(context.refusals);
	input_free(&context.input);
	return status;
}

const struct command command_run_verb = {
	.name = "run",
	.operands = "[OPTION]... [--] COMMAND [ARG]...",
	.about = "start a command under a policy, and explain what is refused",
	.details =
		"The filter is put in after exec, before the first instruction "
		"of COMMAND: the\npolicy need not allow what starting it "
		"takes. COMMAND keeps the process, the\nterminal and the exit "
		"status; a supervisor beside it explains what is refused,\n"
		"on stderr. With --explain all it also answers each call "
		"refused with an errno.\n\nExit status: that of COMMAND; 125 "
		"if callgate fails, 126 if COMMAND cannot be\nexecuted, 127 if "
		"it is not found.",
	.options = options,
	.fields = sizeof(struct fields),
	.stop_early = true,
	.least = 1,
	.most = (size_t)-1,
	.run = run,
};
