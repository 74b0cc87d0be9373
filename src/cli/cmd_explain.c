/* callgate explain - what happens to a call, why, and at what cost. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

enum { OUTCOMES_MAX = 64 };

struct fields {
	const char *arch;
	bool json;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture of the call (default: this machine's)" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object a call" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

struct explain {
	const struct fields *fields;
	const struct input *input;
	struct cg_program *compiled; /* of a policy */
	const struct cg_abi *abi;
};

static const char *cause_text(enum cg_cause cause)
{
	static const char *const texts[] = {
		[CG_CAUSE_RULE] = "rule",
		[CG_CAUSE_DEFAULT] = "default_action",
		[CG_CAUSE_UNKNOWN] = "the policy's kernel had no such call",
		[CG_CAUSE_FOREIGN] = "the policy does not cover this ABI",
	};

	return texts[cause];
}

static const struct cg_program *program_of(const struct explain *explain)
{
	return explain->input->program ? explain->input->program
				       : explain->compiled;
}

static void text_outcome(const struct explain *explain,
			 const struct cg_outcome *outcome, bool only)
{
	const struct cg_program *program = program_of(explain);
	char call[640], answer[64];
	struct cg_reason reason;
	size_t steps;

	cg_call_print(&outcome->call, NULL, call, sizeof(call));
	cg_answer_print(outcome->answer, explain->abi, answer, sizeof(answer));
	cg_program_decide(program, &outcome->call, &steps);
	printf("%s%s%s%s%s", only ? "" : "  ", out_colour(stdout, BOLD), answer,
	       out_colour(stdout, PLAIN), only ? "" : "  for example ");
	if (!only)
		printf("%s", call);
	if (explain->input->policy) {
		cg_policy_explain(explain->input->policy, &outcome->call,
				  &reason);
		printf("\n%s  by %s", only ? "" : "  ",
		       cause_text(reason.cause));
		if (reason.line)
			printf(" at %s:%u:%u", reason.source, reason.line,
			       reason.column);
	}
	if (cg_program_cached(program, explain->abi, outcome->call.nr))
		printf("\n%s  from the kernel's action cache (5.11+): no "
		       "instruction; before, %zu instructions\n",
		       only ? "" : "  ", steps);
	else
		printf("\n%s  after %zu instructions\n", only ? "" : "  ",
		       steps);
}

static void json_outcome(const struct explain *explain,
			 const struct cg_outcome *outcome, struct buf *out)
{
	const struct cg_program *program = program_of(explain);
	char call[640], answer[64];
	struct cg_reason reason;
	size_t steps;

	cg_call_print(&outcome->call, NULL, call, sizeof(call));
	cg_answer_print(outcome->answer, explain->abi, answer, sizeof(answer));
	cg_program_decide(program, &outcome->call, &steps);
	buf_puts(out, "{\"answer\":");
	buf_json(out, answer);
	buf_printf(out,
		   ",\"value\":%u,\"steps\":%zu,\"cached\":%s,\"example\":",
		   outcome->answer, steps,
		   cg_program_cached(program, explain->abi, outcome->call.nr)
			   ? "true"
			   : "false");
	buf_json(out, call);
	if (explain->input->policy) {
		cg_policy_explain(explain->input->policy, &outcome->call,
				  &reason);
		buf_puts(out, ",\"cause\":");
		buf_json(out, cause_text(reason.cause));
		buf_puts(out, ",\"source\":");
		buf_json(out, reason.source);
		buf_printf(out, ",\"line\":%u,\"column\":%u", reason.line,
			   reason.column);
	}
	buf_puts(out, "}");
}

static void print_json(const struct explain *explain, const char *text,
		       const struct cg_outcome *outcomes, size_t count)
{
	struct buf out = { 0 };

	buf_puts(&out, "{\"call\":");
	buf_json(&out, text);
	buf_printf(&out, ",\"abi\":\"%s\",\"outcomes\":[", explain->abi->name);
	for (size_t i = 0; i < count; i++) {
		buf_puts(&out, i ? "," : "");
		json_outcome(explain, &outcomes[i], &out);
	}
	buf_puts(&out, "]}\n");
	out_buf(&out);
}

static void
print_text(const struct explain *explain, const char *text,
	   const struct cg_outcome *outcomes, size_t count, size_t all)
{
	if (count == 1) {
		printf("%s on %s: ", text, explain->abi->name);
		text_outcome(explain, &outcomes[0], true);
		return;
	}
	printf("%s on %s: it depends on the arguments; %zu answers:\n", text,
	       explain->abi->name, all);
	for (size_t i = 0; i < count; i++)
		text_outcome(explain, &outcomes[i], false);
}

/* What a filter says of a call that it is never asked about means little. */
static void
note_unfilterable(const struct explain *explain, const struct cg_call *call)
{
	uint32_t since = cg_unfilterable_since(explain->abi, call->nr);

	if (since)
		out_note("from Linux %u.%u on the kernel lets this call pass "
			 "without asking a filter",
			 since >> 16, since & 0xffff);
}

static int explain_call(const struct explain *explain, const char *text)
{
	const struct cg_side side = { explain->input->policy,
				      explain->input->policy
					      ? NULL
					      : explain->input->program };
	struct cg_outcome outcomes[OUTCOMES_MAX];
	struct cg_call call;
	struct cg_error err;
	uint32_t known;
	size_t all, count;

	if (cg_call_parse(text, explain->abi, &call, &known, &err) != CG_OK) {
		err.line = 1;
		snprintf(err.source, sizeof(err.source), "CALL");
		out_failure(&err, text, strlen(text));
		return EXIT_USAGE;
	}
	if (cg_outcomes(side, &call, known, 0, outcomes, OUTCOMES_MAX, &all,
			&err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	count = all < OUTCOMES_MAX ? all : OUTCOMES_MAX;
	note_unfilterable(explain, &call);
	if (explain->fields->json)
		print_json(explain, text, outcomes, count);
	else
		print_text(explain, text, outcomes, count, all);
	return EXIT_YES;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	struct explain explain = { .fields = fields };
	struct input input = { 0 };
	struct cg_error err;
	int status = EXIT_USAGE;

	explain.abi = fields->arch ? input_abi(fields->arch) : cg_abi_native();
	explain.input = &input;
	if (!explain.abi)
		return EXIT_USAGE;
	if (!input_open(operands[0], NULL, &input, &status)) {
		input_free(&input);
		return status;
	}
	if (input.policy &&
	    cg_compile(input.policy, NULL, &explain.compiled, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		status = out_status(&err);
	} else {
		status = EXIT_YES;
		for (int i = 1; i < count && status == EXIT_YES; i++)
			status = explain_call(&explain, operands[i]);
	}
	cg_program_free(explain.compiled);
	input_free(&input);
	return status;
}

const struct command command_explain = {
	.name = "explain",
	.operands = "[OPTION]... POLICY CALL...",
	.about = "say what happens to a call, why, and at what cost",
	.details =
		"A call is written as in C: 'openat(AT_FDCWD, _, O_RDONLY)', "
		"with _ for any value.\nWhere the answer depends on what is "
		"not given, all answers are listed, each\nwith a call that "
		"gets it. POLICY is a policy, a preset or a file of BPF "
		"bytes.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 2,
	.most = 1000,
	.run = run,
};
