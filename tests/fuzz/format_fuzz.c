/*
 * Any text as a file of another tool: the first line is a format's name, and
 * may have a runtime behind a blank. What is read has an answer to each call,
 * and is written in its own format only if that is proved.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/format.h>

#include "fuzz.h"

enum { MEMORY = 16 << 20, SAMPLES = 50, LINE_MAX_LENGTH = 64 };

/* As in policy_fuzz.c: what libfyaml loses is its own. */
CG_API const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void says_why(const struct cg_error *err, enum cg_status status)
{
	must(err->status == status && status != CG_OK && err->message[0],
	     "a failure says why");
}

static void has_answers(const struct cg_policy *policy, uint64_t seed)
{
	for (uint64_t i = 0; i < SAMPLES; i++) {
		struct cg_reason reason;
		struct cg_call call;

		cg_policy_sample(policy, seed, i, &call);
		cg_policy_explain(policy, &call, &reason);
		must(reason.answer == cg_policy_decide(policy, &call),
		     "an answer and its reason agree");
	}
}

static void
comes_back(const struct cg_format *format, const struct cg_policy *policy,
	   const struct cg_target *target)
{
	const struct cg_write_options how = { .nearest = true };
	struct cg_written *written = NULL;
	struct cg_error err = { .status = CG_OK };
	enum cg_status status;

	status = cg_format_write(format, policy, target, &how, &written, &err);
	if (status != CG_OK)
		says_why(&err, status);
	must(status != CG_E_PROOF, "what is written lets no more through");
	must((status == CG_OK) == (written != NULL),
	     "only a success hands out a text");
	cg_written_free(written);
}

/* Whatever a text includes, it is the text itself: so includes nest. */
static enum cg_status
find_itself(void *context, const char *name, const char *from, char **text,
	    size_t *length, char source[CG_SOURCE_MAX], struct cg_error *err)
{
	const struct cg_source *whole = context;

	(void)name;
	(void)from;
	*text = malloc(whole->length + 1);
	if (!*text) {
		*err = (struct cg_error){ .status = CG_E_NOMEM,
					  .message = "out of memory" };
		return CG_E_NOMEM;
	}
	memcpy(*text, whole->text, whole->length);
	*length = whole->length;
	snprintf(source, CG_SOURCE_MAX, "included");
	return CG_OK;
}

static void read_as(const struct cg_format *format, struct cg_source *source,
		    const char *runtime)
{
	const struct cg_target target = {
		.native = cg_abi_by_name("x86_64"),
		.runtime = runtime && *runtime ? runtime : NULL,
		.memory = MEMORY,
		.finder = find_itself,
		.context = source,
	};
	struct cg_error err = { .status = CG_OK };
	struct cg_policy *policy = NULL;
	enum cg_status status;

	status = cg_format_read(format, source, 1, &target, &policy, &err);
	if (status != CG_OK) {
		says_why(&err, status);
		must(!policy, "a failure hands nothing out");
		return;
	}
	if (cg_policy_enabled(policy)) {
		has_answers(policy, source->length);
		if (format->writes)
			comes_back(format, policy, &target);
	}
	cg_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = memchr(data, '\n', size);
	size_t length = end ? (size_t)(end - (const char *)data) : size;
	struct cg_source source = { .name = "fuzz" };
	const struct cg_format *format;
	char line[LINE_MAX_LENGTH] = "";
	char *runtime;

	if (!end || length >= sizeof(line))
		return 0;
	memcpy(line, data, length);
	runtime = strchr(line, ' ');
	if (runtime)
		*runtime++ = '\0';
	source.text = end + 1;
	source.length = size - length - 1;
	cg_format_guess(&source);
	format = cg_format_by_name(line);
	if (format && format->reads)
		read_as(format, &source, runtime);
	return 0;
}
