/*
 * Each allocation of this library fails once, from reading a policy to proving
 * its program: nothing crashes, nothing leaks, and CG_E_NOMEM says why.
 *
 * Those of libfyaml go well: 0.7 itself crashes where one fails.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/lint.h>
#include <callgate/merge.h>
#include <callgate/prove.h>
#include <callgate/registry.h>
#include <callgate/rules.h>
#include <callgate/write.h>

#include "tap.h"

/* ------------------------------------------------------------- malloc -- */

static bool armed;
static bool once;            /* the next ones go well again */
static size_t seen, failing; /* allocations so far; the one that fails */
static long live;            /* not freed yet, while armed */

static bool fails(void)
{
	if (!armed)
		return false;
	seen++;
	return once ? seen == failing : seen >= failing;
}

/* The linker's --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

void *__wrap_malloc(size_t size)
{
	void *out = fails() ? NULL : __real_malloc(size);

	live += armed && out;
	return out;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *out = fails() ? NULL : __real_calloc(count, size);

	live += armed && out;
	return out;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *out = fails() ? NULL : __real_realloc(old, size);

	live += armed && out && !old;
	return out;
}

void __wrap_free(void *old)
{
	live -= armed && old;
	__real_free(old);
}

/* ---------------------------------------------------------------- rows -- */

static const struct row {
	const char *name, *text;
} rows[] = {
	{ "names", "seccomp:\n"
		   "  default_action: errno\n"
		   "  syscalls:\n"
		   "    - action: allow\n"
		   "      names: [read, write, '@signal-return']\n" },
	{ "rules", "seccomp:\n"
		   "  default_action: errno(EACCES)\n"
		   "  kernel: '5.4'\n"
		   "  unknown: errno(ENOSYS)\n"
		   "  architectures: [x86_64, i386, x32]\n"
		   "  syscalls:\n"
		   "    - action: allow\n"
		   "      rules:\n"
		   "        - socket({AF_UNIX, AF_INET..AF_INET6}, &1|2 == 1)\n"
		   "        - kill(> 0 && < 100, != 9)\n"
		   "    - action: trap(5)\n"
		   "      names: kill\n" },
	{ "conditions",
	  "seccomp:\n"
	  "  default_action: allow\n"
	  "  syscalls:\n"
	  "    - action: kill_process\n"
	  "      names_with_args:\n"
	  "        - name: write\n"
	  "          arguments: &one\n"
	  "            - {argument: 0, operation: In, values: [1, 5..9]}\n"
	  "            - {argument: 2, operation: GreaterThan, value: 4096}\n"
	  "        - name: read\n"
	  "          arguments: *one\n" },
	{ "extends", "{seccomp: {extends: [no-exec], flags: [log],\n"
		     "syscalls: [{action: log, names: mkdir}]}}\n" },
	/* What is refused needs memory for its message, too. */
	{ "a misspelt name", "seccomp: {default_action: allow, syscalls: "
			     "[{action: errno, names: [raed, wriet]}]}" },
	{ "no YAML", "seccomp: [\n" },
	{ "numbers", NULL },
	{ "joined and extended", "seccomp: {registered: extend, syscalls: "
				 "[{action: log, rules: ['bind(3)']}]}" },
	{ "no extension", "seccomp: {registered: extend, syscalls: "
			  "[{action: errno, names: read}]}" },
};

/* What has no text: rules in numbers, with spans and tests. */
static enum cg_status from_rules(struct cg_policy **out, struct cg_error *err)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");
	const struct cg_default defaults[] = {
		{ abi, CG_RET_ERRNO | 1 },
		{ cg_abi_by_name("x32"), CG_RET_TRAP },
	};
	const struct cg_test tests[] = {
		{ 0, CG_GE, UINT64_MAX, 7 },
		{ 0, CG_LT, 0xff00, 0x200 },
		{ 3, CG_NE, UINT32_MAX, 9 },
	};
	const struct cg_rule rule[] = {
		{ abi, 3, 3, CG_RET_ALLOW, tests, 3, 1, 1 },
		{ abi, 3, 90, CG_RET_LOG, NULL, 0, 2, 1 },
		{ abi, 7, UINT32_MAX, CG_RET_TRACE, NULL, 0, 3, 1 },
		{ abi, 8, 8, CG_RET_ALLOW, NULL, 0, 4, 1 },
	};
	const struct cg_rules rules = { "row", defaults, 2,
					rule,  4,        CG_RET_KILL_PROCESS,
					0,     0,        0 };

	return cg_policy_from_rules(&rules, NULL, out, err);
}

/* Register the policy, and the same again. It is taken over or freed. */
static enum cg_status
enroll(const char *text, struct cg_policy *policy, struct cg_error *err)
{
	struct cg_registry *registry = cg_registry_new();
	struct cg_policy *again = NULL;
	enum cg_status status;

	if (!registry) {
		cg_policy_free(policy);
		return err->status = CG_E_NOMEM;
	}
	status = cg_registry_add(registry, "one", policy, err);
	if (status != CG_OK)
		cg_policy_free(policy);
	else
		status = cg_policy_parse(text, strlen(text), "again", NULL,
					 &again, err);
	if (status == CG_OK) {
		status = cg_registry_add(registry, "two", again, err);
		if (status == CG_OK)
			again = NULL;
	}
	cg_policy_free(again);
	cg_registry_free(registry);
	return status;
}

/* Parts of three kinds, and the user. */
static enum cg_status join(const char *text, struct cg_error *err)
{
	static const char *const needs[] = { "read", "socket(AF_UNIX)" };
	static const char *const refused[] = { "socket(AF_UNIX, 9)" };
	struct cg_registry *registry = cg_registry_new();
	const struct cg_policy *joined;
	enum cg_status status;

	if (!registry)
		return err->status = CG_E_NOMEM;
	status = cg_registry_need(registry, "one", needs, 2, err);
	if (status == CG_OK)
		status =
			cg_registry_need_preset(registry, "two", "strict", err);
	if (status == CG_OK)
		status = cg_registry_refuse(registry, "three", refused, 1, err);
	if (status == CG_OK)
		status = cg_registry_configure(registry, text, strlen(text),
					       "user", err);
	if (status == CG_OK)
		status = cg_registry_join(registry, &joined, err);
	cg_registry_free(registry);
	return status;
}

/* Judge the policy, and its program twice over, as one. */
static enum cg_status
lint(const struct cg_policy *policy, const struct cg_program *program,
     struct cg_error *err)
{
	const struct cg_program *both[] = { program, program };
	struct cg_findings *findings = NULL;
	struct cg_chain *chain = NULL;
	enum cg_status status;

	status = cg_lint((struct cg_side){ .policy = policy }, NULL, &findings,
			 err);
	cg_findings_free(findings);
	findings = NULL;
	if (status == CG_OK)
		status = cg_chain_new(both, 2, &chain, err);
	if (status == CG_OK)
		status = cg_lint((struct cg_side){ .chain = chain }, NULL,
				 &findings, err);
	cg_findings_free(findings);
	cg_chain_free(chain);
	return status;
}

/* And back: the filter as a policy, merged with its like, as text. */
static enum cg_status
back(const struct cg_program *program, struct cg_error *err)
{
	const struct cg_side side = { .program = program };
	struct cg_policy *lifted = NULL, *merged = NULL;
	struct cg_side both[2] = { side, side };
	char *text = NULL;
	enum cg_status status = cg_lift(side, NULL, &lifted, err);

	if (status == CG_OK) {
		both[1] = (struct cg_side){ .policy = lifted };
		status = cg_merge(both, 2, CG_MERGE_UNION, NULL, &merged, err);
	}
	if (status == CG_OK)
		status = cg_policy_write(merged, CG_TEXT_YAML, 0, &text, err);
	free(text);
	cg_policy_free(merged);
	cg_policy_free(lifted);
	return status;
}

/* Everything in turn; the first status that is not CG_OK. */
static enum cg_status work(const struct row *row, struct cg_error *err)
{
	const char *text = row->text;
	struct cg_policy *policy = NULL;
	struct cg_program *program = NULL;
	struct cg_side left, right;
	enum cg_relation relation = CG_DIFFERENT;
	enum cg_status status;
	char *listing = NULL;

	/* The user's word on what parts have registered. */
	if (text && strstr(text, "registered:"))
		return join(text, err);
	status = text ? cg_policy_parse(text, strlen(text), "row", NULL,
					&policy, err)
		      : from_rules(&policy, err);
	if (status == CG_OK)
		status = cg_compile(policy, NULL, &program, err);
	if (status == CG_OK)
		status = cg_prove(policy, program, 0, NULL, err);
	left = (struct cg_side){ .policy = policy };
	right = (struct cg_side){ .program = program };
	if (status == CG_OK)
		status = cg_compare(left, right, 0, &relation, NULL, err);
	if (status == CG_OK && relation != CG_EQUAL)
		status = CG_E_PROOF;
	if (status == CG_OK) {
		listing = cg_program_listing(program);
		if (!listing)
			status = err->status = CG_E_NOMEM;
	}
	free(listing);
	if (status == CG_OK)
		status = lint(policy, program, err);
	/* One row shows it; texts would take long and show the same. */
	if (status == CG_OK && !text)
		status = back(program, err);
	cg_program_free(program);
	if (status == CG_OK && text)
		return enroll(text, policy, err);
	cg_policy_free(policy);
	return status;
}

/* What a text comes to with all the memory in the world. */
static enum cg_status plenty(const struct row *row, struct cg_error *err)
{
	*err = (struct cg_error){ 0 };
	return work(row, err);
}

static const char *outcome; /* with all the memory in the world */

static bool fail_each(const struct row *row, bool only_one)
{
	struct cg_error err, want;
	enum cg_status wanted = plenty(row, &want), status;

	outcome = cg_status_text(wanted);

	for (failing = 1;; failing++) {
		err = (struct cg_error){ 0 };
		once = only_one;
		seen = 0;
		live = 0;
		armed = true;
		status = work(row, &err);
		armed = false;
		if (live != 0) {
			tap_note("allocation %zu: %ld are left", failing, live);
			return false;
		}
		if (seen < failing)
			break;
		/* One may be done without, but no answer may change. */
		if (status == wanted && only_one)
			continue;
		if (status != CG_E_NOMEM || err.status != CG_E_NOMEM) {
			tap_note("allocation %zu: %d, %s", failing, (int)status,
				 err.message);
			return false;
		}
	}
	return status == wanted && strcmp(err.message, want.message) == 0 &&
	       failing > 1;
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int only_one = 0; only_one < 2; only_one++) {
			bool ok = fail_each(&rows[i], only_one);

			tap_ok(&tap, ok, "%s: %s, %zu allocations, %s",
			       rows[i].name, outcome, failing - 1,
			       only_one ? "each fails alone"
					: "each fails with all after it");
		}
	return tap_done(&tap);
}
