/*
 * Profiles of containers, as each runtime reads them. A row is a target, a
 * profile, and what comes of calls; or the error, with its place. Each row that
 * can be read is also written as the runtime's own format, read back and proved
 * by the library, and runs out of memory at every budget on the way.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/format.h>
#include <callgate/program.h>

#include "tap.h"

#define JSON(...) #__VA_ARGS__
#define DENY(rules) \
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [" rules "]}"
#define ALLOW(rules) \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [" rules "]}"
#define RULE(name, action) \
	"{\"names\": [\"" name "\"], \"action\": \"SCMP_ACT_" action "\"}"
#define WITH(name, action, more)                                     \
	"{\"names\": [\"" name "\"], \"action\": \"SCMP_ACT_" action \
	"\"," more "}"
#define ARG(index, op, value)                             \
	"{\"index\": " #index ", \"op\": \"SCMP_CMP_" #op \
	"\", \"value\": " #value "}"

enum { PLENTY = 8 << 20, STEP = 16384 };

static const struct row {
	const char *name, *runtime, *text;
	const char *calls; /* "call=answer ...", separated by blanks; or NULL */
	const char *error; /* "line:column: message", its beginning; or NULL */
	const char *warning; /* part of one, or NULL */
} rows[] = {
	/* -------------------------------------------------- several rules --
	 */
	{ "the first of two wins", "runc",
	  DENY(WITH("getppid", "ERRNO", "\"errnoRet\": 13") "," WITH(
		  "getppid", "ERRNO", "\"errnoRet\": 22")),
	  "getppid()=errno(EACCES)", NULL, "does not count" },
	{ "none beats a condition", "crun",
	  DENY(WITH("dup", "ERRNO",
		    "\"errnoRet\": 13, \"args\": [" ARG(
			    0, EQ, 5) "]") "," WITH("dup", "ERRNO",
						    "\"errnoRet\": 22")),
	  "dup(5)=errno(EINVAL) dup(6)=errno(EINVAL)", NULL, "does not count" },
	{ "a value beats an order", "runc",
	  DENY(WITH(
		  "dup", "ERRNO",
		  "\"errnoRet\": 13, \"args\": [" ARG(
			  0, LT,
			  10) "]") "," WITH("dup", "ERRNO",
					    "\"errnoRet\": 22, \"args\": [" ARG(
						    0, EQ, 2) "]")),
	  "dup(2)=errno(EINVAL) dup(3)=errno(EACCES) dup(10)=allow", NULL,
	  NULL },
	{ "two arguments are an and", "runc",
	  DENY(WITH("dup2", "ERRNO",
		    "\"args\": [" ARG(0, EQ, 1) "," ARG(1, EQ, 2) "]")),
	  "dup2(1,2)=errno(EPERM) dup2(1,3)=allow", NULL, NULL },
	{ "one argument twice is an or", "runc",
	  DENY(WITH("dup2", "ERRNO",
		    "\"args\": [" ARG(0, EQ, 1) "," ARG(0, EQ, 2) "," ARG(
			    1, EQ, 9) "]")),
	  "dup2(1,0)=errno(EPERM) dup2(2,0)=errno(EPERM) dup2(3,9)=errno(EPERM)"
	  " dup2(3,3)=allow",
	  NULL, "tested twice" },
	{ "what the default does is left out", "runc",
	  ALLOW(RULE("dup", "ALLOW") "," RULE("getppid", "ERRNO")),
	  "dup(0)=allow getppid()=errno(EPERM)", NULL, "default" },
	{ "a name that is not known", "runc", DENY(RULE("opne", "ERRNO")),
	  "open(0,0,0)=allow", NULL, "did you mean 'open'" },
	{ "a name of other ABIs", "runc", DENY(RULE("socketcall", "ERRNO")),
	  "getpid()=allow", NULL, NULL },
	{ "a masked test", "runc",
	  DENY(WITH("dup", "ERRNO",
		    "\"args\": [{\"index\": 0, \"op\": "
		    "\"SCMP_CMP_MASKED_EQ\", \"value\": 240, \"valueTwo\": "
		    "32}]")),
	  "dup(0x2f)=errno(EPERM) dup(0x3f)=allow", NULL, NULL },
	{ "64 bits are exact", "runc",
	  DENY(WITH("lseek", "ERRNO",
		    "\"args\": [" ARG(1, EQ, 18446744073709551615) "]")),
	  "lseek(0,-1,0)=errno(EPERM) lseek(0,-2,0)=allow", NULL, NULL },
	/* ------------------------------------------------------- actions -- */
	{ "every action", "crun",
	  DENY(RULE("dup", "KILL") "," RULE("dup2", "KILL_PROCESS") "," RULE(
		  "sync", "TRAP") "," RULE("getppid",
					   "LOG") "," WITH("getpgrp", "TRACE",
							   "\"errnoRet\": 7")),
	  "dup(0)=kill_thread dup2(0,0)=kill_process sync()=trap "
	  "getppid()=log getpgrp()=trace(7)",
	  NULL, NULL },
	{ "an errno of the default", "runc",
	  JSON({ "defaultAction" : "SCMP_ACT_ERRNO", "defaultErrnoRet" : 5 }),
	  "getpid()=errno(EIO)", NULL, NULL },
	{ "no listener, for crun", "crun", DENY(RULE("dup", "NOTIFY")),
	  "dup(0)=user_notif", NULL, "nobody answers" },
	{ "no listener, for runc", "runc", DENY(RULE("dup", "NOTIFY")), NULL,
	  "1:50: SCMP_ACT_NOTIFY needs a listenerPath", NULL },
	{ "notify for write", "runc", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "listenerPath" : "/a",
		  "syscalls" : [
			  { "names" : ["write"], "action" : "SCMP_ACT_NOTIFY" }
		  ]
	  }),
	  NULL, "1:90: runc refuses SCMP_ACT_NOTIFY for write", NULL },
	/* ------------------------------------------------- runc and crun -- */
	{ "runc's stub", "runc", ALLOW(RULE("dup", "ALLOW")),
	  "sync()=errno(ENOSYS) dup(0)=allow dup2(1,1)=errno(ENOSYS) "
	  "pause()=errno(ENOSYS) getitimer(0,0)=errno(ENOSYS) "
	  "access(0,0)=errno(EPERM) nr=999=errno(ENOSYS)",
	  NULL, NULL },
	{ "crun has none", "crun", ALLOW(RULE("dup", "ALLOW")),
	  "sync()=errno(EPERM) dup(0)=allow nr=999=errno(EPERM)", NULL, NULL },
	{ "nor runc for a default that allows", "runc",
	  DENY(RULE("dup", "ERRNO")), "nr=999=allow", NULL, NULL },
	{ "and where the default is ENOSYS", "runc", JSON({
		  "defaultAction" : "SCMP_ACT_ERRNO",
		  "defaultErrnoRet" : 38,
		  "syscalls" : [ {
			  "names" : ["dup"],
			  "action" : "SCMP_ACT_ERRNO",
			  "errnoRet" : 1
		  } ]
	  }),
	  "dup(0)=errno(EPERM) nr=-3=kill_thread nr=2000000000=kill_thread "
	  "nr=2147483648=errno(ENOSYS) nr=999=errno(ENOSYS)",
	  NULL, NULL },
	{ "old runc, where no ABI is named", "runc@1.1.5",
	  ALLOW(RULE("dup", "ALLOW")), "nr=999=errno(EPERM)", NULL, NULL },
	{ "old runc, where it is named", "runc@1.1.5", JSON({
		  "defaultAction" : "SCMP_ACT_ERRNO",
		  "architectures" : ["SCMP_ARCH_X86_64"],
		  "syscalls" :
			  [ { "names" : ["dup"], "action" : "SCMP_ACT_ALLOW" } ]
	  }),
	  "nr=999=errno(ENOSYS)", NULL, NULL },
	{ "an errno for a kill, for runc", "runc",
	  DENY(WITH("dup", "KILL", "\"errnoRet\": 13")), "dup(0)=kill_thread",
	  NULL, "takes no errno" },
	{ "an errno for a kill, for crun", "crun",
	  DENY(WITH("dup", "KILL", "\"errnoRet\": 13")), NULL,
	  "1:107: SCMP_ACT_KILL takes no errno, and crun refuses", NULL },
	{ "name for names, for runc", "runc",
	  DENY("{\"name\": \"dup\", \"action\": \"SCMP_ACT_ERRNO\"}"),
	  "dup(0)=allow", NULL, "passes over this rule" },
	{ "name for names, for crun", "crun",
	  DENY("{\"name\": \"dup\", \"action\": \"SCMP_ACT_ERRNO\"}"), NULL,
	  "1:50: a rule needs 'names', and crun refuses", NULL },
	{ "name for names, for docker", "docker",
	  DENY("{\"name\": \"dup\", \"action\": \"SCMP_ACT_ERRNO\"}"),
	  "dup(0)=errno(EPERM)", NULL, NULL },
	{ "PA-RISC, for runc", "runc", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "architectures" : ["SCMP_ARCH_PARISC"]
	  }),
	  NULL, "1:58: runc knows no architecture 'SCMP_ARCH_PARISC'", NULL },
	{ "a flag, for old runc", "runc@1.1.5", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "flags" : ["SECCOMP_FILTER_FLAG_LOG"]
	  }),
	  NULL, "1:50: runc before 1.2.0 refuses every flag", NULL },
	{ "a flag", "crun", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "flags" : ["SECCOMP_FILTER_FLAG_LOG"]
	  }),
	  "getpid()=allow", NULL, NULL },
	/* ------------------------------------------------------- engines -- */
	{ "a capability that is there", "docker",
	  ALLOW(WITH("chroot", "ALLOW",
		     "\"includes\": {\"caps\": [\"CAP_SYS_CHROOT\"]}")),
	  "chroot(0)=allow", NULL, NULL },
	{ "a capability that is not", "docker",
	  ALLOW(RULE("setns", "ALLOW") "," WITH(
		  "mount", "ALLOW",
		  "\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}")),
	  "mount(0,0,0,0,0)=errno(EPERM)", NULL, NULL },
	{ "containerd does not ask for it", "containerd",
	  ALLOW(WITH("mount", "ALLOW",
		     "\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}")),
	  "mount(0,0,0,0,0)=allow", NULL, "passes over 'includes'" },
	{ "a capability that excludes", "docker",
	  DENY(WITH("chroot", "ERRNO",
		    "\"excludes\": {\"caps\": [\"CAP_SYS_CHROOT\"]}")),
	  "chroot(0)=allow", NULL, NULL },
	{ "an architecture", "docker",
	  DENY(WITH(
		  "sync", "ERRNO",
		  "\"includes\": {\"arches\": [\"amd64\"]}") "," WITH("dup",
								      "ERRNO",
								      "\"includ"
								      "es\": "
								      "{\"arche"
								      "s\": "
								      "[\"x86\""
								      ", "
								      "\"arm64"
								      "\"]}")),
	  "sync()=errno(EPERM) dup(0)=allow", NULL, NULL },
	{ "a kernel, for docker", "docker",
	  DENY(WITH("sync", "ERRNO", "\"excludes\": {\"minKernel\": \"4.8\"}")),
	  "sync()=allow", NULL, NULL },
	{ "a kernel, for podman", "podman",
	  DENY(WITH("sync", "ERRNO", "\"excludes\": {\"minKernel\": \"4.8\"}")),
	  "sync()=errno(EPERM)", NULL, "passes over 'minKernel'" },
	{ "a kernel that is none", "docker",
	  DENY(WITH("sync", "ERRNO", "\"includes\": {\"minKernel\": \"4\"}")),
	  NULL, "1:123: '4' is no kernel", NULL },
	{ "an errno by name, for podman", "podman",
	  DENY(WITH("sync", "ERRNO", "\"errnoRet\": 1, \"errno\": \"EIO\"")),
	  "sync()=errno(EIO)", NULL, NULL },
	{ "an errno by name, for docker", "docker",
	  DENY(WITH("sync", "ERRNO", "\"errnoRet\": 1, \"errno\": \"EIO\"")),
	  "sync()=errno(EPERM)", NULL, "passes over 'errno'" },
	{ "an errno by no name, for podman", "podman",
	  DENY(WITH("sync", "ERRNO", "\"errno\": \"ENONE\"")), NULL,
	  "1:106: no errno is called 'ENONE'", NULL },
	{ "archMap", "docker", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "archMap" : [
			  {
				  "architecture" : "SCMP_ARCH_AARCH64",
				  "subArchitectures" : ["SCMP_ARCH_ARM"]
			  },
			  {
				  "architecture" : "SCMP_ARCH_X86_64",
				  "subArchitectures" : ["SCMP_ARCH_X86"]
			  }
		  ]
	  }),
	  "getpid()=allow i386:getpid()=allow arm:getpid()=kill_thread", NULL,
	  NULL },
	{ "archMap means nothing to runc", "runc", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "archMap" : [ {
			  "architecture" : "SCMP_ARCH_X86_64",
			  "subArchitectures" : ["SCMP_ARCH_X86"]
		  } ]
	  }),
	  "getpid()=allow i386:getpid()=kill_thread", NULL,
	  "passes over 'archMap'" },
	{ "archMap beside architectures", "docker", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "architectures" : ["SCMP_ARCH_X86_64"],
		  "archMap" : [ { "architecture" : "SCMP_ARCH_X86_64" } ]
	  }),
	  NULL, "1:91: both 'architectures' and 'archMap'", NULL },
	{ "name beside names", "docker",
	  DENY("{\"name\": \"dup\", \"names\": [\"sync\"], \"action\": "
	       "\"SCMP_ACT_ERRNO\"}"),
	  NULL, "1:59: both 'name' and 'names'", NULL },
	{ "nothing at all, for docker", "docker", "{}", "getpid()=allow", NULL,
	  "switches seccomp off" },
	{ "nothing at all, for runc", "runc", "{}", NULL,
	  "1:1: 'defaultAction' is missing", NULL },
	/* --------------------------------------------------------- doors -- */
	{ "socketcall is another door", "runc", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "architectures" : ["SCMP_ARCH_X86"],
		  "syscalls" : [
			  { "names" : ["bind"], "action" : "SCMP_ACT_ERRNO" }
		  ]
	  }),
	  "bind(0,0,0)=errno(EPERM) i386:bind(0,0,0)=errno(EPERM) "
	  "i386:socketcall(2,0)=errno(EPERM) i386:socketcall(1,0)=allow",
	  NULL, NULL },
	/* -------------------------------------------------------- faults -- */
	{ "no action", "runc", DENY("{\"names\": [\"dup\"]}"), NULL,
	  "1:50: a rule needs 'action'", NULL },
	{ "an action that is none", "runc", DENY(RULE("dup", "ALOW")), NULL,
	  "1:79: no action is called 'SCMP_ACT_ALOW'; did you mean "
	  "'SCMP_ACT_ALLOW'",
	  NULL },
	{ "an operator that is none", "runc",
	  DENY(WITH("dup", "ERRNO", "\"args\": [" ARG(0, IN, 1) "]")), NULL,
	  "1:124: no operator is called 'SCMP_CMP_IN'", NULL },
	{ "argument 6", "runc",
	  DENY(WITH("dup", "ERRNO", "\"args\": [" ARG(6, EQ, 1) "]")), NULL,
	  "1:115: index is at most 5", NULL },
	{ "errno 5000", "runc",
	  DENY(WITH("dup", "ERRNO", "\"errnoRet\": 5000")), NULL,
	  "1:108: errno 5000 is out of range", NULL },
	{ "a number past 64 bits", "runc",
	  DENY(WITH("dup", "ERRNO",
		    "\"args\": [" ARG(0, EQ, 18446744073709552000) "]")),
	  NULL, "1:148: value is at most 18446744073709551615", NULL },
	{ "a comma too many", "runc",
	  "{\"defaultAction\": \"SCMP_ACT_ALLOW\",}", NULL, "1:", NULL },
	{ "text without quotes", "runc", "{\"defaultAction\": SCMP_ACT_ALLOW}",
	  NULL, "1:", NULL },
	{ "another case", "runc", "{\"DefaultAction\": \"SCMP_ACT_ALLOW\"}",
	  NULL, "1:2: 'DefaultAction' means 'defaultAction' to some", NULL },
	{ "a key twice", "runc",
	  "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultAction\": "
	  "\"SCMP_ACT_LOG\"}",
	  NULL, "1:37: duplicate key", NULL },
	{ "another byte order", "runc", JSON({
		  "defaultAction" : "SCMP_ACT_ALLOW",
		  "architectures" : ["SCMP_ARCH_S390X"]
	  }),
	  NULL, "1:58: s390x has another byte order than x86_64", NULL },
	{ "seccompiler's format", "runc",
	  JSON({ "vmm" : { "default_action" : "trap", "filter" : [] } }), NULL,
	  "1:1: this is seccompiler's format", NULL },
	/* --------------------------------------------------- Kubernetes' -- */
	{ "a SeccompProfile", "kubernetes",
	  "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
	  "kind: SeccompProfile\nspec:\n  defaultAction: SCMP_ACT_ERRNO\n"
	  "  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names: [dup, wait4]\n"
	  "  - action: SCMP_ACT_ERRNO\n    errnoRet: 0\n    names: [sync]\n",
	  "dup(0)=allow sync()=errno(EPERM) access(0,0)=errno(EPERM)", NULL,
	  "default" },
	{ "a base profile", "kubernetes",
	  "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
	  "kind: SeccompProfile\nspec:\n  baseProfileName: base\n"
	  "  defaultAction: SCMP_ACT_ERRNO\n"
	  "  syscalls:\n  - action: SCMP_ACT_ALLOW\n    names: [dup, wait4]\n",
	  "dup(0)=allow sync()=allow access(0,0)=errno(EPERM)", NULL, NULL },
	{ "a base profile that is not there", "kubernetes",
	  "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
	  "kind: SeccompProfile\nspec:\n  baseProfileName: other\n"
	  "  defaultAction: SCMP_ACT_ERRNO\n",
	  NULL, "4:20: the base profile 'other' cannot be read", NULL },
	{ "a profile that is switched off", "kubernetes",
	  "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
	  "kind: SeccompProfile\nspec:\n  state: Disabled\n"
	  "  defaultAction: SCMP_ACT_ERRNO\n",
	  NULL, "4:10: the profile is disabled", NULL },
	{ "two profiles", "kubernetes",
	  "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
	  "kind: SeccompProfile\nmetadata: {name: a}\n"
	  "spec: {defaultAction: SCMP_ACT_ERRNO}\n---\n"
	  "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
	  "kind: SeccompProfile\nmetadata: {name: b}\n"
	  "spec: {defaultAction: SCMP_ACT_ERRNO}\n",
	  NULL, "6:1: the file has 2 profiles: say which of a, b", NULL },
	/* -------------------------------------------------------- targets --
	 */
	{ "a runtime that is none", "rnuc", "{}", NULL,
	  "0:0: no runtime is called 'rnuc'", NULL },
	{ "a runtime that reads no profiles", "systemd", "{}", NULL,
	  "0:0: systemd reads no profiles of containers", NULL },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static enum cg_status
find_base(void *context, const char *name, const char *from, char **text,
	  size_t *length, char source[CG_SOURCE_MAX], struct cg_error *err)
{
	static const char base[] =
		"apiVersion: security-profiles-operator.x-k8s.io/v1\n"
		"kind: SeccompProfile\nspec:\n"
		"  defaultAction: SCMP_ACT_ERRNO\n"
		"  syscalls:\n  - action: SCMP_ACT_ALLOW\n"
		"    names: [sync, vhangup]\n";

	(void)context;
	(void)from;
	if (strcmp(name, "base") != 0) {
		*err = (struct cg_error){ .status = CG_E_SYSTEM,
					  .message = "not found" };
		return CG_E_SYSTEM;
	}
	*text = strdup(base);
	*length = strlen(base);
	snprintf(source, CG_SOURCE_MAX, "%s", name);
	return *text ? CG_OK : CG_E_NOMEM;
}

static const struct cg_format *format_of(const struct row *row)
{
	return cg_format_by_name(row->text[0] == 'a' ? "spo" : "oci");
}

static struct cg_target target_of(const struct row *row, size_t memory)
{
	return (struct cg_target){ .native = cg_abi_by_name("x86_64"),
				   .runtime = row->runtime,
				   .finder = find_base,
				   .memory = memory };
}

static enum cg_status read_row(const struct row *row, size_t memory,
			       struct cg_policy **policy, struct cg_error *err)
{
	const struct cg_source source = { row->text, strlen(row->text), "row" };
	const struct cg_target target = target_of(row, memory);

	*err = (struct cg_error){ 0 };
	return cg_format_read(format_of(row), &source, 1, &target, policy, err);
}

/* One "abi:call=answer" of a row. */
static bool answers(const struct cg_policy *policy, const char *text)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");
	char word[160], got[64], *call = word, *want, *colon;
	struct cg_error err;
	struct cg_call parsed;
	uint32_t known;

	snprintf(word, sizeof(word), "%s", text);
	want = strrchr(word, '=');
	*want++ = '\0';
	colon = strchr(word, ':');
	if (colon) {
		*colon = '\0';
		abi = cg_abi_by_name(word);
		call = colon + 1;
	}
	if (strcmp(call, "nr=-3") == 0)
		parsed = (struct cg_call){ .arch = abi->audit_arch,
					   .nr = (uint32_t)-3 };
	else if (cg_call_parse(call, abi, &parsed, &known, &err) != CG_OK) {
		tap_note("%s: %s", call, err.message);
		return false;
	}
	cg_answer_print(cg_policy_decide(policy, &parsed), abi, got,
			sizeof(got));
	if (strcmp(got, want) == 0)
		return true;
	tap_note("%s: want %s, got %s", call, want, got);
	return false;
}

static bool all_answer(const struct cg_policy *policy, const char *calls)
{
	char text[512], *at = NULL;
	bool ok = true;

	snprintf(text, sizeof(text), "%s", calls);
	for (char *word = strtok_r(text, " ", &at); word;
	     word = strtok_r(NULL, " ", &at))
		ok = answers(policy, word) && ok;
	return ok;
}

static bool warns(const struct cg_policy *policy, const char *part)
{
	struct cg_error warning;

	for (size_t i = 0; cg_policy_warning(policy, i, &warning); i++)
		if (!part || strstr(warning.message, part))
			return part != NULL;
	if (part)
		tap_note("no warning says '%s'", part);
	return !part;
}

/* What was read can be written for the same runtime, and is proved. */
static bool comes_back(const struct row *row, const struct cg_policy *policy)
{
	const struct cg_target target = target_of(row, 0);
	struct cg_written *written = NULL;
	struct cg_error err;

	if (cg_format_write(cg_format_by_name("oci"), policy, &target, NULL,
			    &written, &err) != CG_OK) {
		/* Without a filter there is none for other architectures. */
		if (strcmp(row->text, "{}") == 0)
			return true;
		tap_note("not written: %s", err.message);
		return false;
	}
	cg_written_free(written);
	return true;
}

static bool fails_as(const struct row *row, const struct cg_error *err)
{
	char got[CG_MESSAGE_MAX + 32];

	snprintf(got, sizeof(got), "%" PRIu32 ":%" PRIu32 ": %s", err->line,
		 err->column, err->message);
	if (strncmp(got, row->error, strlen(row->error)) == 0)
		return true;
	tap_note("want %s", row->error);
	tap_note(" got %s", got);
	return false;
}

/* With too little memory it says so, and nothing else. */
static bool starves(const struct row *row)
{
	for (size_t memory = STEP; memory < PLENTY; memory += memory / 2) {
		struct cg_policy *policy = NULL;
		struct cg_error err;
		enum cg_status status = read_row(row, memory, &policy, &err);

		if (status == CG_E_NOMEM)
			continue;
		cg_policy_free(policy);
		if ((status == CG_OK) == !row->error)
			return true;
		tap_note("with %zu bytes: %s", memory, err.message);
		return false;
	}
	tap_note("out of memory with %d bytes", PLENTY);
	return false;
}

static bool passes(const struct row *row)
{
	struct cg_policy *policy = NULL;
	struct cg_error err;
	bool ok;

	if (read_row(row, 0, &policy, &err) != CG_OK) {
		if (!row->error)
			tap_note("%u:%u: %s", err.line, err.column,
				 err.message);
		return row->error && fails_as(row, &err) && starves(row);
	}
	if (row->error)
		tap_note("it was read; want %s", row->error);
	ok = !row->error && all_answer(policy, row->calls) &&
	     warns(policy, row->warning) && comes_back(row, policy) &&
	     starves(row);
	cg_policy_free(policy);
	return ok;
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < ROWS; i++)
		tap_ok(&tap, passes(&rows[i]), "%s: %s", rows[i].runtime,
		       rows[i].name);
	return tap_done(&tap);
}
