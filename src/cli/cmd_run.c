/* callgate run - start a command under a policy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <callgate/run.h>

#include "cli/input.h"
#include "cli/out.h"
#include "cli/refusal.h"
#include "cli/verbs.h"

struct fields {
	struct choice choice;
	bool explain, no_explain;
	bool before_exec, keep_privileges, log, spec_allow, json;
	const char *init, *then, *after, *agent;
};

static const struct option options[] = {
	CHOICE_OPTIONS(struct fields, choice),
	{ 'e', "explain", NULL, OPTION_FLAG, offsetof(struct fields, explain),
	  "explain calls refused with an errno, too, not kills alone" },
	{ 0, "no-explain", NULL, OPTION_FLAG,
	  offsetof(struct fields, no_explain),
	  "explain nothing: no process stays beside the command" },
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
	{ 0, "init", "FILE", OPTION_TEXT, offsetof(struct fields, init),
	  "the policy to start with, as --policy" },
	{ 0, "then", "FILE", OPTION_TEXT, offsetof(struct fields, then),
	  "the policy of service, put over the first one then" },
	{ 0, "after", "MOMENT", OPTION_TEXT, offsetof(struct fields, after),
	  "when: a call has succeeded, ready (sd_notify), symbol:NAME" },
	{ 0, "agent", "SOCKET", OPTION_TEXT, offsetof(struct fields, agent),
	  "who answers what the policy leaves to a supervisor (notify)" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* What the callbacks know. The policy is read anew for another ABI. */
struct context {
	const struct fields *fields;
	struct choice choice;
	struct input input;
	const struct cg_abi *abi; /* that `native` means in it */
	struct refusals *refusals;
};

static bool read_mode(const struct fields *fields, enum cg_explain *out)
{
	if (fields->explain && fields->no_explain) {
		out_error("--explain and --no-explain contradict each other");
		return false;
	}
	*out = fields->explain      ? CG_EXPLAIN_ALL
	       : fields->no_explain ? CG_EXPLAIN_NONE
				    : CG_EXPLAIN_KILLS;
	return true;
}

static enum cg_status program_for(void *data, const struct cg_abi *abi,
				  struct cg_program **out, struct cg_error *err)
{
	struct context *context = data;
	struct input input;
	int status;

	if (abi != context->abi) {
		if (!input_choice(&context->choice, abi, &input, &status)) {
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

/* The second policy, read when it is asked for. */
static enum cg_status then_for(void *data, const struct cg_abi *abi,
			       struct cg_program **out, struct cg_error *err)
{
	const struct context *context = data;
	struct input input;
	int status;

	*err = (struct cg_error){ .status = CG_E_MEANING };
	snprintf(err->message, sizeof(err->message),
		 "%s has no meaning for a program of %s", context->fields->then,
		 abi->name);
	if (!input_open(context->fields->then, abi, &input, &status))
		return err->status;
	if (input.policy)
		err->status = cg_compile(input.policy, NULL, out, err);
	else
		snprintf(err->message, sizeof(err->message),
			 "%s is a filter; --then is a policy",
			 context->fields->then);
	input_free(&input);
	return err->status;
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

static bool check_phases(const struct fields *fields)
{
	if (!fields->init && !fields->then && !fields->after)
		return true;
	if (!fields->then || !fields->after) {
		out_error("--init, --then and --after go together: two "
			  "policies, and the moment between them");
		return false;
	}
	if (fields->explain || fields->json) {
		out_error("with --then nobody stays to explain anything");
		return false;
	}
	return true;
}

static bool check_agent(const struct fields *fields)
{
	const char *other = fields->then          ? "--then"
			    : fields->before_exec ? "--before-exec"
			    : fields->explain     ? "--explain"
						  : NULL;

	if (!fields->agent || !other)
		return true;
	out_error("--agent and %s do not go together", other);
	return false;
}

/* Of the policy's own flags those that a command can be run with. */
static bool read_flags(const struct context *context, uint32_t *out)
{
	uint32_t wanted = cg_policy_flags(context->input.policy);

	if (wanted & CG_FLAG_NEW_LISTENER && !context->fields->agent) {
		out_error("the policy asks for a listener, and nobody would "
			  "answer: say who does by --agent");
		return false;
	}
	*out = wanted & (CG_FLAG_LOG | CG_FLAG_SPEC_ALLOW);
	if (context->fields->log)
		*out |= CG_FLAG_LOG;
	if (context->fields->spec_allow)
		*out |= CG_FLAG_SPEC_ALLOW;
	return true;
}

static int run_under(struct context *context, char **operands)
{
	const struct fields *fields = context->fields;
	struct cg_run_options run = {
		.after = fields->after,
		.then_for = fields->then ? then_for : NULL,
		.program_for = program_for,
		.refused = refused,
		.failed = failed,
		.context = context,
		.before_exec = fields->before_exec,
		.keep_privileges = fields->keep_privileges,
		.agent = fields->agent,
	};
	struct cg_error err;

	if (!check_phases(fields) || !check_agent(fields) ||
	    !read_mode(fields, &run.explain) ||
	    !read_flags(context, &run.flags))
		return EXIT_USAGE;
	if (cg_run(&run, operands, &err) == CG_OK)
		return EXIT_FAILED; /* it never is: it does not return then */
	failed(context, &err);
	return out_command_status(&err);
}

/* `enabled: false` is asked for in so many words, and is said aloud. */
static int run_freely(const struct context *context, char **operands)
{
	struct cg_error err = { .status = CG_E_SYSTEM };

	out_note("%s is switched off (enabled: false): %s runs without a "
		 "filter",
		 context->input.name ? context->input.name : "the policy",
		 operands[0]);
	execvp(operands[0], operands);
	err.sys_errno = errno;
	out_error("cannot execute %s: %s", operands[0],
		  strerror(err.sys_errno));
	return out_command_status(&err);
}

static int run(void *data, int count, char **operands)
{
	struct context context = { .fields = data };
	const struct fields *fields = data;
	int status;

	(void)count;
	context.abi = cg_abi_native();
	context.choice = fields->choice;
	if (fields->init && context.choice.policy) {
		out_error("--init and --policy are one and the same: give one");
		return EXIT_USAGE;
	}
	if (fields->init)
		context.choice.policy = fields->init;
	context.refusals = refusals_new(fields->json);
	if (input_choice(&context.choice, context.abi, &context.input,
			 &status)) {
		input_warn(&context.input);
		status = cg_policy_enabled(context.input.policy)
				 ? run_under(&context, operands)
				 : run_freely(&context, operands);
	} else if (status == EXIT_REFUSED) {
		/* As a status of COMMAND's, that would say nothing. */
		status = EXIT_FAILED;
	}
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
		"on stderr. With --explain each call refused with an errno is "
		"explained, too.\n\nExit status: that of COMMAND; 2 for a bad "
		"policy or usage, 125 where the system\nrefuses, 126 if "
		"COMMAND cannot be executed, 127 if it is not found.",
	.options = options,
	.fields = sizeof(struct fields),
	.stop_early = true,
	.least = 1,
	.most = (size_t)-1,
	.run = run,
};
