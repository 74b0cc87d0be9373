/* callgate syscalls - look up calls, numbers, groups and arguments. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

struct fields {
	const char *arch;
	bool abis, groups, presets, all, json;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture of numbers (default: this machine's)" },
	{ 0, "all", NULL, OPTION_FLAG, offsetof(struct fields, all),
	  "a call's number on every architecture" },
	{ 0, "abis", NULL, OPTION_FLAG, offsetof(struct fields, abis),
	  "list the architectures" },
	{ 0, "groups", NULL, OPTION_FLAG, offsetof(struct fields, groups),
	  "list the groups of calls" },
	{ 0, "presets", NULL, OPTION_FLAG, offsetof(struct fields, presets),
	  "list the policies that come with callgate" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object a line" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

struct lookup {
	const struct fields *fields;
	const struct cg_abi *abi;
};

static void print_since(uint32_t since)
{
	if (since)
		printf("since %u.%u", since >> 16, since & 0xffff);
	else
		printf("always");
}

static void
print_signature(const struct cg_syscall *call, const struct cg_abi *abi)
{
	struct cg_argument arguments[6];
	size_t count;

	printf("%s(", call->name);
	if (!cg_syscall_arguments(call, abi, arguments, &count)) {
		printf("arguments not known)");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const char *type = arguments[i].type;
		size_t length = strlen(type);

		printf("%s%s%s%s", i ? ", " : "", type,
		       length && type[length - 1] == '*' ? "" : " ",
		       arguments[i].name);
	}
	printf(")");
}

static void text_call(const struct lookup *lookup,
		      const struct cg_syscall *call, const struct cg_abi *abi)
{
	uint32_t nr;

	if (!cg_syscall_number(call, abi, &nr)) {
		printf("%-12s %-10s %s\n", abi->name, "-", call->name);
		return;
	}
	printf("%-12s %-10u ", abi->name, nr);
	if (lookup->fields->all)
		printf("%s", call->name);
	else
		print_signature(call, abi);
	printf("  ");
	print_since(cg_syscall_since(call, abi));
	putchar('\n');
}

static void json_arguments(const struct cg_syscall *call,
			   const struct cg_abi *abi, struct buf *out)
{
	struct cg_argument arguments[6];
	size_t count;

	if (!cg_syscall_arguments(call, abi, arguments, &count))
		return;
	buf_puts(out, ",\"arguments\":[");
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? ",{\"name\":" : "{\"name\":");
		buf_json(out, arguments[i].name);
		buf_puts(out, ",\"type\":");
		buf_json(out, arguments[i].type);
		buf_printf(out, ",\"bits\":%u,\"signed\":%s,\"pointer\":%s}",
			   arguments[i].bits,
			   arguments[i].is_signed ? "true" : "false",
			   arguments[i].is_pointer ? "true" : "false");
	}
	buf_puts(out, "]");
}

static void json_call(const struct cg_syscall *call, const struct cg_abi *abi)
{
	struct buf out = { 0 };
	uint32_t nr, since = cg_syscall_since(call, abi);

	buf_puts(&out, "{\"name\":");
	buf_json(&out, call->name);
	buf_puts(&out, ",\"abi\":");
	buf_json(&out, abi->name);
	if (cg_syscall_number(call, abi, &nr)) {
		buf_printf(&out, ",\"nr\":%u", nr);
		if (since)
			buf_printf(&out, ",\"since\":\"%u.%u\"", since >> 16,
				   since & 0xffff);
		json_arguments(call, abi, &out);
	}
	buf_puts(&out, "}\n");
	out_buf(&out);
}

static void
print_call(const struct lookup *lookup, const struct cg_syscall *call)
{
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++) {
		uint32_t nr;

		if (lookup->fields->all ? !cg_syscall_number(call, abi, &nr)
					: abi != lookup->abi)
			continue;
		if (lookup->fields->json)
			json_call(call, abi);
		else
			text_call(lookup, call, abi);
	}
}

static bool print_number(const struct lookup *lookup, uint64_t number)
{
	const struct cg_syscall *call = NULL;
	uint32_t nr = (uint32_t)number;

	if (number <= UINT32_MAX) {
		call = cg_syscall_at(lookup->abi, nr);
		/* "520" on x32 stands for 0x40000000 + 520. */
		if (!call && lookup->abi->nr_base)
			call = cg_syscall_at(lookup->abi,
					     nr + lookup->abi->nr_base);
	}
	if (!call) {
		out_error("%s has no call %llu", lookup->abi->name,
			  (unsigned long long)number);
		return false;
	}
	print_call(lookup, call);
	return true;
}

static bool print_group(const struct lookup *lookup, const char *name)
{
	const struct cg_group *group = cg_group_by_name(name);

	if (!group) {
		out_error("no group is called '%s'; `callgate syscalls "
			  "--groups` lists them",
			  name);
		return false;
	}
	for (size_t i = 0; group->names[i]; i++)
		print_call(lookup, cg_syscall_by_name(group->names[i]));
	return true;
}

static bool print_one(const struct lookup *lookup, const char *name)
{
	const struct cg_syscall *call;
	const char *close;
	uint64_t number;

	if (name[0] == '@')
		return print_group(lookup, name);
	if (num_read(name, strlen(name), &number) == NUM_OK)
		return print_number(lookup, number);
	call = cg_syscall_by_name(name);
	if (call) {
		print_call(lookup, call);
		return true;
	}
	close = cg_syscall_suggest(name);
	out_error("no system call is called '%s'%s%s%s", name,
		  close ? "; did you mean '" : "", close ? close : "",
		  close ? "'?" : "");
	return false;
}

/* ------------------------------------------------------------- lists -- */

static void list_abis(bool json)
{
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++) {
		if (json)
			printf("{\"name\":\"%s\",\"audit_arch\":%u,\"bits\":%u,"
			       "\"big_endian\":%s,\"seccomp\":%s}\n",
			       abi->name, abi->audit_arch, abi->bits,
			       abi->big_endian ? "true" : "false",
			       abi->seccomp ? "true" : "false");
		else
			printf("%-14s 0x%08x  %2u bits, %s endian%s%s%s\n",
			       abi->name, abi->audit_arch, abi->bits,
			       abi->big_endian ? "big" : "little",
			       abi->native ? ", guest of " : "",
			       abi->native ? abi->native : "",
			       abi->seccomp ? "" : ", no seccomp filters");
	}
}

static void list_row(bool json, const char *name, const char *about)
{
	struct buf out = { 0 };

	if (!json) {
		printf("%-20s %s\n", name, about);
		return;
	}
	buf_puts(&out, "{\"name\":");
	buf_json(&out, name);
	buf_puts(&out, ",\"about\":");
	buf_json(&out, about);
	buf_puts(&out, "}\n");
	out_buf(&out);
}

static bool list(const struct fields *fields)
{
	const struct cg_preset *preset;
	const struct cg_group *group;

	if (fields->abis)
		list_abis(fields->json);
	for (size_t i = 0; fields->groups && (group = cg_group_get(i)); i++)
		list_row(fields->json, group->name, group->about);
	for (size_t i = 0; fields->presets && (preset = cg_preset_get(i)); i++)
		list_row(fields->json, preset->name, preset->about);
	return fields->abis || fields->groups || fields->presets;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	struct lookup lookup = { .fields = fields };
	const struct cg_syscall *call;
	int status = EXIT_YES;
	uint32_t nr;

	lookup.abi = fields->arch ? input_abi(fields->arch) : cg_abi_native();
	if (!lookup.abi)
		return EXIT_USAGE;
	if (list(fields) && !count)
		return EXIT_YES;
	for (int i = 0; i < count; i++)
		if (!print_one(&lookup, operands[i]))
			status = EXIT_NO;
	for (size_t i = 0; !count && (call = cg_syscall_get(i)); i++)
		if (cg_syscall_number(call, lookup.abi, &nr))
			print_call(&lookup, call);
	return status;
}

const struct command command_syscalls = {
	.name = "syscalls",
	.operands = "[OPTION]... [NAME|NUMBER|@GROUP]...",
	.about = "look up system calls, numbers, groups and arguments",
	.details = "Without an operand all calls of the architecture are "
		   "listed. The exit status is\n1 if something was not found.",
	.options = options,
	.fields = sizeof(struct fields),
	.most = 1000,
	.run = run,
};
