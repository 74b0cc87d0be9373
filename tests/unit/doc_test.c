/*
 * YAML and JSON as a tree. A row is a text and the tree as text: a scalar as it
 * is, in quotes if it was; [a list], {a mapping:}; then where its parts stand.
 * Each row also runs out of memory at every budget on the way.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "doc/doc.h"
#include "tap.h"

enum { PLENTY = 1 << 20, STEP = 16 };

static const struct row {
	const char *name, *text, *want;
} rows[] = {
	{ "a word", "word", "word@1:1" },
	{ "words", "two  words", "two  words@1:1" },
	{ "in quotes", "\"a \\u00e4\\tb\"", "\"a \xc3\xa4\tb\"@1:1" },
	{ "in single quotes", "- 'it''s'", "[\"it's\"@1:3]@1:1" },
	{ "a list", "- a\n- b\n", "[a@1:3 b@2:3]@1:1" },
	{ "a list on a line", "[a, b]", "[a@1:2 b@1:5]@1:1" },
	{ "an empty list", "[]", "[]@1:1" },
	{ "a mapping", "a: b\nc: d\n", "{a@1:1:b@1:4 c@2:1:d@2:4}@1:1" },
	{ "a mapping on a line", "{a: b, c: d}",
	  "{a@1:2:b@1:5 c@1:8:d@1:11}@1:1" },
	{ "an empty mapping", "{}", "{}@1:1" },
	{ "JSON", "{\"a\": [1, true, null]}",
	  "{\"a\"@1:2:[1@1:8 true@1:11 null@1:17]@1:7}@1:1" },
	{ "a value that is not there", "a:\nb: c\n",
	  "{a@1:1:@1:1 b@2:1:c@2:4}@1:1" },
	{ "a key with a dot", "a.b: c", "{a.b@1:1:c@1:6}@1:1" },
	{ "nested", "a:\n  - b: c\n    d: [e]\n",
	  "{a@1:1:[{b@2:5:c@2:8 d@3:5:[e@3:9]@3:8}@2:5]@2:3}@1:1" },
	{ "comments", "# one\na: b # two\n# three\n", "{a@2:1:b@2:4}@2:1" },
	{ "a start and an end", "---\na\n...\n", "a@2:1" },
	{ "an alias", "- &x a\n- *x\n", "[a@1:6 a@1:6]@1:1" },
	{ "an alias of a list", "- &x [a]\n- *x\n",
	  "[[a@1:7]@1:6 [a@1:7]@1:6]@1:1" },
	{ "the newest anchor of a name", "[&x a, &x b, *x]",
	  "[a@1:5 b@1:11 b@1:11]@1:1" },
	{ "numbers are text", "[0x10, 1e3, ~, .inf]",
	  "[0x10@1:2 1e3@1:8 ~@1:13 .inf@1:16]@1:1" },
	{ "columns are bytes", "[\xc3\xa4, b]", "[\xc3\xa4@1:2 b@1:6]@1:1" },
	{ "a block", "- |\n  a\n  b\n- c\n", "[a\nb\n@2:3 c@4:3]@1:1" },
	{ "lines that end as on other systems", "a: b\r\nc: d\r\n",
	  "{a@1:1:b@1:4 c@2:1:d@2:4}@1:1" },
	{ "a merge key is a key", "<<: a", "{<<@1:1:a@1:5}@1:1" },

	{ "nothing", "", "1:1 the text is empty" },
	{ "a comment alone", "# a\n", "1:1 the text is empty" },
	{ "a key twice", "a: 1\nb: 2\na: 3\n",
	  "3:1 duplicate key 'a', first "
	  "in line 1" },
	{ "a key twice, in quotes", "{a: 1, \"a\": 2}",
	  "1:8 duplicate key 'a', first in line 1" },
	{ "a key that is a list", "{[a]: b}",
	  "1:2 a key must be plain text, "
	  "not a list" },
	{ "a tag", "!x a", "1:4 a YAML tag means nothing here; leave it out" },
	{ "an alias of nothing", "[*x]",
	  "1:3 no anchor 'x' stands before this "
	  "alias" },
	{ "an alias in its anchor", "&x [*x]",
	  "1:6 no anchor 'x' stands "
	  "before this alias" },
	{ "two documents", "--- a\n--- b\n",
	  "2:1 a second document starts "
	  "here; one is wanted" },
};

static void print(const struct node *node, struct buf *out)
{
	if (node->kind == NODE_SCALAR)
		buf_printf(out, "%s%s%s", node->quoted ? "\"" : "", node->text,
			   node->quoted ? "\"" : "");
	else
		buf_puts(out, node->kind == NODE_MAPPING ? "{" : "[");
	for (size_t i = 0; node->kind != NODE_SCALAR && i < node->count; i++) {
		buf_puts(out, i ? " " : "");
		if (node->kind == NODE_MAPPING) {
			print(node->keys[i], out);
			buf_puts(out, ":");
		}
		print(node->items[i], out);
	}
	if (node->kind != NODE_SCALAR)
		buf_puts(out, node->kind == NODE_MAPPING ? "}" : "]");
	buf_printf(out, "@%" PRIu32 ":%" PRIu32, node->place.line,
		   node->place.column);
}

static enum cg_status run(const struct row *row, size_t budget, struct buf *out)
{
	struct arena arena = { .budget = budget };
	struct cg_error err = { .status = CG_OK };
	struct node *root;

	if (doc_read(&arena, row->text, strlen(row->text), "row", &root, &err))
		print(root, out);
	else
		buf_printf(out, "%" PRIu32 ":%" PRIu32 " %s", err.line,
			   err.column, err.message);
	arena_free(&arena);
	return err.status;
}

static bool is_wanted(const struct row *row, struct buf *got)
{
	char *text = buf_done(got);
	bool ok = text && strcmp(text, row->want) == 0;

	if (!ok)
		tap_note("got %s", text ? text : "nothing");
	free(text);
	return ok;
}

static bool passes(const struct row *row)
{
	struct buf got = { 0 };
	size_t budget = 0;

	run(row, PLENTY, &got);
	if (!is_wanted(row, &got))
		return false;
	/* From no memory up to just enough: it fails cleanly, then is right. */
	while (run(row, budget, &got) == CG_E_NOMEM) {
		buf_free(&got);
		budget += STEP;
	}
	return budget > 0 && is_wanted(row, &got);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, passes(&rows[i]), "%s", rows[i].name);
	return tap_done(&tap);
}
