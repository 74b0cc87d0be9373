/*
 * Docker's default profile, as its filter: compiled here, and made by
 * libseccomp in the way of runc. Each becomes a policy again, is written as
 * text, and the text is proved equal to the filter, within the usual budget.
 *
 * The profile lies beside the sources, if at all: the folder is in
 * CALLGATE_SHARED.
 */
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <callgate/callgate.h>
#include <callgate/format.h>

#include "doc/doc.h"
#include "tap.h"

enum { TEXT_MAX = 1 << 20, ARGUMENTS = 6 };

static const struct profile {
	const char *name, *file;
} profiles[] = {
	{ "Docker's default", "resolved-moby-default-x86_64-defaultcaps.json" },
	{ "Podman's default",
	  "resolved-containers-common-x86_64-dockercaps.json" },
};

/* --------------------------------------------------- libseccomp's filter -- */

static uint64_t number_at(const struct node *node, const char *key)
{
	const struct node *value = doc_get(node, key);

	return value ? strtoull(value->text, NULL, 0) : 0;
}

static enum scmp_compare compare_at(const struct node *node)
{
	static const struct {
		const char *name;
		enum scmp_compare compare;
	} all[] = {
		{ "SCMP_CMP_NE", SCMP_CMP_NE },
		{ "SCMP_CMP_LT", SCMP_CMP_LT },
		{ "SCMP_CMP_LE", SCMP_CMP_LE },
		{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
		{ "SCMP_CMP_GE", SCMP_CMP_GE },
		{ "SCMP_CMP_GT", SCMP_CMP_GT },
		{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(doc_get(node, "op")->text, all[i].name) == 0)
			return all[i].compare;
	abort();
}

static uint32_t
action_at(const struct node *node, const char *key, const char *number)
{
	const char *text = doc_get(node, key)->text;

	if (strcmp(text, "SCMP_ACT_ALLOW") == 0)
		return SCMP_ACT_ALLOW;
	if (strcmp(text, "SCMP_ACT_ERRNO") != 0)
		abort();
	return SCMP_ACT_ERRNO(
		doc_get(node, number) ? (uint32_t)number_at(node, number) : 1);
}

/* One rule for each name; what libseccomp has no such call for is left. */
static bool
add_rules(scmp_filter_ctx filter, const struct node *rule, uint32_t usual)
{
	const uint32_t action = action_at(rule, "action", "errnoRet");
	const struct node *names = doc_get(rule, "names");
	const struct node *args = doc_get(rule, "args");
	struct scmp_arg_cmp tests[ARGUMENTS];
	unsigned count = 0;

	if (action == usual) /* libseccomp takes no such rule, runc adds none */
		return true;
	for (; args && count < args->count && count < ARGUMENTS; count++)
		tests[count] = (struct scmp_arg_cmp){
			.arg = (unsigned)number_at(args->items[count], "index"),
			.op = compare_at(args->items[count]),
			.datum_a = number_at(args->items[count], "value"),
			.datum_b = number_at(args->items[count], "valueTwo"),
		};
	for (size_t i = 0; i < names->count; i++) {
		int nr = seccomp_syscall_resolve_name(names->items[i]->text);

		if (nr != __NR_SCMP_ERROR &&
		    seccomp_rule_add_array(filter, action, nr, count, tests) !=
			    0)
			return false;
	}
	return true;
}

static struct cg_program *export(scmp_filter_ctx filter)
{
	static char bytes[8 * CG_PROGRAM_MAX];
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	ssize_t got = -1;

	if (fd >= 0 && seccomp_export_bpf(filter, fd) == 0)
		got = pread(fd, bytes, sizeof(bytes), 0);
	if (got < 0 || cg_program_from_bytes(bytes, (size_t)got, false,
					     &program, &err) != CG_OK)
		tap_note("libseccomp's filter: %s", err.message);
	close(fd);
	return program;
}

static struct cg_program *made_by_peer(const char *text, size_t length)
{
	struct arena arena = { .budget = 16 << 20 };
	struct cg_program *program = NULL;
	scmp_filter_ctx filter = NULL;
	struct cg_error err = { 0 };
	const struct node *rules;
	struct node *root;
	uint32_t usual;
	bool ok = false;

	if (doc_read_json(&arena, text, length, "profile", &root, &err)) {
		usual = action_at(root, "defaultAction", "defaultErrnoRet");
		rules = doc_get(root, "syscalls");
		filter = seccomp_init(usual);
		ok = filter && seccomp_arch_add(filter, SCMP_ARCH_X86) == 0 &&
		     seccomp_arch_add(filter, SCMP_ARCH_X32) == 0;
		for (size_t i = 0; ok && i < rules->count; i++)
			ok = add_rules(filter, rules->items[i], usual);
	}
	if (ok)
		program = export(filter);
	else
		tap_note("libseccomp takes no such profile: %s", err.message);
	seccomp_release(filter);
	arena_free(&arena);
	return program;
}

/* -------------------------------------------------------------- lifting -- */

static bool is_equal(struct cg_side left, struct cg_side right)
{
	enum cg_relation relation = CG_DIFFERENT;
	struct cg_error err;

	return cg_compare(left, right, 0, &relation, NULL, &err) == CG_OK &&
	       relation == CG_EQUAL;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_lift(struct tap *tap, const char *name, const char *by,
		      const struct cg_program *program)
{
	const struct cg_side filter = { .program = program };
	struct cg_policy *policy = NULL, *back = NULL;
	struct cg_error err = { 0 };
	const double from = seconds();
	char *text = NULL;
	size_t length;
	bool ok;

	ok = program && cg_lift(filter, NULL, &policy, &err) == CG_OK &&
	     cg_policy_write(policy, CG_TEXT_YAML, 0, &text, &err) == CG_OK &&
	     cg_policy_parse(text, strlen(text), name, NULL, &back, &err) ==
		     CG_OK &&
	     is_equal(filter, (struct cg_side){ .policy = back });
	if (!tap_ok(tap, ok, "%s, %s: a policy that is equal", name, by))
		tap_note("%s", err.message);
	if (ok) {
		cg_program_insns(program, &length);
		tap_note("%zu instructions, %zu bytes of policy, %.1f ms of "
			 "processor time",
			 length, strlen(text), 1000 * (seconds() - from));
	}
	free(text);
	cg_policy_free(policy);
	cg_policy_free(back);
}

static struct cg_program *made_here(const char *path, struct cg_policy **policy)
{
	const struct cg_target target = { .native = cg_abi_by_name("x86_64"),
					  .runtime = "runc" };
	const struct cg_format *format = cg_format_by_name("oci");
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };

	if (cg_format_open(path, &format, &target, policy, &err) != CG_OK ||
	    cg_compile(*policy, NULL, &program, &err) != CG_OK)
		tap_note("%s", err.message);
	return program;
}

static void test_profile(struct tap *tap, const struct profile *profile,
			 const char *path, const char *text, size_t length)
{
	struct cg_policy *policy = NULL;
	struct cg_program *program = made_here(path, &policy);

	test_lift(tap, profile->name, "compiled here", program);
	cg_program_free(program);
	cg_policy_free(policy);
	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		tap_skip(tap, profile->name, "libseccomp's is for x86_64");
		return;
	}
	program = made_by_peer(text, length);
	test_lift(tap, profile->name, "made by libseccomp", program);
	cg_program_free(program);
}

int main(void)
{
	const char *folder = getenv("CALLGATE_SHARED");
	static char text[TEXT_MAX];
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		char path[512];
		FILE *file;
		size_t length;

		snprintf(path, sizeof(path), "%s/data/oci/%s",
			 folder ? folder : ".", profiles[i].file);
		file = folder ? fopen(path, "re") : NULL;
		if (!file) {
			tap_skip(&tap, profiles[i].name,
				 "needs the profile in CALLGATE_SHARED");
			continue;
		}
		length = fread(text, 1, sizeof(text), file);
		fclose(file);
		test_profile(&tap, &profiles[i], path, text, length);
	}
	return tap_done(&tap);
}
