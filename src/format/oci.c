/*
 * OCI profiles in JSON, and Docker's and Podman's larger forms of them.
 *
 * The text is the same for all; what it means depends on whom it is given to.
 */
#include "format/oci.h"
#include "format/oci_write.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define TOP(field) offsetof(struct oci_top, field)

const struct oci_key oci_top_keys[] = {
	{ "defaultAction", TOP(action), 0, false },
	{ "defaultErrnoRet", TOP(errno_ret), 0, false },
	{ "defaultErrno", TOP(errno_name), TRAIT_ERRNO_NAMES, false },
	{ "architectures", TOP(architectures), 0, false },
	{ "archMap", TOP(arch_map), TRAIT_RESOLVES, false },
	{ "flags", TOP(flags), 0, false },
	{ "listenerPath", TOP(listener), 0, false },
	{ "listenerMetadata", TOP(metadata), 0, false },
	{ "syscalls", TOP(syscalls), 0, false },
	{ 0 },
};

/* ---------------------------------------------------------------- keys -- */

static const char *engine_name(const struct reading *reading)
{
	return reading->host->engine->about.name;
}

static bool is_empty(const struct node *node)
{
	return node->kind == NODE_SCALAR ? !node->length && !node->quoted
					 : node->count == 0;
}

/* A key in no row: refused where some runtime would take it for another. */
static bool unknown_key(struct reading *reading, const struct node *key,
			const char *what, const struct oci_key *keys)
{
	const char *best = NULL;
	unsigned distance = 3;

	for (; keys->name; keys++) {
		unsigned d = text_near(key->text, keys->name, 2);

		if (text_same_letters(key->text, keys->name))
			return fail_at(reading->err, CG_E_MEANING, key->place,
				       "'%s' means '%s' to some runtimes and "
				       "nothing to others; write '%s'",
				       key->text, keys->name, keys->name);
		if (d < distance) {
			distance = d;
			best = keys->name;
		}
	}
	return reading_find(reading, "unknown-key", key->place,
			    "%s passes over '%.64s': %s has no such key%s%s%s",
			    engine_name(reading), key->text, what,
			    best ? "; did you mean '" : "", best ? best : "",
			    best ? "'?" : "");
}

/* Once for each key: profiles have some of them in every rule. */
static bool key_passed_over(struct reading *reading, const struct node *key)
{
	char text[CG_MESSAGE_MAX];

	snprintf(text, sizeof(text),
		 "%s passes over '%s', here and wherever else it stands: what "
		 "it asks for does not happen",
		 engine_name(reading), key->text);
	for (size_t i = 0; i < reading->warnings.count; i++)
		if (strcmp(reading->warnings.at[i].message, text) == 0)
			return true;
	return reading_find(reading,
			    strcmp(key->text, "minKernel") == 0 ? "min-kernel"
								: "engine-only",
			    key->place, "%s", text);
}

bool oci_keys(struct reading *reading, const struct node *mapping,
	      const char *what, const struct oci_key *keys, void *fields)
{
	if (!node_mapping(reading, mapping, what))
		return false;
	for (size_t i = 0; i < mapping->count; i++) {
		const struct node *key = mapping->keys[i];
		const struct node *value = mapping->items[i];
		const struct oci_key *row = keys;

		while (row->name && strcmp(row->name, key->text) != 0)
			row++;
		if (!row->name) {
			if (!unknown_key(reading, key, what, keys))
				return false;
		} else if (!row->trait || host_does(reading->host, row->trait))
			*(const struct node **)((char *)fields + row->field) =
				value;
		else if (!row->remark && !is_empty(value) &&
			 !key_passed_over(reading, key))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------- actions -- */

static const struct action_word {
	const char *name;
	uint32_t answer;
	bool has_errno; /* takes the data of errnoRet */
} actions[] = {
	{ "SCMP_ACT_ALLOW", CG_RET_ALLOW, false },
	{ "SCMP_ACT_ERRNO", CG_RET_ERRNO, true },
	{ "SCMP_ACT_KILL", CG_RET_KILL_THREAD, false },
	{ "SCMP_ACT_KILL_THREAD", CG_RET_KILL_THREAD, false },
	{ "SCMP_ACT_KILL_PROCESS", CG_RET_KILL_PROCESS, false },
	{ "SCMP_ACT_LOG", CG_RET_LOG, false },
	{ "SCMP_ACT_NOTIFY", CG_RET_USER_NOTIF, false },
	{ "SCMP_ACT_TRACE", CG_RET_TRACE, true },
	{ "SCMP_ACT_TRAP", CG_RET_TRAP, false },
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]), ERRNO_MAX = 4095 };

static const struct action_word *
action_named(struct reading *reading, const struct node *node)
{
	const char *best = NULL, *name;
	unsigned distance = 5;

	if (!node_string(reading, node, "an action", &name))
		return NULL;
	for (size_t i = 0; i < ACTIONS; i++) {
		unsigned d = text_near(name, actions[i].name, 4);

		if (d == 0)
			return &actions[i];
		if (d < distance) {
			distance = d;
			best = actions[i].name;
		}
	}
	fail_at(reading->err, CG_E_MEANING, node->place,
		"no action is called '%.64s'%s%s%s", name,
		best ? "; did you mean '" : "", best ? best : "",
		best ? "'?" : "");
	return NULL;
}

/* An errno by name, or a number as text: the word of Podman's profiles. */
static bool
errno_word(struct reading *reading, const struct node *node, uint64_t *out)
{
	const char *name;

	if (!node_string(reading, node, "an errno's name", &name))
		return false;
	if (name[0] >= '0' && name[0] <= '9') {
		if (num_read(name, node->length, out) == NUM_OK &&
		    *out <= ERRNO_MAX)
			return true;
	} else if (name[0] == 'E' &&
		   cg_constant_value(name, reading->host->native, out) &&
		   *out <= ERRNO_MAX)
		return true;
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       "no errno is called '%.64s'", name);
}

bool oci_answer(struct reading *reading, const struct oci_action *action,
		uint32_t *out)
{
	const struct action_word *word = action_named(reading, action->action);
	const struct node *number = action->errno_ret;
	uint64_t data = 1; /* EPERM, where nobody says */

	if (!word)
		return false;
	if (number && node_is_null(number))
		number = NULL;
	if (number &&
	    !node_number(reading, number, "errnoRet",
			 action->resource ? INT32_MAX : UINT32_MAX, &data))
		return false;
	if (number && action->resource && !data) {
		number = NULL;
		data = 1;
	}
	if (action->errno_name && (action->errno_name->length ||
				   action->errno_name->kind != NODE_SCALAR)) {
		number = action->errno_name;
		if (!errno_word(reading, number, &data))
			return false;
	}
	*out = word->answer | (word->has_errno ? (uint32_t)data : 0);
	if (!number)
		return true;
	if (word->has_errno && data > ERRNO_MAX)
		return fail_at(reading->err, CG_E_MEANING, number->place,
			       "errno %llu is out of range: Linux has none "
			       "above %d, and no runtime takes it",
			       (unsigned long long)data, ERRNO_MAX);
	if (word->has_errno)
		return true;
	if (host_does(reading->host, TRAIT_STRICT_ERRNO))
		return fail_at(reading->err, CG_E_MEANING, number->place,
			       "%s takes no errno, and %s refuses one there",
			       word->name, reading->host->runtime->about.name);
	return reading_find(reading, "errno-range", number->place,
			    "%s takes no errno; this one means nothing",
			    word->name);
}

/* ------------------------------------------------------- architectures -- */

static bool add_arch(struct reading *reading, const struct node *node,
		     struct profile *profile)
{
	const struct profile_arch *arch;
	const struct cg_abi *abi = NULL;
	const char *name;

	if (!node_string(reading, node, "an architecture", &name))
		return false;
	if (strcmp(name, "SCMP_ARCH_NATIVE") == 0 &&
	    host_does(reading->host, TRAIT_ERRNO_NAMES))
		return true;
	arch = profile_arch_named(name);
	if (arch &&
	    (arch->everywhere || host_does(reading->host, TRAIT_ALL_ARCHES)))
		abi = cg_abi_by_name(arch->abi);
	if (!abi)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s knows no architecture '%.64s'; they are "
			       "written as SCMP_ARCH_X86_64",
			       reading->host->runtime->about.name, name);
	if (abi->big_endian != reading->host->native->big_endian)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s has another byte order than %s: one filter "
			       "cannot cover both",
			       abi->name, reading->host->native->name);
	for (size_t i = 0; i < profile->abi_count; i++)
		if (profile->abis[i] == abi)
			return true;
	if (abi == reading->host->native)
		profile->lists_native = true;
	else
		profile->abis[profile->abi_count++] = abi;
	return true;
}

static bool add_arches(struct reading *reading, const struct node *list,
		       struct profile *profile)
{
	if (!node_list(reading, list, "architectures"))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (!add_arch(reading, list->items[i], profile))
			return false;
	return true;
}

struct arch_entry {
	const struct node *arch, *subs;
};
static const struct oci_key arch_keys[] = {
	{ "architecture", offsetof(struct arch_entry, arch), 0, false },
	{ "subArchitectures", offsetof(struct arch_entry, subs), 0, false },
	{ 0 },
};

/* The entry of archMap for the host itself; the others do not count. */
static bool add_arch_map(struct reading *reading, const struct node *map,
			 struct profile *profile)
{
	const struct profile_arch *native =
		profile_arch_of(reading->host->native);

	if (!node_list(reading, map, "archMap"))
		return false;
	if (host_does(reading->host, TRAIT_ERRNO_NAMES) && native &&
	    !native->podman_maps && map->count)
		return reading_find(reading, "engine-only", map->place,
				    "%s looks at no archMap on %s: only the "
				    "native architecture is covered",
				    engine_name(reading),
				    reading->host->native->name);
	for (size_t i = 0; i < map->count; i++) {
		struct arch_entry entry = { 0 };
		const char *name;

		if (!oci_keys(reading, map->items[i], "an entry of archMap",
			      arch_keys, &entry))
			return false;
		if (!entry.arch)
			return fail_at(reading->err, CG_E_MEANING,
				       map->items[i]->place,
				       "an entry of archMap needs "
				       "'architecture'");
		if (!node_string(reading, entry.arch, "an architecture",
				 &name) ||
		    (entry.subs &&
		     !node_list(reading, entry.subs, "subArchitectures")))
			return false;
		if (!native || strcmp(native->scmp, name) != 0)
			continue;
		return !entry.subs || add_arches(reading, entry.subs, profile);
	}
	return true;
}

/* --------------------------------------------------------------- flags -- */

static bool
add_flag(struct reading *reading, const struct node *node, uint32_t *flags)
{
	const struct host *host = reading->host;
	const char *name, *word;
	uint32_t bit;

	if (!node_string(reading, node, "a flag", &name))
		return false;
	/* runc learnt flags with 1.2. */
	if (host_does(host, TRAIT_ENOSYS_STUB) &&
	    host->release < CG_RELEASE(1, 2, 0))
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "%s before 1.2.0 refuses every flag",
			       host->runtime->about.name);
	for (unsigned i = 0; (word = oci_flag_word(i, &bit)); i++)
		if (strcmp(word, name) == 0) {
			*flags |= bit;
			return true;
		}
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       "no flag is called '%.64s'; there are TSYNC, LOG, "
		       "SPEC_ALLOW and WAIT_KILLABLE_RECV, each behind "
		       "SECCOMP_FILTER_FLAG_",
		       name);
}

/* None and an empty list differ: without, runtimes choose SPEC_ALLOW. */
static bool add_flags(struct reading *reading, const struct node *list,
		      struct profile *profile)
{
	profile->flags = 1 << 2;
	if (!list)
		return true;
	if (!node_list(reading, list, "flags"))
		return false;
	if (list->kind == NODE_SEQUENCE)
		profile->flags = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!add_flag(reading, list->items[i], &profile->flags))
			return false;
	return true;
}

/* ------------------------------------------------------------- profile -- */

bool oci_can_read(struct reading *reading)
{
	const struct host *host = reading->host;

	if (!host_does(host, TRAIT_CONTAINER))
		return fail(reading->err, CG_E_INPUT,
			    "%s reads no profiles of containers",
			    host->engine->about.name);
	if (reading->source_count > 1)
		return fail(reading->err, CG_E_INPUT,
			    "one profile is one file");
	return true;
}

static bool check_listener(struct reading *reading, const struct oci_top *top,
			   const struct profile *profile)
{
	const char *text;
	bool notifies = profile->answer == CG_RET_USER_NOTIF;
	struct place place = profile->place;

	if (top->listener &&
	    !node_string(reading, top->listener, "listenerPath", &text))
		return false;
	if (top->metadata &&
	    !node_string(reading, top->metadata, "listenerMetadata", &text))
		return false;
	if (top->metadata && !top->listener)
		return fail_at(reading->err, CG_E_MEANING, top->metadata->place,
			       "listenerMetadata needs a listenerPath");
	for (size_t i = 0; i < profile->rule_count && !notifies; i++)
		if (profile->rules[i].answer == CG_RET_USER_NOTIF) {
			notifies = true;
			place = profile->rules[i].place;
		}
	if (!notifies || top->listener)
		return true;
	if (host_does(reading->host, TRAIT_NEEDS_LISTENER))
		return fail_at(reading->err, CG_E_MEANING, place,
			       "SCMP_ACT_NOTIFY needs a listenerPath");
	return reading_find(reading, "notify", place,
			    "SCMP_ACT_NOTIFY without a listenerPath: nobody "
			    "answers, and the call returns ENOSYS");
}

static bool check_default(struct reading *reading, const struct node *mapping,
			  const struct oci_top *top)
{
	if (top->action)
		return true;
	for (size_t i = 0; i < mapping->count; i++)
		if (mapping->items[i]->kind == NODE_MAPPING &&
		    (doc_get(mapping->items[i], "default_action") ||
		     doc_get(mapping->items[i], "mismatch_action")))
			return fail_at(reading->err, CG_E_MEANING,
				       mapping->place,
				       "this is seccompiler's format "
				       "(Firecracker), not OCI: '%.64s' is the "
				       "name of a thread",
				       mapping->keys[i]->text);
	return fail_at(reading->err, CG_E_MEANING, mapping->place,
		       "'defaultAction' is missing");
}

bool oci_profile(struct reading *reading, const struct node *mapping,
		 const struct oci_top *top, struct profile *out)
{
	const struct oci_action action = { top->action, top->errno_ret,
					   top->errno_name, out->resource };

	if (!check_default(reading, mapping, top) ||
	    !oci_answer(reading, &action, &out->answer))
		return false;
	out->place = top->action->place;
	if (top->architectures && !is_empty(top->architectures) &&
	    top->arch_map && !is_empty(top->arch_map))
		return fail_at(reading->err, CG_E_MEANING, top->arch_map->place,
			       "both 'architectures' and 'archMap'; only one "
			       "of them may be there");
	if (top->architectures && !add_arches(reading, top->architectures, out))
		return false;
	if (top->arch_map && !add_arch_map(reading, top->arch_map, out))
		return false;
	return add_flags(reading, top->flags, out) &&
	       (!top->syscalls || oci_rules(reading, top->syscalls, out)) &&
	       check_listener(reading, top, out);
}

/* Docker takes a profile that says nothing at all for none. */
static bool
says_nothing(const struct reading *reading, const struct oci_top *top)
{
	return host_does(reading->host, TRAIT_RESOLVES) &&
	       (!top->action ||
		(top->action->kind == NODE_SCALAR && !top->action->length)) &&
	       (!top->syscalls || is_empty(top->syscalls));
}

bool oci_read(struct reading *reading, const struct cg_source *source)
{
	struct oci_top top = { 0 };
	struct profile profile = { 0 };
	struct node *root;

	reading->is_json = true;
	if (!doc_read_json(reading->arena, source->text, source->length,
			   source->name, &root, reading->err) ||
	    !oci_keys(reading, root, "a profile", oci_top_keys, &top))
		return false;
	if (says_nothing(reading, &top) && root->count < 2)
		return reading_no_filter(reading, root->place,
					 "a profile that says nothing switches "
					 "seccomp off: every call is allowed");
	return oci_profile(reading, root, &top, &profile) &&
	       profile_filter(reading, &profile);
}

static bool read_oci(struct reading *reading)
{
	return oci_can_read(reading) && oci_read(reading, reading->sources);
}

/* ------------------------------------------------------------- formats -- */

static int sniff_oci(const struct cg_source *source)
{
	if (!source_begins(source, "{"))
		return 0;
	/* seccompiler's, so that its reader can say what it is. */
	if (source_holds(source, "\"filter_action\"") ||
	    source_holds(source, "\"match_action\""))
		return 10;
	if (!source_holds(source, "\"defaultAction\""))
		return 0;
	return source_holds(source, "SCMP_ACT_") ? 60 : 30;
}

static int sniff_docker(const struct cg_source *source)
{
	return sniff_oci(source) > 10 &&
			       (source_holds(source, "\"archMap\"") ||
				source_holds(source, "\"includes\"") ||
				source_holds(source, "\"name\""))
		       ? 70
		       : 0;
}

static int sniff_containers(const struct cg_source *source)
{
	return sniff_oci(source) > 10 &&
			       (source_holds(source, "\"defaultErrno\"") ||
				source_holds(source, "\"errno\""))
		       ? 80
		       : 0;
}

const struct format format_oci = {
	.about = { .name = "oci",
		   .aliases = "runtime-spec",
		   .about = "OCI runtime profile, JSON: runc, crun, containerd",
		   .runtime = "runc",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_oci,
	.read = read_oci,
	.write = oci_write,
};

const struct format format_docker = {
	.about = { .name = "docker",
		   .aliases = "moby",
		   .about = "Docker's profile, JSON: OCI with conditions",
		   .runtime = "docker",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_docker,
	.read = read_oci,
	.write = oci_write,
};

const struct format format_containers = {
	.about = { .name = "containers-common",
		   .aliases = "podman crio buildah",
		   .about = "Podman's and CRI-O's profile, JSON: as Docker's, "
			    "with names of errnos",
		   .runtime = "podman",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_containers,
	.read = read_oci,
	.write = containers_write,
};
