/*
 * A program registers its policy once: the same again is fine, another one is
 * refused, and what was registered first stays as it was.
 */
#include <string.h>

#include <callgate/registry.h>

#include "tap.h"

#define HEAD(action)                     \
	"seccomp:\n"                     \
	"  architectures: [x86_64]\n"    \
	"  default_action: " action "\n" \
	"  syscalls:\n"
#define FIRST                          \
	HEAD("errno")                  \
	"    - action: allow\n"        \
	"      names: [read, write]\n" \
	"    - action: allow\n"        \
	"      rules: ['socket(== AF_UNIX)']\n"
#define OTHER "'first' registered a policy, and 'second' comes with another: "

/* clang-format off */
static const struct row {
	const char *name;
	const char *text; /* of the second policy; NULL: none */
	enum cg_status first, second; /* to an empty registry, to a full one */
	const char *message; /* of the second */
} rows[] = {
	{ "no policy", NULL, CG_E_INPUT, CG_E_INPUT,
	  "'second' registers no policy" },
	{ "no syscalls",
	  "seccomp: {enabled: false}\n", CG_E_INPUT, CG_E_INPUT,
	  "the policy of 'second' is switched off (enabled: false)" },
	{ "switched off",
	  FIRST "  enabled: false\n", CG_E_INPUT, CG_E_INPUT,
	  "the policy of 'second' is switched off (enabled: false)" },
	{ "the same text", FIRST, CG_OK, CG_OK, "" },
	{ "the same meaning",
	  "{seccomp: {architectures: [x86_64], default_action: errno,"
	  " syscalls: [{action: allow, rules: ['socket(1)', write, read]}]}}",
	  CG_OK, CG_OK, "" },
	{ "other default",
	  HEAD("errno(EACCES)")
	  "    - {action: allow, rules: [read, write, 'socket(AF_UNIX)']}\n",
	  CG_OK, CG_E_INPUT,
	  OTHER "errno(EPERM) there, errno(EACCES) here, "
	  "for open(NULL, O_RDONLY, 0) on x86_64" },
	{ "other names",
	  HEAD("errno")
	  "    - {action: allow, rules: [read, 'socket(AF_UNIX)']}\n",
	  CG_OK, CG_E_INPUT,
	  OTHER "allow there, errno(EPERM) here, "
	  "for write(0, NULL, 0) on x86_64" },
	{ "other action",
	  HEAD("errno")
	  "    - {action: log, names: [read, write]}\n"
	  "    - {action: allow, rules: ['socket(AF_UNIX)']}\n",
	  CG_OK, CG_E_INPUT,
	  OTHER "allow there, log here, "
	  "for read(0, NULL, 0) on x86_64" },
	{ "other condition value",
	  HEAD("errno")
	  "    - {action: allow, rules: [read, write, 'socket(AF_INET)']}\n",
	  CG_OK, CG_E_INPUT,
	  OTHER "allow there, errno(EPERM) here, "
	  "for socket(AF_UNIX, 0, IPPROTO_IP) on x86_64" },
	{ "unknown calls",
	  HEAD("errno(EPERM)")
	  "    - {action: allow, rules: [read, write, 'socket(AF_UNIX)']}\n",
	  CG_OK, CG_E_INPUT,
	  OTHER "errno(ENOSYS) there, errno(EPERM) here, "
	  "for call 337 on x86_64" },
	{ "other byte order",
	  "seccomp: {architectures: [s390x], default_action: errno,"
	  " syscalls: [{action: allow, names: read}]}\n",
	  CG_OK, CG_E_INPUT,
	  "the policies of 'first' and 'second' cannot be compared: the two "
	  "sides are for kernels of different byte order" },
};
/* clang-format on */

static struct cg_policy *parse(const char *text)
{
	struct cg_policy *policy = NULL;
	struct cg_error err;

	if (text && cg_policy_parse(text, strlen(text), "row", NULL, &policy,
				    &err) != CG_OK) {
		tap_note("%s", err.message);
		exit(EXIT_FAILURE);
	}
	return policy;
}

static struct cg_registry *registry_new(void)
{
	struct cg_registry *registry = cg_registry_new();

	if (!registry)
		exit(EXIT_FAILURE);
	return registry;
}

/* Whether just this policy is kept, for `who`, and can still be asked. */
static bool keeps(const struct cg_registry *registry,
		  const struct cg_policy *policy, const char *who)
{
	const struct cg_call write = { .nr = 1, .arch = 0xc000003e };
	const char *name = "";

	if (cg_registry_policy(registry, NULL) != policy ||
	    cg_registry_policy(registry, &name) != policy)
		return false;
	if (!policy)
		return !name;
	return strcmp(name, who) == 0 &&
	       cg_policy_decide(policy, &write) == CG_RET_ALLOW;
}

/* The row's policy as the first one. */
static bool add_first(const struct row *row)
{
	struct cg_registry *registry = registry_new();
	struct cg_policy *policy = parse(row->text);
	const char *who = "";
	bool ok = keeps(registry, NULL, NULL);

	ok &= cg_registry_add(registry, "first", policy, NULL) == row->first;
	if (row->first == CG_OK) {
		ok &= cg_registry_policy(registry, &who) == policy &&
		      strcmp(who, "first") == 0;
	} else {
		ok &= keeps(registry, NULL, NULL);
		cg_policy_free(policy);
	}
	cg_registry_free(registry);
	return ok;
}

/* The row's policy after another one. */
static bool add_second(const struct row *row)
{
	struct cg_registry *registry = registry_new();
	struct cg_policy *kept = parse(FIRST), *policy = parse(row->text);
	struct cg_error err = { 0 };
	char who[] = "first";
	bool ok = cg_registry_add(registry, who, kept, &err) == CG_OK;

	who[0] = 'x'; /* the name was copied */
	ok &= cg_registry_add(registry, "second", policy, &err) == row->second;
	ok &= err.status == row->second;
	ok &= strcmp(err.message, row->message) == 0;
	ok &= keeps(registry, kept, "first");
	if (!ok)
		tap_note("%d, %s", (int)err.status, err.message);
	if (row->second != CG_OK)
		cg_policy_free(policy);
	cg_registry_free(registry);
	return ok;
}

/* The object that is kept is neither freed nor given up. */
static bool add_itself(void)
{
	struct cg_registry *registry = registry_new();
	struct cg_policy *kept = parse(FIRST);
	bool ok = cg_registry_add(registry, "first", kept, NULL) == CG_OK &&
		  cg_registry_add(registry, "second", kept, NULL) == CG_OK &&
		  keeps(registry, kept, "first");

	cg_registry_free(registry);
	return ok;
}

static bool add_nameless(void)
{
	struct cg_registry *registry = registry_new();
	struct cg_policy *policy = parse(FIRST);
	bool ok = cg_registry_add(registry, NULL, policy, NULL) == CG_E_INPUT &&
		  keeps(registry, NULL, NULL);

	cg_policy_free(policy);
	cg_registry_free(registry);
	return ok;
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_ok(&tap, add_first(&rows[i]), "%s, first", rows[i].name);
		tap_ok(&tap, add_second(&rows[i]), "%s, second", rows[i].name);
	}
	tap_ok(&tap, add_itself(), "the kept object itself");
	tap_ok(&tap, add_nameless(), "without a name");
	cg_registry_free(NULL);
	return tap_done(&tap);
}
