/*
 * What a guest is to load and what must come of it, made on the host: filters
 * for one ABI, as arrays, and calls with the answers of the policies read
 * literally.
 *
 * usage: tables ABI KERNEL-ABI > tables.h
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/callgate.h>

enum {
	ENOSYS_CANARY = 3998,
	NUMBERS = 512, /* beyond the first of the ABI */
	LEVELS = 8,
};

/* %s: the architectures. Errnos that no kernel gives tell who answered. */
static const struct {
	const char *name, *text;
} policies[] = {
	/* Every number: listed ones, known ones, unknown ones. */
	{ "numbers",
	  "seccomp:\n"
	  "  architectures: [%s]\n"
	  "  default_action: errno(3999)\n"
	  "  unknown: errno(3998)\n"
	  "  syscalls:\n"
	  "    - action: allow\n"
	  "      names: [write, exit_group, getppid]\n"
	  "    - action: errno(3001)\n"
	  "      names: [getpgid, setuid, kill, mount, ptrace, bpf, statx]\n"
	  "    - action: errno(3002)\n"
	  "      names: [read, futex, clone3, socket, openat2, "
	  "io_uring_setup]\n" },
	/* Arguments of getppid, which looks at none: the kernel never does. */
	{ "arguments",
	  "seccomp:\n"
	  "  architectures: [%s]\n"
	  "  default_action: allow\n"
	  "  syscalls:\n"
	  "    - action: errno(3101)\n"
	  "      names_with_args:\n"
	  "        - {name: getppid, arguments: [{argument: 0, operation: "
	  "Equal, "
	  "value: 0x1234}]}\n"
	  "    - action: errno(3102)\n"
	  "      names_with_args:\n"
	  "        - {name: getppid, arguments: [{argument: 1, operation: "
	  "GreaterThan, value: 0x700}, {argument: 1, operation: LessThan, "
	  "value: "
	  "0x10000}]}\n"
	  "    - action: errno(3103)\n"
	  "      names_with_args:\n"
	  "        - {name: getppid, arguments: [{argument: 5, operation: "
	  "MaskedEqual, mask: 0xf0f0, value: 0x5050}]}\n"
	  "    - action: errno(3104)\n"
	  "      names_with_args:\n"
	  "        - {name: getppid, arguments: [{argument: 2, operation: "
	  "Equal, "
	  "value: 0x1122334455667788}]}\n"
	  "    - action: errno(3105)\n"
	  "      names_with_args:\n"
	  "        - {name: getppid, arguments: [{argument: 3, operation: "
	  "GreaterOrEqual, value: 0x1000000000}]}\n"
	  "    - action: errno(3106)\n"
	  "      names_with_args:\n"
	  "        - {name: getppid, arguments: [{argument: 4, operation: "
	  "BitsSet, value: 0x4000000000000001}]}\n" },
};

static const uint64_t values[] = {
	0,
	1,
	0x1233,
	0x1234,
	0x1235,
	0x700,
	0x701,
	0xffff,
	0x10000,
	0x5050,
	0x5f5f,
	0x6050,
	0x7fffffff,
	0x55667788,
	0x1122334455667788,
	0x11223344,
	0xfffffffff,
	0x1000000000,
	0x4000000000000000,
	0x1122334455667789,
};

static void die(const char *what, const struct cg_error *err)
{
	fprintf(stderr, "tables: %s: %s\n", what, err ? err->message : "");
	exit(EXIT_FAILURE);
}

static struct cg_policy *read_policy(const char *text, const struct cg_abi *abi)
{
	const struct cg_policy_options options = { .native = abi };
	struct cg_policy *policy = NULL;
	struct cg_error err;

	if (cg_policy_parse(text, strlen(text), "policy", &options, &policy,
			    &err) != CG_OK)
		die("policy", &err);
	return policy;
}

static void write_program(const char *name, const struct cg_program *program)
{
	const struct cg_insn *insns;
	size_t count;

	insns = cg_program_insns(program, &count);
	printf("static const struct sock_filter filter_%s[] = {\n", name);
	for (size_t i = 0; i < count; i++)
		printf("\t{ 0x%x, %u, %u, 0x%" PRIx32 " },\n", insns[i].code,
		       insns[i].jt, insns[i].jf, insns[i].k);
	printf("};\n");
}

static void write_filter(const char *name, const struct cg_policy *policy)
{
	struct cg_program *program = NULL;
	struct cg_error err;

	if (cg_compile(policy, NULL, &program, &err) != CG_OK)
		die(name, &err);
	write_program(name, program);
	cg_program_free(program);
}

static void
write_row(const struct cg_policy *policy, const struct cg_call *call)
{
	printf("\t{ %" PRIu32 "u, { ", call->nr);
	for (size_t i = 0; i < 6; i++)
		printf("0x%" PRIx64 "ull, ", call->args[i]);
	printf("}, 0x%" PRIx32 " },\n", cg_policy_decide(policy, call));
}

static uint32_t number(const char *name, const struct cg_abi *abi)
{
	uint32_t nr;

	if (!cg_syscall_number(cg_syscall_by_name(name), abi, &nr))
		die(name, NULL);
	return nr;
}

static bool passes_any_filter(const struct cg_abi *abi, uint32_t nr)
{
	return cg_unfilterable_since(abi, nr) != 0;
}

static bool is_named(const struct cg_abi *abi, uint32_t nr, const char *name)
{
	const struct cg_syscall *call = cg_syscall_at(abi, nr);

	return call && strcmp(call->name, name) == 0;
}

static void write_indirect(const struct cg_policy *policy,
			   const struct cg_abi *abi, uint32_t nr)
{
	const struct cg_call meant = { .arch = abi->audit_arch,
				       .nr = number("read", abi) };

	printf("\t{ %" PRIu32 "u, { %" PRIu32 "u }, 0x%" PRIx32 " },\n", nr,
	       meant.nr, cg_policy_decide(policy, &meant));
}

/* What is let through must do no harm: one call stands for all. */
static void
write_numbers(const struct cg_policy *policy, const struct cg_abi *abi)
{
	uint32_t harmless = number("getppid", abi);
	struct cg_call call = { .arch = abi->audit_arch };

	printf("static const struct row rows_numbers[] = {\n");
	for (uint32_t i = 0; i < NUMBERS; i++) {
		call.nr = (harmless & ~(uint32_t)(NUMBERS - 1)) + i;
		/* MIPS counts from 4000, 5000 and 6000. */
		if (harmless >= 4000 && harmless < 7000)
			call.nr = harmless / 1000 * 1000 + i;
		if (passes_any_filter(abi, call.nr))
			continue;
		/* MIPS shows a filter what its syscall(number) stands for. */
		if (is_named(abi, call.nr, "syscall")) {
			write_indirect(policy, abi, call.nr);
			continue;
		}
		if (call.nr == harmless ||
		    cg_policy_decide(policy, &call) != CG_RET_ALLOW)
			write_row(policy, &call);
	}
	printf("};\n");
}

static bool fits(uint64_t value, const struct cg_abi *abi, bool long32)
{
	return (abi->bits == 64 && !long32) || value <= INT32_MAX;
}

static void
write_arguments(const struct cg_policy *policy, const struct cg_abi *abi)
{
	struct cg_call call = { .arch = abi->audit_arch,
				.nr = number("getppid", abi) };
	/* Where a register is wider than what libc's syscall(3) takes. */
	bool long32 = strcmp(abi->name, "x32") == 0 ||
		      strstr(abi->name, "n32") != NULL;

	printf("static const struct row rows_arguments[] = {\n");
	for (size_t arg = 0; arg < 6; arg++)
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]);
		     i++) {
			if (!fits(values[i], abi, long32))
				continue;
			memset(call.args, 0, sizeof(call.args));
			call.args[arg] = values[i];
			write_row(policy, &call);
		}
	printf("};\n");
}

static void
write_preset(const char *name, const char *preset, const struct cg_abi *abi)
{
	const struct cg_policy_options options = { .native = abi };
	struct cg_policy *policy = NULL;
	struct cg_error err;

	if (cg_policy_preset(preset, &options, &policy, &err) != CG_OK)
		die(preset, &err);
	write_filter(name, policy);
	cg_policy_free(policy);
}

static void write_one_call(const char *name, const char *call,
			   const char *action, const struct cg_abi *abi)
{
	struct cg_policy *policy;
	char text[256];

	snprintf(text, sizeof(text),
		 "{seccomp: {architectures: [%s], default_action: allow, "
		 "syscalls: [{action: %s, names: %s}]}}",
		 abi->name, action, call);
	policy = read_policy(text, abi);
	write_filter(name, policy);
	cg_policy_free(policy);
}

static void
name_architectures(const char *text, const char *names, char *out, size_t size)
{
	const char *at = strstr(text, "%s");

	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, names, at + 2);
}

/* The ABI itself, or with it that of its kernel. */
static void write_tables(const struct cg_abi *abi, const char *architectures)
{
	struct cg_policy *policy;
	char text[4096];

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		name_architectures(policies[i].text, architectures, text,
				   sizeof(text));
		policy = read_policy(text, abi);
		write_filter(policies[i].name, policy);
		if (i == 0)
			write_numbers(policy, abi);
		else
			write_arguments(policy, abi);
		cg_policy_free(policy);
	}
	write_one_call("trap", "getppid", "trap(77)", abi);
	write_one_call("kill", "getppid", "kill_process", abi);
	write_one_call("errno", "getppid", "errno(3333)", abi);
	write_one_call("notify", "getppid", "notify", abi);
	write_preset("no_new_processes", "no-new-processes", abi);
	write_preset("no_exec", "no-exec", abi);
}

static void write_elastic(const struct cg_abi *abi)
{
	struct cg_program *program = NULL;
	struct cg_error err;

	if (cg_program_no_exec(abi, &program, &err) != CG_OK)
		return;
	printf("#define HAS_ELASTIC 1\n");
	write_program("elastic", program);
	cg_program_free(program);
}

int main(int argc, char **argv)
{
	const struct cg_abi *abi = argc == 3 ? cg_abi_by_name(argv[1]) : NULL;
	const struct cg_abi *kernel =
		argc == 3 ? cg_abi_by_name(argv[2]) : NULL;
	char both[128];

	if (!abi || !kernel) {
		fprintf(stderr, "usage: tables ABI KERNEL-ABI\n");
		return 2;
	}
	snprintf(both, sizeof(both), "%s%s%s", abi->name,
		 kernel == abi ? "" : ", ", kernel == abi ? "" : kernel->name);
	printf("#define ABI_NAME \"%s\"\n#define ABI_ARCH 0x%" PRIx32
	       "u\n#define NR_GETPPID %" PRIu32 "u\n",
	       abi->name, abi->audit_arch, number("getppid", abi));
	write_tables(abi, both);
	write_elastic(abi);
	return 0;
}
