/* Any text as a template: it is filled in, or refused with its place. */
#include "format/template.h"
#include "fuzz.h"

enum { MEMORY = 1 << 22 };

static const struct template_value names[] = {
	{ .kind = VALUE_TEXT, .text = "read" },
	{ .kind = VALUE_TEXT, .text = "wri\"te" },
};
static const struct template_field fields[] = {
	{ "Package", { .kind = VALUE_TEXT, .text = "main" } },
	{ "Number", { .kind = VALUE_NUMBER, .number = 7 } },
	{ "SyscallNames", { .kind = VALUE_LIST, .items = names, .count = 2 } },
};
static const struct template_value root = { .kind = VALUE_OBJECT,
					    .fields = fields,
					    .count = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error err = { .status = CG_OK };
	struct buf out = { 0 };

	if (!template_fill(&arena, (const char *)data, size, &root, &out, &err))
		must(err.status == CG_E_NOMEM ||
			     (err.message[0] && err.line && err.column),
		     "a refusal says why and where");
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
