#include "sink/flat.h"

#include <string.h>

#include "doc/doc.h"

enum { MEMORY = 16 << 20 };

static bool add(struct flat *flat, const char *path, const struct node *node)
{
	struct flat_pair *grown =
		arena_grow(&flat->arena, flat->pairs, &flat->room,
			   flat->count + 1, sizeof(*grown));

	if (!grown)
		return false;
	flat->pairs = grown;
	grown[flat->count++] =
		(struct flat_pair){ path, node->text, node->quoted };
	return true;
}

static const char *join(struct flat *flat, const char *path, const char *key)
{
	size_t length = strlen(path), more = strlen(key);
	char *out = arena_alloc(&flat->arena, length + more + 2, 1);

	if (!out)
		return NULL;
	memcpy(out, path, length);
	if (length)
		out[length++] = '.';
	memcpy(out + length, key, more + 1);
	return out;
}

/* As deep as the reader of documents lets them be. */
static bool walk(struct flat *flat, const char *path, const struct node *node)
{
	bool ok = path != NULL;

	if (!ok || node->kind == NODE_SCALAR)
		return ok && add(flat, path, node);
	for (size_t i = 0; ok && i < node->count; i++)
		ok = walk(flat,
			  node->kind == NODE_MAPPING
				  ? join(flat, path, node->keys[i]->text)
				  : path,
			  node->items[i]);
	return ok;
}

bool flat_read(struct flat *flat, const char *json, size_t length)
{
	struct cg_error err = { 0 };
	struct node *root;

	*flat = (struct flat){ .arena = { .budget = MEMORY } };
	if (doc_read_json(&flat->arena, json, length, "event", &root, &err) &&
	    root->kind == NODE_MAPPING && walk(flat, "", root))
		return true;
	flat_free(flat);
	return false;
}

void flat_free(struct flat *flat)
{
	arena_free(&flat->arena);
	*flat = (struct flat){ 0 };
}

const char *flat_get(const struct flat *flat, const char *path)
{
	for (size_t i = 0; i < flat->count; i++)
		if (strcmp(flat->pairs[i].path, path) == 0)
			return flat->pairs[i].value;
	return NULL;
}

int flat_severity(const struct flat *flat)
{
	const char *action = flat_get(flat, "seccomp.action");

	if (!action)
		return 4;
	if (strcmp(action, "log") == 0)
		return 6;
	return strncmp(action, "kill", 4) == 0 ? 3 : 4;
}
