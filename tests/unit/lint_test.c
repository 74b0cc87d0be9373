/*
 * Each check of lint, on a filter that it is for and on one that it is not for.
 */
#include <string.h>

#include <callgate/callgate.h>

#include "bpf/asm.h"
#include "bpf_random.h"
#include "tap.h"

/* What leads every policy here, and every program. */
#define ALLOW "seccomp:\n  default_action: allow\n  syscalls:\n"
#define DENY                                                   \
	"seccomp:\n  default_action: errno\n  errno: ENOSYS\n" \
	"  syscalls:\n"
#define NATIVE                                            \
	"ld [4]\njeq #0xc000003e, nr, kill\nnr: ld [0]\n" \
	"jset #0x40000000, kill, more\nmore: "
#define PROFILE "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
#define ALLOWED "\"action\": \"SCMP_ACT_ALLOW\""
#define ENDS "no: ret #0x50001\nkill: ret #0x80000000\nyes: ret #0x7fff0000\n"

/*
 * One of the check's findings has the severity `want`, and `words` stand in its
 * message; with "" there is none.
 */
static const struct row {
	const char *check, *name, *text, *want, *words;
	const char *runtime;
	int no_new_privs;
} rows[] = {
	/* ---------------------------------------------------- other ABIs -- */
	{ "other-abi", "a filter that lets other architectures pass",
	  "ld [4]\njeq #0xc000003e, nr, yes\nnr: ld [0]\njset #0x40000000, no, "
	  "more\nmore: jeq #49, no, yes\n" ENDS,
	  "error", "i386 is not filtered at all", NULL, 0 },
	{ "other-abi", "a filter that does not look at the x32 bit",
	  "ld [4]\njeq #0xc000003e, nr, kill\nnr: ld [0]\njeq #49, no, "
	  "yes\n" ENDS,
	  "warning", "x32 is not filtered at all", NULL, 0 },
	{ "other-abi", "a filter that looks at numbers alone",
	  "ld [0]\njeq #49, no, yes\n" ENDS, "error", "i386", NULL, 0 },
	{ "other-abi", "a block list in the policy language",
	  ALLOW "  - {action: errno, names: [bind]}\n", "", "", NULL, 0 },
	{ "other-abi", "a filter that allows everything", "ret #0x7fff0000\n",
	  "", "", NULL, 0 },
	{ "abi-killed", "an allow list for the native ABI",
	  NATIVE "jeq #49, no, yes\n" ENDS, "note", "i386 programs", NULL, 0 },
	{ "abi-killed", "a block list for all",
	  ALLOW "  - {action: errno, names: [bind]}\n", "", "", NULL, 0 },
	/* -------------------------------------------------- multiplexers -- */
	{ "multiplexer", "bind refused, and socketcall not",
	  "ld [4]\njeq #0xc000003e, nr, i386\nnr: ld [0]\njset #0x40000000, "
	  "no, "
	  "n\nn: jeq #49, no, yes\ni386: ld [0]\njeq #361, no, yes\n" ENDS,
	  "error", "socketcall makes calls that are refused: bind", NULL, 0 },
	{ "multiplexer", "a condition on socket, and socketcall without",
	  "ld [4]\njeq #0xc000003e, nr, i386\nnr: ld [0]\njset #0x40000000, "
	  "no, "
	  "n\nn: jeq #41, fam, yes\ni386: ld [0]\njeq #359, fam, yes\n"
	  "fam: ld [16]\njeq #2, no, yes\n" ENDS,
	  "warning", "gets round the conditions on socket", NULL, 0 },
	{ "multiplexer", "semop refused, and ipc not",
	  "ld [4]\njeq #0xc000003e, nr, i386\nnr: ld [0]\njset #0x40000000, "
	  "no, "
	  "n\nn: jeq #65, no, yes\ni386: ret #0x7fff0000\n" ENDS,
	  "", "", NULL, 0 }, /* i386 is open as a whole: that was said */
	{ "multiplexer", "bind refused in the policy language",
	  ALLOW "  - {action: errno, names: [bind]}\n", "", "", NULL, 0 },
	/* ------------------------------------------------------ siblings -- */
	{ "siblings", "mkdir without mkdirat",
	  ALLOW "  - {action: errno, names: [mkdir]}\n", "error",
	  "making folders: refused: mkdir; let through: mkdirat", NULL, 0 },
	{ "siblings", "chmod and fchmodat without fchmodat2",
	  ALLOW "  - {action: errno, names: [chmod, fchmodat]}\n", "error",
	  "let through: fchmodat2", NULL, 0 },
	{ "siblings", "a condition on openat, and open without",
	  ALLOW
	  "  - action: errno\n    rules: ['openat(_, _, &O_ACCMODE != 0)']"
	  "\n",
	  "error", "under conditions: openat; let through: open", NULL, 0 },
	{ "siblings", "refused in an allow list, with an errno of its own",
	  DENY "  - {action: errno, errno: EPERM, names: [mkdir]}\n"
	       "  - {action: allow, names: [mkdirat]}\n",
	  "error", "making folders", NULL, 0 },
	{ "siblings", "not named in an allow list",
	  DENY "  - {action: allow, names: [mkdirat, openat]}\n", "", "", NULL,
	  0 },
	{ "siblings", "answered with ENOSYS",
	  ALLOW "  - {action: errno, errno: ENOSYS, names: [openat2]}\n", "",
	  "", NULL, 0 },
	{ "siblings", "all alike",
	  ALLOW "  - {action: errno, names: [mkdir, mkdirat]}\n", "", "", NULL,
	  0 },
	{ "siblings", "no fork, but clone",
	  ALLOW "  - {action: errno, names: [fork, vfork]}\n", "warning",
	  "starting processes", NULL, 0 },
	/* -------------------------------------------------------- clone3 -- */
	{ "clone3", "clone under conditions, clone3 open",
	  ALLOW
	  "  - action: errno\n    rules: ['clone(&CLONE_NEWUSER != 0)']\n",
	  "error", "clone3 does the same", NULL, 0 },
	{ "clone3", "clone3 refused with EPERM",
	  ALLOW "  - {action: errno, names: [clone3]}\n", "warning",
	  "errno(EPERM), not with ENOSYS", NULL, 0 },
	{ "clone3", "clone3 answered with ENOSYS",
	  ALLOW
	  "  - {action: errno, errno: ENOSYS, names: [clone3]}\n"
	  "  - action: errno\n    rules: ['clone(&CLONE_NEWUSER != 0)']\n",
	  "", "", NULL, 0 },
	{ "clone3", "neither",
	  ALLOW "  - {action: errno, names: [clone, clone3]}"
		"\n",
	  "", "", NULL, 0 },
	/* ------------------------------------------------------ io_uring -- */
	{ "io-uring", "connect refused, rings open",
	  ALLOW "  - {action: errno, names: [connect]}\n", "error", "connect",
	  NULL, 0 },
	{ "io-uring", "connect and rings refused",
	  ALLOW "  - {action: errno, names: [connect, io_uring_setup]}\n", "",
	  "", NULL, 0 },
	{ "io-uring", "nothing refused that rings do",
	  ALLOW "  - {action: errno, names: [ptrace]}\n", "", "", NULL, 0 },
	/* ------------------------------------------------- reach-others -- */
	{ "reach-others", "ptrace open",
	  ALLOW "  - {action: errno, names: [connect, pidfd_getfd]}\n",
	  "warning", "ptrace, process_vm_writev", NULL, 0 },
	{ "reach-others", "in a container it has itself to reach alone",
	  ALLOW "  - {action: errno, names: [connect]}\n", "note", "ptrace",
	  "runc", 0 },
	{ "reach-others", "all of them refused",
	  ALLOW "  - action: errno\n"
		"    names: [ptrace, process_vm_writev, pidfd_getfd]\n",
	  "", "", NULL, 0 },
	/* --------------------------------------------------- width, sign -- */
	{ "width", "a family that is refused, as 64 bits",
	  ALLOW
	  "  - action: errno\n    names_with_args:\n      - name: socket\n"
	  "        arguments:\n          - {argument: 0, operation: Equal,"
	  " value: 16}\n",
	  "error", "as 32 bits, and this compares 64", NULL, 0 },
	{ "width", "the same in a filter",
	  NATIVE "jeq #41, high, yes\nhigh: ld [20]\njeq #0, low, yes\n"
		 "low: ld [16]\njeq #16, no, yes\n" ENDS,
	  "error", "as in 0x100000010", NULL, 0 },
	{ "width", "values above one, as in an allow list",
	  NATIVE "jeq #41, high, no\nhigh: ld [20]\njeq #0, low, yes\n"
		 "low: ld [16]\njgt #40, yes, no\n" ENDS,
	  "error", "a value that is refused passes", NULL, 0 },
	{ "width", "a value that is allowed, as 64 bits",
	  NATIVE "jeq #41, high, no\nhigh: ld [20]\njeq #0, low, no\n"
		 "low: ld [16]\njeq #1, yes, no\n" ENDS,
	  "note", "a value that is allowed is refused", NULL, 0 },
	{ "width", "a rule of one line",
	  ALLOW "  - action: errno\n    rules: ['socket(AF_NETLINK)']\n", "",
	  "", NULL, 0 },
	{ "width", "an argument of 64 bits",
	  NATIVE "jeq #56, high, yes\nhigh: ld [20]\njeq #0, low, no\n"
		 "low: ld [16]\njset #0x7e020000, no, yes\n" ENDS,
	  "", "", NULL, 0 },
	{ "sign", "-1 as a long, allowed",
	  NATIVE "jeq #62, high, no\nhigh: ld [20]\njeq #0xffffffff, low, no\n"
		 "low: ld [16]\njeq #0xffffffff, yes, no\n" ENDS,
	  "warning", "a negative pid", NULL, 0 },
	{ "sign", "-1 as an int, refused",
	  NATIVE "jeq #62, high, yes\nhigh: ld [20]\njeq #0, low, yes\n"
		 "low: ld [16]\njeq #0xffffffff, no, yes\n" ENDS,
	  "warning", "a negative pid", NULL, 0 },
	{ "sign", "-1 in a rule of one line",
	  ALLOW "  - action: errno\n    rules: ['kill(-1)']\n", "", "", NULL,
	  0 },
	/* ------------------------------------------------------- answers -- */
	{ "errno-range", "5000",
	  NATIVE "jeq #49, e, yes\ne: ret #0x51388\n" ENDS, "error",
	  "5000 is out of range", NULL, 0 },
	{ "errno-range", "0", NATIVE "jeq #49, e, yes\ne: ret #0x50000\n" ENDS,
	  "warning", "errno 0 is no refusal", NULL, 0 },
	{ "errno-range", "4095",
	  NATIVE "jeq #49, e, yes\ne: ret #0x50fff\n" ENDS, "", "", NULL, 0 },
	{ "needs-enosys", "faccessat2 refused with EPERM",
	  ALLOW "  - {action: errno, names: [faccessat2]}\n", "warning",
	  "libc tries faccessat2", NULL, 0 },
	{ "needs-enosys", "with ENOSYS",
	  ALLOW "  - {action: errno, errno: ENOSYS, names: [faccessat2]}\n", "",
	  "", NULL, 0 },
	{ "needs-enosys", "with what it would fall back on",
	  ALLOW "  - {action: errno, names: [faccessat, faccessat2]}\n", "", "",
	  NULL, 0 },
	{ "new-calls", "an allow list that answers EPERM",
	  NATIVE "jge #300, no, yes\n" ENDS, "note", "errno(EPERM)", NULL, 0 },
	{ "new-calls", "one that answers ENOSYS",
	  DENY "  - {action: allow, names: [read]}\n", "", "", NULL, 0 },
	{ "end", "exit_group refused",
	  ALLOW "  - {action: errno, names: [exit_group]}\n", "error",
	  "exit_group is refused", NULL, 0 },
	{ "end", "rt_sigreturn refused",
	  ALLOW "  - {action: errno, names: [rt_sigreturn]}\n", "error",
	  "first signal handler", NULL, 0 },
	{ "end", "exit alone refused",
	  ALLOW "  - {action: errno, names: [exit]}\n", "warning", "a thread",
	  NULL, 0 },
	{ "end", "none of them", ALLOW "  - {action: errno, names: [execve]}\n",
	  "", "", NULL, 0 },
	/* ----------------------------------------------- runtime's needs -- */
	{ "runtime-needs", "runc, without write",
	  ALLOW "  - {action: errno, names: [write]}\n", "error",
	  "runc itself calls write under the filter with no_new_privs", "runc",
	  -1 },
	{ "runtime-needs", "docker runs runc",
	  ALLOW "  - {action: errno, names: [capset]}\n", "error",
	  "runc itself calls capset under the filter without no_new_privs",
	  "docker", 0 },
	{ "runtime-needs", "which needs no capset with no_new_privs",
	  ALLOW "  - {action: errno, names: [capset]}\n", "", "", "docker", 1 },
	{ "runtime-needs", "crun, with no_new_privs, needs execve alone",
	  DENY "  - {action: allow, names: [execve, exit_group, exit]}\n", "",
	  "", "crun", 1 },
	{ "runtime-needs", "... and close where the default kills",
	  NATIVE "jeq #59, yes, kill\n" ENDS, "error",
	  "crun itself calls close", "crun", 1 },
	{ "runtime-needs", "bubblewrap, without execve",
	  ALLOW "  - {action: errno, names: [execve]}\n", "error", "execve",
	  "bubblewrap", 0 },
	{ "runtime-needs", "nobody said who runs it",
	  ALLOW "  - {action: errno, names: [write]}\n", "", "", NULL, 0 },
	/* -------------------------------------------------------- others -- */
	{ "trace", "a call for a tracer",
	  ALLOW "  - {action: trace, data: 3, names: [mkdir]}\n", "warning",
	  "without a tracer", NULL, 0 },
	{ "trace", "none", ALLOW "  - {action: errno, names: [mkdir]}\n", "",
	  "", NULL, 0 },
	{ "notify", "write", ALLOW "  - {action: user_notif, names: [write]}\n",
	  "error", "waits for itself", NULL, 0 },
	{ "notify", "everything else",
	  NATIVE "jge #300, ask, yes\nask: ret #0x7fc00000\n" ENDS, "warning",
	  "every call that is not named", NULL, 0 },
	{ "notify", "mount", ALLOW "  - {action: user_notif, names: [mount]}\n",
	  "", "", NULL, 0 },
	{ "more-filters", "prctl and seccomp",
	  ALLOW "  - {action: errno, names: [bind]}\n", "note",
	  "seccomp, prctl", NULL, 0 },
	{ "more-filters", "neither",
	  ALLOW "  - {action: errno, names: [seccomp, prctl]}\n", "", "", NULL,
	  0 },
	{ "unfilterable", "uretprobe refused",
	  ALLOW "  - {action: errno, names: [uretprobe]}\n", "warning",
	  "passes every filter", NULL, 0 },
	{ "unfilterable", "allowed",
	  ALLOW "  - {action: errno, names: [bind]}\n", "", "", NULL, 0 },
	{ "shadowed", "a rule behind one that matches always",
	  ALLOW "  - {action: errno, names: [bind]}\n"
		"  - {action: kill_process, names: [bind]}\n",
	  "warning", "never counts here", NULL, 0 },
	{ "shadowed", "two about different calls",
	  ALLOW "  - {action: errno, names: [bind]}\n"
		"  - {action: kill_process, names: [listen]}\n",
	  "", "", NULL, 0 },
	/* ------------------------------------------------ texts of files -- */
	{ "unknown-name", "a typo in a profile",
	  PROFILE "{\"names\": [\"opne\"], " ALLOWED "}]}", "warning",
	  "did you mean 'open'", "runc", 0 },
	{ "unknown-name", "no typo",
	  PROFILE "{\"names\": [\"open\"], " ALLOWED "}]}", "", "", "runc", 0 },
	{ "unknown-key", "all keys known",
	  PROFILE "{\"names\": [\"open\"], " ALLOWED "}]}", "", "", "runc", 0 },
	{ "unknown-key", "a key that is misspelt",
	  PROFILE "{\"names\": [\"open\"], " ALLOWED ", \"arg\": []}]}",
	  "warning", "did you mean 'args'", "runc", 0 },
	{ "engine-only", "includes, for containerd",
	  PROFILE "{\"names\": [\"bpf\"], " ALLOWED
		  ", \"includes\": {\"caps\": [\"CAP_BPF\"]}}]}",
	  "error", "containerd passes over 'includes'", "containerd", 0 },
	{ "engine-only", "includes, for Docker",
	  PROFILE "{\"names\": [\"bpf\"], " ALLOWED
		  ", \"includes\": {\"caps\": [\"CAP_BPF\"]}}]}",
	  "", "", "docker", 0 },
	{ "engine-only", "name, for runc",
	  PROFILE "{\"name\": \"open\", " ALLOWED "}]}", "error",
	  "runc passes over 'name'", "runc", 0 },
	{ "min-kernel", "minKernel, for Podman",
	  PROFILE "{\"names\": [\"ptrace\"], " ALLOWED
		  ", \"includes\": {\"minKernel\": \"4.8\"}}]}",
	  "warning", "podman passes over 'minKernel'", "podman", 0 },
	{ "min-kernel", "minKernel, for Docker",
	  PROFILE "{\"names\": [\"ptrace\"], " ALLOWED
		  ", \"includes\": {\"minKernel\": \"4.8\"}}]}",
	  "", "", "docker", 0 },
	{ "shadowed", "two rules about one call",
	  PROFILE "{\"names\": [\"open\"], " ALLOWED
		  "}, {\"names\": [\"open\"], \"action\": "
		  "\"SCMP_ACT_KILL\"}]}",
	  "warning", "what this rule says of open does not count", "runc", 0 },
	{ "repeated-argument", "a range as two conditions",
	  PROFILE "{\"names\": [\"dup\"], " ALLOWED
		  ", \"args\": [{\"index\": 0, \"value\": 3, \"op\": "
		  "\"SCMP_CMP_GE\"}, {\"index\": 0, \"value\": 5, "
		  "\"op\": \"SCMP_CMP_LE\"}]}]}",
	  "error", "any of them is enough", "runc", 0 },
	{ "repeated-argument", "two arguments",
	  PROFILE "{\"names\": [\"dup2\"], " ALLOWED
		  ", \"args\": [{\"index\": 0, \"value\": 3, \"op\": "
		  "\"SCMP_CMP_EQ\"}, {\"index\": 1, \"value\": 5, "
		  "\"op\": \"SCMP_CMP_EQ\"}]}]}",
	  "", "", "runc", 0 },
	{ "same-as-default", "a rule like the default",
	  PROFILE "{\"names\": [\"open\"], \"action\": "
		  "\"SCMP_ACT_ERRNO\"}]}",
	  "note", "what the default does anyway", "runc", 0 },
	{ "same-as-default", "with another errno",
	  PROFILE "{\"names\": [\"open\"], \"action\": "
		  "\"SCMP_ACT_ERRNO\", \"errnoRet\": 13}]}",
	  "", "", "runc", 0 },
	{ "condition", "a value outside of its mask",
	  PROFILE "{\"names\": [\"clone\"], " ALLOWED
		  ", \"args\": [{\"index\": 0, \"value\": 16, "
		  "\"valueTwo\": 1, \"op\": \"SCMP_CMP_MASKED_EQ\"}]}]}",
	  "warning", "never holds", "runc", 0 },
	{ "condition", "less than 0",
	  PROFILE "{\"names\": [\"dup\"], " ALLOWED
		  ", \"args\": [{\"index\": 0, \"value\": 0, \"op\": "
		  "\"SCMP_CMP_LT\"}]}]}",
	  "warning", "nothing is less than 0", "runc", 0 },
	{ "condition", "0 where flags are none",
	  PROFILE "{\"names\": [\"clone\"], " ALLOWED
		  ", \"args\": [{\"index\": 0, \"value\": 16, "
		  "\"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"}]}]}",
	  "", "", "runc", 0 },
	{ "errno-range", "an errno where none is taken",
	  PROFILE "{\"names\": [\"open\"], " ALLOWED ", \"errnoRet\": 1}]}",
	  "warning", "takes no errno", "runc", 0 },
	{ "notify", "a supervisor that nobody names",
	  PROFILE "{\"names\": [\"mount\"], \"action\": "
		  "\"SCMP_ACT_NOTIFY\"}]}",
	  "warning", "without a listenerPath", "crun", 0 },
	{ "reader", "a capability that does not exist",
	  PROFILE "{\"names\": [\"bpf\"], " ALLOWED
		  ", \"includes\": {\"caps\": [\"CAP_BPFF\"]}}]}",
	  "warning", "no capability is called", "docker", 0 },
	{ "cost", "a short one", NATIVE "jeq #49, no, yes\n" ENDS, "", "", NULL,
	  0 },
};

enum { LONG = 600 };

static struct cg_program *assemble(const char *text)
{
	struct arena arena = { .budget = 1 << 20 };
	struct cg_program *program = NULL;
	struct cg_insn *insns;
	struct cg_error err;
	size_t count;

	if (!asm_read(&arena, text, strlen(text), &insns, &count, &err) ||
	    cg_program_from_insns(insns, count, false, &program, &err) != CG_OK)
		tap_note("%u: %s", err.line, err.message);
	arena_free(&arena);
	return program;
}

/* What the findings of a check are like; false, said, if they are not so. */
static bool
are_as_wanted(const struct row *row, const struct cg_findings *findings)
{
	const struct cg_finding *finding;
	bool found = false, ok = false;

	for (size_t i = 0; (finding = cg_finding_get(findings, i)); i++) {
		if (strcmp(finding->check->name, row->check) != 0)
			continue;
		found = true;
		ok = ok || (strcmp(cg_severity_name(finding->severity),
				   row->want) == 0 &&
			    strstr(finding->message, row->words));
		if (!ok)
			tap_note("%s: %s", cg_severity_name(finding->severity),
				 finding->message);
	}
	return found ? ok : !*row->want;
}

static bool lint(const struct row *row, struct cg_side side)
{
	const struct cg_lint_options options = {
		.native = cg_abi_by_name("x86_64"),
		.runtime = row->runtime,
		.no_new_privs = row->no_new_privs,
	};
	struct cg_findings *findings = NULL;
	struct cg_error err;
	bool ok;

	if (cg_lint(side, &options, &findings, &err) != CG_OK) {
		tap_note("%s", err.message);
		return false;
	}
	ok = are_as_wanted(row, findings);
	cg_findings_free(findings);
	return ok;
}

/* A policy, or a profile of containers; NULL, said, if it is neither. */
static struct cg_policy *read_policy(const struct row *row)
{
	const struct cg_policy_options options = { .native = cg_abi_by_name(
							   "x86_64") };
	const struct cg_target target = { .native = options.native,
					  .runtime = row->runtime };
	const struct cg_source source = { row->text, strlen(row->text), "p" };
	struct cg_policy *policy = NULL;
	struct cg_error err;
	enum cg_status status;

	if (row->text[0] == '{')
		status = cg_format_read(cg_format_by_name("docker"), &source, 1,
					&target, &policy, &err);
	else
		status = cg_policy_parse(row->text, source.length, "policy",
					 &options, &policy, &err);
	if (status != CG_OK)
		tap_note("%u:%u: %s", err.line, err.column, err.message);
	return policy;
}

static bool passes(const struct row *row)
{
	bool is_text =
		row->text[0] == '{' || strncmp(row->text, "seccomp:", 8) == 0;
	struct cg_policy *policy = is_text ? read_policy(row) : NULL;
	struct cg_program *program = is_text ? NULL : assemble(row->text);
	const struct cg_side side = { .policy = policy, .program = program };
	bool ok;

	ok = (side.program || side.policy) && lint(row, side);
	cg_policy_free(policy);
	cg_program_free(program);
	return ok;
}

/* A row of tests, one a call, as libraries without a search make them. */
static void test_cost(struct tap *tap)
{
	static const struct row row = {
		"cost", "", "", "warning", "instructions each, on average",
		NULL,   0
	};
	static struct cg_insn insns[2 * LONG + 2];
	struct cg_program *program = NULL;
	struct cg_error err;
	size_t n = 0;

	insns[n++] = (struct cg_insn){ 0x20, 0, 0, 0 };
	for (uint32_t nr = 0; nr < LONG; nr++) {
		insns[n++] = (struct cg_insn){ 0x15, 0, 1, nr + 1000 };
		insns[n++] = (struct cg_insn){ 0x06, 0, 0, CG_RET_ALLOW };
	}
	insns[n++] = (struct cg_insn){ 0x06, 0, 0, CG_RET_ERRNO | 1 };
	if (cg_program_from_insns(insns, n, false, &program, &err) != CG_OK)
		program = NULL;
	tap_ok(tap,
	       program && lint(&row, (struct cg_side){ .program = program }),
	       "cost: a row of %d tests", LONG);
	cg_program_free(program);
}

/* Whether each example gets the answer that is said, by a run of the program.
 */
static bool examples_hold(const struct cg_program *program, size_t *examples)
{
	const struct cg_lint_options options = {
		.native = cg_abi_by_name("x86_64"),
		.runtime = "runc",
		.no_new_privs = -1,
		.nodes = 1 << 16,
	};
	const struct cg_side side = { .program = program };
	struct cg_findings *findings = NULL;
	const struct cg_finding *found;
	struct cg_error err;
	enum cg_status status = cg_lint(side, &options, &findings, &err);
	bool ok = true;

	if (status != CG_OK)
		return status == CG_E_UNDECIDED;
	for (size_t i = 0; (found = cg_finding_get(findings, i)); i++) {
		if (!found->has_call)
			continue;
		++*examples;
		if (cg_program_decide(program, &found->call, NULL) ==
		    found->answer)
			continue;
		tap_note("%s: %s", found->check->name, found->message);
		ok = false;
	}
	cg_findings_free(findings);
	return ok;
}

static void test_random(struct tap *tap)
{
	enum { PROGRAMS = 300, LENGTH = 40 };
	struct cg_insn insns[LENGTH];
	uint64_t seed = 20261122;
	size_t examples = 0;
	bool ok = true;

	for (int i = 0; i < PROGRAMS; i++) {
		size_t count = 20 + random_below(&seed, LENGTH - 20);
		struct cg_program *program = NULL;
		struct cg_error err;

		random_program(&seed, insns, count);
		if (cg_program_from_insns(insns, count, false, &program,
					  &err) != CG_OK)
			continue;
		ok = examples_hold(program, &examples) && ok;
		cg_program_free(program);
	}
	tap_ok(tap, ok && examples > PROGRAMS,
	       "%zu examples of findings about %d random programs hold",
	       examples, PROGRAMS);
}

/* Every check of what a filter does stands in the table both ways. */
static void test_table(struct tap *tap)
{
	const struct cg_check *check;
	bool ok = true;

	for (size_t i = 0; (check = cg_check_get(i)); i++) {
		bool yes = strcmp(check->name, "cost") == 0, no = false;

		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			if (strcmp(rows[j].check, check->name) == 0) {
				yes = yes || *rows[j].want;
				no = no || !*rows[j].want;
			}
		if (yes && (no || strcmp(check->name, "reader") == 0))
			continue;
		tap_note("%s has no row that %s", check->name,
			 yes ? "passes" : "is found");
		ok = false;
	}
	tap_ok(tap, ok, "each check has a row that it finds, and one that not");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, passes(&rows[i]), "%s: %s", rows[i].check,
		       rows[i].name);
	test_cost(&tap);
	test_random(&tap);
	test_table(&tap);
	return tap_done(&tap);
}
