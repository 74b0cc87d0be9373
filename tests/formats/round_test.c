/*
 * All policies there are, written as everything that is a list or a program.
 * The library reads each text back and proves it; here it is counted, and what
 * cannot be said must be refused by name.
 */
#include <dirent.h>
#include <string.h>

#include <callgate/format.h>

#include "tap.h"

enum { PATH_LENGTH = 512, POLICIES = 96 };

static const char *const names[] = {
	"systemd", "firejail", "minijail", "minijail-compiler", "kafel",
	"bpf",     "asm",      "c",        "c-header",          "go",
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

struct figures {
	size_t exact, nearest, refused, wrong;
};

static void
write_as(const char *name, const struct cg_policy *policy,
	 const struct cg_abi *native, const char *path, struct figures *figures)
{
	const struct cg_target target = { .native = native };
	const struct cg_format *format = cg_format_by_name(name);

	for (int nearest = 0; nearest < 2; nearest++) {
		const struct cg_write_options options = { .nearest = nearest };
		struct cg_written *written = NULL;
		struct cg_error err = { 0 }, note;
		enum cg_status status = cg_format_write(
			format, policy, &target, &options, &written, &err);
		bool ok = status == CG_OK && cg_written_proved(written);

		if (ok && nearest)
			ok = cg_written_note(written, 0, &note);
		cg_written_free(written);
		if (ok) {
			*(nearest ? &figures->nearest : &figures->exact) += 1;
			return;
		}
		if (status == CG_E_MEANING && err.message[0])
			continue;
		figures->wrong++;
		tap_note("%s as %s: %d: %s", path, name, (int)status,
			 err.message);
		return;
	}
	figures->refused++;
}

/* The ABI that a policy is about: its main one, or whose guest that is. */
static const struct cg_abi *native_of(const struct cg_policy *policy)
{
	return cg_policy_abi(policy, 0);
}

static void try_policy(const struct cg_policy *policy, const char *path,
		       struct figures figures[NAMES])
{
	if (cg_policy_enabled(policy))
		for (size_t i = 0; i < NAMES; i++)
			write_as(names[i], policy, native_of(policy), path,
				 &figures[i]);
}

static size_t try_folder(const char *folder, struct figures figures[NAMES])
{
	const struct cg_policy_options options = {
		.native = cg_abi_by_name("x86_64"),
	};
	DIR *open = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while (open && (entry = readdir(open))) {
		struct cg_policy *policy = NULL;
		char path[PATH_LENGTH];
		struct cg_error err;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (!strstr(entry->d_name, ".yml") ||
		    cg_policy_open(path, &options, &policy, &err) != CG_OK)
			continue;
		try_policy(policy, entry->d_name, figures);
		cg_policy_free(policy);
		count++;
	}
	if (open)
		closedir(open);
	return count;
}

/* Bytes of either order say the same; which it is, the target knows. */
static void test_orders(struct tap *tap)
{
	static const char *const abis[] = { "x86_64", "s390x" };
	static const char text[] = "seccomp:\n  default_action: allow\n"
				   "  syscalls:\n  - action: errno\n"
				   "    names: [mkdir]\n";
	const struct cg_format *format = cg_format_by_name("bpf");

	for (size_t i = 0; i < 2; i++) {
		const struct cg_abi *abi = cg_abi_by_name(abis[i]);
		const struct cg_policy_options options = { .native = abi };
		const struct cg_target target = { .native = abi };
		struct cg_written *written = NULL;
		struct cg_policy *policy = NULL;
		const char *bytes = NULL;
		struct cg_error err = { 0 };
		size_t length = 0;

		if (cg_policy_parse(text, strlen(text), "", &options, &policy,
				    &err) == CG_OK &&
		    cg_format_write(format, policy, &target, NULL, &written,
				    &err) == CG_OK)
			bytes = cg_written_text(written, &length);
		/* ld [4], which every filter begins with. */
		tap_ok(tap,
		       length % 8 == 0 && length && bytes[i ? 1 : 0] == 0x20 &&
			       !bytes[i ? 0 : 1],
		       "bytes for %s, %s-endian", abis[i],
		       i ? "big" : "little");
		cg_written_free(written);
		cg_policy_free(policy);
	}
}

int main(int argc, char **argv)
{
	struct figures figures[NAMES] = { { 0 } };
	struct tap tap = { 0 };
	size_t count = 0;

	for (int i = 1; i < argc; i++)
		count += try_folder(argv[i], figures);
	tap_note("%-18s %6s %8s %8s", "as", "exact", "nearest", "refused");
	for (size_t i = 0; i < NAMES; i++) {
		const struct figures *got = &figures[i];

		tap_note("%-18s %6zu %8zu %8zu", names[i], got->exact,
			 got->nearest, got->refused);
		tap_ok(&tap, !got->wrong && got->exact + got->nearest > 0,
		       "%zu policies as %s", count, names[i]);
	}
	test_orders(&tap);
	return tap_done(&tap);
}
