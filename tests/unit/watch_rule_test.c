/*
 * watch/rule: what a filter has for a call that it did not allow, in words. A
 * row is a policy, a call, its answer, and the line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/policy.h>
#include <callgate/program.h>

#include "tap.h"
#include "watch/rule.h"

#define ALLOWS                                                         \
	"seccomp: {default_action: errno, syscalls: [{action: allow,"  \
	" names: [read, write], rules: ['socket({AF_UNIX, AF_INET})'," \
	" 'personality(0)']}]}"
#define KILLS                                                 \
	"seccomp: {default_action: kill_process, syscalls: [" \
	"{action: allow, names: [read, write]}]}"
#define REFUSES                                                       \
	"seccomp: {default_action: allow, syscalls: [{action: errno," \
	" rules: ['socket(AF_ALG)']}, {action: kill_process,"         \
	" names: [mount]}, {action: trap, rules:"                     \
	" ['clone(&CLONE_NEWUSER == CLONE_NEWUSER)']}]}"

static const struct row {
	const char *policy, *call;
	uint32_t answer;
	const char *want; /* NULL: nothing can be said */
} rows[] = {
	{ ALLOWS, "bpf", CG_RET_ERRNO | EPERM, "errno(EPERM) to bpf" },
	{ ALLOWS, "personality", CG_RET_ERRNO | EPERM,
	  "errno(EPERM) to personality(personality >= 1)" },
	{ ALLOWS, "socket", CG_RET_ERRNO | EPERM,
	  "errno(EPERM) to socket(family not in {AF_UNIX, AF_INET})" },
	{ ALLOWS, "bpf", CG_RET_ERRNO | EACCES, NULL },
	{ KILLS, "bpf", CG_RET_KILL_PROCESS,
	  "default kill_process: no rule is for bpf" },
	{ REFUSES, "socket", CG_RET_ERRNO | EPERM,
	  "errno(EPERM) to socket(family == AF_ALG)" },
	{ REFUSES, "mount", CG_RET_KILL_PROCESS, "kill_process to mount" },
	{ REFUSES, "clone", CG_RET_TRAP,
	  "trap to clone(clone_flags & CLONE_NEWUSER == CLONE_NEWUSER)" },
};

static struct cg_program *compile(const char *text)
{
	struct cg_policy *policy = NULL;
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };

	if (cg_policy_parse(text, strlen(text), "row", NULL, &policy, &err) !=
		    CG_OK ||
	    cg_compile(policy, NULL, &program, &err) != CG_OK)
		tap_note("%s", err.message);
	cg_policy_free(policy);
	return program;
}

static void check(struct tap *tap, const struct row *row)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");
	struct cg_program *program = compile(row->policy);
	const struct cg_insn *insns = NULL;
	size_t count = 0;
	uint32_t nr = 0;
	struct buf got = { 0 };

	if (program)
		insns = cg_program_insns(program, &count);
	if (program &&
	    cg_syscall_number(cg_syscall_by_name(row->call), abi, &nr))
		rule_write(insns, count, abi->audit_arch, nr, row->answer,
			   &got);
	tap_ok(tap,
	       program &&
		       (row->want ? got.text && strcmp(got.text, row->want) == 0
				  : !got.length),
	       "%s: %s", row->call, row->want ? row->want : "nothing");
	if (got.length)
		tap_note("%s", got.text);
	buf_free(&got);
	cg_program_free(program);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&tap, &rows[i]);
	return tap_done(&tap);
}
