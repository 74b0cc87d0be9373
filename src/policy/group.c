/* Groups of calls: `syscalls:` and what stands under it. */
#include <stdio.h>
#include <string.h>

#include "policy/action.h"
#include "policy/read.h"
#include "policy/rule.h"

enum { SYSCALLS_MAX = 2048 }; /* past any index of a call */

/* A group that is being read. */
struct reading {
	struct group group;
	const struct node *errno_node, *data_node;
	bool exact;
	/*
	 * What each call has in this group already, by its index, and in
	 * which line. A group begins with the former cleared; there is no line
	 * without it, and clearing them, too, costs page faults at every
	 * start.
	 */
	uint8_t has[SYSCALLS_MAX];
	uint32_t line[SYSCALLS_MAX];
};

enum { NOWHERE, IN_SET, BY_NAME, BY_CONDITION };

static void
reading_begin(struct reading *reading, struct place place, bool exact)
{
	reading->exact = exact;
	reading->group = (struct group){ .place = place };
	reading->errno_node = reading->data_node = NULL;
	memset(reading->has, NOWHERE, sizeof(reading->has));
}

/* "no system call is called 'opn' (did you mean 'open'?)", for all at once. */
static bool
note_unknown(struct read *read, const char *name, struct place place)
{
	size_t used = strlen(read->unknown);
	const char *close;

	if (read->unknown_count++ == 0)
		read->unknown_place = place;
	/* To look for what is close takes long, and nobody would see it. */
	if (used + 1 == sizeof(read->unknown))
		return true;
	close = cg_syscall_suggest(name);
	snprintf(read->unknown + used, sizeof(read->unknown) - used,
		 "%s'%.64s'%s%s%s", used ? ", " : "", name,
		 close ? " (did you mean '" : "", close ? close : "",
		 close ? "'?)" : "");
	return true;
}

static bool
add_entry(struct read *read, struct reading *reading, const struct entry *entry)
{
	struct group *group = &reading->group;

	group->entries = arena_grow(read->arena, group->entries, &group->room,
				    group->count + 1, sizeof(*group->entries));
	if (!group->entries)
		return fail_nomem(read->err);
	group->entries[group->count++] = *entry;
	return true;
}

/* Refuse what stands in a group twice, and what makes a condition void. */
static bool
may_stand(struct read *read, struct reading *reading, const struct entry *entry)
{
	unsigned index = entry->call->index;
	uint8_t now = entry->optional ? IN_SET
		      : entry->count  ? BY_CONDITION
				      : BY_NAME;
	uint8_t had = reading->has[index];
	const char *name = entry->call->name;

	if (had == BY_NAME && now == BY_NAME)
		return fail_at(read->err, CG_E_MEANING, entry->place,
			       "duplicate: '%s' stands in this group already, "
			       "in line %u",
			       name, reading->line[index]);
	if ((had == BY_CONDITION && now != BY_CONDITION) ||
	    (now == BY_CONDITION && had != BY_CONDITION && had != NOWHERE))
		return fail_at(read->err, CG_E_MEANING, entry->place,
			       "'%s' stands in this group both with and "
			       "without conditions (line %u); the conditions "
			       "would never count",
			       name, reading->line[index]);
	if (now > had) {
		reading->has[index] = now;
		reading->line[index] = entry->place.line;
	}
	return true;
}

static bool place_entry(struct read *read, struct reading *reading,
			const struct entry *entry)
{
	bool there =
		!entry->count && reading->has[entry->call->index] >= IN_SET;

	if (!may_stand(read, reading, entry))
		return false;
	/* A name that a set has brought already changes nothing, but it is no
	   longer optional. */
	if (there) {
		for (size_t i = 0; !entry->optional && i < reading->group.count;
		     i++)
			if (reading->group.entries[i].call == entry->call)
				reading->group.entries[i].optional = false;
		return true;
	}
	return add_entry(read, reading, entry);
}

static bool read_set(struct read *read, struct reading *reading,
		     const char *name, struct place place)
{
	const struct cg_group *set = cg_group_by_name(name);

	if (!set)
		return fail_at(read->err, CG_E_MEANING, place,
			       "no group of calls is called '%.64s'; `callgate "
			       "syscalls --groups` lists them",
			       name);
	for (size_t i = 0; set->names[i]; i++) {
		struct entry entry = { .place = place, .optional = true };

		entry.call = cg_syscall_by_name(set->names[i]);
		if (entry.call && !place_entry(read, reading, &entry))
			return false;
	}
	return true;
}

static bool
read_name(struct read *read, struct reading *reading, const struct node *node)
{
	struct entry entry = { .place = node->place };
	const char *name;

	if (!node_text(read, node, "the name of a system call", &name))
		return false;
	if (name[0] == '@')
		return read_set(read, reading, name, node->place);
	entry.call = cg_syscall_by_name(name);
	if (!entry.call)
		return note_unknown(read, name, node->place);
	return place_entry(read, reading, &entry);
}

/* Call `each` for every item of a list; a scalar is a list of one. */
static bool
read_list(struct read *read, struct reading *reading, const struct node *node,
	  const char *what,
	  bool (*each)(struct read *, struct reading *, const struct node *))
{
	if (node->kind == NODE_SCALAR && node->length)
		return each(read, reading, node);
	if (node->kind != NODE_SEQUENCE)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "%s must be a list, not %s", what,
			       doc_describe(node));
	if (!node->count)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "%s is empty: leave the key out, or name a call",
			       what);
	for (size_t i = 0; i < node->count; i++)
		if (!each(read, reading, node->items[i]))
			return false;
	return true;
}

static bool key_names(struct read *read, const struct node *node, void *context)
{
	return read_list(read, context, node, "names", read_name);
}

static bool read_numbers(struct read *read, struct reading *reading,
			 const struct node *node)
{
	struct entry entry;

	return numbers_read(read, node, &entry) &&
	       add_entry(read, reading, &entry);
}

static bool
key_numbers(struct read *read, const struct node *node, void *context)
{
	return read_list(read, context, node, "numbers", read_numbers);
}

static bool
add_only(struct read *read, struct reading *reading, const struct node *node)
{
	struct group *group = &reading->group;
	struct only *only = (struct only *)group->only;
	const struct cg_abi *abi;

	if (!abi_read(read, node, &abi))
		return false;
	for (size_t i = 0; i < group->only_count; i++)
		if (only[i].abi == abi)
			return fail_at(read->err, CG_E_MEANING, node->place,
				       "duplicate: %s stands in this list "
				       "already",
				       abi->name);
	only[group->only_count++] = (struct only){ abi, node->place };
	return true;
}

static bool
key_architectures(struct read *read, const struct node *node, void *context)
{
	struct reading *reading = context;

	reading->group.only =
		arena_array(read->arena, struct only, node->count + 1);
	if (!reading->group.only)
		return fail_nomem(read->err);
	return read_list(read, reading, node, "architectures", add_only);
}

/* Read before the others: it says how these are meant. */
static bool key_exact(struct read *read, const struct node *node, void *context)
{
	(void)read, (void)node, (void)context;
	return true;
}

/* ------------------------------------------------------- one-line rules -- */

static bool check_arguments(struct read *read, const struct rule *rule,
			    const struct cg_syscall *call)
{
	struct cg_argument arguments[6];
	size_t count;

	if (!cg_syscall_arguments(call, read->native, arguments, &count) ||
	    rule->arguments <= count)
		return true;
	return fail_at(read->err, CG_E_MEANING, rule->place,
		       "%s has %zu argument%s, not %u", call->name, count,
		       count == 1 ? "" : "s", rule->arguments);
}

static bool
read_rule(struct read *read, struct reading *reading, const struct node *node)
{
	struct entry entry = { 0 };
	struct place place = node->place;
	struct rule rule;
	const char *text;
	bool by_number;

	if (!node_text(read, node, "a rule such as socket(AF_UNIX)", &text))
		return false;
	place.column += node->quoted;
	by_number = strncmp(text, "nr=", 3) == 0;
	text += by_number ? 3 : 0;
	place.column += by_number ? 3 : 0;
	if (!rule_read(read->arena, text, place, &rule, read->err))
		return false;
	entry.place = rule.place;
	entry.conditions = rule.conditions;
	entry.count = rule.count;
	if (by_number) {
		entry.place.column -= 3;
		if (!number_name_read(rule.name, rule.place, &entry.first,
				      read->err))
			return false;
		entry.last = entry.first;
		return add_entry(read, reading, &entry);
	}
	entry.call = cg_syscall_by_name(rule.name);
	if (!entry.call)
		return note_unknown(read, rule.name, rule.place);
	/* A filter may look at registers that the call does not use. */
	return (reading->exact || check_arguments(read, &rule, entry.call)) &&
	       place_entry(read, reading, &entry);
}

static bool key_rules(struct read *read, const struct node *node, void *context)
{
	return read_list(read, context, node, "rules", read_rule);
}

/* ------------------------------------------------------ names_with_args -- */

struct with_args {
	const struct node *name, *arguments;
};

static bool
key_entry_name(struct read *read, const struct node *node, void *context)
{
	const char *text;

	((struct with_args *)context)->name = node;
	return node_text(read, node, "the name of a system call", &text);
}

static bool
key_entry_arguments(struct read *read, const struct node *node, void *context)
{
	((struct with_args *)context)->arguments = node;
	if (node->kind == NODE_SEQUENCE && node->count)
		return true;
	return fail_at(read->err, CG_E_MEANING, node->place,
		       "arguments must be a list of at least one condition; "
		       "a call without conditions belongs in names");
}

static bool read_with_args(struct read *read, struct reading *reading,
			   const struct node *node)
{
	static const struct key keys[] = {
		{ "name", key_entry_name },
		{ "arguments", key_entry_arguments },
		{ NULL, NULL },
	};
	struct entry entry = { .place = node->place };
	struct with_args with = { 0 };
	struct condition *conditions;

	if (node->kind != NODE_MAPPING)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "an entry of names_with_args must be a mapping "
			       "with name and arguments, not %s",
			       doc_describe(node));
	if (!keys_read(read, node, "an entry of names_with_args", keys, &with))
		return false;
	if (!with.name || !with.arguments)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "this entry has no %s",
			       with.name ? "arguments" : "name");
	entry.count = with.arguments->count;
	conditions = arena_array(read->arena, struct condition, entry.count);
	if (!conditions)
		return fail_nomem(read->err);
	for (size_t i = 0; i < entry.count; i++)
		if (!condition_read(read, with.arguments->items[i],
				    &conditions[i]))
			return false;
	entry.conditions = conditions;
	entry.call = cg_syscall_by_name(with.name->text);
	if (!entry.call)
		return note_unknown(read, with.name->text, with.name->place);
	return place_entry(read, reading, &entry);
}

static bool
key_with_args(struct read *read, const struct node *node, void *context)
{
	return read_list(read, context, node, "names_with_args",
			 read_with_args);
}

/* ------------------------------------------------------------ the group -- */

static bool
key_action(struct read *read, const struct node *node, void *context)
{
	struct reading *reading = context;
	const char *text;

	return node_text(read, node, "an action such as allow or errno",
			 &text) &&
	       action_read(read->arena, text, node->place,
			   &reading->group.action, read->err);
}

static bool key_errno(struct read *read, const struct node *node, void *context)
{
	const char *text;

	((struct reading *)context)->errno_node = node;
	return node_text(read, node, "an errno such as EACCES", &text);
}

static bool key_data(struct read *read, const struct node *node, void *context)
{
	const char *text;

	((struct reading *)context)->data_node = node;
	return node_text(read, node, "a number from 0 to 65535", &text);
}

static bool finish_action(struct read *read, struct reading *reading)
{
	struct action *action = &reading->group.action;
	const struct node *errno_node = reading->errno_node;
	const struct node *data_node = reading->data_node;

	if (errno_node &&
	    !action_set_errno(read->arena, errno_node->text, errno_node->place,
			      action, read->err))
		return false;
	if (data_node && !action_set_data(data_node->text, data_node->place,
					  action, read->err))
		return false;
	if (action->answer == CG_RET_ERRNO)
		return warn_as(read, "errno-range", action->place,
			       "errno 0 makes a refused call look as if it had "
			       "succeeded and returned 0");
	return true;
}

/* What a group must have, and what no entry of it can know. */
static bool finish_group(struct read *read, struct reading *reading,
			 const struct node *node)
{
	struct group *group = &reading->group;

	if (!doc_get(node, "action"))
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "this group has no action: say allow, errno, "
			       "kill_process or another");
	if (!doc_get(node, "names") && !doc_get(node, "names_with_args") &&
	    !doc_get(node, "rules") && !doc_get(node, "numbers"))
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "this group is empty: give it names, "
			       "names_with_args, rules or numbers");
	for (size_t i = 0; i < group->count; i++)
		group->entries[i].exact = reading->exact;
	return finish_action(read, reading) && numbers_check(read, group);
}

bool group_read(struct read *read, const struct node *node)
{
	static const struct key keys[] = {
		{ "action", key_action },
		{ "errno", key_errno },
		{ "data", key_data },
		{ "names", key_names },
		{ "names_with_args", key_with_args },
		{ "rules", key_rules },
		{ "numbers", key_numbers },
		{ "architectures", key_architectures },
		{ "exact", key_exact },
		{ NULL, NULL },
	};
	struct cg_policy *policy = read->policy;
	const struct node *exact;
	struct reading *reading;

	if (node->kind != NODE_MAPPING)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "a group must be a mapping with action and "
			       "names, not %s",
			       doc_describe(node));
	if (!read->reading)
		read->reading = arena_array(read->arena, struct reading, 1);
	reading = read->reading;
	if (!reading)
		return fail_nomem(read->err);
	reading_begin(reading, node->place, read->exact);
	exact = doc_get(node, "exact");
	if ((exact && !switch_read(read, exact, &reading->exact)) ||
	    !keys_read(read, node, "a group", keys, reading))
		return false;
	if (!finish_group(read, reading, node))
		return false;
	if (policy->group_count == GROUPS_MAX)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "more than %d groups", GROUPS_MAX);
	policy->groups =
		arena_grow(read->arena, policy->groups, &policy->group_room,
			   policy->group_count + 1, sizeof(*policy->groups));
	if (!policy->groups)
		return fail_nomem(read->err);
	policy->groups[policy->group_count++] = reading->group;
	return true;
}
