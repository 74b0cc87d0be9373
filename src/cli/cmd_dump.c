/* callgate dump - a filter as a listing. */
#include <stdlib.h>
#include <string.h>

#include <callgate/lift.h>
#include <callgate/load.h>
#include <callgate/write.h>

#include "base/buf.h"
#include "base/num.h"
#include "cli/bytes.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

struct fields {
	const char *arch, *pid, *filter, *only;
	bool assembly, raw, json, all, policy;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture whose byte order the file has" },
	{ 'p', "pid", "PID", OPTION_TEXT, offsetof(struct fields, pid),
	  "the filters of a live process or thread; FILTER is left out" },
	{ 'A', "all", NULL, OPTION_FLAG, offsetof(struct fields, all),
	  "with --pid: of all its threads, equal ones once" },
	{ 'n', "filter", "NUMBER", OPTION_TEXT, offsetof(struct fields, filter),
	  "only this one of several filters; 1 is the oldest" },
	{ 'r', "raw", NULL, OPTION_FLAG, offsetof(struct fields, raw),
	  "the bytes themselves, to stdout" },
	{ 's', "asm", NULL, OPTION_FLAG, offsetof(struct fields, assembly),
	  "assembly text that reads back, without notes" },
	{ 'P', "policy", NULL, OPTION_FLAG, offsetof(struct fields, policy),
	  "a policy that means the same, proved" },
	{ 'o', "only", "ARCH", OPTION_TEXT, offsetof(struct fields, only),
	  "with --policy: only what it answers to this architecture" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the instructions, or the policy, as JSON" },
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
	printf("]}");
}

static void
print_program(const struct fields *fields, const struct cg_program *program)
{
	struct buf out = { 0 };
	char *text;

	if (fields->json) {
		print_json(program);
	} else if (fields->raw) {
		bytes_add(program, &out);
		out_buf(&out);
	} else {
		text = fields->assembly ? cg_program_assembly(program)
					: cg_program_listing(program);
		if (!text)
			out_die_nomem();
		fputs(text, stdout);
		free(text);
	}
}

/* ------------------------------------------------------- live threads -- */

/* Which filter of a chain; false, said on stderr, if there is none such. */
static bool which_filter(const struct fields *fields,
			 const struct cg_chain *chain, size_t *index)
{
	size_t count = cg_chain_count(chain);
	uint64_t number;

	if (num_read(fields->filter, strlen(fields->filter), &number) !=
		    NUM_OK ||
	    number == 0 || number > count) {
		out_error("there is no filter %s: the oldest is 1, the newest "
			  "%zu",
			  fields->filter, count);
		return false;
	}
	*index = (size_t)number - 1;
	return true;
}

static void print_heading(const struct fields *fields,
			  const struct cg_chain *chain, size_t i)
{
	const struct cg_program *program = cg_chain_program(chain, i);
	size_t count = cg_chain_count(chain), length;

	cg_program_insns(program, &length);
	printf("%s%sfilter %zu of %zu%s: %zu instructions%s%s\n", i ? "\n" : "",
	       fields->assembly ? "; " : out_colour(stdout, BOLD), i + 1, count,
	       count == 1       ? ""
	       : i == 0         ? ", the oldest"
	       : i == count - 1 ? ", the newest"
				: "",
	       length,
	       cg_chain_flags(chain, i) & CG_FLAG_LOG
		       ? "; what it refuses is logged"
		       : "",
	       fields->assembly ? "" : out_colour(stdout, PLAIN));
}

static void print_chain_json(int32_t thread, const struct cg_chain *chain)
{
	printf("{\"thread\":%d,\"filters\":[", (int)thread);
	for (size_t i = 0; i < cg_chain_count(chain); i++) {
		printf("%s", i ? "," : "");
		print_json(cg_chain_program(chain, i));
	}
	printf("]}");
}

static int dump_chain(const struct fields *fields, const struct cg_chain *chain,
		      int32_t thread)
{
	size_t count = cg_chain_count(chain), index;

	if (count == 0 && !fields->json) {
		out_note("thread %d is under no filter", (int)thread);
		return EXIT_NO;
	}
	if (fields->filter) {
		if (!which_filter(fields, chain, &index))
			return EXIT_USAGE;
		print_program(fields, cg_chain_program(chain, index));
	} else if (fields->json) {
		print_chain_json(thread, chain);
	} else if (fields->raw && count > 1) {
		out_error("%zu filters are in force; say which one with "
			  "--filter",
			  count);
		return EXIT_USAGE;
	} else {
		for (size_t i = 0; i < count; i++) {
			if (!fields->raw)
				print_heading(fields, chain, i);
			print_program(fields, cg_chain_program(chain, i));
		}
	}
	return EXIT_YES;
}

struct all {
	const struct fields *fields;
	const struct cg_chain *first;
	size_t others; /* threads that have other filters than `first` */
	size_t told;
	int status;
};

/* Whether the thread has other filters, as far as their count tells. */
static bool count_other(void *context, const struct cg_thread *thread)
{
	struct all *all = context;
	int filters = thread->mode == 0 ? 0 : thread->filters;

	if (filters >= 0 && (size_t)filters != cg_chain_count(all->first))
		all->others++;
	return true;
}

static void note_others(int32_t process, const struct cg_chain *chain)
{
	struct all all = { .first = chain };
	struct cg_error err;

	/* The process may be gone by now: then there is nothing to note. */
	if (cg_threads(process, count_other, &all, &err) == CG_OK && all.others)
		out_note("%zu of its threads are under other filters; --all "
			 "shows them",
			 all.others);
}

static bool dump_other(void *context, const struct cg_thread *thread)
{
	struct all *all = context;
	struct input input = { 0 };
	char number[16];
	int status;

	if (thread->thread == thread->process)
		return true;
	snprintf(number, sizeof(number), "%d", (int)thread->thread);
	if (!input_thread(number, &input, &status)) {
		all->status = status;
		return false;
	}
	if (!cg_chain_same(input.chain, all->first)) {
		if (all->fields->json)
			printf(",");
		else
			printf("\nthread %s\n", number);
		all->status =
			dump_chain(all->fields, input.chain, thread->thread);
		if (all->status == EXIT_NO)
			all->status = EXIT_YES; /* others have filters */
	}
	input_free(&input);
	return all->status == EXIT_YES;
}

static int dump_threads(const struct fields *fields, const struct input *input)
{
	struct all all = { .fields = fields, .first = input->chain };
	struct cg_error err;
	size_t index;

	if (fields->filter && !which_filter(fields, input->chain, &index))
		return EXIT_USAGE;
	if (fields->json)
		printf("[");
	all.status = dump_chain(fields, input->chain, input->thread);
	if (all.status == EXIT_USAGE)
		return all.status;
	if (cg_threads(input->thread, dump_other, &all, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		all.status = out_status(&err);
	}
	if (fields->json)
		printf("]");
	return all.status;
}

static int dump_live(const struct fields *fields, const struct input *input)
{
	if (fields->all)
		return dump_threads(fields, input);
	note_others(input->thread, input->chain);
	return dump_chain(fields, input->chain, input->thread);
}

/* ------------------------------------------------------------- policies -- */

static int
write_policy(const struct fields *fields, const struct cg_policy *policy)
{
	const enum cg_policy_text form =
		fields->json ? CG_TEXT_JSON : CG_TEXT_YAML;
	struct cg_error err;
	char *text;

	if (cg_policy_write(policy, form, 0, &text, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	fputs(text, stdout);
	free(text);
	return EXIT_YES;
}

/* All filters of a chain together, or the one that was asked for. */
static int dump_policy(const struct fields *fields, const struct input *input)
{
	struct cg_side side = { .program = input->program };
	struct cg_lift_options lift = { 0 };
	struct cg_policy *policy;
	struct cg_error err;
	size_t index;
	int status;

	if (fields->only && !(lift.only = input_abi(fields->only)))
		return EXIT_USAGE;
	if (input->policy && !lift.only)
		return write_policy(fields, input->policy);
	if (input->policy)
		side = (struct cg_side){ .policy = input->policy };
	if (input->chain && cg_chain_count(input->chain) == 0) {
		out_note("thread %d is under no filter", (int)input->thread);
		return EXIT_NO;
	}
	if (input->chain && fields->filter) {
		if (!which_filter(fields, input->chain, &index))
			return EXIT_USAGE;
		side.program = cg_chain_program(input->chain, index);
	} else if (input->chain) {
		side = (struct cg_side){ .chain = input->chain };
	}
	if (cg_lift(side, &lift, &policy, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	status = write_policy(fields, policy);
	cg_policy_free(policy);
	return status;
}

/* -------------------------------------------------------------- files -- */

static int dump(const struct fields *fields, struct input *input)
{
	struct cg_error err;
	int status = EXIT_YES;

	if (fields->policy)
		return dump_policy(fields, input);
	if (input->policy &&
	    cg_compile(input->policy, NULL, &input->program, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	if (input->chain)
		status = dump_live(fields, input);
	else
		print_program(fields, input->program);
	if (fields->json && status != EXIT_USAGE)
		puts("");
	return status;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct input input = { 0 };
	int status = EXIT_USAGE;
	bool ok;

	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	if (!fields->pid == !count) {
		out_error(count ? "dump wants FILTER or --pid, not both"
				: "dump wants FILTER, or --pid PID");
		return EXIT_USAGE;
	}
	ok = fields->pid ? input_thread(fields->pid, &input, &status)
			 : input_open(operands[0], native, &input, &status);
	if (ok)
		status = dump(fields, &input);
	input_free(&input);
	return status;
}

const struct command command_dump_verb = {
	.name = "dump",
	.operands = "[OPTION]... [FILTER]",
	.about = "list the instructions of a filter, and what they mean",
	.details = "FILTER is a file of BPF bytes (struct sock_filter), a "
		   "policy, which is compiled\nfirst, or pid:PID, which is the "
		   "same as --pid PID: the filters that a live\nprocess is "
		   "under. With --policy they are read back into a policy: "
		   "that of a\npolicy is the policy itself, and that of a "
		   "process all its filters together.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 0,
	.most = 1,
	.run = run,
};
