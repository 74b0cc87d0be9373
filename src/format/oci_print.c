/* Profiles as text: JSON for runtimes, YAML for Kubernetes. */
#include <inttypes.h>
#include <string.h>

#include "format/oci_write.h"

/* --------------------------------------------------------------- words -- */

const char *oci_action_word(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_ALLOW:
		return "SCMP_ACT_ALLOW";
	case CG_RET_ERRNO:
		return "SCMP_ACT_ERRNO";
	case CG_RET_LOG:
		return "SCMP_ACT_LOG";
	case CG_RET_TRACE:
		return "SCMP_ACT_TRACE";
	case CG_RET_TRAP:
		return "SCMP_ACT_TRAP";
	case CG_RET_USER_NOTIF:
		return "SCMP_ACT_NOTIFY";
	case CG_RET_KILL_PROCESS:
		return "SCMP_ACT_KILL_PROCESS";
	default:
		return "SCMP_ACT_KILL";
	}
}

bool oci_action_has_errno(uint32_t answer)
{
	uint32_t action = answer & CG_RET_ACTION;

	return action == CG_RET_ERRNO || action == CG_RET_TRACE;
}

const char *oci_compare_word(enum profile_compare compare)
{
	static const char *const words[] = {
		[PROFILE_NE] = "SCMP_CMP_NE",
		[PROFILE_LT] = "SCMP_CMP_LT",
		[PROFILE_LE] = "SCMP_CMP_LE",
		[PROFILE_EQ] = "SCMP_CMP_EQ",
		[PROFILE_GE] = "SCMP_CMP_GE",
		[PROFILE_GT] = "SCMP_CMP_GT",
		[PROFILE_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
	};

	return (size_t)compare < sizeof(words) / sizeof(words[0])
		       ? words[compare]
		       : NULL;
}

const char *oci_flag_word(unsigned index, uint32_t *bit)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} words[] = {
		{ "SECCOMP_FILTER_FLAG_TSYNC", 1 << 0 },
		{ "SECCOMP_FILTER_FLAG_LOG", 1 << 1 },
		{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1 << 2 },
		{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1 << 5 },
	};

	if (index >= sizeof(words) / sizeof(words[0]))
		return NULL;
	*bit = words[index].bit;
	return words[index].name;
}

/* ---------------------------------------------------------------- JSON -- */

struct json {
	struct buf *out;
	const char *indent;
	bool errno_names;
	const struct cg_abi *abi; /* whose errnos have names */
};

static void start(const struct json *json, unsigned depth)
{
	buf_puts(json->out, json->indent);
	for (unsigned i = 0; i < depth; i++)
		buf_puts(json->out, "  ");
}

/* The errno of an answer as further keys, each behind a comma. */
static void
add_errno(const struct json *json, uint32_t answer, bool top, unsigned depth)
{
	uint32_t data = answer & CG_RET_DATA;
	const char *name = cg_errno_name(data, json->abi);

	if (!oci_action_has_errno(answer))
		return;
	buf_puts(json->out, ",\n");
	start(json, depth);
	buf_printf(json->out, "\"%s\": %" PRIu32,
		   top ? "defaultErrnoRet" : "errnoRet", data);
	if (!json->errno_names || !name)
		return;
	buf_puts(json->out, ",\n");
	start(json, depth);
	buf_printf(json->out, "\"%s\": \"%s\"", top ? "defaultErrno" : "errno",
		   name);
}

static void add_arches(const struct json *json, const struct spelling *spelling)
{
	if (spelling->unlisted)
		return;
	buf_puts(json->out, ",\n");
	start(json, 1);
	buf_puts(json->out, "\"architectures\": [");
	for (size_t i = 0; i < spelling->abi_count; i++) {
		const struct profile_arch *arch =
			profile_arch_of(spelling->abis[i]);

		buf_puts(json->out, i ? ",\n" : "\n");
		start(json, 2);
		buf_printf(json->out, "\"%s\"", arch->scmp);
	}
	buf_puts(json->out, "\n");
	start(json, 1);
	buf_puts(json->out, "]");
}

/* SPEC_ALLOW alone is what runtimes choose where there is no list. */
static void add_flags(const struct json *json, uint32_t flags)
{
	const char *name;
	uint32_t bit;
	bool first = true;

	if (flags == 1 << 2)
		return;
	buf_puts(json->out, ",\n");
	start(json, 1);
	buf_puts(json->out, "\"flags\": [");
	for (unsigned i = 0; (name = oci_flag_word(i, &bit)); i++)
		if (flags & bit) {
			buf_printf(json->out, "%s\"%s\"", first ? "" : ", ",
				   name);
			first = false;
		}
	buf_puts(json->out, "]");
}

static void
add_test(const struct json *json, const struct profile_test *test, bool first)
{
	buf_puts(json->out, first ? "\n" : ",\n");
	start(json, 4);
	buf_printf(json->out, "{ \"index\": %" PRIu32 ", \"value\": %" PRIu64,
		   test->argument, test->value);
	if (test->compare == PROFILE_MASKED_EQ)
		buf_printf(json->out, ", \"valueTwo\": %" PRIu64,
			   test->value_two);
	buf_printf(json->out, ", \"op\": \"%s\" }",
		   oci_compare_word(test->compare));
}

static void add_rule(const struct json *json, const struct spelled *rule)
{
	start(json, 2);
	buf_puts(json->out, "{\n");
	start(json, 3);
	buf_puts(json->out, "\"names\": [");
	for (size_t i = 0; i < rule->count; i++) {
		buf_puts(json->out, i ? ",\n" : "\n");
		start(json, 4);
		buf_json(json->out, rule->names[i]);
	}
	buf_puts(json->out, "\n");
	start(json, 3);
	buf_puts(json->out, "],\n");
	start(json, 3);
	buf_printf(json->out, "\"action\": \"%s\"",
		   oci_action_word(rule->answer));
	add_errno(json, rule->answer, false, 3);
	if (rule->test_count) {
		buf_puts(json->out, ",\n");
		start(json, 3);
		buf_puts(json->out, "\"args\": [");
		for (size_t i = 0; i < rule->test_count; i++)
			add_test(json, &rule->tests[i], i == 0);
		buf_puts(json->out, "\n");
		start(json, 3);
		buf_puts(json->out, "]");
	}
	buf_puts(json->out, "\n");
	start(json, 2);
	buf_puts(json->out, "}");
}

void oci_print(struct buf *out, const struct spelling *spelling,
	       const char *indent, bool errno_names)
{
	const struct json json = { out, indent, errno_names,
				   spelling->abis[0] };

	start(&json, 0);
	buf_puts(out, "{\n");
	start(&json, 1);
	buf_printf(out, "\"defaultAction\": \"%s\"",
		   oci_action_word(spelling->answer));
	add_errno(&json, spelling->answer, true, 1);
	add_arches(&json, spelling);
	add_flags(&json, spelling->flags);
	if (spelling->notifies) {
		buf_puts(out, ",\n");
		start(&json, 1);
		buf_puts(out, "\"listenerPath\": \"" OCI_LISTENER "\"");
	}
	buf_puts(out, ",\n");
	start(&json, 1);
	buf_puts(out, "\"syscalls\": [");
	for (size_t i = 0; i < spelling->count; i++) {
		buf_puts(out, i ? ",\n" : "\n");
		add_rule(&json, &spelling->rules[i]);
	}
	if (spelling->count) {
		buf_puts(out, "\n");
		start(&json, 1);
	}
	buf_puts(out, "]\n");
	start(&json, 0);
	buf_puts(out, "}\n");
}

/* ---------------------------------------------------------------- YAML -- */

static void yaml_rule(struct buf *out, const struct spelled *rule)
{
	buf_printf(out, "  - action: %s\n", oci_action_word(rule->answer));
	if (oci_action_has_errno(rule->answer))
		buf_printf(out, "    errnoRet: %" PRIu32 "\n",
			   rule->answer & CG_RET_DATA);
	buf_puts(out, "    names:\n");
	for (size_t i = 0; i < rule->count; i++)
		buf_printf(out, "    - %s\n", rule->names[i]);
	if (!rule->test_count)
		return;
	buf_puts(out, "    args:\n");
	for (size_t i = 0; i < rule->test_count; i++) {
		const struct profile_test *test = &rule->tests[i];

		buf_printf(out,
			   "    - index: %" PRIu32 "\n"
			   "      value: %" PRIu64 "\n",
			   test->argument, test->value);
		if (test->compare == PROFILE_MASKED_EQ)
			buf_printf(out, "      valueTwo: %" PRIu64 "\n",
				   test->value_two);
		buf_printf(out, "      op: %s\n",
			   oci_compare_word(test->compare));
	}
}

void oci_print_spo(struct buf *out, const struct spelling *spelling,
		   const char *name)
{
	const char *word;
	uint32_t bit;

	buf_puts(out, "apiVersion: security-profiles-operator.x-k8s.io/v1\n"
		      "kind: SeccompProfile\n"
		      "metadata:\n");
	buf_printf(out, "  name: %s\nspec:\n", name);
	buf_printf(out, "  defaultAction: %s\n",
		   oci_action_word(spelling->answer));
	if (!spelling->unlisted)
		buf_puts(out, "  architectures:\n");
	for (size_t i = 0; !spelling->unlisted && i < spelling->abi_count; i++)
		buf_printf(out, "  - %s\n",
			   profile_arch_of(spelling->abis[i])->scmp);
	if (!spelling->flags)
		buf_puts(out, "  flags: []\n");
	else if (spelling->flags != 1 << 2)
		buf_puts(out, "  flags:\n");
	for (unsigned i = 0;
	     spelling->flags != 1 << 2 && (word = oci_flag_word(i, &bit)); i++)
		if (spelling->flags & bit)
			buf_printf(out, "  - %s\n", word);
	if (spelling->notifies)
		buf_puts(out, "  listenerPath: " OCI_LISTENER "\n");
	if (!spelling->count)
		return;
	buf_puts(out, "  syscalls:\n");
	for (size_t i = 0; i < spelling->count; i++)
		yaml_rule(out, &spelling->rules[i]);
}
