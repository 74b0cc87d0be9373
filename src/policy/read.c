#include "policy/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "policy/action.h"

bool warn_at(struct read *read, struct place place, const char *format, ...)
{
	struct cg_policy *policy = read->policy;
	struct cg_error *warning;
	va_list args;

	policy->warnings =
		arena_grow(read->arena, policy->warnings, &policy->warning_room,
			   policy->warning_count + 1,
			   sizeof(*policy->warnings));
	if (!policy->warnings)
		return fail_nomem(read->err);
	warning = &policy->warnings[policy->warning_count++];
	fail_at(warning, CG_OK, place, "%s", "");
	va_start(args, format);
	vsnprintf(warning->message, sizeof(warning->message), format, args);
	va_end(args);
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
		unsigned d = text_distance(key->text, keys->name, 3);

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

/* ----------------------------------------------------- the settings -- */

/* The settings of one text, before they meet those of what it extends. */
struct settings {
	const struct node *errno_node, *data_node, *extends, *groups;
	bool has_default, has_foreign, has_unknown;
};

static bool
read_action(struct read *read, const struct node *node, struct action *out)
{
	const char *text;

	return node_text(read, node, "an action such as errno or kill_process",
			 &text) &&
	       action_read(read->arena, text, node->place, out, read->err);
}

static bool
key_default(struct read *read, const struct node *node, void *context)
{
	((struct settings *)context)->has_default = true;
	if (read->policy->has_default)
		return true; /* the policy that extends this one has its own */
	return read_action(read, node, &read->policy->default_action);
}

static bool key_errno(struct read *read, const struct node *node, void *context)
{
	const char *text;

	((struct settings *)context)->errno_node = node;
	return node_text(read, node, "an errno such as EACCES", &text);
}

static bool key_data(struct read *read, const struct node *node, void *context)
{
	const char *text;

	((struct settings *)context)->data_node = node;
	return node_text(read, node, "a number from 0 to 65535", &text);
}

static bool
key_unknown(struct read *read, const struct node *node, void *context)
{
	(void)context;
	if (read->policy->has_unknown)
		return true;
	read->policy->has_unknown = true;
	return read_action(read, node, &read->policy->unknown);
}

static bool
key_foreign(struct read *read, const struct node *node, void *context)
{
	struct cg_policy *policy = read->policy;
	const char *text;

	(void)context;
	if (!node_text(read, node, "an action, or elastic", &text))
		return false;
	if (policy->has_foreign)
		return true;
	policy->has_foreign = true;
	if (text_same_letters(text, "elastic")) {
		policy->foreign = FOREIGN_ELASTIC;
		return true;
	}
	policy->foreign = FOREIGN_ACTION;
	return read_action(read, node, &policy->foreign_action);
}

static bool
key_kernel(struct read *read, const struct node *node, void *context)
{
	struct cg_policy *policy = read->policy;
	uint64_t major, minor;
	const char *text, *dot;

	(void)context;
	if (!node_text(read, node, "a release such as \"6.12\"", &text))
		return false;
	dot = strchr(text, '.');
	if (!dot || num_read(text, (size_t)(dot - text), &major) != NUM_OK ||
	    num_read(dot + 1, strlen(dot + 1), &minor) != NUM_OK ||
	    (strlen(dot + 1) > 1 && dot[1] == '0') || major < 2 || major > 99 ||
	    minor > 999)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "'%.40s' is no kernel release; write \"6.12\"",
			       text);
	if (policy->has_kernel)
		return true;
	policy->has_kernel = true;
	policy->kernel = CG_KERNEL(major, minor);
	if (policy->kernel <= cg_kernel_newest())
		return true;
	return warn_at(read, node->place,
		       "kernel %s is newer than the newest whose calls are "
		       "known here, %u.%u",
		       text, (unsigned)(cg_kernel_newest() >> 16),
		       (unsigned)(cg_kernel_newest() & 0xffff));
}

static bool add_abi(struct read *read, const struct node *node)
{
	struct cg_policy *policy = read->policy;
	const struct cg_abi *abi;
	const char *text;

	if (!node_text(read, node, "an architecture such as x86_64, or native",
		       &text))
		return false;
	abi = strcmp(text, "native") == 0 ? read->native : cg_abi_by_name(text);
	if (!abi)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "no architecture is called '%.40s'; `callgate "
			       "syscalls --abis` lists them",
			       text);
	if (!abi->seccomp)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "the kernel has no seccomp filters on %s",
			       abi->name);
	for (size_t i = 0; i < policy->abi_count; i++)
		if (policy->abis[i] == abi)
			return fail_at(read->err, CG_E_MEANING, node->place,
				       "duplicate: %s stands in this list "
				       "already",
				       abi->name);
	if (policy->abi_count && policy->abis[0]->big_endian != abi->big_endian)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "%s and %s have different byte orders; no "
			       "kernel runs both",
			       policy->abis[0]->name, abi->name);
	if (policy->abi_count == ABIS_MAX)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "more than %d architectures", ABIS_MAX);
	policy->abis[policy->abi_count++] = abi;
	return true;
}

static bool
key_architectures(struct read *read, const struct node *node, void *context)
{
	struct cg_policy *policy = read->policy;

	(void)context;
	if (node->kind != NODE_SCALAR &&
	    (node->kind != NODE_SEQUENCE || !node->count))
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "architectures must be a list such as "
			       "[native, i386], not %s",
			       node->count ? doc_describe(node)
					   : "an empty one");
	if (policy->has_architectures)
		return true;
	policy->has_architectures = true;
	if (node->kind == NODE_SCALAR)
		return add_abi(read, node);
	for (size_t i = 0; i < node->count; i++)
		if (!add_abi(read, node->items[i]))
			return false;
	return true;
}

static bool add_flag(struct read *read, const struct node *node, uint32_t *out)
{
	/* SECCOMP_FILTER_FLAG_* of linux/seccomp.h, in the order of the bits.*/
	static const char *const names[] = {
		"tsync",        "log",         "spec_allow",
		"new_listener", "tsync_esrch", "wait_killable_recv"
	};
	const char *text;

	if (!node_text(read, node, "a flag such as log", &text))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!text_same_letters(text, names[i]))
			continue;
		*out |= 1u << i;
		return true;
	}
	return fail_at(read->err, CG_E_MEANING, node->place,
		       "no flag is called '%.40s'; flags are tsync, log, "
		       "spec_allow, new_listener, tsync_esrch and "
		       "wait_killable_recv",
		       text);
}

static bool key_flags(struct read *read, const struct node *node, void *context)
{
	uint32_t flags = 0;

	(void)context;
	if (node->kind == NODE_MAPPING)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "flags must be a list such as [log], not %s",
			       doc_describe(node));
	if (node->kind == NODE_SCALAR && !add_flag(read, node, &flags))
		return false;
	for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->count; i++)
		if (!add_flag(read, node->items[i], &flags))
			return false;
	if (!read->policy->has_flags)
		read->policy->flags = flags;
	read->policy->has_flags = true;
	return true;
}

static bool read_switch(struct read *read, const struct node *node, bool *out)
{
	const char *text;

	if (!node_text(read, node, "true or false", &text))
		return false;
	*out = strcmp(text, "true") == 0;
	if (*out || strcmp(text, "false") == 0)
		return true;
	return fail_at(read->err, CG_E_MEANING, node->place,
		       "'%.40s' stands where true or false is wanted", text);
}

static bool
key_enabled(struct read *read, const struct node *node, void *context)
{
	bool enabled;

	(void)context;
	if (!read_switch(read, node, &enabled))
		return false;
	if (read->depth == 0)
		read->policy->disabled = !enabled;
	return true;
}

/* Elastic's sandbox reads it; here the loader decides (load.h). */
static bool
key_no_new_privs(struct read *read, const struct node *node, void *context)
{
	bool on;

	(void)context;
	if (!read_switch(read, node, &on))
		return false;
	return on || warn_at(read, node->place,
			     "no_new_privs: false is not followed; ask for it "
			     "where the filter is loaded");
}

static bool
key_extends(struct read *read, const struct node *node, void *context)
{
	(void)read;
	((struct settings *)context)->extends = node;
	return true;
}

static bool
key_syscalls(struct read *read, const struct node *node, void *context)
{
	((struct settings *)context)->groups = node;
	if (node->kind == NODE_SEQUENCE && node->count)
		return true;
	return fail_at(read->err, CG_E_MEANING, node->place,
		       "syscalls must be a list of at least one group, not %s",
		       node->kind == NODE_SEQUENCE ? "an empty one"
						   : doc_describe(node));
}

static const struct key keys[] = {
	{ "default_action", key_default },
	{ "errno", key_errno },
	{ "data", key_data },
	{ "unknown", key_unknown },
	{ "foreign", key_foreign },
	{ "kernel", key_kernel },
	{ "architectures", key_architectures },
	{ "flags", key_flags },
	{ "enabled", key_enabled },
	{ "no_new_privs", key_no_new_privs },
	{ "extends", key_extends },
	{ "syscalls", key_syscalls },
	{ NULL, NULL },
};

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
	    !keys_read(read, &merged, "seccomp", keys, &settings) ||
	    !finish_default(read, &settings, inherited))
		return false;
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
