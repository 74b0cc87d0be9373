#include "format/read.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum { RULES_MAX = 1 << 17, NOTES_MAX = 1000, LOOK = 65536 };

bool reading_default(struct reading *reading, const struct cg_abi *abi,
		     uint32_t answer)
{
	reading->defaults =
		arena_grow(reading->arena, reading->defaults,
			   &reading->default_room, reading->default_count + 1,
			   sizeof(*reading->defaults));
	if (!reading->defaults)
		return fail_nomem(reading->err);
	reading->defaults[reading->default_count++] =
		(struct cg_default){ abi, answer };
	return true;
}

bool reading_rule(struct reading *reading, const struct cg_rule *rule)
{
	struct cg_rule *added;
	struct cg_test *tests;

	if (reading->rule_count == RULES_MAX)
		return fail_at(reading->err, CG_E_MEANING,
			       (struct place){ reading->sources[0].name,
					       rule->line, rule->column },
			       "more than %d rules", RULES_MAX);
	reading->rules =
		arena_grow(reading->arena, reading->rules, &reading->rule_room,
			   reading->rule_count + 1, sizeof(*reading->rules));
	tests = arena_array(reading->arena, struct cg_test, rule->count);
	if (!reading->rules || !tests)
		return fail_nomem(reading->err);
	if (rule->count)
		memcpy(tests, rule->tests, rule->count * sizeof(*tests));
	added = &reading->rules[reading->rule_count++];
	*added = *rule;
	added->tests = tests;
	return true;
}

bool reading_no_filter(struct reading *reading, struct place place,
		       const char *why)
{
	reading->foreign = CG_RET_ALLOW;
	return reading_default(reading, reading->host->native, CG_RET_ALLOW) &&
	       reading_warn(reading, place, "%s", why);
}

bool notes_add(struct notes *notes, struct arena *arena, struct cg_error *err,
	       struct place place, const char *format, va_list arguments)
{
	char text[CG_MESSAGE_MAX];

	if (notes->count == NOTES_MAX)
		return true;
	notes->at = arena_grow(arena, notes->at, &notes->room, notes->count + 1,
			       sizeof(*notes->at));
	if (!notes->at)
		return fail_nomem(err);
	vsnprintf(text, sizeof(text), format, arguments);
	if (notes->count == NOTES_MAX - 1)
		snprintf(text, sizeof(text),
			 "more than %d notes; the rest is "
			 "left out",
			 NOTES_MAX - 1);
	fail_set_at(&notes->at[notes->count++], CG_OK, place, "%s", text);
	return true;
}

bool reading_warn(struct reading *reading, struct place place,
		  const char *format, ...)
{
	va_list arguments;
	bool ok;

	va_start(arguments, format);
	ok = notes_add(&reading->warnings, reading->arena, reading->err, place,
		       format, arguments);
	va_end(arguments);
	return ok;
}

bool reading_find(struct reading *reading, const char *check,
		  struct place place, const char *format, ...)
{
	struct notes *notes = &reading->warnings;
	va_list arguments;
	bool ok;

	va_start(arguments, format);
	ok = notes_add(notes, reading->arena, reading->err, place, format,
		       arguments);
	va_end(arguments);
	if (ok && notes->count < NOTES_MAX)
		notes->at[notes->count - 1].check = check;
	return ok;
}

/* ----------------------------------------------------------- sniffing -- */

bool source_begins(const struct cg_source *source, const char *what)
{
	const char *text = source->text, *end = text + source->length;
	size_t length = strlen(what);

	if (source->length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end && (*text == ' ' || *text == '\t' || *text == '\n' ||
			      *text == '\r'))
		text++;
	return (size_t)(end - text) >= length &&
	       memcmp(text, what, length) == 0;
}

bool source_holds(const struct cg_source *source, const char *what)
{
	size_t length = strlen(what);
	size_t look = source->length < LOOK ? source->length : LOOK;

	return memmem(source->text, look, what, length) != NULL;
}

/* ------------------------------------------------------- trees of doc -- */

/* What YAML takes for something else than text where it has no quotes. */
static bool is_other(const struct node *node)
{
	static const char *const words[] = { "true", "false", "null", "~" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return strspn(node->text, "0123456789.+-eE_") == node->length ||
	       strncmp(node->text, "0x", 2) == 0;
}

bool node_string(struct reading *reading, const struct node *node,
		 const char *what, const char **out)
{
	if (node->kind != NODE_SCALAR)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s must be text, not %s", what,
			       doc_describe(node));
	if (!node->quoted && !node->block &&
	    (reading->is_json || is_other(node)))
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s must be text in quotes, not %.64s", what,
			       node->length ? node->text : "nothing");
	*out = node->text;
	return true;
}

bool node_number(struct reading *reading, const struct node *node,
		 const char *what, uint64_t most, uint64_t *out)
{
	enum num_result result = NUM_NOT;

	if (node->kind == NODE_SCALAR && !node->quoted)
		result = num_read(node->text, node->length, out);
	if (result == NUM_OK && *out <= most)
		return true;
	if (result == NUM_OK || result == NUM_TOO_LARGE)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s is at most %llu, not %.64s", what,
			       (unsigned long long)most, node->text);
	if (result == NUM_NEGATIVE)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s cannot be below 0", what);
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       "%s must be a number, not %s%.64s", what,
		       node->kind == NODE_SCALAR ? "" : doc_describe(node),
		       node->kind == NODE_SCALAR ? node->text : "");
}

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (!node->length || strcmp(node->text, "null") == 0);
}

bool node_list(struct reading *reading, const struct node *node,
	       const char *what)
{
	if (node->kind == NODE_SEQUENCE || node_is_null(node))
		return true;
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       "%s must be a list, not %s", what, doc_describe(node));
}

bool node_mapping(struct reading *reading, const struct node *node,
		  const char *what)
{
	if (node->kind == NODE_MAPPING)
		return true;
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       "%s must be a mapping, not %s", what,
		       doc_describe(node));
}
