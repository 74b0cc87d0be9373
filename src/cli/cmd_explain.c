/* callgate explain - what happens to a call, why, and at what cost. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

enum { OUTCOMES_MAX = 64 };

struct fields {
	struct origin origin;
	const char *arch, *pid;
	bool json, path;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture of the call (default: this machine's)" },
	{ 'p', "pid", "PID", OPTION_TEXT, offsetof(struct fields, pid),
	  "ask the filters of a process or thread; POLICY is left out" },
	{ 0, "path", NULL, OPTION_FLAG, offsetof(struct fields, path),
	  "show the instructions executed, also for each of several answers" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object a call" },
	ORIGIN_OPTIONS(struct fields, origin),
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

struct explain {
	const struct fields *fields;
	const struct input *input;
	const struct cg_chain *chain; /* what runs: of a policy, compiled */
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

/* The policy's rule, or the filter of several. */
static void
text_reason(const struct explain *explain, const struct cg_outcome *outcome,
	    const struct cg_chain_answer *cost, const char *indent)
{
	size_t filters = cg_chain_count(explain->chain);
	struct cg_reason reason;

	if (explain->input->policy) {
		cg_policy_explain(explain->input->policy, &outcome->call,
				  &reason);
		printf("\n%s  by %s", indent, cause_text(reason.cause));
		if (reason.line) {
			printf(" at ");
			out_name(reason.source);
			printf(":%u:%u", reason.line, reason.column);
		}
	} else if (filters > 1 &&
		   (cost->answer & CG_RET_ACTION) == CG_RET_ALLOW) {
		printf("\n%s  by each of %zu filters", indent, filters);
	} else if (filters > 1) {
		printf("\n%s  by filter %zu of %zu", indent,
		       cost->decided_by + 1, filters);
	}
}

static void text_cost(const struct explain *explain,
		      const struct cg_chain_answer *cost, const char *indent)
{
	size_t filters = cg_chain_count(explain->chain);

	if (filters == 0)
		printf("\n%s  no filter is in force\n", indent);
	else if (cost->cached)
		printf("\n%s  from the kernel's action cache (5.11+): no "
		       "instruction; before, %zu instructions\n",
		       indent, cost->steps);
	else
		printf("\n%s  after %zu instructions%s\n", indent, cost->steps,
		       filters > 1 ? ", of all filters" : "");
}

/* The way through the filter that decides. */
static void text_path(const struct explain *explain, const struct cg_call *call,
		      const struct cg_chain_answer *cost)
{
	const struct cg_program *program =
		cg_chain_program(explain->chain, cost->decided_by);
	char *text, *line, *rest;

	if (!program)
		return;
	text = cg_program_trace(program, call);
	if (!text)
		out_die_nomem();
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		printf("    %s%s%s\n", out_colour(stdout, DIM), line,
		       out_colour(stdout, PLAIN));
	free(text);
}

static void text_outcome(const struct explain *explain,
			 const struct cg_outcome *outcome, bool only)
{
	const char *indent = only ? "" : "  ";
	struct cg_chain_answer cost;
	char call[640], answer[64];

	cg_call_print(&outcome->call, NULL, call, sizeof(call));
	cg_answer_print(outcome->answer, explain->abi, answer, sizeof(answer));
	cg_chain_decide(explain->chain, &outcome->call, &cost);
	printf("%s%s%s%s%s%s", indent, out_colour(stdout, BOLD), answer,
	       out_colour(stdout, PLAIN), only ? "" : "  for example ",
	       only ? "" : call);
	text_reason(explain, outcome, &cost, indent);
	text_cost(explain, &cost, indent);
	if (explain->fields->path || (only && !explain->input->policy))
		text_path(explain, &outcome->call, &cost);
}

static void json_reason(const struct explain *explain,
			const struct cg_call *call, struct buf *out)
{
	struct cg_reason reason;

	cg_policy_explain(explain->input->policy, call, &reason);
	buf_puts(out, ",\"cause\":");
	buf_json(out, cause_text(reason.cause));
	buf_puts(out, ",\"source\":");
	buf_json(out, reason.source);
	buf_printf(out, ",\"line\":%u,\"column\":%u", reason.line,
		   reason.column);
}

static void json_path(const struct cg_chain *chain, const struct cg_call *call,
		      const struct cg_chain_answer *cost, struct buf *out)
{
	const struct cg_program *program =
		cg_chain_program(chain, cost->decided_by);
	uint16_t path[CG_PROGRAM_MAX];
	size_t steps;

	if (!program)
		return;
	steps = cg_program_path(program, call, path);
	buf_printf(out, ",\"filter\":%zu,\"path\":[", cost->decided_by);
	for (size_t i = 0; i < steps; i++)
		buf_printf(out, "%s%u", i ? "," : "", path[i]);
	buf_puts(out, "]");
}

static void json_outcome(const struct explain *explain,
			 const struct cg_outcome *outcome, struct buf *out)
{
	struct cg_chain_answer cost;
	char call[640], answer[64];

	cg_call_print(&outcome->call, NULL, call, sizeof(call));
	cg_answer_print(outcome->answer, explain->abi, answer, sizeof(answer));
	cg_chain_decide(explain->chain, &outcome->call, &cost);
	buf_puts(out, "{\"answer\":");
	buf_json(out, answer);
	buf_printf(out,
		   ",\"value\":%u,\"steps\":%zu,\"cached\":%s,\"example\":",
		   outcome->answer, cost.steps, cost.cached ? "true" : "false");
	buf_json(out, call);
	if (explain->input->policy)
		json_reason(explain, &outcome->call, out);
	else
		json_path(explain->chain, &outcome->call, &cost, out);
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
	const struct cg_side side = input_side(explain->input);
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

/* What runs in the kernel: the filters, or the policy compiled. */
static struct cg_chain *compile(struct input *input, int *status)
{
	const struct cg_program *program;
	struct cg_chain *chain = NULL;
	struct cg_error err;

	if ((!input->policy ||
	     cg_compile(input->policy, NULL, &input->program, &err) == CG_OK)) {
		program = input->program;
		if (cg_chain_new(&program, 1, &chain, &err) == CG_OK)
			return chain;
	}
	out_failure(&err, NULL, 0);
	*status = out_status(&err);
	return NULL;
}

static int explain_all(struct explain *explain, struct input *input, int count,
		       char **calls)
{
	struct cg_chain *own = NULL;
	int status = EXIT_YES;

	if (!input->chain && !(own = compile(input, &status)))
		return status;
	explain->chain = own ? own : input->chain;
	for (int i = 0; i < count && status == EXIT_YES; i++)
		status = explain_call(explain, calls[i]);
	cg_chain_free(own);
	return status;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	struct input input = { 0 };
	struct explain explain = { .fields = fields, .input = &input };
	int status = EXIT_USAGE, first = fields->pid ? 0 : 1;
	bool ok;

	explain.abi = fields->arch ? input_abi(fields->arch) : cg_abi_native();
	if (!explain.abi)
		return EXIT_USAGE;
	if (count <= first) {
		out_error("explain wants a call behind the policy");
		return EXIT_USAGE;
	}
	ok = fields->pid ? input_thread(fields->pid, &input, &status)
			 : input_open_from(operands[0], &explain.fields->origin,
					   NULL, &input, &status);
	if (ok && !fields->json)
		input_warn_foreign(&input);
	if (ok)
		status = explain_all(&explain, &input, count - first,
				     operands + first);
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
		"gets it. POLICY is a policy, a preset, a file of BPF bytes, "
		"or\npid:PID for the filters of a live process.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 1,
	.most = 1000,
	.run = run,
};
