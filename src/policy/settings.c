/* The settings of a policy: every key under `seccomp:` but the groups. */
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "policy/action.h"
#include "policy/read.h"
#include "policy/write.h"

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

bool abi_read(struct read *read, const struct node *node,
	      const struct cg_abi **out)
{
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
	*out = abi;
	return true;
}

static bool add_abi(struct read *read, const struct node *node)
{
	struct cg_policy *policy = read->policy;
	const struct cg_abi *abi;

	if (!abi_read(read, node, &abi))
		return false;
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

/* SECCOMP_FILTER_FLAG_* of linux/seccomp.h, in the order of the bits. */
static const char *const flag_names[] = { "tsync",       "log",
					  "spec_allow",  "new_listener",
					  "tsync_esrch", "wait_killable_recv" };

const char *flag_name(unsigned index)
{
	return index < sizeof(flag_names) / sizeof(flag_names[0])
		       ? flag_names[index]
		       : NULL;
}

static bool add_flag(struct read *read, const struct node *node, uint32_t *out)
{
	const char *text;

	if (!node_text(read, node, "a flag such as log", &text))
		return false;
	for (unsigned i = 0; flag_name(i); i++) {
		if (!text_same_letters(text, flag_name(i)))
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

bool switch_read(struct read *read, const struct node *node, bool *out)
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
	if (!switch_read(read, node, &enabled))
		return false;
	if (read->depth == 0)
		read->policy->disabled = !enabled;
	return true;
}

static bool
key_registered(struct read *read, const struct node *node, void *context)
{
	static const char *const words[] = { "extend", "restrict", "replace" };
	const char *text;

	(void)context;
	if (!node_text(read, node, "extend, restrict or replace", &text))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		if (read->depth == 0) {
			read->policy->registered =
				(enum registered)(REGISTERED_EXTEND + i);
			read->policy->registered_place = node->place;
		}
		return true;
	}
	return fail_at(read->err, CG_E_MEANING, node->place,
		       "'%.40s' stands where extend, restrict or replace is "
		       "wanted",
		       text);
}

/* Elastic's sandbox reads it; here the loader decides (load.h). */
static bool
key_no_new_privs(struct read *read, const struct node *node, void *context)
{
	bool on;

	(void)context;
	if (!switch_read(read, node, &on))
		return false;
	return on || warn_at(read, node->place,
			     "no_new_privs: false is not followed; ask for it "
			     "where the filter is loaded");
}

static bool key_exact(struct read *read, const struct node *node, void *context)
{
	return switch_read(read, node, &((struct settings *)context)->exact);
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

const struct key settings_keys[] = {
	{ "default_action", key_default },
	{ "errno", key_errno },
	{ "data", key_data },
	{ "unknown", key_unknown },
	{ "foreign", key_foreign },
	{ "kernel", key_kernel },
	{ "architectures", key_architectures },
	{ "flags", key_flags },
	{ "enabled", key_enabled },
	{ "registered", key_registered },
	{ "exact", key_exact },
	{ "no_new_privs", key_no_new_privs },
	{ "extends", key_extends },
	{ "syscalls", key_syscalls },
	{ NULL, NULL },
};
