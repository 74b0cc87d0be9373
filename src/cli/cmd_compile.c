/* callgate compile - a policy becomes a filter. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/bytes.h"
#include "cli/frequencies.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/parts.h"
#include "cli/report.h"
#include "cli/save.h"
#include "cli/verbs.h"

struct fields {
	struct choice choice;
	struct parts parts;
	const char *output, *format, *form, *name, *cost, *frequencies;
	bool check, report, json;
};

static const struct option options[] = {
	CHOICE_OPTIONS(struct fields, choice),
	PARTS_OPTIONS(struct fields, parts),
	{ 'a', "arch", "NAME", OPTION_TEXT,
	  offsetof(struct fields, choice.arch),
	  "the architecture that native stands for" },
	{ 'f', "format", "raw|c|asm|listing", OPTION_TEXT,
	  offsetof(struct fields, format),
	  "what to write (default: listing on a terminal, else raw)" },
	{ 'o', "output", "FILE", OPTION_TEXT, offsetof(struct fields, output),
	  "write to FILE, all or nothing (default: stdout)" },
	{ 'n', "name", "NAME", OPTION_TEXT, offsetof(struct fields, name),
	  "the name of the array in C (default: filter)" },
	{ 0, "form", "best|elastic", OPTION_TEXT, offsetof(struct fields, form),
	  "the shape of the program (default: best)" },
	{ 0, "cost", "cached|uncached|size|depth", OPTION_TEXT,
	  offsetof(struct fields, cost),
	  "what to be cheapest at (default: cached, for kernels from 5.11)" },
	{ 0, "frequencies", "FILE", OPTION_TEXT,
	  offsetof(struct fields, frequencies),
	  "how often calls come: strace -c's table, or lines 'call: count'" },
	{ 'c', "check", NULL, OPTION_FLAG, offsetof(struct fields, check),
	  "read, compile and prove only; write nothing" },
	{ 'r', "report", NULL, OPTION_FLAG, offsetof(struct fields, report),
	  "write length, cost and cached calls instead of the filter" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the report as JSON" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* ------------------------------------------------------------ formats -- */

static void
write_raw(const struct cg_program *program, const char *name, struct buf *out)
{
	(void)name;
	bytes_add(program, out);
}

static void
write_c(const struct cg_program *program, const char *name, struct buf *out)
{
	const struct cg_insn *insns;
	size_t count;

	insns = cg_program_insns(program, &count);
	buf_printf(out,
		   "/* Made by callgate; %zu instructions, struct sock_filter "
		   "of linux/filter.h. */\n"
		   "static const struct sock_filter %s[%zu] = {\n",
		   count, name, count);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "\t{ 0x%02x, %u, %u, 0x%08x },\n",
			   insns[i].code, insns[i].jt, insns[i].jf, insns[i].k);
	buf_puts(out, "};\n");
}

static void write_text(char *text, struct buf *out)
{
	if (!text)
		out_die_nomem();
	buf_puts(out, text);
	free(text);
}

static void
write_asm(const struct cg_program *program, const char *name, struct buf *out)
{
	(void)name;
	write_text(cg_program_assembly(program), out);
}

static void write_listing(const struct cg_program *program, const char *name,
			  struct buf *out)
{
	(void)name;
	write_text(cg_program_listing(program), out);
}

typedef void
writer(const struct cg_program *program, const char *name, struct buf *out);

static const struct format {
	const char *name;
	writer *write;
} formats[] = {
	{ "raw", write_raw },
	{ "c", write_c },
	{ "asm", write_asm },
	{ "listing", write_listing },
};

static writer *format_named(const char *name, bool to_terminal)
{
	if (!name)
		name = to_terminal ? "listing" : "raw";
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].write;
	out_error("no format is called '%s'; formats are raw, c, asm and "
		  "listing",
		  name);
	return NULL;
}

static bool is_c_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return length && !name[length] && (name[0] < '0' || name[0] > '9');
}

/* ------------------------------------------------------------- output -- */

static int
write_filter(const struct fields *fields, const struct cg_program *program)
{
	bool to_terminal = !fields->output && isatty(STDOUT_FILENO);
	const char *name = fields->name ? fields->name : "filter";
	struct buf out = { 0 };
	int status = EXIT_YES;
	size_t length;
	writer *write;
	char *bytes;

	write = format_named(fields->format, to_terminal);
	if (!write)
		return EXIT_USAGE;
	if (!is_c_name(name)) {
		out_error("'%s' is no name in C", name);
		return EXIT_USAGE;
	}
	if (write == write_raw && to_terminal) {
		out_error("will not write bytes to a terminal; use --output "
			  "or --format listing");
		return EXIT_USAGE;
	}
	write(program, name, &out);
	length = out.length;
	bytes = buf_done(&out);
	if (!bytes)
		out_die_nomem();
	if (fields->output)
		status = save(fields->output, bytes, length);
	else
		fwrite(bytes, 1, length, stdout);
	free(bytes);
	return status;
}

/* ------------------------------------------------------------ command -- */

static bool read_cost(const char *name, enum cg_cost *out)
{
	static const char *const names[] = {
		[CG_COST_CACHED] = "cached",
		[CG_COST_UNCACHED] = "uncached",
		[CG_COST_SIZE] = "size",
		[CG_COST_DEPTH] = "depth",
		[CG_COST_BALANCED] = "balanced",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!name || strcmp(names[i], name) == 0) {
			*out = (enum cg_cost)i;
			return true;
		}
	out_error("no cost is called '%s'; costs are cached, uncached, "
		  "balanced, size and depth",
		  name);
	return false;
}

static int finish(const struct fields *fields, const struct cg_policy *policy,
		  struct input *input)
{
	struct cg_compile_options how = { 0 };
	struct frequencies frequencies = { 0 };
	struct cg_error err;
	int status = EXIT_YES;

	if (!read_cost(fields->cost, &how.cost))
		return EXIT_USAGE;
	if (fields->frequencies) {
		if (!frequencies_read(fields->frequencies, &frequencies))
			return EXIT_USAGE;
		how.frequencies = frequencies.at;
		how.frequency_count = frequencies.count;
	}
	if (fields->form && strcmp(fields->form, "elastic") == 0) {
		how.form = CG_FORM_ELASTIC;
	} else if (fields->form && strcmp(fields->form, "best") != 0) {
		out_error("no form is called '%s'; forms are best and elastic",
			  fields->form);
		return EXIT_USAGE;
	}
	input_warn(input);
	if (cg_compile(policy, &how, &input->program, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		status = out_status(&err);
	} else if (fields->report)
		report_program(policy, input->program, fields->json);
	else if (!fields->check)
		status = write_filter(fields, input->program);
	frequencies_free(&frequencies);
	return status;
}

/* What parts of a program need is for this machine, as the program is. */
static int run_parts(const struct fields *fields, int count)
{
	const struct choice *choice = &fields->choice;
	struct cg_registry *registry = NULL;
	const struct cg_policy *policy;
	struct input input = { 0 };
	const struct cg_abi *native;
	int status = EXIT_USAGE;

	if (count || choice->policy || choice->preset || choice->drop.count ||
	    choice->keep.count || choice->no_exec || choice->no_new_processes ||
	    choice->no_network) {
		out_error("two policies: one named, and one of what the parts "
			  "of a program need");
		return EXIT_USAGE;
	}
	native = choice->arch ? input_abi(choice->arch) : cg_abi_native();
	if (native && native != cg_abi_native())
		out_error("what parts of a program need is compiled for %s, "
			  "this machine, and not for %s",
			  cg_abi_native()->name, native->name);
	else if (native)
		status = parts_join(&fields->parts, &registry, &policy);
	if (status == EXIT_YES)
		status = finish(fields, policy, &input);
	input_free(&input);
	cg_registry_free(registry);
	return status;
}

static int run(void *data, int count, char **operands)
{
	struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct input input = { 0 };
	int status = EXIT_USAGE;

	if (parts_given(&fields->parts))
		return run_parts(fields, count);
	if (count && fields->choice.policy) {
		out_error("two policies: '%s' and '%s'", fields->choice.policy,
			  operands[0]);
		return EXIT_USAGE;
	}
	if (count)
		fields->choice.policy = operands[0];
	if (fields->choice.arch && !(native = input_abi(fields->choice.arch)))
		return EXIT_USAGE;
	if (input_choice(&fields->choice, native, &input, &status))
		status = finish(fields, input.policy, &input);
	input_free(&input);
	return status;
}

const struct command command_compile = {
	.name = "compile",
	.operands = "[OPTION]... [POLICY]",
	.about = "compile a policy into a proven filter",
	.details =
		"The filter is proved equal to the policy, for every possible "
		"input, before\nanything is written. raw is what bubblewrap "
		"--seccomp and setpriv\n--seccomp-filter read: an array of "
		"struct sock_filter.",
	.options = options,
	.fields = sizeof(struct fields),
	.most = 1,
	.run = run,
};
