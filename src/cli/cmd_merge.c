/* callgate merge - one policy of several. */
#include <stdlib.h>
#include <string.h>

#include <callgate/merge.h>
#include <callgate/write.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/recorded.h"
#include "cli/save.h"
#include "cli/verbs.h"

enum { INPUTS_MAX = 256 };

struct fields {
	struct origin origin;
	const char *arch, *output;
	bool intersect, json;
};

static const struct option options[] = {
	{ 'i', "intersect", NULL, OPTION_FLAG,
	  offsetof(struct fields, intersect),
	  "allow what all of them allow, not what any does" },
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture that native stands for" },
	{ 'o', "output", "FILE", OPTION_TEXT, offsetof(struct fields, output),
	  "write to FILE, all or nothing (default: stdout)" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the policy as JSON" },
	ORIGIN_OPTIONS(struct fields, origin),
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

static void put_heading(const struct fields *fields, char **names, int count,
			struct buf *out)
{
	buf_puts(out, fields->intersect ? "# What all of these allow:\n"
					: "# What any of these allows:\n");
	for (int i = 0; i < count; i++) {
		buf_puts(out, "#   ");
		out_plain(out, names[i]);
		buf_puts(out, "\n");
	}
}

static int hand_out(const struct fields *fields, const struct cg_policy *policy,
		    char **names, int count)
{
	const enum cg_policy_text form =
		fields->json ? CG_TEXT_JSON : CG_TEXT_YAML;
	struct buf out = { 0 };
	struct cg_error err;
	int status = EXIT_YES;
	char *text;

	if (cg_policy_write(policy, form, 0, &text, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	if (!fields->json)
		put_heading(fields, names, count, &out);
	buf_puts(&out, text);
	free(text);
	if (out.failed)
		out_die_nomem();
	if (fields->output)
		status = save(fields->output, out.text, out.length);
	else
		fputs(out.text, stdout);
	buf_free(&out);
	return status;
}

static int merge(const struct fields *fields, const struct input *inputs,
		 char **names, int count)
{
	struct cg_side sides[INPUTS_MAX];
	struct cg_policy *policy;
	struct cg_error err;
	int status;

	for (int i = 0; i < count; i++)
		sides[i] = input_side(&inputs[i]);
	if (cg_merge(sides, (size_t)count,
		     fields->intersect ? CG_MERGE_INTERSECTION : CG_MERGE_UNION,
		     NULL, &policy, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	status = hand_out(fields, policy, names, count);
	cg_policy_free(policy);
	return status;
}

/* What was read so far; freed as a whole. */
struct opened {
	struct input inputs[INPUTS_MAX];
	struct cg_recording *recordings[INPUTS_MAX];
	int count, recorded;
};

/* Join what are recordings all of them, and hand that out. */
static int join(const struct fields *fields, struct opened *opened)
{
	struct cg_recording *whole = opened->recordings[0];
	struct cg_error err;
	int status = EXIT_YES;
	char *text;

	if (fields->intersect) {
		out_error("recordings are joined: there is no --intersect of "
			  "what was seen");
		return EXIT_USAGE;
	}
	for (int i = 1; i < opened->count; i++)
		if (cg_recording_join(whole, opened->recordings[i], &err) !=
		    CG_OK) {
			out_failure(&err, NULL, 0);
			return out_status(&err);
		}
	text = cg_recording_text(whole);
	if (!text)
		out_die_nomem();
	if (fields->output)
		status = save(fields->output, text, strlen(text));
	else
		fputs(text, stdout);
	free(text);
	return status;
}

static bool
open_all(const struct fields *fields, const struct cg_abi *native, char **names,
	 int count, struct opened *opened, int *status)
{
	for (; opened->count < count; opened->count++) {
		int i = opened->count;

		if (!recorded_open(names[i], native, &opened->recordings[i],
				   status))
			return false;
		opened->recorded += opened->recordings[i] != NULL;
		if (!opened->recordings[i] &&
		    !input_open_from(names[i], &fields->origin, native,
				     &opened->inputs[i], status))
			return false;
	}
	return true;
}

/* Beside policies a recording stands for the policy that is made of it. */
static bool make_policies(const struct cg_abi *native, char **names,
			  struct opened *opened, int *status)
{
	for (int i = 0; i < opened->count; i++)
		if (opened->recordings[i] &&
		    !recorded_input(opened->recordings[i], names[i], native,
				    &opened->inputs[i], status))
			return false;
	return true;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct opened opened = { .count = 0 };
	int status = EXIT_USAGE;

	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	if (open_all(fields, native, operands, count, &opened, &status)) {
		if (opened.recorded == count)
			status = join(fields, &opened);
		else if (make_policies(native, operands, &opened, &status))
			status = merge(fields, opened.inputs, operands, count);
	}
	for (int i = 0; i < opened.count; i++) {
		input_free(&opened.inputs[i]);
		cg_recording_free(opened.recordings[i]);
	}
	return status;
}

const struct command command_merge = {
	.name = "merge",
	.operands = "[OPTION]... A B...",
	.about = "make one policy of several, or one recording",
	.details = "To each call the result gives the loosest of the answers, "
		   "or with --intersect the\nstrictest: kill_process, "
		   "kill_thread, trap, errno, user_notif, trace, log, allow.\n"
		   "Of several errnos it is the smallest. The order of A and B "
		   "does not matter.\n\nRecordings are joined into one; beside "
		   "policies, one stands for the policy\nthat is made of it.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 1,
	.most = INPUTS_MAX,
	.run = run,
};
