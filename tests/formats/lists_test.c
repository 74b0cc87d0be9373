/*
 * systemd's units, firejail's profiles, minijail's and kafel's texts, by rows:
 * what a call is answered, or which error stands where. What the tools
 * themselves make of such texts is asked in tests/runtimes.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <callgate/format.h>
#include <callgate/program.h>

#include "tap.h"

/* A text, a call and its answer; or an error: "line:column: part of it". */
static const struct row {
	const char *format, *runtime, *text, *call, *answer;
} rows[] = {
	/* ---- systemd */
	{ "systemd", NULL, "[Service]\nSystemCallFilter=~bind\n", "bind",
	  "kill_process" },
	{ "systemd", NULL, "[Service]\nSystemCallFilter=~bind\n", "listen",
	  "allow" },
	{ "systemd", NULL,
	  "[Service]\nSystemCallFilter=~bind\nSystemCallErrorNumber=EACCES\n",
	  "bind", "errno(EACCES)" },
	{ "systemd", NULL, "[Service]\nSystemCallFilter=@file-system\n", "bind",
	  "kill_process" },
	{ "systemd", NULL, "[Service]\nSystemCallFilter=@file-system\n",
	  "execve", "allow" },
	{ "systemd", NULL,
	  "[Service]\nSystemCallFilter=read\nSystemCallFilter=~read:EIO\n",
	  "read", "errno(EIO)" },
	{ "systemd", NULL,
	  "[Service]\nSystemCallFilter=read\nSystemCallFilter=\n"
	  "SystemCallFilter=~write\n",
	  "read", "allow" },
	{ "systemd", NULL,
	  "[Service]\nSystemCallFilter=~bind:kill \\\n  # no end\n listen:1\n",
	  "listen", "errno(EPERM)" },
	{ "systemd", NULL, "[Service]\nSystemCallLog=bind\n", "bind", "log" },
	{ "systemd", NULL, "[Socket]\nSystemCallFilter=~bind\n", "bind",
	  "kill_process" },
	{ "systemd", NULL, "[Unit]\nSystemCallFilter=~bind\n", "bind",
	  "allow" },
	{ "systemd", "systemd@252", "[Service]\nSystemCallFilter=@sandbox\n",
	  "landlock_add_rule", "kill_process" },
	{ "systemd", "systemd@254", "[Service]\nSystemCallFilter=@sandbox\n",
	  "landlock_add_rule", "allow" },
	{ "systemd", NULL, "[Service\nSystemCallFilter=~bind\n", NULL,
	  "1:1: a section is written [Name]" },
	{ "systemd", NULL, "[Service]\nSystemCallFilter=~bind:4095\n", NULL,
	  "2:19: systemd would not start" },
	/* ---- firejail */
	{ "firejail", NULL, "seccomp.drop bind\n", "bind", "errno(EPERM)" },
	{ "firejail", NULL, "firejail --seccomp.drop=bind:EIO program\n",
	  "bind", "errno(EIO)" },
	{ "firejail", NULL, "--seccomp-error-action=kill --seccomp\n", "mount",
	  "kill_thread" },
	{ "firejail", NULL, "seccomp.keep read,execve\n", "bind",
	  "errno(EPERM)" },
	{ "firejail", NULL, "seccomp.keep read,execve\n", "prctl", "allow" },
	{ "firejail", NULL, "ignore seccomp\nseccomp\nprotocol unix\n", "mount",
	  "allow" },
	{ "firejail", NULL, "protocol unix\n", "socket(AF_INET)",
	  "errno(EOPNOTSUPP)" },
	{ "firejail", NULL, "protocol unix\n", "socket(AF_UNIX)", "allow" },
	{ "firejail", NULL, "seccomp.drop landlock_add_rule,bind\n",
	  "landlock_add_rule", "allow" },
	{ "firejail", "firejail@0.9.77", "seccomp.drop landlock_add_rule\n",
	  "landlock_add_rule", "errno(EPERM)" },
	{ "firejail", NULL, "secomp\n", NULL,
	  "1:1: firejail knows no 'secomp'; did you mean 'seccomp'?" },
	{ "firejail", NULL, "# c\n  seccomp.drop @foo\n", NULL,
	  "2:16: firejail has no group '@foo'" },
	{ "firejail", NULL, "seccomp.drop a b\n", NULL,
	  "1:15: a list has names" },
	{ "firejail", NULL, "?HAS_X11: seccomp\n", NULL, "1:1: whether this" },
	{ "firejail", NULL, "seccomp.32 bind\nseccomp.block-secondary\n", NULL,
	  "1:1: firejail does not start" },
	{ "firejail", NULL, "include no.inc\n", NULL, "1:9: the profile" },
	/* ---- minijail */
	{ "minijail", NULL, "read: 1\n", "read", "allow" },
	{ "minijail", NULL, "read: 1\n", "write", "kill_process" },
	{ "minijail", NULL, "socket: arg0 == AF_UNIX; return EIO\n",
	  "socket(AF_INET)", "errno(EIO)" },
	{ "minijail", NULL, "socket: arg0 == AF_UNIX; return EIO\n",
	  "socket(AF_UNIX)", "allow" },
	{ "minijail", NULL,
	  "mmap: arg2 in ~(PROT_EXEC|PROT_WRITE) \\\n || arg2 == 2\n",
	  "mmap(0, 0, PROT_WRITE)", "allow" },
	{ "minijail", NULL, "mmap: arg2 & PROT_EXEC; return 1\n",
	  "mmap(0, 0, PROT_READ)", "errno(EPERM)" },
	{ "minijail", NULL, "read: 1 # no\n", NULL, "1:9: minijail0 has" },
	{ "minijail", NULL, "read: 1\nread: 1\n", NULL, "2:1: duplicate" },
	{ "minijail", NULL, "raed: 1\n", NULL, "1:1: x86_64 has no call" },
	{ "minijail", NULL, "read: allow\n", NULL, "1:7: 1, an expression" },
	{ "minijail", NULL, "read: arg6 == 1\n", NULL, "1:7: an argument" },
	{ "minijail", NULL, "read: arg0 == (1\n", NULL, "1:17: ')' is wanted" },
	{ "minijail", NULL, "@default trap\n", NULL, "1:1: @include" },
	{ "minijail", NULL, "@include ./a\n", NULL, "1:10: './a' cannot" },
	/* The same text means another thing to the compiler. */
	{ "minijail-compiler", NULL, "socket: arg0 == AF_UNIX; return EIO\n",
	  "socket(AF_UNIX)", "errno(EIO)" },
	{ "minijail-compiler", NULL, "socket: arg0 == AF_UNIX; return EIO\n",
	  "socket(AF_INET)", "kill_thread" },
	{ "minijail-compiler", NULL,
	  "@default trap\n{read, write}: { arg0 == 1; log, return EIO }\n",
	  "write(1)", "log" },
	{ "minijail-compiler", NULL, "@default trap\nread: allow # c\n",
	  "write(1)", "trap" },
	{ "minijail-compiler", NULL, "@denylist\nread: return EIO\n", "write",
	  "allow" },
	{ "minijail-compiler", NULL, "read[arch=arm]: allow\n", "read",
	  "kill_thread" },
	{ "minijail-compiler", NULL, "read: { arg0 == 1; kill, allow }\n",
	  "read(1)", "allow" },
	{ "minijail-compiler", NULL, "read: 1\nread: 1\n", NULL,
	  "2:7: read has an unconditional action already" },
	{ "minijail-compiler", NULL, "@default allow\n", NULL,
	  "1:10: the default may be" },
	/* ---- kafel */
	{ "kafel", NULL, "POLICY a { ALLOW { read, newuname } } USE a", "uname",
	  "allow" },
	{ "kafel", NULL,
	  "#define X 5 // c\nPOLICY a { ERRNO(X) { read } }\n"
	  "POLICY b { USE a }\nUSE b DEFAULT ALLOW",
	  "read", "errno(EIO)" },
	{ "kafel", NULL, "ALLOW { SYSCALL[0] } DEFAULT TRAP(7)", "write",
	  "trap(7)" },
	{ "kafel", NULL, "ALLOW { read(fd) { fd == 1 } }", NULL,
	  "1:13: kafel's conditions" },
	{ "kafel", NULL, "USE a", NULL, "1:5: no policy 'a'" },
	{ "kafel", NULL, "ALLOW { raed }", NULL, "1:9: x86_64 has no call" },
	{ "kafel", NULL, "ALLOW { read", NULL, "1:13: ',' or '}'" },
	{ "kafel", NULL, "ERRNO(4096) { read }", NULL, "1:7: this number" },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static enum cg_status read_row(const struct row *row, size_t memory,
			       struct cg_policy **policy, struct cg_error *err)
{
	const struct cg_source source = { row->text, strlen(row->text),
					  "text" };
	const struct cg_target target = { .native = cg_abi_by_name("x86_64"),
					  .runtime = row->runtime,
					  .memory = memory };

	*err = (struct cg_error){ 0 };
	return cg_format_read(cg_format_by_name(row->format), &source, 1,
			      &target, policy, err);
}

static void first_line(const char *text, char out[80])
{
	snprintf(out, 80, "%.60s", text);
	for (char *at = out; *at; at++)
		*at = *at == '\n' ? '|' : *at;
}

static void test_error(struct tap *tap, const struct row *row)
{
	char got[CG_MESSAGE_MAX + 32], name[80];
	struct cg_policy *policy = NULL;
	struct cg_error err;

	first_line(row->text, name);
	if (read_row(row, 0, &policy, &err) == CG_OK)
		snprintf(got, sizeof(got), "it was read");
	else
		snprintf(got, sizeof(got), "%u:%u: %s", err.line, err.column,
			 err.message);
	if (!tap_ok(tap, strncmp(got, row->answer, strlen(row->answer)) == 0,
		    "%s: %s", row->format, name))
		tap_note("%s", got);
	cg_policy_free(policy);
}

static void test_answer(struct tap *tap, const struct row *row)
{
	struct cg_policy *policy = NULL;
	char got[80] = "", name[80];
	struct cg_error err;
	struct cg_call call;
	uint32_t known;

	first_line(row->text, name);
	if (read_row(row, 0, &policy, &err) != CG_OK)
		tap_note("%u:%u: %s", err.line, err.column, err.message);
	else if (cg_call_parse(row->call, cg_abi_by_name("x86_64"), &call,
			       &known, &err) != CG_OK)
		tap_note("%s: %s", row->call, err.message);
	else
		cg_answer_print(cg_policy_decide(policy, &call),
				cg_abi_by_name("x86_64"), got, sizeof(got));
	if (!tap_ok(tap, strcmp(got, row->answer) == 0, "%s: %s: %s is %s",
		    row->format, name, row->call, row->answer))
		tap_note("and not '%s'", got);
	cg_policy_free(policy);
}

/* With each budget it fails cleanly, until it is enough. */
static void test_memory(struct tap *tap, const struct row *row)
{
	enum { STEP = 4999, MOST = 4000 };
	struct cg_policy *policy = NULL;
	enum cg_status status = CG_E_NOMEM;
	struct cg_error err;
	size_t tries = 0;

	while (status == CG_E_NOMEM && tries < MOST)
		status = read_row(row, 1 + STEP * tries++, &policy, &err);
	tap_ok(tap, status == CG_OK && policy && tries > 1,
	       "%s: every budget below %zu bytes fails cleanly", row->format,
	       STEP * tries);
	cg_policy_free(policy);
}

/* The warnings of a text: how many, and a part of the first. */
static void test_warning(struct tap *tap, const char *format, const char *text,
			 size_t wanted, const char *part)
{
	const struct row row = { format, NULL, text, NULL, NULL };
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 }, first = { 0 };
	size_t count = 0;

	if (read_row(&row, 0, &policy, &err) == CG_OK) {
		cg_policy_warning(policy, 0, &first);
		while (cg_policy_warning(policy, count, &err))
			count++;
	}
	if (!tap_ok(tap,
		    count == wanted && strstr(first.message, part) &&
			    first.line,
		    "%s warns: %s", format, part))
		tap_note("%zu: %s", count, first.message);
	cg_policy_free(policy);
}

/* A file in a folder for the test; false if it cannot be written. */
static bool put(const char *folder, const char *name, const char *text)
{
	char path[512];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	ok = file && fputs(text, file) >= 0;
	return file ? fclose(file) == 0 && ok : false;
}

/* Drop-ins are read with the unit that they belong to, in their order. */
static void test_drop_ins(struct tap *tap)
{
	static const char *const names[] = { "a.service",
					     "a.service.d/10-a.conf",
					     "a.service.d/20-b.conf",
					     "a.service.d/30-c.txt" };
	char folder[] = "/tmp/callgate-unit-XXXXXX", path[512];
	const struct cg_target target = { .native = cg_abi_by_name("x86_64") };
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	struct cg_call call = { .arch = cg_abi_by_name("x86_64")->audit_arch };
	bool ok = mkdtemp(folder) != NULL;

	snprintf(path, sizeof(path), "%s/a.service.d", folder);
	ok = ok && mkdir(path, 0700) == 0 &&
	     put(folder, names[0], "[Service]\nSystemCallFilter=~read\n") &&
	     put(folder, names[1], "[Service]\nSystemCallFilter=~read:EIO\n") &&
	     put(folder, names[2],
		 "[Service]\nSystemCallFilter=~read:EPERM\n") &&
	     put(folder, names[3], "[Service]\nSystemCallFilter=\n");
	snprintf(path, sizeof(path), "%s/a.service", folder);
	ok = ok && cg_format_open(path, NULL, &target, &policy, &err) == CG_OK;
	tap_ok(tap, ok && cg_policy_decide(policy, &call) == (CG_RET_ERRNO | 1),
	       "systemd: drop-ins are read with their unit");
	cg_policy_free(policy);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/a.service.d", folder);
	rmdir(path);
	rmdir(folder);
}

int main(void)
{
	struct tap tap = { 0 };

	test_drop_ins(&tap);
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].call)
			test_answer(&tap, &rows[i]);
		else
			test_error(&tap, &rows[i]);
		if (rows[i].call &&
		    (!i || strcmp(rows[i].format, rows[i - 1].format) != 0))
			test_memory(&tap, &rows[i]);
	}
	test_warning(&tap, "systemd",
		     "[Service]\nSystemCallFilter=~bnid @foo bind:x\n", 3,
		     "did you mean 'bind'?");
	test_warning(&tap, "systemd",
		     "[Service]\nSystemCallFitler=bind\nRestrictRealtime=yes\n",
		     3, "did you mean 'SystemCallFilter'?");
	test_warning(&tap, "systemd", "[Service]\n", 1, "no filter");
	test_warning(&tap, "firejail", "seccomp.drop bnid,bind:x,!read\n", 3,
		     "did you mean 'bind'?");
	test_warning(&tap, "minijail-compiler",
		     "read: { arg0 == 1; kill, allow }\n", 1, "ends in allow");
	return tap_done(&tap);
}
