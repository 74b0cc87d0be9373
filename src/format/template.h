/*
 * format/template.h - texts with variables, as Go's text/template has them.
 *
 * A part of that language, with its meaning: {{.Name}}, {{range}}, {{if}},
 * {{with}}, variables, pipes, a few functions; callgate-formats(7) has it all.
 * What is not known is an error: nothing becomes "<no value>".
 */
#ifndef FORMAT_TEMPLATE_H
#define FORMAT_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

enum value_kind {
	VALUE_NONE,
	VALUE_TEXT,
	VALUE_NUMBER,
	VALUE_LIST,
	VALUE_OBJECT,
};

/* What a template can write. A list has items, an object has fields. */
struct template_value {
	enum value_kind kind;
	const char *text;
	uint64_t number;
	const struct template_value *items;
	const struct template_field *fields;
	size_t count; /* of either */
};

struct template_field {
	const char *name;
	struct template_value value;
};

static inline struct template_value template_text(const char *text)
{
	return (struct template_value){ .kind = VALUE_TEXT, .text = text };
}

static inline struct template_value template_number(uint64_t number)
{
	return (struct template_value){ .kind = VALUE_NUMBER,
					.number = number };
}

/*
 * Fill a template in: `root` is what "." stands for. Fails with CG_E_SYNTAX or
 * CG_E_MEANING and the place in the template, or CG_E_NOMEM.
 */
bool template_fill(struct arena *arena, const char *text, size_t length,
		   const struct template_value *root, struct buf *out,
		   struct cg_error *err);

#endif
