/*
 * The presets are policies on every ABI that has filters, and answer what
 * their comments promise.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/policy.h>

#include "tap.h"

#define ALLOW CG_RET_ALLOW
#define ERRNO(number) (CG_RET_ERRNO | (number))
#define KILL CG_RET_KILL_PROCESS
enum { EPERM_ = 1, EACCES_ = 13, ENOSYS_ = 38 };

static const struct row {
	const char *preset, *abi, *call;
	uint64_t args[3];
	uint32_t want;
} rows[] = {
	{ "no-exec", "x86_64", "execve", { 0 }, ERRNO(EACCES_) },
	{ "no-exec", "x86_64", "execveat", { 0 }, ERRNO(EACCES_) },
	{ "no-exec", "x86_64", "fork", { 0 }, ERRNO(EACCES_) },
	{ "no-exec", "x86_64", "vfork", { 0 }, ERRNO(EACCES_) },
	{ "no-exec", "x86_64", "clone", { 0 }, ALLOW },
	{ "no-exec", "aarch64", "execve", { 0 }, ERRNO(EACCES_) },
	{ "no-network", "x86_64", "socket", { 1, 1 }, ALLOW },
	{ "no-network", "x86_64", "socket", { 2, 1 }, ERRNO(EACCES_) },
	{ "no-network", "x86_64", "socket", { 10, 2 }, ERRNO(EACCES_) },
	{ "no-network", "x86_64", "socket", { 1ull << 32 | 1 }, ALLOW },
	{ "no-network",
	  "x86_64",
	  "socket",
	  { 1ull << 32 | 2 },
	  ERRNO(EACCES_) },
	{ "no-network", "x86_64", "io_uring_setup", { 0 }, ERRNO(EACCES_) },
	{ "no-network", "x86_64", "connect", { 0 }, ALLOW },
	{ "strict", "x86_64", "read", { 0 }, ALLOW },
	{ "strict", "x86_64", "write", { 0 }, ALLOW },
	{ "strict", "x86_64", "exit", { 0 }, ALLOW },
	{ "strict", "x86_64", "rt_sigreturn", { 0 }, ALLOW },
	{ "strict", "x86_64", "exit_group", { 0 }, KILL },
	{ "strict", "x86_64", "openat", { 0 }, KILL },
	{ "strict", "i386", "sigreturn", { 0 }, ALLOW },
	{ "strict", "i386", "open", { 0 }, KILL },
	{ "server", "x86_64", "accept4", { 0 }, ALLOW },
	{ "server", "x86_64", "openat", { 0 }, ALLOW },
	{ "server", "x86_64", "futex", { 0 }, ALLOW },
	{ "server", "x86_64", "execve", { 0 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "mount", { 0 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "ptrace", { 0 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "bpf", { 0 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "kexec_load", { 0 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "clone3", { 0 }, ERRNO(ENOSYS_) },
	{ "server", "x86_64", "io_uring_setup", { 0 }, ERRNO(ENOSYS_) },
	{ "server", "x86_64", "clone", { 0x3d0f00 }, ALLOW },
	{ "server", "x86_64", "clone", { 0x10000011 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "clone", { 0x40000011 }, ERRNO(EPERM_) },
	{ "server", "s390x", "clone", { 0x10000000, 0x11 }, ALLOW },
	{ "server", "s390x", "clone", { 0, 0x10000011 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "socket", { 2, 1 }, ALLOW },
	{ "server", "x86_64", "socket", { 17, 3 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "socket", { 38, 5 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "ioctl", { 0, 0x5401 }, ALLOW },
	{ "server", "x86_64", "ioctl", { 0, 0x5412 }, ERRNO(EPERM_) },
	{ "server",
	  "x86_64",
	  "ioctl",
	  { 0, 1ull << 32 | 0x5412 },
	  ERRNO(EPERM_) },
	{ "server", "x86_64", "personality", { 0xffffffff }, ALLOW },
	{ "server", "x86_64", "personality", { 0x40000 }, ERRNO(EPERM_) },
	{ "server", "x86_64", "mknodat", { 0 }, ERRNO(EPERM_) },
	{ "beats-x86_64", "x86_64", "execve", { 0 }, ALLOW },
	{ "beats-x86_64", "x86_64", "clone3", { 0 }, ALLOW },
	{ "beats-x86_64", "x86_64", "rseq", { 0 }, ALLOW },
	{ "beats-x86_64", "x86_64", "statx", { 0 }, ERRNO(EPERM_) },
	{ "beats-x86_64", "x86_64", "prlimit64", { 0 }, ERRNO(EPERM_) },
	{ "beats-i386", "i386", "socketcall", { 0 }, ALLOW },
	{ "beats-arm64", "aarch64", "execve", { 0 }, ERRNO(EPERM_) },
	{ "beats-arm64", "aarch64", "execveat", { 0 }, ERRNO(EPERM_) },
	{ "beats-arm64", "aarch64", "clone", { 0 }, ALLOW },
	{ "beats-arm", "arm", "fork", { 0 }, ERRNO(EPERM_) },
};

static enum cg_status
preset_read(const char *name, const struct cg_abi *abi,
	    struct cg_policy **policy, struct cg_error *err)
{
	struct cg_policy_options options = { .native = abi };

	return cg_policy_preset(name, &options, policy, err);
}

static void test_row(struct tap *tap, const struct row *row)
{
	const struct cg_abi *abi = cg_abi_by_name(row->abi);
	const struct cg_syscall *call = cg_syscall_by_name(row->call);
	struct cg_policy *policy = NULL;
	struct cg_error err;
	struct cg_call question = { 0 };
	uint32_t got = 0;

	if (abi && call && cg_syscall_number(call, abi, &question.nr) &&
	    preset_read(row->preset, abi, &policy, &err) == CG_OK) {
		question.arch = abi->audit_arch;
		memcpy(question.args, row->args, sizeof(row->args));
		got = cg_policy_decide(policy, &question);
	}
	if (!tap_ok(tap, policy && got == row->want,
		    "%s: %s(0x%" PRIx64 ", 0x%" PRIx64 ") on %s", row->preset,
		    row->call, row->args[0], row->args[1], row->abi))
		tap_note("want: %08" PRIx32 "  got: %08" PRIx32, row->want,
			 got);
	cg_policy_free(policy);
}

static void test_everywhere(struct tap *tap, const struct cg_preset *preset)
{
	const struct cg_abi *abi;
	bool good = true;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++) {
		struct cg_policy *policy = NULL;
		struct cg_error err;

		if (!abi->seccomp)
			continue;
		if (preset_read(preset->name, abi, &policy, &err) != CG_OK) {
			tap_note("%s, line %" PRIu32 ": %s", abi->name,
				 err.line, err.message);
			good = false;
		}
		cg_policy_free(policy);
	}
	tap_ok(tap, good, "%s is a policy on every ABI", preset->name);
}

int main(void)
{
	const struct cg_preset *preset;
	struct tap tap = { 0 };

	for (size_t i = 0; (preset = cg_preset_get(i)); i++)
		test_everywhere(&tap, preset);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&tap, &rows[i]);
	return tap_done(&tap);
}
