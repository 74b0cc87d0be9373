#include "watch/agent_text.h"

#include <string.h>

#include "base/num.h"
#include "doc/doc.h"

static void scan_byte(struct agent_scan *scan, char c)
{
	if (scan->quoted) {
		if (scan->escaped)
			scan->escaped = false;
		else if (c == '\\')
			scan->escaped = true;
		else if (c == '"')
			scan->quoted = false;
		return;
	}
	if (c == '{' || c == '[') {
		scan->depth++;
		scan->begun = true;
	} else if (!scan->begun) {
		/* What does not begin as an object never ends as one. */
		scan->closed = !memchr(" \t\r\n", c, 4);
	} else if (c == '"') {
		scan->quoted = true;
	} else if (c == '}' || c == ']') {
		scan->closed = scan->depth <= 1;
		scan->depth -= scan->depth > 0;
	}
}

bool agent_scan(struct agent_scan *scan, const char *text, size_t length)
{
	for (size_t i = 0; i < length && !scan->closed; i++)
		scan_byte(scan, text[i]);
	return scan->closed;
}

static const char *text_at(const struct node *mapping, const char *key)
{
	const struct node *node = doc_get(mapping, key);

	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}

static uint32_t number_at(const struct node *mapping, const char *key)
{
	const struct node *node = doc_get(mapping, key);
	uint64_t value;

	if (!node || node->kind != NODE_SCALAR || node->quoted ||
	    num_read(node->text, node->length, &value) != NUM_OK ||
	    value > INT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* Names in `fds` stand for the descriptors that came, in order. */
static bool find_listener(const struct node *root, size_t descriptors,
			  size_t *out, struct cg_error *err)
{
	const struct node *names = doc_get(root, "fds");

	if (!names || names->kind != NODE_SEQUENCE)
		return fail(err, CG_E_INPUT,
			    "it has no list \"fds\" of descriptors");
	for (size_t i = 0; i < names->count; i++) {
		const struct node *name = names->items[i];

		if (name->kind != NODE_SCALAR ||
		    strcmp(name->text, "seccompFd") != 0)
			continue;
		if (i >= descriptors)
			return fail(err, CG_E_INPUT,
				    "seccompFd is number %zu of \"fds\", and "
				    "%zu descriptors came",
				    i + 1, descriptors);
		*out = i;
		return true;
	}
	return fail(err, CG_E_INPUT, "\"fds\" names no seccompFd");
}

bool agent_parse(struct arena *arena, const char *text, size_t length,
		 size_t descriptors, struct agent_container *out,
		 struct cg_error *err)
{
	struct agent_container found = { 0 };
	const struct node *state;
	struct node *root;

	if (!doc_read_json(arena, text, length, NULL, &root, err))
		return false;
	if (root->kind != NODE_MAPPING)
		return fail(err, CG_E_INPUT,
			    "a containerProcessState is an object, not %s",
			    doc_describe(root));
	if (!find_listener(root, descriptors, &found.listener, err))
		return false;
	state = doc_get(root, "state");
	if (!state || state->kind != NODE_MAPPING)
		return fail(err, CG_E_INPUT, "it has no object \"state\"");
	found.id = text_at(state, "id");
	if (!found.id || !*found.id)
		return fail(err, CG_E_INPUT, "its \"state\" has no \"id\"");
	found.bundle = text_at(state, "bundle");
	found.metadata = text_at(root, "metadata");
	found.pid = number_at(root, "pid");
	if (!found.pid)
		found.pid = number_at(state, "pid");
	*out = found;
	return true;
}
