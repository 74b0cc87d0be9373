/*
 * Any text as a recording: Callgate's own, a log of strace, audit records. What
 * can be read can be written, read again as the same, joined, shown, and made
 * into a policy that allows it.
 */
#include <string.h>

#include <callgate/record.h>

#include "fuzz.h"

enum { MEMORY = 16 << 20 };

/* libfyaml 0.7.12 loses a buffer of its own; see policy_fuzz.c. */
CG_API const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static struct cg_recording *read_text(const char *text, size_t length)
{
	const struct cg_recording_options options = {
		.native = cg_abi_by_name("x86_64"),
		.memory = MEMORY,
	};
	struct cg_error err = { .status = CG_OK };
	struct cg_recording *recording = NULL;
	enum cg_status status = cg_recording_parse(text, length, "fuzz",
						   &options, &recording, &err);

	must((status == CG_OK) == (recording != NULL),
	     "a success hands a recording out, a failure none");
	must(status == CG_OK || (err.status == status && err.message[0]),
	     "a failure says why");
	return recording;
}

static void policy_of(const struct cg_recording *recording)
{
	const struct cg_recording_draft options = { .slack = 20 };
	struct cg_error err = { .status = CG_OK };
	char *text = NULL;
	enum cg_status status =
		cg_recording_policy(recording, &options, &text, &err);

	must(status == CG_OK || status == CG_E_INPUT || status == CG_E_NOMEM,
	     "a recording becomes a policy, or has nothing to become one of");
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cg_recording *first, *second;
	char *text, *again, *table;

	first = read_text((const char *)data, size);
	if (!first)
		return 0;
	text = cg_recording_text(first);
	table = cg_recording_table(first);
	must(text && table, "a recording can be written");
	second = read_text(text, strlen(text));
	if (second) { /* else it was too large to be read again */
		again = cg_recording_text(second);
		must(again && strcmp(text, again) == 0,
		     "what was written is read as the same");
		free(again);
		if (cg_recording_join(first, second, NULL) == CG_OK)
			policy_of(first);
	}
	free(text);
	free(table);
	cg_recording_free(first);
	cg_recording_free(second);
	return 0;
}
