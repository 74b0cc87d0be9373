/* callgate dump - a filter as a listing. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

struct fields {
	const char *arch;
	bool assembly, json;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture whose byte order the file has" },
	{ 's', "asm", NULL, OPTION_FLAG, offsetof(struct fields, assembly),
	  "assembly text that reads back, without notes" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the instructions as JSON" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

static void print_json(const struct cg_program *program)
{
	const struct cg_insn *insns;
	size_t count;

	insns = cg_program_insns(program, &count);
	printf("{\"big_endian\":%s,\"converted\":%zu,\"instructions\":[",
	       cg_program_big_endian(program) ? "true" : "false",
	       cg_program_converted_length(program));
	for (size_t i = 0; i < count; i++)
		printf("%s{\"code\":%u,\"jt\":%u,\"jf\":%u,\"k\":%u}",
		       i ? "," : "", insns[i].code, insns[i].jt, insns[i].jf,
		       insns[i].k);
	puts("]}");
}

static int dump(const struct fields *fields, struct input *input)
{
	struct cg_error err;
	char *text;

	if (input->policy &&
	    cg_compile(input->policy, NULL, &input->program, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	if (fields->json) {
		print_json(input->program);
		return EXIT_YES;
	}
	text = fields->assembly ? cg_program_assembly(input->program)
				: cg_program_listing(input->program);
	if (!text)
		out_die_nomem();
	fputs(text, stdout);
	free(text);
	return EXIT_YES;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct input input = { 0 };
	int status = EXIT_USAGE;

	(void)count;
	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	if (input_open(operands[0], native, &input, &status))
		status = dump(fields, &input);
	input_free(&input);
	return status;
}

const struct command command_dump_verb = {
	.name = "dump",
	.operands = "[OPTION]... FILTER",
	.about = "list the instructions of a filter, and what they mean",
	.details = "FILTER is a file of BPF bytes (struct sock_filter), or a "
		   "policy, which is\ncompiled first.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 1,
	.most = 1,
	.run = run,
};
