#include "rules.h"

#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/insn.h"

enum { SETTLE_MAX = 250 };

/* ------------------------------------------------------------ as a policy --
 */

static void write_action(struct buf *out, uint32_t answer)
{
	static const struct {
		uint32_t action;
		const char *name;
		bool data;
	} rows[] = {
		{ CG_RET_ALLOW, "allow", false },
		{ CG_RET_LOG, "log", false },
		{ CG_RET_ERRNO, "errno", true },
		{ CG_RET_TRACE, "trace", true },
		{ CG_RET_TRAP, "trap", false },
		{ CG_RET_KILL_THREAD, "kill_thread", false },
		{ CG_RET_KILL_PROCESS, "kill_process", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].action != (answer & CG_RET_ACTION))
			continue;
		buf_puts(out, rows[i].name);
		if (rows[i].data)
			buf_printf(out, "(%" PRIu32 ")", answer & CG_RET_DATA);
		buf_puts(out, "\n");
	}
}

static void write_rule(struct buf *out, const struct rule *rule)
{
	buf_printf(out, "      - name: %s\n        arguments:\n", rule->name);
	for (size_t i = 0; i < rule->count; i++) {
		const struct condition *condition = &rule->conditions[i];

		if (condition->mask == UINT64_MAX)
			buf_printf(out,
				   "        - {argument: %u, operation: Equal, "
				   "value: %" PRIu64 "}\n",
				   condition->argument, condition->value);
		else
			buf_printf(out,
				   "        - {argument: %u, operation: "
				   "MaskedEqual, mask: 0x%" PRIx64
				   ", value: 0x%" PRIx64 "}\n",
				   condition->argument, condition->mask,
				   condition->value);
	}
}

/* All rules with this answer: as no two answers share a call, in any order. */
static void
write_group(struct buf *out, const struct rules *rules, uint32_t answer)
{
	bool plain = false, conditions = false;

	buf_puts(out, "  - action: ");
	write_action(out, answer);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->at[i];

		if (rule->answer != answer || rule->count)
			continue;
		buf_printf(out, plain ? ", %s" : "    names: [%s", rule->name);
		plain = true;
	}
	buf_puts(out, plain ? "]\n" : "");
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->at[i];

		if (rule->answer != answer || !rule->count)
			continue;
		buf_puts(out, conditions ? "" : "    names_with_args:\n");
		write_rule(out, rule);
		conditions = true;
	}
}

void rules_text(const struct rules *rules, struct buf *out)
{
	buf_puts(out, "seccomp:\n  default_action: ");
	write_action(out, rules->otherwise);
	buf_puts(out, "  unknown: ");
	write_action(out, rules->otherwise);
	buf_puts(out, "  foreign: ");
	if (rules->elastic)
		buf_puts(out, "elastic\n");
	else
		write_action(out, rules->foreign);
	buf_puts(out, "  architectures: [");
	for (size_t i = 0; i < RULES_ABIS && rules->abis[i]; i++)
		buf_printf(out, "%s%s", i ? ", " : "", rules->abis[i]);
	buf_puts(out, "]\n  syscalls:\n");
	for (size_t i = 0; i < rules->count; i++) {
		size_t before = 0;

		while (rules->at[before].answer != rules->at[i].answer)
			before++;
		if (before == i)
			write_group(out, rules, rules->at[i].answer);
	}
}

/* ---------------------------------------------------------- to libseccomp --
 */

static uint32_t token_of(const char *abi)
{
	static const struct {
		const char *name;
		uint32_t token;
	} rows[] = {
		{ "x86_64", SCMP_ARCH_X86_64 },
		{ "i386", SCMP_ARCH_X86 },
		{ "x32", SCMP_ARCH_X32 },
		{ "aarch64", SCMP_ARCH_AARCH64 },
		{ "s390x", SCMP_ARCH_S390X },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, abi) == 0)
			return rows[i].token;
	abort(); /* a row of a test names an ABI that has no row here */
}

/* The order of the two matters: all must be of one byte order at any time. */
static int set_architectures(scmp_filter_ctx filter, const struct rules *rules)
{
	const uint32_t native = seccomp_arch_native();
	bool keep = false;
	int rc = 0;

	for (size_t i = 0; i < RULES_ABIS && rules->abis[i]; i++)
		keep |= token_of(rules->abis[i]) == native;
	if (!keep)
		rc = seccomp_arch_remove(filter, native);
	for (size_t i = 0; !rc && i < RULES_ABIS && rules->abis[i]; i++)
		if (token_of(rules->abis[i]) != native)
			rc = seccomp_arch_add(filter, token_of(rules->abis[i]));
	return rc;
}

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
	struct scmp_arg_cmp compares[RULES_CONDITIONS];

	for (size_t i = 0; i < rule->count; i++) {
		const struct condition *condition = &rule->conditions[i];
		bool whole = condition->mask == UINT64_MAX;

		compares[i] = (struct scmp_arg_cmp){
			.arg = condition->argument,
			.op = whole ? SCMP_CMP_EQ : SCMP_CMP_MASKED_EQ,
			.datum_a = whole ? condition->value : condition->mask,
			.datum_b = whole ? 0 : condition->value,
		};
	}
	return seccomp_rule_add_array(filter, rule->answer,
				      seccomp_syscall_resolve_name(rule->name),
				      (unsigned)rule->count, compares);
}

static struct cg_program *export(scmp_filter_ctx filter, bool big_endian)
{
	struct cg_program *program = NULL;
	FILE *file = tmpfile();
	struct cg_error err;
	char *bytes = NULL;
	long length = -1;

	if (file && seccomp_export_bpf(filter, fileno(file)) == 0)
		length = (long)lseek(fileno(file), 0, SEEK_END);
	if (length > 0)
		bytes = malloc((size_t)length);
	if (bytes && pread(fileno(file), bytes, (size_t)length, 0) == length &&
	    cg_program_from_bytes(bytes, (size_t)length, big_endian, &program,
				  &err) != CG_OK)
		printf("# %s\n", err.message);
	free(bytes);
	if (file)
		fclose(file);
	return program;
}

struct cg_program *rules_peer(const struct rules *rules, const char **what)
{
	scmp_filter_ctx filter = seccomp_init(rules->otherwise);
	const struct cg_abi *abi = cg_abi_by_name(rules->abis[0]);
	struct cg_program *program = NULL;

	*what = "seccomp_init";
	if (!filter)
		return NULL;
	*what = "seccomp_arch_add";
	if (set_architectures(filter, rules))
		goto done;
	*what = "seccomp_attr_set";
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, rules->foreign) ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE,
			     (uint32_t)rules->level))
		goto done;
	for (size_t i = 0; i < rules->count; i++) {
		*what = rules->at[i].name;
		if (add_rule(filter, &rules->at[i]))
			goto done;
	}
	*what = "seccomp_export_bpf";
	program = export(filter, abi->big_endian);
done:
	seccomp_release(filter);
	return program;
}

bool rules_shared(const struct rules *rules, const struct cg_syscall *call)
{
	for (size_t i = 0; i < RULES_ABIS && rules->abis[i]; i++) {
		const struct cg_abi *abi = cg_abi_by_name(rules->abis[i]);
		int theirs = seccomp_syscall_resolve_name_arch(
			token_of(rules->abis[i]), call->name);
		uint32_t ours;

		if (!cg_syscall_number(call, abi, &ours) || theirs < 0 ||
		    (uint32_t)theirs != ours)
			return false;
	}
	return true;
}

/* ------------------------------------------------------- where they differ --
 */

static bool covers(const struct rules *rules, const char *abi)
{
	for (size_t i = 0; i < RULES_ABIS && rules->abis[i]; i++)
		if (strcmp(rules->abis[i], abi) == 0)
			return true;
	return false;
}

/* Whether libseccomp looks at the upper halves of arguments. */
static bool has_upper_halves(const char *abi)
{
	return strcmp(abi, "i386") != 0 && strcmp(abi, "x32") != 0;
}

static struct cg_insn *settle_upper_halves(const struct rules *rules,
					   const char *name, struct cg_insn *at)
{
	const struct cg_abi *abi = cg_abi_by_name(name);

	*at++ = (struct cg_insn){ LD_ABS, 0, 0, 4 };
	*at++ = (struct cg_insn){ JEQ_K, 0, 20, abi->audit_arch };
	*at++ = (struct cg_insn){ LD_ABS, 0, 0, 0 };
	*at++ = (struct cg_insn){ JGE_K, 0, 18, abi->nr_first };
	for (uint32_t i = 0; i < 6; i++) {
		*at++ = (struct cg_insn){ LD_ABS, 0, 0, 20 + 8 * i };
		*at++ = (struct cg_insn){ JEQ_K, 1, 0, 0 };
		*at++ = (struct cg_insn){ RET_K, 0, 0, rules->otherwise };
	}
	return at;
}

/* The numbers that the neighbour has, but not this ABI, in its own form. */
static struct cg_insn *
settle_neighbour(const struct rules *rules, const char *name, const char *other,
		 struct cg_insn *at)
{
	const struct cg_abi *abi = cg_abi_by_name(name);
	const struct cg_abi *neighbour = cg_abi_by_name(other);
	const struct cg_syscall *call;
	struct cg_insn *past;
	uint32_t nr;

	*at++ = (struct cg_insn){ LD_ABS, 0, 0, 4 };
	*at++ = (struct cg_insn){ JEQ_K, 1, 0, abi->audit_arch };
	past = at++;
	*at++ = (struct cg_insn){ LD_ABS, 0, 0, 0 };
	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		if (!cg_syscall_number(call, neighbour, &nr) ||
		    cg_syscall_at(abi, nr ^ 0x40000000))
			continue;
		*at++ = (struct cg_insn){ JEQ_K, 0, 1, nr ^ 0x40000000 };
		*at++ = (struct cg_insn){ RET_K, 0, 0, rules->otherwise };
	}
	*past = (struct cg_insn){ JA, 0, 0, (uint32_t)(at - past - 1) };
	return at;
}

/* The tests that come before a program; how many instructions. */
static size_t settle_first(const struct rules *rules, struct cg_insn *out)
{
	struct cg_insn *at = out;

	if (covers(rules, "x86_64") && !covers(rules, "x32")) {
		*at++ = (struct cg_insn){ LD_ABS, 0, 0, 4 };
		*at++ = (struct cg_insn){ JEQ_K, 0, 3, SCMP_ARCH_X86_64 };
		*at++ = (struct cg_insn){ LD_ABS, 0, 0, 0 };
		*at++ = (struct cg_insn){ JGE_K, 0, 1, 0x80000000 };
		*at++ = (struct cg_insn){ RET_K, 0, 0, rules->otherwise };
	}
	if (covers(rules, "x86_64") && covers(rules, "x32")) {
		at = settle_neighbour(rules, "x86_64", "x32", at);
		at = settle_neighbour(rules, "x32", "x86_64", at);
	}
	for (size_t i = 0; i < RULES_ABIS && rules->abis[i]; i++)
		if (!has_upper_halves(rules->abis[i]))
			at = settle_upper_halves(rules, rules->abis[i], at);
	return (size_t)(at - out);
}

struct cg_program *
rules_settle(const struct rules *rules, const struct cg_program *program)
{
	const bool big_endian = cg_program_big_endian(program);
	struct cg_program *settled = NULL;
	const struct cg_insn *insns;
	struct cg_insn *joined;
	struct cg_error err;
	size_t count, first;

	insns = cg_program_insns(program, &count);
	joined = malloc((SETTLE_MAX + count) * sizeof(*joined));
	if (!joined)
		return NULL;
	first = settle_first(rules, joined);
	memcpy(joined + first, insns, count * sizeof(*insns));
	if (cg_program_from_insns(joined, first + count, big_endian, &settled,
				  &err) != CG_OK)
		printf("# %s\n", err.message);
	free(joined);
	return settled;
}
