#include "cli/record_diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/policy.h>

#include "cli/input.h"
#include "cli/out.h"

struct diff {
	FILE *out;
	size_t fresh, gone;
};

static void print_name(FILE *out, const struct cg_abi *abi, uint32_t nr)
{
	const struct cg_syscall *call = cg_syscall_at(abi, nr);

	if (call)
		fprintf(out, "%-10s %s", abi->name, call->name);
	else
		fprintf(out, "%-10s call %" PRIu32, abi->name, nr);
}

static void print_argument(FILE *out, const struct cg_abi *abi, uint32_t nr,
			   int argument, uint64_t value)
{
	const struct cg_syscall *call = cg_syscall_at(abi, nr);
	struct cg_argument arguments[6];
	char text[128];
	size_t count;

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	if (call && cg_syscall_arguments(call, abi, arguments, &count) &&
	    (size_t)argument < count) {
		cg_argument_print(&arguments[argument], abi, value, text,
				  sizeof(text));
		fprintf(out, " with %s", arguments[argument].name);
	} else {
		fprintf(out, " with argument %d", argument);
	}
	fprintf(out, " = %s", text);
}

static void
print_change(void *context, const struct cg_recording_change *change)
{
	struct diff *diff = context;

	/* What a run did not do this time is no news where values are. */
	if (change->gone && change->argument >= 0)
		return;
	diff->fresh += !change->gone;
	diff->gone += change->gone;
	fprintf(diff->out, "%s ", change->gone ? "- gone" : "+ new ");
	print_name(diff->out, change->abi, change->nr);
	if (change->argument >= 0)
		print_argument(diff->out, change->abi, change->nr,
			       change->argument, change->value);
	putc('\n', diff->out);
}

/* ------------------------------------------------ against a policy -- */

static bool allowed(const struct cg_policy *policy,
		    const struct cg_recorded *row, int argument, uint64_t value)
{
	struct cg_call call = { .arch = row->abi->audit_arch, .nr = row->nr };
	uint32_t action;

	if (argument >= 0)
		call.args[argument] = value;
	action = cg_policy_decide(policy, &call) & CG_RET_ACTION;
	return action == CG_RET_ALLOW || action == CG_RET_LOG;
}

/* The values that were recorded and are refused; whether there were any. */
static bool refused_values(const struct cg_policy *policy,
			   const struct cg_recorded *row, struct diff *diff)
{
	bool any = false;

	for (int arg = 0; arg < 6; arg++)
		for (size_t i = 0; i < row->values[arg].count; i++) {
			uint64_t value = row->values[arg].list[i].value;

			any = true;
			if (allowed(policy, row, arg, value))
				continue;
			diff->fresh++;
			fputs("+ new  ", diff->out);
			print_name(diff->out, row->abi, row->nr);
			print_argument(diff->out, row->abi, row->nr, arg,
				       value);
			putc('\n', diff->out);
		}
	return any;
}

static void
compare_policy(const struct cg_policy *policy,
	       const struct cg_recording *recording, struct diff *diff)
{
	struct cg_recorded row;

	for (size_t i = 0; cg_recording_get(recording, i, &row); i++) {
		if (row.phase == CG_PHASE_RUNTIME ||
		    refused_values(policy, &row, diff) ||
		    allowed(policy, &row, -1, 0))
			continue;
		diff->fresh++;
		fputs("+ new  ", diff->out);
		print_name(diff->out, row.abi, row.nr);
		putc('\n', diff->out);
	}
}

static bool recorded(const struct cg_recording *recording,
		     const struct cg_abi *abi, uint32_t nr)
{
	struct cg_recorded row;

	for (size_t i = 0; cg_recording_get(recording, i, &row); i++)
		if (row.abi == abi && row.nr == nr)
			return true;
	return false;
}

/* What a policy allows whatever the arguments, and nobody called. */
static void find_gone(const struct cg_policy *policy,
		      const struct cg_recording *recording, struct diff *diff)
{
	const struct cg_abi *abi = cg_policy_abi(policy, 0);
	const struct cg_syscall *call;

	for (size_t i = 0; abi && (call = cg_syscall_get(i)); i++) {
		struct cg_recorded row = { .abi = abi };

		if (!cg_syscall_number(call, abi, &row.nr) ||
		    !allowed(policy, &row, -1, 0) ||
		    recorded(recording, abi, row.nr))
			continue;
		diff->gone++;
		fputs("- gone ", diff->out);
		print_name(diff->out, abi, row.nr);
		putc('\n', diff->out);
	}
}

static int finish(const struct diff *diff, const char *path)
{
	if (diff->gone)
		out_note("%zu call%s of %s %s not made: is the policy wider "
			 "than it must be?",
			 diff->gone, diff->gone == 1 ? "" : "s", path,
			 diff->gone == 1 ? "was" : "were");
	if (!diff->fresh)
		return EXIT_YES;
	out_error("%zu call%s that %s does not have", diff->fresh,
		  diff->fresh == 1 ? "" : "s", path);
	return EXIT_NO;
}

int record_diff(const char *path, const struct cg_recording *recording,
		FILE *out)
{
	struct diff diff = { .out = out };
	struct cg_recording *baseline = NULL;
	struct cg_error err;
	struct input input;
	int status;

	if (cg_recording_open(path, NULL, &baseline, &err) == CG_OK) {
		cg_recording_compare(baseline, recording, print_change, &diff);
		cg_recording_free(baseline);
		return finish(&diff, path);
	}
	if (err.status != CG_E_INPUT) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	if (!input_open(path, cg_abi_native(), &input, &status))
		return status;
	if (input.policy) {
		compare_policy(input.policy, recording, &diff);
		find_gone(input.policy, recording, &diff);
		status = finish(&diff, path);
	} else {
		out_error("%s is a filter; a baseline is a policy or a "
			  "recording",
			  path);
		status = EXIT_USAGE;
	}
	input_free(&input);
	return status;
}
