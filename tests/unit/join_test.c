/*
 * Parts of a program say what they need, the user has a word on it, and one
 * policy comes of it: what that answers, who asked for what, and what cannot
 * be joined. A row is a script of one line a step.
 */
#include <string.h>

#include <callgate/program.h>
#include <callgate/prove.h>
#include <callgate/registry.h>

#include "tap.h"

enum { STEPS = 8, NAMES = 8 };

/*
 * "need WHO: NAME NAME", "refuse WHO: NAME", "preset WHO: NAME",
 * "policy WHO: TEXT", "add WHO: TEXT", "user: TEXT"; in a TEXT, P stands for
 * the head of an allow list.
 */
#define P                                                             \
	"{seccomp: {architectures: [x86_64], default_action: errno, " \
	"syscalls: "
#define ALLOW(name) P "[{action: allow, names: " name "}]}}"

/* clang-format off */
static const struct row {
	const char *name;
	const char *steps[STEPS];
	const char *allowed; /* calls with `;` between; NULL: an error */
	const char *refused; /* or the error */
} rows[] = {
	{ "two parts", { "need http: socket(AF_INET) bind", "need store: openat" },
	  "socket(AF_INET);bind;openat", "socket(AF_UNIX);read" },
	{ "one call with and without conditions",
	  { "need a: socket(AF_INET)", "need b: socket" },
	  "socket(AF_INET);socket(AF_UNIX)", "bind" },
	{ "groups", { "need a: @network-io", "need b: exit_group" },
	  "sendto;exit_group", "socket" },
	{ "a preset and names", { "preset base: server", "need me: execve" },
	  "read;execve;ioctl(0, TCGETS)", "ioctl(0, TIOCSTI);mount" },
	{ "what a preset refuses is allowed where a part needs it",
	  { "preset base: server", "need me: io_uring_setup" },
	  "io_uring_setup", "io_uring_enter" },
	{ "a policy", { "policy a: " ALLOW("read"), "policy b: " ALLOW("write") },
	  "read;write", "open" },
	{ "the whole, and a part", { "add all: " ALLOW("read"), "need a: bind" },
	  "read;bind", "write" },
	{ "a part refuses what another one needs",
	  { "policy a: " P "[{action: errno, names: bind}, {action: allow, names: "
	    "listen}]}}",
	    "policy b: " P "[{action: errno, names: listen}, {action: allow, "
	    "names: bind}]}}" },
	  NULL, "'b' needs bind(0, NULL, 0) on x86_64, which the policy of 'a' "
	  "refuses" },
	{ "another default",
	  { "policy a: " ALLOW("read"),
	    "policy b: {seccomp: {architectures: [x86_64], default_action: "
	    "kill_process, syscalls: [{action: allow, names: read}]}}" },
	  NULL, "the policies of 'a' and 'b' differ in default_action, and there "
	  "can be only one" },
	{ "other architectures",
	  { "policy a: " ALLOW("read"),
	    "policy b: {seccomp: {architectures: [x86_64, i386], default_action: "
	    "errno, syscalls: [{action: allow, names: read}]}}" },
	  NULL, "the policies of 'a' and 'b' differ in architectures, and there "
	  "can be only one" },
	{ "block lists that differ",
	  { "policy a: {seccomp: {architectures: x86_64, default_action: allow, "
	    "syscalls: [{action: errno, names: bind}]}}",
	    "policy b: {seccomp: {architectures: x86_64, default_action: allow, "
	    "syscalls: [{action: errno, names: listen}]}}" },
	  NULL, "'a' needs listen(0, 0) on x86_64, which the policy of 'b' "
	  "refuses" },
	{ "names to a block list: it allows them already",
	  { "policy a: {seccomp: {default_action: allow, syscalls: [{action: "
	    "errno, names: bind}]}}", "need b: mount" },
	  "mount;read", "bind" },
	{ "refused whoever needs it",
	  { "need a: socket bind", "refuse rules: socket(AF_NETLINK) bind" },
	  "socket(AF_INET)", "socket(AF_NETLINK);bind" },
	{ "nobody needs anything", { NULL }, NULL,
	  "no part of the program has registered what it needs" },
	{ "refusals alone", { "refuse rules: bind" }, NULL,
	  "no part of the program has registered what it needs" },

	{ "the user extends",
	  { "need a: read", "user: {seccomp: {registered: extend, syscalls: "
	    "[{action: allow, names: [write], rules: ['socket(AF_UNIX)']}]}}" },
	  "read;write;socket(AF_UNIX)", "socket(AF_INET)" },
	{ "the user extends past a refusal",
	  { "need a: read", "refuse r: bind", "user: {seccomp: {registered: "
	    "extend, syscalls: [{action: allow, names: bind}]}}" },
	  "read;bind", "write" },
	{ "an extension that refuses",
	  { "need a: read write", "user: {seccomp: {registered: extend, "
	    "syscalls: [{action: errno, names: write}]}}" },
	  NULL, "user:1:66: registered: extend may not refuse, and here write(0, "
	  "NULL, 0) on x86_64 is refused; say registered: restrict, or replace" },
	{ "the user restricts",
	  { "need a: read socket", "user: {seccomp: {registered: restrict, "
	    "syscalls: [{action: kill_process, rules: ['socket(AF_INET)']}]}}" },
	  "read;socket(AF_UNIX)", "socket(AF_INET);write" },
	{ "a restriction that allows",
	  { "need a: read", "user: {seccomp: {registered: restrict, "
	    "syscalls: [{action: allow, names: write}]}}" },
	  NULL, "user:1:68: registered: restrict may not allow, and here write(0, "
	  "NULL, 0) on x86_64 is allowed; say registered: extend, or replace" },
	{ "a restriction that logs",
	  { "need a: read", "user: {seccomp: {registered: restrict, "
	    "syscalls: [{action: log, names: read}]}}" },
	  "read", "write" },
	{ "B13: the user replaces",
	  { "need a: read write", "refuse r: bind", "user: {seccomp: {registered: "
	    "replace, default_action: allow, syscalls: [{action: errno, names: "
	    "[execve, execveat, fork, vfork]}]}}" },
	  "read;write;bind;mount", "execve;execveat;fork;vfork" },
	{ "a later configuration takes the place of an earlier one",
	  { "need a: read", "user: {seccomp: {registered: extend, syscalls: "
	    "[{action: allow, names: bind}]}}", "user: {seccomp: {enabled: true}}" },
	  "read", "bind" },
	{ "the word is missing",
	  { "need a: read", "user: {seccomp: {syscalls: [{action: errno, names: "
	    "execve}]}}" },
	  NULL, "user:1:1: the key registered is missing: say whether this is to "
	  "extend, restrict or replace what the parts of the program have "
	  "registered" },
	{ "no such word",
	  { "user: {seccomp: {registered: merge, syscalls: []}}" },
	  NULL, "user:1:24: 'merge' stands where extend, restrict or replace is "
	  "wanted" },
	{ "a default that does not belong there",
	  { "user: {seccomp: {registered: extend, default_action: allow, "
	    "syscalls: [{action: errno, names: execve}]}}" },
	  NULL, "user:1:48: default_action is the program's; to set another one, "
	  "say registered: replace" },
	{ "an architecture that does not belong there",
	  { "user: {seccomp: {registered: extend, architectures: i386, "
	    "syscalls: [{action: errno, names: execve}]}}" },
	  NULL, "user:1:24: architectures is the program's; to set another one, "
	  "say registered: replace" },
	{ "an extension of nothing",
	  { "user: {seccomp: {registered: extend}}" },
	  NULL, "user:1:1: syscalls is missing: say which calls are to be allowed "
	  "as well" },

	{ "a misspelt name", { "need http: bind lisen" }, NULL,
	  "http: no system call of x86_64 is called 'lisen' (did you mean "
	  "'listen'?)" },
	{ "a name that would be YAML", { "need http: a\"]}" }, NULL,
	  "http: no system call of x86_64 is called 'a\"]}'" },
	{ "no name", { "need http:" }, NULL, "'http' names no call" },
	{ "no such preset", { "preset a: sever" }, NULL,
	  "no preset is called 'sever'" },
	{ "switched off is no policy",
	  { "policy a: {seccomp: {enabled: false}}" }, NULL,
	  "the policy of 'a' is switched off (enabled: false)" },
};
/* clang-format on */

static struct cg_error err;

static enum cg_status take_policy(struct cg_registry *registry, const char *who,
				  const char *text, bool one)
{
	struct cg_policy *policy = NULL;
	enum cg_status status;

	status = cg_policy_parse(text, strlen(text), who, NULL, &policy, &err);
	if (status != CG_OK)
		return status;
	status = one ? cg_registry_add(registry, who, policy, &err)
		     : cg_registry_need_policy(registry, who, policy, &err);
	if (status != CG_OK)
		cg_policy_free(policy);
	return status;
}

static enum cg_status take_names(struct cg_registry *registry, const char *who,
				 char *text, bool refuse)
{
	const char *names[NAMES];
	size_t count = 0;
	char *rest;

	for (char *name = strtok_r(text, " ", &rest); name && count < NAMES;
	     name = strtok_r(NULL, " ", &rest))
		names[count++] = name;
	return refuse ? cg_registry_refuse(registry, who, names, count, &err)
		      : cg_registry_need(registry, who, names, count, &err);
}

static enum cg_status take(struct cg_registry *registry, const char *step)
{
	char copy[512], *who, *text;

	snprintf(copy, sizeof(copy), "%s", step);
	text = strchr(copy, ':');
	*text++ = '\0';
	text += strspn(text, " ");
	who = strchr(copy, ' ');
	if (!who)
		return cg_registry_configure(registry, text, strlen(text),
					     "user", &err);
	*who++ = '\0';
	switch (copy[0]) {
	case 'n':
	case 'r':
		return take_names(registry, who, text, copy[0] == 'r');
	case 'a':
		return take_policy(registry, who, text, true);
	default:
		return copy[1] == 'r' ? cg_registry_need_preset(registry, who,
								text, &err)
				      : take_policy(registry, who, text, false);
	}
}

static bool is_allowed(const struct cg_policy *policy, const char *text)
{
	struct cg_call call;
	uint32_t known, answer;

	if (cg_call_parse(text, cg_abi_by_name("x86_64"), &call, &known,
			  &err) != CG_OK) {
		tap_note("%s: %s", text, err.message);
		exit(EXIT_FAILURE);
	}
	answer = cg_policy_decide(policy, &call) & CG_RET_ACTION;
	return answer == CG_RET_ALLOW || answer == CG_RET_LOG;
}

static bool all(const struct cg_policy *policy, const char *calls, bool allowed)
{
	char copy[256], *rest;

	snprintf(copy, sizeof(copy), "%s", calls);
	for (char *call = strtok_r(copy, ";", &rest); call;
	     call = strtok_r(NULL, ";", &rest))
		if (is_allowed(policy, call) != allowed) {
			tap_note("%s is %s", call,
				 allowed ? "refused" : "allowed");
			return false;
		}
	return true;
}

static bool says(const char *want)
{
	char got[1024], place[64] = "";

	if (err.line)
		snprintf(place, sizeof(place), ":%u:%u", (unsigned)err.line,
			 (unsigned)err.column);
	snprintf(got, sizeof(got), "%s%s%s%s", err.source, place,
		 err.source[0] ? ": " : "", err.message);
	if (strcmp(got, want) == 0)
		return true;
	tap_note("want: %s", want);
	tap_note(" got: %s", got);
	return false;
}

static bool passes(const struct row *row)
{
	struct cg_registry *registry = cg_registry_new();
	const struct cg_policy *joined = NULL;
	struct cg_program *program = NULL;
	enum cg_status status = CG_OK;
	bool ok;

	err = (struct cg_error){ 0 };
	for (size_t i = 0; status == CG_OK && i < STEPS && row->steps[i]; i++)
		status = take(registry, row->steps[i]);
	if (status == CG_OK)
		status = cg_registry_join(registry, &joined, &err);
	if (status != CG_OK) {
		ok = status == err.status && !row->allowed &&
		     says(row->refused);
	} else {
		/* What is joined can be compiled and proved as any other. */
		ok = row->allowed && all(joined, row->allowed, true) &&
		     all(joined, row->refused, false) &&
		     cg_compile(joined, NULL, &program, &err) == CG_OK;
		if (!ok)
			tap_note("%s", err.message);
	}
	cg_program_free(program);
	cg_registry_free(registry);
	return ok;
}

/* Who asked for what, and that joining again gives the same. */
static void test_who(struct tap *tap)
{
	struct cg_registry *registry = cg_registry_new();
	const struct cg_policy *joined, *again;
	struct cg_reason reason;
	struct cg_call call;
	uint32_t known;
	bool ok;

	ok = take(registry, "need http: socket(AF_INET) bind") == CG_OK &&
	     take(registry, "need store: openat") == CG_OK &&
	     take(registry, "preset base: server") == CG_OK &&
	     cg_registry_join(registry, &joined, &err) == CG_OK &&
	     cg_registry_join(registry, &again, &err) == CG_OK &&
	     joined == again;
	ok &= cg_call_parse("socket(AF_INET)", cg_abi_by_name("x86_64"), &call,
			    &known, &err) == CG_OK;
	ok &= strcmp(cg_registry_who(registry, &call, 0), "http") == 0;
	ok &= strcmp(cg_registry_who(registry, &call, 1), "base") == 0;
	ok &= cg_registry_who(registry, &call, 2) == NULL;
	/* The rule that allows it is the part's. */
	cg_policy_explain(joined, &call, &reason);
	ok &= strcmp(reason.source, "http") == 0;
	call.args[0] = 44;
	ok &= cg_registry_who(registry, &call, 1) == NULL;
	tap_ok(tap, ok, "who asked for what");
	cg_registry_free(registry);
}

static void test_need(struct tap *tap)
{
	struct cg_registry *registry = cg_registry_new();
	const struct cg_policy *joined = NULL;

	tap_ok(tap,
	       cg_need(registry, &err, "http", "bind", "listen") == CG_OK &&
		       cg_registry_join(registry, &joined, NULL) == CG_OK &&
		       is_allowed(joined, "listen") &&
		       cg_need(registry, NULL, NULL, "bind") == CG_E_INPUT,
	       "cg_need()");
	cg_registry_free(registry);
}

/* A policy alone may not say how it changes another one; replace is fine. */
static void test_alone(struct tap *tap)
{
	static const char extend[] = "seccomp: {registered: extend, syscalls: "
				     "[{action: allow, names: read}]}";
	static const char replace[] =
		"seccomp: {registered: replace, syscalls: "
		"[{action: allow, names: read}], "
		"default_action: errno}";
	struct cg_policy *policy = NULL;

	tap_ok(tap,
	       cg_policy_parse(extend, strlen(extend), "user", NULL, &policy,
			       &err) == CG_E_MEANING &&
		       !policy &&
		       says("user:1:23: this changes what the parts of a "
			    "program have registered, and is no policy alone; "
			    "say replace, or leave the key out"),
	       "a change is no policy alone");
	tap_ok(tap,
	       cg_policy_parse(replace, strlen(replace), "user", NULL, &policy,
			       &err) == CG_OK,
	       "a replacement is");
	cg_policy_free(policy);
}

static void test_off(struct tap *tap)
{
	struct cg_registry *registry = cg_registry_new();
	bool ok = cg_registry_enabled(registry);

	ok &= take(registry, "need a: read") == CG_OK &&
	      take(registry, "user: {seccomp: {enabled: false}}") == CG_OK &&
	      !cg_registry_enabled(registry) &&
	      take(registry, "user: {seccomp: {enabled: true}}") == CG_OK &&
	      cg_registry_enabled(registry);
	tap_ok(tap, ok, "enabled: false");
	cg_registry_free(registry);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, passes(&rows[i]), "%s", rows[i].name);
	test_who(&tap);
	test_need(&tap);
	test_alone(&tap);
	test_off(&tap);
	return tap_done(&tap);
}
