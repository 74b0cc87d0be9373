/* A file of sinks. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doc/doc.h"
#include "sink/inside.h"

enum { MEMORY = 8 << 20 };

static bool want(const struct node *node, enum node_kind kind, const char *what,
		 struct cg_error *err)
{
	static const char *const names[] = {
		[NODE_SCALAR] = "a text",
		[NODE_SEQUENCE] = "a list",
		[NODE_MAPPING] = "a mapping",
	};

	return node->kind == kind ||
	       fail_at(err, CG_E_MEANING, node->place, "%s wants %s, not %s",
		       what, names[kind], doc_describe(node));
}

/* One value, or several of a key that may be repeated. */
static bool read_key(struct settings *settings, const struct node *key,
		     const struct node *value, struct cg_error *err)
{
	struct pair pair = { key->text, NULL, key->place };

	if (value->kind == NODE_SEQUENCE && strcmp(key->text, "host") == 0) {
		for (size_t i = 0; i < value->count; i++) {
			if (!want(value->items[i], NODE_SCALAR, key->text, err))
				return false;
			pair.value = value->items[i]->text;
			pair.place = value->items[i]->place;
			if (!settings_set(settings, &pair, err))
				return false;
		}
		return true;
	}
	/* A wrong key is to blame before its value. */
	if (value->kind != NODE_SCALAR) {
		pair.value = "";
		if (!settings_set(settings, &pair, err) &&
		    strstr(err->message, "has no key"))
			return false;
		return want(value, NODE_SCALAR, key->text, err);
	}
	pair.value = value->text;
	return settings_set(settings, &pair, err);
}

static bool read_sink(const struct node *node, struct settings *settings,
		      struct cg_error *err)
{
	const struct node *kind;

	if (!want(node, NODE_MAPPING, "a sink", err))
		return false;
	kind = doc_get(node, "kind");
	if (!kind)
		return fail_at(err, CG_E_MEANING, node->place,
			       "a sink without kind");
	if (!want(kind, NODE_SCALAR, "kind", err) ||
	    !settings_begin(settings, kind->text, kind->place, err))
		return false;
	for (size_t i = 0; i < node->count; i++)
		if (node->items[i] != kind &&
		    !read_key(settings, node->keys[i], node->items[i], err))
			return false;
	return settings_finish(settings, node->place, err);
}

static bool same_names(const struct settings *list, size_t count,
		       const struct node *node, struct cg_error *err)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (strcmp(list[i].name, list[count - 1].name) == 0)
			return fail_at(err, CG_E_MEANING, node->place,
				       "two sinks are called '%s'; give one "
				       "another name",
				       list[i].name);
	return true;
}

static bool read_sinks(const struct node *node, struct settings *list,
		       size_t *count, struct cg_error *err)
{
	if (!want(node, NODE_SEQUENCE, "sinks", err))
		return false;
	if (node->count > SINKS_MAX)
		return fail_at(err, CG_E_MEANING, node->place,
			       "more than %d sinks", SINKS_MAX);
	for (size_t i = 0; i < node->count; i++)
		if (!read_sink(node->items[i], &list[(*count)++], err) ||
		    !same_names(list, *count, node->items[i], err))
			return false;
	return true;
}

static bool read_root(const struct node *root, struct settings *list,
		      size_t *count, char **folder, struct cg_error *err)
{
	if (!want(root, NODE_MAPPING, "a file of sinks", err))
		return false;
	for (size_t i = 0; i < root->count; i++) {
		const struct node *key = root->keys[i], *value = root->items[i];
		const bool spool = strcmp(key->text, "spool") == 0;

		if (strcmp(key->text, "sinks") == 0) {
			if (!read_sinks(value, list, count, err))
				return false;
			continue;
		}
		if (!spool)
			return fail_at(err, CG_E_MEANING, key->place,
				       "a file of sinks has no key '%s'; %s",
				       key->text,
				       text_near(key->text, "sinks", 2) <= 2
					       ? "did you mean 'sinks'?"
					       : "there are spool and sinks");
		if (!want(value, NODE_SCALAR, "spool", err))
			return false;
		*folder = strdup(value->text);
		if (!*folder)
			return fail_nomem(err);
	}
	return true;
}

bool config_read(const char *text, size_t length, const char *source,
		 struct settings **list, size_t *count, char **folder,
		 struct cg_error *err)
{
	struct arena arena = { .budget = MEMORY };
	struct settings *made = calloc(SINKS_MAX, sizeof(*made));
	struct node *root;
	char *path = NULL;
	bool ok;

	*count = 0;
	ok = (made || fail_nomem(err)) &&
	     doc_read(&arena, text, length, source, &root, err) &&
	     read_root(root, made, count, &path, err);
	arena_free(&arena);
	if (!ok) {
		free(path);
		config_free(made, *count);
		*count = 0;
		return false;
	}
	*list = made;
	*folder = path;
	return true;
}

void config_free(struct settings *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++)
		settings_done(&list[i]);
	free(list);
}
