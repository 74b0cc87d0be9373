/*
 * What is broken is refused with its place, or means no more than before: a
 * sample of each format that is read, cut at every byte, and with each value of
 * another kind. A sample is written by the format itself where it can, so that
 * a new format is tested as soon as it has a row.
 */
#include <string.h>

#include <callgate/format.h>
#include <callgate/prove.h>

#include "tap.h"

/*
 * Samples for formats whose text is JSON: it is refused wherever it is cut. In
 * others the first lines of a text are often a text.
 */
static const struct sample {
	const char *format, *text;
} samples[] = {
	{ "oci",
	  "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 5,"
	  "\"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"],"
	  "\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],"
	  "\"listenerPath\": \"/a\", \"listenerMetadata\": \"b\","
	  "\"syscalls\": [{\"names\": [\"dup\", \"sync\"],"
	  "\"action\": \"SCMP_ACT_ALLOW\"}, {\"names\": [\"dup2\"],"
	  "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 13, \"args\": ["
	  "{\"index\": 1, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 240,"
	  "\"valueTwo\": 16}]}]}" },
	{ "docker",
	  "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"archMap\": ["
	  "{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": "
	  "[\"SCMP_ARCH_X86\"]}], \"syscalls\": [{\"name\": \"dup\","
	  "\"comment\": \"c\", \"action\": \"SCMP_ACT_ALLOW\", \"includes\": "
	  "{\"caps\": [\"CAP_KILL\"], \"arches\": [\"amd64\"],"
	  "\"minKernel\": \"4.8\"}, \"excludes\": {\"caps\": "
	  "[\"CAP_SYS_ADMIN\"]}}]}" },
	{ "containers-common",
	  "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\""
	  ",\"syscalls\": [{\"names\": [\"dup\"], \"action\": "
	  "\"SCMP_ACT_ERRNO\", \"errno\": \"EIO\"}, {\"names\": [\"sync\"],"
	  "\"action\": \"SCMP_ACT_ALLOW\"}]}" },
	{ "spo",
	  "{\"apiVersion\": \"security-profiles-operator.x-k8s.io/v1\","
	  "\"kind\": \"SeccompProfile\", \"metadata\": {\"name\": \"a\"},"
	  "\"spec\": {\"state\": \"Enabled\", \"defaultAction\": "
	  "\"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"],"
	  "\"syscalls\": [{\"names\": [\"dup\"], \"action\": "
	  "\"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"op\": "
	  "\"SCMP_CMP_EQ\", \"value\": 3}]}]}}" },
};
enum {
	SAMPLES = sizeof(samples) / sizeof(samples[0]),
	NEAR = 600,
	STRIDE = 29
};

/* The policy that other formats' samples are written of. */
static const char policy_text[] =
	"seccomp:\n  default_action: errno\n  unknown: errno\n"
	"  foreign: kill_thread\n  syscalls:\n"
	"  - action: allow\n    names: [read, write, close, dup, execve]\n";

static enum cg_status
read_as(const struct cg_format *format, const char *text, size_t length,
	struct cg_policy **policy, struct cg_error *err)
{
	/* A copy without a byte to spare: what reads too far is seen. */
	char *copy = malloc(length ? length : 1);
	const struct cg_source source = { copy, length, "sample" };
	const struct cg_target target = { .native = cg_abi_by_name("x86_64") };
	enum cg_status status;

	if (!copy)
		return CG_E_NOMEM;
	memcpy(copy, text, length);
	*err = (struct cg_error){ 0 };
	status = cg_format_read(format, &source, 1, &target, policy, err);
	free(copy);
	return status;
}

/* Whether `left` lets through no call that `right` does not. */
static bool is_no_weaker(struct cg_policy *left, struct cg_policy *right)
{
	const struct cg_side a = { .policy = left }, b = { .policy = right };
	enum cg_relation relation;
	struct cg_error err;

	return cg_compare(a, b, 0, &relation, NULL, &err) == CG_OK &&
	       (relation == CG_EQUAL || relation == CG_STRICTER);
}

/* A line of a text, or an instruction or the length of a program. */
static bool says_where(const struct cg_error *err, enum cg_status status)
{
	return status == err->status && err->message[0] &&
	       (err->line || strstr(err->message, "instruction") ||
		strstr(err->message, "bytes") || strstr(err->message, "rule"));
}

/* ------------------------------------------------------------ cut short -- */

static bool cut(const struct cg_format *format, const char *text, size_t length,
		bool is_json)
{
	bool ok = true;

	/* The middle of a long text is more of the same. */
	for (size_t at = 0; at < length && ok;
	     at += at < NEAR || at + NEAR > length ? 1 : STRIDE) {
		struct cg_policy *policy = NULL;
		struct cg_error err;
		enum cg_status status =
			read_as(format, text, at, &policy, &err);

		ok = status == CG_OK ? !is_json : says_where(&err, status);
		if (!ok)
			tap_note("cut at %zu: %s", at,
				 status == CG_OK ? "it was read" : err.message);
		cg_policy_free(policy);
	}
	return ok;
}

/* --------------------------------------------------------- another kind -- */

/* Where the JSON value at `at` ends. */
static const char *value_end(const char *at)
{
	int depth = 0;

	do {
		if (*at == '"') {
			at++;
			while (*at != '"')
				at++;
		} else if (*at == '[' || *at == '{') {
			depth++;
		} else if (*at == ']' || *at == '}') {
			depth--;
		}
		at++;
	} while (depth || (*at != ',' && *at != ']' && *at != '}'));
	return at;
}

static char kind_of(const char *value)
{
	return strchr("\"[{", *value) ? *value : '0';
}

/* One value in place of another: refused, or no weaker than it was. */
static bool
replace(const struct cg_format *format, const char *text, const char *from,
	const char *to, const char *with, struct cg_policy *whole)
{
	char changed[4096];
	struct cg_policy *policy = NULL;
	struct cg_error err;
	enum cg_status status;
	bool ok;
	int length = snprintf(changed, sizeof(changed), "%.*s%s%s",
			      (int)(from - text), text, with, to);

	status = read_as(format, changed, (size_t)length, &policy, &err);
	ok = status == CG_OK ? is_no_weaker(policy, whole)
			     : says_where(&err, status);
	if (!ok)
		tap_note("%s for %.*s: %s", with, (int)(to - from), from,
			 status == CG_OK ? "weaker" : err.message);
	cg_policy_free(policy);
	return ok;
}

static bool change(const struct cg_format *format, const char *text,
		   struct cg_policy *whole, size_t *count)
{
	static const char *const others[] = { "7",  "\"x\"", "[]",  "{}",
					      "-1", "1.5",   "true" };
	bool ok = true;

	for (const char *at = text + 1; *at; at++) {
		bool begins = at[-1] == '[' || at[-1] == '{' || at[-1] == ',' ||
			      at[-1] == ' ' || at[-1] == ':';

		/* Not keys: these are where a colon follows. */
		if (!begins || strchr(" ]},:", *at) || *value_end(at) == '\0' ||
		    (*at == '"' && strchr(at + 1, '"')[1] == ':'))
			continue;
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (kind_of(others[i]) != kind_of(at)) {
				ok = replace(format, text, at, value_end(at),
					     others[i], whole) &&
				     ok;
				++*count;
			}
	}
	return ok;
}

/* --------------------------------------------------------------- samples -- */

static void try_sample(struct tap *tap, const struct sample *sample)
{
	const struct cg_format *format = cg_format_by_name(sample->format);
	struct cg_policy *whole = NULL;
	size_t count = 0, length = strlen(sample->text);
	struct cg_error err;
	bool ok;

	if (!tap_ok(tap,
		    read_as(format, sample->text, length, &whole, &err) ==
			    CG_OK,
		    "%s: the sample is read", sample->format)) {
		tap_note("%u:%u: %s", err.line, err.column, err.message);
		return;
	}
	tap_ok(tap, cut(format, sample->text, length, true),
	       "%s: refused wherever it is cut, of %zu bytes", sample->format,
	       length);
	ok = change(format, sample->text, whole, &count);
	tap_ok(tap, ok && count > 20,
	       "%s: %zu values of another kind are refused", sample->format,
	       count);
	cg_policy_free(whole);
}

/* What the format itself writes, cut. */
static void try_written(struct tap *tap, const struct cg_format *format,
			const struct cg_policy *policy)
{
	const struct cg_write_options how = { .nearest = true };
	const struct cg_target target = { .native = cg_abi_by_name("x86_64") };
	struct cg_written *written = NULL;
	struct cg_error err;
	const char *text;
	size_t length;

	if (cg_format_write(format, policy, &target, &how, &written, &err) !=
	    CG_OK) {
		tap_ok(tap, err.status == CG_E_MEANING, "%s: %s", format->name,
		       err.message);
		return;
	}
	text = cg_written_text(written, &length);
	tap_ok(tap, cut(format, text, length, false),
	       "%s: no harm wherever it is cut, of %zu bytes", format->name,
	       length);
	cg_written_free(written);
}

int main(void)
{
	const struct cg_policy_options options = { .native = cg_abi_by_name(
							   "x86_64") };
	const struct cg_format *format;
	struct cg_policy *policy = NULL;
	struct tap tap = { 0 };
	struct cg_error err;

	for (size_t i = 0; i < SAMPLES; i++)
		try_sample(&tap, &samples[i]);
	if (!tap_ok(&tap,
		    cg_policy_parse(policy_text, strlen(policy_text), "policy",
				    &options, &policy, &err) == CG_OK,
		    "a policy to write"))
		tap_note("%u:%u: %s", err.line, err.column, err.message);
	for (size_t i = 0; policy && (format = cg_format_get(i)); i++)
		if (format->reads && format->writes)
			try_written(&tap, format, policy);
	cg_policy_free(policy);
	return tap_done(&tap);
}
