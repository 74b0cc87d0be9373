/*
 * Any bytes as an answer that was kept: they are refused, or what they say can
 * be gone through, and is the same when it is kept again.
 */
#include <string.h>

#include "fuzz.h"
#include "profile/answer.h"

enum { MEMORY = 64 << 20 };

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

/* Touch all there is. */
static size_t go_through(const struct report *report)
{
	size_t sum = length_of(report->abi->name);

	for (size_t i = 0; i < report->call_count; i++) {
		const struct report_call *one = &report->calls[i];

		sum += length_of(one->call.abi->name);
		for (size_t k = 0; k < one->call.steps; k++)
			sum += length_of(one->steps[k].image) +
			       length_of(one->steps[k].how);
		for (size_t k = 0; k < one->value_count; k++)
			sum += length_of(one->values[k].place.function);
	}
	for (size_t i = 0; i < report->gap_count; i++)
		sum += length_of(report->gaps[i].why);
	for (size_t i = 0; i < report->function_count; i++)
		must(report->functions[i].image < report->image_count,
		     "a function is of an image");
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct report report = { 0 }, again = { 0 };
	struct bytes packed, twice;

	if (answer_unpack((struct bytes){ data, size }, &arena, &report)) {
		packed = answer_pack(&arena, &report);
		must(packed.size > 0, "what was kept can be kept");
		must(answer_unpack(packed, &arena, &again),
		     "what is kept comes back");
		twice = answer_pack(&arena, &again);
		must(go_through(&report) == go_through(&again) &&
			     twice.size == packed.size &&
			     memcmp(twice.at, packed.at, packed.size) == 0,
		     "it is the same each time");
	} else {
		must(!report.abi && !report.calls,
		     "what makes no sense leaves nothing behind");
	}
	arena_free(&arena);
	return 0;
}
