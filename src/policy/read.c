#include "policy/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/action.h"

/* A warning without its text; NULL if memory ran out. */
static struct cg_error *add_warning(struct read *read, struct place place)
{
	struct cg_policy *policy = read->policy;
	struct cg_error *warning;

	policy->warnings =
		arena_grow(read->arena, policy->warnings, &policy->warning_room,
			   policy->warning_count + 1,
			   sizeof(*policy->warnings));
	if (!policy->warnings)
		return NULL;
	warning = &policy->warnings[policy->warning_count++];
	fail_at(warning, CG_OK, place, "%s", "");
	return warning;
}

bool warn_at(struct read *read, struct place place, const char *format, ...)
{
	struct cg_error *warning = add_warning(read, place);
	va_list args;

	if (!warning)
		return fail_nomem(read->err);
	va_start(args, format);
	vsnprintf(warning->message, sizeof(warning->message), format, args);
	va_end(args);
	return true;
}

bool warn_as(struct read *read, const char *check, struct place place,
	     const char *format, ...)
{
	struct cg_error *warning = add_warning(read, place);
	va_list args;

	if (!warning)
		return fail_nomem(read->err);
	va_start(args, format);
	vsnprintf(warning->message, sizeof(warning->message), format, args);
	va_end(args);
	warning->check = check;
	return true;
}

bool node_text(struct read *read, const struct node *node, const char *what,
	       const char **out)
{
	if (node->kind != NODE_SCALAR || !node->length)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "%s stands where %s is wanted",
			       doc_describe(node), what);
	*out = node->text;
	return true;
}

static bool fail_key(struct read *read, const struct node *key,
		     const char *what, const struct key *keys)
{
	const char *best = NULL;
	unsigned distance = 4;

	for (; keys->name; keys++) {
		unsigned d = text_near(key->text, keys->name, 3);

		if (d < distance) {
			distance = d;
			best = keys->name;
		}
	}
	return fail_at(read->err, CG_E_MEANING, key->place,
		       "unknown key '%.64s' in %s%s%s%s", key->text, what,
		       best ? "; did you mean '" : "", best ? best : "",
		       best ? "'?" : "");
}

bool keys_read(struct read *read, const struct node *mapping, const char *what,
	       const struct key *keys, void *context)
{
	for (size_t i = 0; i < mapping->count; i++) {
		const struct key *key = keys;

		while (key->name &&
		       strcmp(key->name, mapping->keys[i]->text) != 0)
			key++;
		if (!key->name)
			return fail_key(read, mapping->keys[i], what, keys);
		if (!key->read(read, mapping->items[i], context))
			return false;
	}
	return true;
}

/* -------------------------------------------------------- the whole -- */

/* Bring `seccomp: {a: b}` and `seccomp.a: b` into one mapping. */
static bool
settings_mapping(struct read *read, const struct node *root, struct node *out)
{
	static const char prefix[] = "seccomp.";
	const struct node *inner;
	size_t room;

	if (root->kind != NODE_MAPPING)
		return fail_at(read->err, CG_E_MEANING, root->place,
			       "a policy must be a mapping with the key "
			       "seccomp, not %s",
			       doc_describe(root));
	inner = doc_get(root, "seccomp");
	if (inner && inner->kind != NODE_MAPPING)
		return fail_at(read->err, CG_E_MEANING, inner->place,
			       "seccomp must be a mapping with default_action "
			       "and syscalls, not %s",
			       doc_describe(inner));
	*out = (struct node){ .kind = NODE_MAPPING, .place = root->place };
	room = root->count + (inner ? inner->count : 0);
	out->keys = arena_array(read->arena, struct node *, room);
	out->items = arena_array(read->arena, struct node *, room);
	if (!out->keys || !out->items)
		return fail_nomem(read->err);
	for (size_t i = 0; inner && i < inner->count; i++) {
		out->keys[out->count] = inner->keys[i];
		out->items[out->count++] = inner->items[i];
	}
	for (size_t i = 0; i < root->count; i++) {
		struct node *key = root->keys[i];

		if (strcmp(key->text, "seccomp") == 0)
			continue;
		if (strncmp(key->text, prefix, sizeof(prefix) - 1) != 0)
			return fail_at(read->err, CG_E_MEANING, key->place,
				       "unknown key '%.64s'; a policy stands "
				       "under the key seccomp",
				       key->text);
		key->text += sizeof(prefix) - 1;
		if (doc_get(out, key->text))
			return fail_at(read->err, CG_E_MEANING, key->place,
				       "duplicate: '%.64s' is set already",
				       key->text);
		out->keys[out->count] = key;
		out->items[out->count++] = root->items[i];
	}
	return true;
}

/* Errno and data belong to the default action of the same text. */
static bool finish_default(struct read *read, const struct settings *settings,
			   bool inherited)
{
	struct action *action = &read->policy->default_action;
	const struct node *errno_node = settings->errno_node;
	const struct node *data_node = settings->data_node;
	const struct node *alone = errno_node ? errno_node : data_node;

	if (!settings->has_default && alone)
		return fail_at(read->err, CG_E_MEANING, alone->place,
			       "%s goes beside a default_action",
			       errno_node ? "errno" : "data");
	if (!settings->has_default || inherited)
		return true;
	read->policy->has_default = true;
	if (errno_node &&
	    !action_set_errno(read->arena, errno_node->text, errno_node->place,
			      action, read->err))
		return false;
	return !data_node || action_set_data(data_node->text, data_node->place,
					     action, read->err);
}

static bool read_text(struct read *read, const char *text, size_t length,
		      const char *source);

static const struct cg_preset *preset_by_name(const char *name)
{
	const struct cg_preset *preset;

	for (size_t i = 0; (preset = cg_preset_get(i)); i++)
		if (strcmp(preset->name, name) == 0)
			return preset;
	return NULL;
}

/* Read what another policy extends; its groups come after those of that. */
static bool extend_one(struct read *read, const struct node *node)
{
	const struct cg_policy_options *options = read->options;
	const struct cg_preset *preset;
	char source[CG_SOURCE_MAX] = "";
	const char *name, *kept, *outer = read->source;
	char *text = NULL;
	size_t length = 0;
	bool ok;

	if (!node_text(read, node, "the name of a preset or a file", &name))
		return false;
	if (read->depth + 1 == EXTENDS_MAX)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "extends more than %d deep: does a policy "
			       "extend itself?",
			       EXTENDS_MAX - 1);
	preset = preset_by_name(name);
	if (!preset && !(options && options->finder))
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "no preset is called '%.64s', and files cannot "
			       "be read from here",
			       name);
	if (!preset && options->finder(options->context, name, outer, &text,
				       &length, source, read->err) != CG_OK) {
		char reason[CG_MESSAGE_MAX];

		snprintf(reason, sizeof(reason), "%s", read->err->message);
		return fail_at(read->err, read->err->status, node->place,
			       "cannot extend '%.64s': %.360s", name, reason);
	}
	kept = preset ? arena_text(read->arena, name, strlen(name))
		      : arena_text(read->arena, source, strlen(source));
	read->depth++;
	ok = kept ? read_text(read, preset ? preset->text : text,
			      preset ? preset->length : length, kept)
		  : fail_nomem(read->err);
	read->depth--;
	read->source = outer;
	free(text);
	return ok;
}

static bool extend(struct read *read, const struct node *node)
{
	if (!node)
		return true;
	if (node->kind == NODE_SCALAR)
		return extend_one(read, node);
	if (node->kind != NODE_SEQUENCE || !node->count)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "extends must name a preset or a file, or a "
			       "list of them");
	for (size_t i = 0; i < node->count; i++)
		if (!extend_one(read, node->items[i]))
			return false;
	return true;
}

static bool read_text(struct read *read, const char *text, size_t length,
		      const char *source)
{
	bool inherited = read->policy->has_default;
	struct settings settings = { 0 };
	struct node *root, merged;

	read->source = source;
	if (length > CG_POLICY_TEXT_MAX)
		return fail_at(read->err, CG_E_SYNTAX,
			       (struct place){ source, 0, 0 },
			       "%zu bytes are too many for a policy; at most "
			       "%d are read",
			       length, CG_POLICY_TEXT_MAX);
	if (!doc_read(read->arena, text, length, source, &root, read->err) ||
	    !settings_mapping(read, root, &merged) ||
	    !keys_read(read, &merged, "seccomp", settings_keys, &settings) ||
	    !finish_default(read, &settings, inherited))
		return false;
	read->exact = settings.exact;
	for (size_t i = 0; settings.groups && i < settings.groups->count; i++)
		if (!group_read(read, settings.groups->items[i]))
			return false;
	return extend(read, settings.extends);
}

static bool fail_unknown_names(struct read *read)
{
	return fail_at(read->err, CG_E_MEANING, read->unknown_place,
		       "no system call of %s is called %s", read->native->name,
		       read->unknown);
}

/* A block list covers the guests of its ABI, so that no door stays open. */
static void add_guests(struct cg_policy *policy)
{
	const struct cg_abi *main = policy->abis[0], *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		if (abi->native && strcmp(abi->native, main->name) == 0 &&
		    abi->seccomp && abi->big_endian == main->big_endian &&
		    policy->abi_count < ABIS_MAX)
			policy->abis[policy->abi_count++] = abi;
}

static bool fail_setting(struct read *read, struct place place, const char *key)
{
	return fail_at(read->err, CG_E_MEANING, place,
		       "%s is the program's; to set another one, say "
		       "registered: replace",
		       key);
}

/* Groups alone, for a policy that is registered elsewhere. */
static bool check_change(struct read *read, struct place whole)
{
	const struct cg_policy *policy = read->policy;

	if (!read->changes)
		return fail_at(read->err, CG_E_MEANING,
			       policy->registered_place,
			       "this changes what the parts of a program have "
			       "registered, and is no policy alone; say "
			       "replace, or leave the key out");
	if (policy->has_default)
		return fail_setting(read, policy->default_action.place,
				    "default_action");
	if (policy->has_architectures || policy->has_foreign ||
	    policy->has_kernel || policy->has_unknown)
		return fail_setting(read, policy->registered_place,
				    policy->has_architectures ? "architectures"
				    : policy->has_foreign     ? "foreign"
				    : policy->has_kernel      ? "kernel"
							      : "unknown");
	return policy->group_count ||
	       fail_at(read->err, CG_E_MEANING, whole,
		       "syscalls is missing: say which calls are to be %s",
		       policy->registered == REGISTERED_EXTEND
			       ? "allowed as well"
			       : "refused as well");
}

/* Whoever does not say how to change something says nothing about it. */
static bool check_silence(struct read *read, struct place whole)
{
	const struct cg_policy *policy = read->policy;

	if (!policy->has_default && !policy->group_count)
		return true;
	return fail_at(read->err, CG_E_MEANING, whole,
		       "the key registered is missing: say whether this is to "
		       "extend, restrict or replace what the parts of the "
		       "program have registered");
}

bool policy_read(struct read *read, const char *text, size_t length,
		 const char *source)
{
	struct cg_policy *policy = read->policy;
	struct place whole;

	policy->source = arena_text(read->arena, source, strlen(source));
	if (!policy->source)
		return fail_nomem(read->err);
	whole = (struct place){ policy->source, 1, 1 };
	policy->kernel = cg_kernel_newest();
	if (!read_text(read, text, length, policy->source))
		return false;
	if (read->unknown_count)
		return fail_unknown_names(read);
	if (!policy->has_architectures)
		policy->abis[policy->abi_count++] = read->native;
	policy->named_abis = policy->abi_count;
	if (policy->disabled)
		return true;
	if (policy->registered == REGISTERED_EXTEND ||
	    policy->registered == REGISTERED_RESTRICT)
		return check_change(read, whole);
	if (read->changes && policy->registered == REGISTERED_NOTHING)
		return check_silence(read, whole);
	if (!policy->has_default)
		return fail_at(read->err, CG_E_MEANING, whole,
			       "default_action is missing: say what happens "
			       "to a call that no group names");
	if (!policy->group_count)
		return fail_at(read->err, CG_E_MEANING, whole,
			       "syscalls is missing: say which calls the "
			       "groups are about");
	if (!policy->has_architectures && policy->foreign != FOREIGN_ELASTIC &&
	    answer_permits(policy->default_action.answer))
		add_guests(policy);
	return true;
}
