/*
 * Profiles of the Security Profiles Operator: the OCI keys below `spec` of a
 * Kubernetes object, with a base that they add to.
 */
#include "format/oci.h"
#include "format/oci_write.h"

#include <stdlib.h>
#include <string.h>

enum { BASES_MAX = 15 };

struct spec {
	struct oci_top top;
	const struct node *base, *state, *disabled;
};
#define SPEC(field) offsetof(struct spec, field)

static const struct oci_key spec_keys[] = {
	{ "defaultAction", SPEC(top.action), 0, false },
	{ "architectures", SPEC(top.architectures), 0, false },
	{ "flags", SPEC(top.flags), 0, false },
	{ "listenerPath", SPEC(top.listener), 0, false },
	{ "listenerMetadata", SPEC(top.metadata), 0, false },
	{ "syscalls", SPEC(top.syscalls), 0, false },
	{ "baseProfileName", SPEC(base), 0, false },
	{ "state", SPEC(state), 0, false },
	{ "disabled", SPEC(disabled), 0, false },
	{ 0 },
};

struct object {
	const struct node *version, *kind, *metadata, *spec, *status;
};
#define OBJECT(field) offsetof(struct object, field)

static const struct oci_key object_keys[] = {
	{ "apiVersion", OBJECT(version), 0, false },
	{ "kind", OBJECT(kind), 0, false },
	{ "metadata", OBJECT(metadata), 0, false },
	{ "spec", OBJECT(spec), 0, false },
	{ "status", OBJECT(status), 0, false },
	{ 0 },
};

/* What is read of one file, and of those that are its bases. */
struct spo {
	struct reading *reading;
	unsigned depth;
	char *texts[BASES_MAX]; /* malloc; what the finder handed out */
};

/* ----------------------------------------------------------- documents -- */

static const char *object_name(const struct node *object)
{
	const struct node *metadata = object->kind == NODE_MAPPING
					      ? doc_get(object, "metadata")
					      : NULL;
	const struct node *name = metadata && metadata->kind == NODE_MAPPING
					  ? doc_get(metadata, "name")
					  : NULL;

	return name && name->kind == NODE_SCALAR ? name->text : "";
}

static bool fail_several(struct reading *reading, struct node **all,
			 size_t count, const char *wanted)
{
	char list[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = object_name(all[i]);
		size_t length = strlen(name);

		if (used + length + 3 > sizeof(list))
			break;
		memcpy(list + used, i ? ", " : "", i ? 2 : 0);
		used += i ? 2 : 0;
		memcpy(list + used, name, length + 1);
		used += length;
	}
	if (wanted)
		return fail_at(reading->err, CG_E_MEANING, all[0]->place,
			       "no profile is called '%.64s'; there are %s",
			       wanted, list);
	return fail_at(reading->err, CG_E_MEANING, all[1]->place,
		       "the file has %zu profiles: say which of %s is meant",
		       count, list);
}

/* The one object of a file, or the one that is asked for. */
static bool choose(struct reading *reading, struct node **all, size_t count,
		   const char *wanted, struct node **out)
{
	if (!wanted && count == 1) {
		*out = all[0];
		return true;
	}
	for (size_t i = 0; wanted && i < count; i++)
		if (strcmp(object_name(all[i]), wanted) == 0) {
			*out = all[i];
			return true;
		}
	return fail_several(reading, all, count, wanted);
}

static bool check_kind(struct reading *reading, const struct node *object,
		       const struct object *keys)
{
	const char *version, *kind;

	if (!keys->kind || !keys->version || !keys->spec)
		return fail_at(reading->err, CG_E_MEANING, object->place,
			       "a SeccompProfile needs 'apiVersion', 'kind' "
			       "and 'spec'");
	if (!node_string(reading, keys->kind, "kind", &kind) ||
	    !node_string(reading, keys->version, "apiVersion", &version))
		return false;
	if (strcmp(kind, "SeccompProfile") != 0)
		return fail_at(reading->err, CG_E_MEANING, keys->kind->place,
			       "kind is '%.64s'; only SeccompProfile is read",
			       kind);
	if (strncmp(version, "security-profiles-operator.x-k8s.io/", 36) != 0)
		return fail_at(reading->err, CG_E_MEANING, keys->version->place,
			       "'%.64s' is not the Security Profiles "
			       "Operator's",
			       version);
	return true;
}

/* A profile that is switched off is never installed on a node. */
static bool check_state(struct reading *reading, const struct spec *spec)
{
	const struct node *node = spec->state ? spec->state : spec->disabled;
	const char *word;

	if (!node)
		return true;
	if (node->kind != NODE_SCALAR)
		return node_string(reading, node, "this", &word);
	word = node->text;
	if (strcmp(word, spec->state ? "Enabled" : "false") == 0)
		return true;
	if (strcmp(word, spec->state ? "Disabled" : "true") == 0)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "the profile is disabled: no node has it");
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       spec->state ? "state is Enabled or Disabled, not "
				     "'%.64s'"
				   : "disabled is true or false, not '%.64s'",
		       word);
}

static bool
open_object(struct spo *spo, const struct cg_source *source, const char *wanted,
	    struct spec *spec, struct node **object)
{
	struct reading *reading = spo->reading;
	struct object keys = { 0 };
	struct node **all;
	size_t count;

	return doc_read_all(reading->arena, source->text, source->length,
			    source->name, &all, &count, reading->err) &&
	       choose(reading, all, count, wanted, object) &&
	       oci_keys(reading, *object, "an object", object_keys, &keys) &&
	       check_kind(reading, *object, &keys) &&
	       oci_keys(reading, keys.spec, "a spec", spec_keys, spec) &&
	       check_state(reading, spec);
}

/* --------------------------------------------------------------- bases -- */

/* How much an action lets through: the operator keeps the least strict. */
static int leniency(uint32_t answer)
{
	static const uint32_t order[] = {
		CG_RET_KILL_PROCESS, CG_RET_KILL_THREAD, CG_RET_TRAP,
		CG_RET_ERRNO,        CG_RET_USER_NOTIF,  CG_RET_TRACE,
		CG_RET_LOG,          CG_RET_ALLOW,
	};
	int i = 0;

	while (order[i] != (answer & CG_RET_ACTION))
		i++;
	return i;
}

static const struct profile_rule *
rule_with(const struct profile *profile, size_t first, size_t last,
	  const char *name)
{
	for (size_t i = first; i < last; i++)
		for (size_t j = 0; j < profile->rules[i].name_count; j++)
			if (strcmp(profile->rules[i].names[j]->text, name) == 0)
				return &profile->rules[i];
	return NULL;
}

/*
 * Whether a name of a base's rule still counts beside the rules from `first`
 * to `last`, which add to it. Two that differ in action under conditions are
 * merged otherwise by each release of the operator.
 */
static bool
base_counts(struct reading *reading, const struct profile *profile, size_t last,
	    const struct profile_rule *base, const struct node *name, bool *out)
{
	const struct profile_rule *over =
		rule_with(profile, 0, last, name->text);

	*out = true;
	if (!over || over->answer == base->answer)
		return true;
	if (over->count || base->count)
		return fail_at(reading->err, CG_E_MEANING, name->place,
			       "%s has conditions here and another action in "
			       "the profile: what the operator makes of that "
			       "depends on its release",
			       name->text);
	*out = leniency(base->answer) > leniency(over->answer);
	return true;
}

/* What lies behind `first` is the base's: keep what still counts of it. */
static bool
union_rules(struct reading *reading, struct profile *profile, size_t first)
{
	for (size_t i = first; i < profile->rule_count; i++) {
		struct profile_rule *rule = &profile->rules[i];
		const struct node **kept = arena_array(
			reading->arena, const struct node *, rule->name_count);
		size_t count = 0;

		if (!kept)
			return fail_nomem(reading->err);
		for (size_t j = 0; j < rule->name_count; j++) {
			bool counts;

			if (!base_counts(reading, profile, first, rule,
					 rule->names[j], &counts))
				return false;
			if (counts)
				kept[count++] = rule->names[j];
		}
		rule->names = kept;
		rule->name_count = count;
	}
	return true;
}

static bool
add_base(struct spo *spo, const struct node *name, struct profile *profile);

static bool
find_base(struct spo *spo, const struct node *name, struct cg_source *out)
{
	struct reading *reading = spo->reading;
	const struct host *host = reading->host;
	char source[CG_SOURCE_MAX] = "", *text = NULL, *kept;
	const char *word;

	if (!node_string(reading, name, "baseProfileName", &word))
		return false;
	if (spo->depth == BASES_MAX)
		return fail_at(reading->err, CG_E_MEANING, name->place,
			       "more than %d base profiles on each other",
			       BASES_MAX);
	if (!host->finder)
		return fail_at(reading->err, CG_E_MEANING, name->place,
			       "the base profile '%.64s' is not at hand", word);
	if (host->finder(host->context, word, name->place.source, &text,
			 &out->length, source, reading->err) != CG_OK) {
		char why[CG_MESSAGE_MAX - 100];

		memcpy(why, reading->err->message, sizeof(why));
		why[sizeof(why) - 1] = '\0';
		return fail_at(reading->err, CG_E_MEANING, name->place,
			       "the base profile '%.64s' cannot be read: %s",
			       word, why);
	}
	spo->texts[spo->depth++] = text;
	kept = arena_text(reading->arena, source, strlen(source));
	if (!kept)
		return fail_nomem(reading->err);
	out->text = text;
	out->name = kept;
	return true;
}

/* The rules of a base come behind those of the profile that adds to it. */
static bool
add_base(struct spo *spo, const struct node *name, struct profile *profile)
{
	size_t first = profile->rule_count;
	struct cg_source source;
	struct node *object;

	for (; name; first = profile->rule_count) {
		struct spec spec = { 0 };

		if (!find_base(spo, name, &source) ||
		    !open_object(spo, &source, NULL, &spec, &object))
			return false;
		if (spec.top.syscalls &&
		    !oci_rules(spo->reading, spec.top.syscalls, profile))
			return false;
		if (!union_rules(spo->reading, profile, first))
			return false;
		name = spec.base;
	}
	return true;
}

/* -------------------------------------------------------------- format -- */

static bool read_object(struct spo *spo)
{
	struct reading *reading = spo->reading;
	struct profile profile = { .resource = true };
	struct spec spec = { 0 };
	struct node *object;

	if (!oci_can_read(reading))
		return false;
	return open_object(spo, &reading->sources[0], reading->host->item,
			   &spec, &object) &&
	       oci_profile(reading, object, &spec.top, &profile) &&
	       (!spec.base || add_base(spo, spec.base, &profile)) &&
	       profile_filter(reading, &profile);
}

static bool read_spo(struct reading *reading)
{
	struct spo spo = { .reading = reading };
	bool ok = read_object(&spo);

	while (spo.depth)
		free(spo.texts[--spo.depth]);
	return ok;
}

static int sniff_spo(const struct cg_source *source)
{
	return source_holds(source, "security-profiles-operator.x-k8s.io") &&
			       source_holds(source, "SeccompProfile")
		       ? 90
		       : 0;
}

const struct format format_spo = {
	.about = { .name = "spo",
		   .aliases = "seccompprofile security-profiles-operator",
		   .about = "SeccompProfile of the Security Profiles "
			    "Operator, YAML",
		   .runtime = "kubernetes",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_spo,
	.read = read_spo,
	.write = spo_write,
};
