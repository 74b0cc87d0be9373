/*
 * Any bytes as a program, with itself as every library that it asks for: it is
 * refused with a reason, or profiled within its bounds.
 */
#include <string.h>

#include "fuzz.h"
#include "profile/profile.h"

enum { MEMORY = 48 << 20 };

struct input {
	struct bytes bytes;
};

static bool read_input(void *context, const char *path, struct bytes *out,
		       const char **real)
{
	const struct input *input = context;

	/* A cache or a configuration is made of the same bytes, too. */
	*out = input->bytes;
	*real = strstr(path, "/etc/") ? "configuration" : "library";
	return input->bytes.size > 0;
}

static void report_makes_sense(const struct report *report)
{
	for (size_t i = 0; i < report->call_count; i++) {
		must(report->calls[i].call.abi != NULL, "a call has an ABI");
		for (size_t k = 0; k < report->calls[i].call.steps; k++)
			must(report->calls[i].steps[k].how != NULL &&
				     report->calls[i].steps[k].image != NULL,
			     "a step says how");
	}
	for (size_t i = 0; i < report->gap_count; i++)
		must(report->gaps[i].why != NULL, "a gap says why");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cg_profile_options options = {
		.data = size % 2 ? CG_DATA_ALL : CG_DATA_REACHED,
	};
	struct input input = { .bytes = { data, size } };
	const struct wanted wanted = {
		.options = &options,
		.files = { read_input, &input },
		.memory = MEMORY,
	};
	struct arena arena = { .budget = MEMORY };
	struct report report = { 0 };
	struct cg_error err = { .status = CG_OK };

	if (profile_program(&arena, &wanted, "/input", input.bytes, &report,
			    &err))
		report_makes_sense(&report);
	else
		must(err.status != CG_OK && err.message[0],
		     "a refusal says why");
	arena_free(&arena);
	return 0;
}
