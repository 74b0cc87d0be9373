/* callgate convert - a policy from one tool's format to another's. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <callgate/lift.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/save.h"
#include "cli/verbs.h"

struct fields {
	struct origin origin;
	const char *arch, *to, *to_for, *output, *name, *template_file;
	bool nearest, list, json;
};

static const struct option options[] = {
	{ 't', "to", "FORMAT", OPTION_TEXT, offsetof(struct fields, to),
	  "the format to write" },
	ORIGIN_OPTIONS(struct fields, origin),
	{ 0, "to-for", "RUNTIME", OPTION_TEXT, offsetof(struct fields, to_for),
	  "who reads what is written (default: as --for, or usual)" },
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture that native stands for" },
	{ 'o', "output", "FILE", OPTION_TEXT, offsetof(struct fields, output),
	  "write to FILE, all or nothing (default: stdout)" },
	{ 0, "nearest", NULL, OPTION_FLAG, offsetof(struct fields, nearest),
	  "what cannot be said: the nearest that lets no more through" },
	{ 'n', "name", "NAME", OPTION_TEXT, offsetof(struct fields, name),
	  "of the profile, array or package that is written" },
	{ 0, "template", "FILE", OPTION_TEXT,
	  offsetof(struct fields, template_file),
	  "the text to fill in, for formats that have one" },
	{ 0, "list", NULL, OPTION_FLAG, offsetof(struct fields, list),
	  "list formats and runtimes" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the list, or a report of what was done, as JSON" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* ---------------------------------------------------------------- list -- */

static void list_text(void)
{
	const struct cg_runtime *runtime;
	const struct cg_format *format;

	printf("formats:\n");
	for (size_t i = 0; (format = cg_format_get(i)); i++)
		printf("  %-18s %s%s  %s\n", format->name,
		       format->reads ? "r" : "-", format->writes ? "w" : "-",
		       format->about);
	printf("runtimes:\n");
	for (size_t i = 0; (runtime = cg_runtime_get(i)); i++)
		printf("  %-18s     %s\n", runtime->name, runtime->about);
}

static void list_json(struct buf *out)
{
	const struct cg_runtime *runtime;
	const struct cg_format *format;

	buf_puts(out, "{\"formats\":[");
	for (size_t i = 0; (format = cg_format_get(i)); i++) {
		buf_puts(out, i ? ",{\"name\":" : "{\"name\":");
		buf_json(out, format->name);
		buf_puts(out, ",\"about\":");
		buf_json(out, format->about);
		buf_printf(out, ",\"reads\":%s,\"writes\":%s,\"runtime\":",
			   format->reads ? "true" : "false",
			   format->writes ? "true" : "false");
		buf_json(out, format->runtime ? format->runtime : "");
		buf_puts(out, "}");
	}
	buf_puts(out, "],\"runtimes\":[");
	for (size_t i = 0; (runtime = cg_runtime_get(i)); i++) {
		buf_puts(out, i ? ",{\"name\":" : "{\"name\":");
		buf_json(out, runtime->name);
		buf_puts(out, ",\"about\":");
		buf_json(out, runtime->about);
		buf_puts(out, "}");
	}
	buf_puts(out, "]}\n");
}

static int list(bool json)
{
	struct buf out = { 0 };

	if (json) {
		list_json(&out);
		out_buf(&out);
	} else {
		list_text();
	}
	return EXIT_YES;
}

/* ------------------------------------------------------------- convert -- */

/* What was done, for a program: to stderr where the text goes to stdout. */
static void report(const struct fields *fields, const struct input *input,
		   const struct cg_written *written)
{
	struct buf out = { 0 };
	struct cg_error note;
	size_t length;
	char *text;

	cg_written_text(written, &length);
	buf_puts(&out, "{\"from\":");
	buf_json(&out, input->format ? input->format->name : "bpf");
	buf_puts(&out, ",\"to\":");
	buf_json(&out, fields->to);
	buf_printf(&out,
		   ",\"bytes\":%zu,\"proved\":%s,\"exact\":%s,\"notes\":[",
		   length, cg_written_proved(written) ? "true" : "false",
		   cg_written_note(written, 0, &note) ? "false" : "true");
	for (size_t i = 0; cg_written_note(written, i, &note); i++) {
		buf_puts(&out, i ? "," : "");
		buf_json(&out, note.message);
	}
	buf_puts(&out, "],\"warnings\":[");
	for (size_t i = 0;
	     input->policy && cg_policy_warning(input->policy, i, &note); i++) {
		buf_printf(&out, "%s{\"line\":%u,\"column\":%u,\"message\":",
			   i ? "," : "", note.line, note.column);
		buf_json(&out, note.message);
		buf_puts(&out, "}");
	}
	buf_puts(&out, "]}\n");
	text = buf_done(&out);
	if (!text)
		out_die_nomem();
	fputs(text, fields->output ? stdout : stderr);
	free(text);
}

static int hand_out(const struct fields *fields, const struct input *input,
		    const struct cg_written *written)
{
	struct cg_error note;
	size_t length;
	const char *text = cg_written_text(written, &length);

	if (fields->json) {
		report(fields, input, written);
	} else {
		input_warn(input);
		for (size_t i = 0; cg_written_note(written, i, &note); i++)
			out_note("%s", note.message);
	}
	if (fields->output)
		return save(fields->output, text, length);
	fwrite(text, 1, length, stdout);
	return EXIT_YES;
}

static int write_as(const struct fields *fields, const struct cg_format *to,
		    const struct cg_abi *native, const struct input *input,
		    const struct input *filling)
{
	const struct cg_write_options how = {
		.nearest = fields->nearest,
		.name = fields->name,
		.template_text = filling->text,
		.template_length = filling->length,
	};
	struct origin origin = fields->origin;
	struct cg_written *written = NULL;
	struct cg_target target;
	struct cg_error err;
	int status;

	if (fields->to_for)
		origin.runtime = fields->to_for;
	else if (!input_same_family(input->format, to))
		origin.runtime = NULL;
	if (!origin_target(&origin, native, &target))
		return EXIT_USAGE;
	if (cg_format_write(to, input->policy, &target, &how, &written, &err) !=
	    CG_OK) {
		out_failure(&err, NULL, 0);
		return err.status == CG_E_MEANING ? EXIT_NO : out_status(&err);
	}
	status = hand_out(fields, input, written);
	cg_written_free(written);
	return status;
}

/* A filter becomes the policy that means the same. */
static bool lift(struct input *input, int *status)
{
	struct cg_error err;

	if (input->policy ||
	    cg_lift((struct cg_side){ .program = input->program }, NULL,
		    &input->policy, &err) == CG_OK)
		return true;
	out_failure(&err, NULL, 0);
	*status = err.status == CG_E_INPUT ? EXIT_NO : out_status(&err);
	return false;
}

static int convert(const struct fields *fields, const char *name,
		   const struct cg_abi *native)
{
	struct input input = { 0 }, filling = { 0 };
	const struct cg_format *to;
	int status = EXIT_USAGE;

	if (!origin_format(fields->to, &to))
		return EXIT_USAGE;
	if (to->binary && !fields->output && isatty(STDOUT_FILENO)) {
		out_error("will not write bytes to a terminal; use --output");
		return EXIT_USAGE;
	}
	if (fields->template_file &&
	    !input_text(fields->template_file, &filling, &status))
		return status;
	if (input_open_from(name, &fields->origin, native, &input, &status) &&
	    lift(&input, &status))
		status = write_as(fields, to, native, &input, &filling);
	input_free(&input);
	input_free(&filling);
	return status;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;

	if (fields->list)
		return list(fields->json);
	if (!count || !fields->to) {
		out_error(count ? "no format to write: give --to FORMAT; "
				  "--list lists them"
				: "nothing to convert: give a policy");
		return EXIT_USAGE;
	}
	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	return convert(fields, operands[0], native);
}

const struct command command_convert = {
	.name = "convert",
	.operands = "[OPTION]... POLICY --to FORMAT",
	.about = "write a policy in another tool's format",
	.details =
		"POLICY is a policy, a preset, a filter or a live process's "
		"(pid:1234), or a file\nof another tool, read exactly as that "
		"would (see --for). What is written is read "
		"back and proved equal before anyone\ngets it. Exit status 1: "
		"the format cannot say it; the message tells what.",
	.options = options,
	.fields = sizeof(struct fields),
	.most = 1,
	.run = run,
};
