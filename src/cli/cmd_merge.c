/* callgate merge - one policy of several. */
#include <stdlib.h>
#include <string.h>

#include <callgate/merge.h>
#include <callgate/write.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
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

/* A name in a comment: whatever could end the line is left out. */
static void put_name(struct buf *out, const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name >= ' ' && *name != 0x7f)
			buf_add(out, name, 1);
}

static void put_heading(const struct fields *fields, char **names, int count,
			struct buf *out)
{
	buf_puts(out, fields->intersect ? "# What all of these allow:\n"
					: "# What any of these allows:\n");
	for (int i = 0; i < count; i++) {
		buf_puts(out, "#   ");
		put_name(out, names[i]);
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

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct input inputs[INPUTS_MAX] = { 0 };
	int status = EXIT_USAGE, opened = 0;

	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	while (opened < count &&
	       input_open_from(operands[opened], &fields->origin, native,
			       &inputs[opened], &status))
		opened++;
	if (opened == count)
		status = merge(fields, inputs, operands, count);
	for (int i = 0; i < opened; i++)
		input_free(&inputs[i]);
	return status;
}

const struct command command_merge = {
	.name = "merge",
	.operands = "[OPTION]... A B...",
	.about = "make one policy of several policies or filters",
	.details = "To each call the result gives the loosest of the answers, "
		   "or with --intersect the\nstrictest: kill_process, "
		   "kill_thread, trap, errno, user_notif, trace, log, allow.\n"
		   "Of several errnos it is the smallest. The order of A and B "
		   "does not matter.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 1,
	.most = INPUTS_MAX,
	.run = run,
};
