/*
 * Manifests of Kubernetes that carry a profile: a ConfigMap whose one entry is
 * the text that belongs on the nodes.
 */
#include <string.h>

#include "format/oci.h"
#include "format/oci_write.h"

struct map_keys {
	const struct node *version, *kind, *metadata, *data;
};
#define MAP(field) offsetof(struct map_keys, field)

static const struct oci_key map_keys[] = {
	{ "apiVersion", MAP(version), 0, false },
	{ "kind", MAP(kind), 0, false },
	{ "metadata", MAP(metadata), 0, false },
	{ "data", MAP(data), 0, false },
	{ 0 },
};

/* The entry that is asked for, or the only one there is. */
static const struct node *
entry_of(struct reading *reading, const struct node *data)
{
	const char *wanted = reading->host->item;

	for (size_t i = 0; i < data->count; i++)
		if (wanted ? strcmp(data->keys[i]->text, wanted) == 0
			   : data->count == 1)
			return data->items[i];
	fail_at(reading->err, CG_E_MEANING, data->place,
		wanted ? "no entry is called '%s'"
		       : "the ConfigMap must have one entry, or say which one "
			 "is meant%s",
		wanted ? wanted : "");
	return NULL;
}

/* Places in the profile are counted in the manifest, where it stands. */
static void move_place(struct cg_error *err, const struct node *node)
{
	if (err->line)
		err->line += node->place.line - (node->block ? 0 : 1);
	if (err->line && node->block)
		err->column += node->place.column - 1;
}

static bool read_kubernetes(struct reading *reading)
{
	const struct cg_source *source = &reading->sources[0];
	struct cg_source inner = { .name = source->name };
	struct map_keys keys = { 0 };
	const struct node *entry;
	struct node *root;
	bool ok;

	if (!oci_can_read(reading) ||
	    !doc_read(reading->arena, source->text, source->length,
		      source->name, &root, reading->err) ||
	    !oci_keys(reading, root, "a ConfigMap", map_keys, &keys))
		return false;
	if (!keys.kind ||
	    strcmp(keys.kind->text ? keys.kind->text : "", "ConfigMap") != 0 ||
	    !keys.data)
		return fail_at(reading->err, CG_E_MEANING, root->place,
			       "a ConfigMap with 'data' is wanted");
	if (!node_mapping(reading, keys.data, "data") ||
	    !(entry = entry_of(reading, keys.data)) ||
	    !node_string(reading, entry, "an entry", &inner.text))
		return false;
	inner.length = entry->length;
	ok = oci_read(reading, &inner);
	if (!ok)
		move_place(reading->err, entry);
	for (size_t i = 0; ok && i < reading->warnings.count; i++)
		move_place(&reading->warnings.at[i], entry);
	return ok;
}

static int sniff_kubernetes(const struct cg_source *source)
{
	return source_holds(source, "kind: ConfigMap") &&
			       source_holds(source, "SCMP_ACT_")
		       ? 85
		       : 0;
}

const struct format format_kubernetes = {
	.about = { .name = "kubernetes",
		   .aliases = "k8s",
		   .about = "manifest with the profile, and what a Pod needs, "
			    "YAML",
		   .runtime = "kubernetes",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_kubernetes,
	.read = read_kubernetes,
	.write = kubernetes_write,
};
