/* The rules of an OCI profile, and the conditions that they are under. */
#include "format/oci.h"
#include "format/oci_write.h"

#include <string.h>

#include "base/num.h"
#include "format/capability.h"

struct rule_keys {
	const struct node *names, *name, *action, *errno_ret, *errno_name;
	const struct node *args, *comment, *includes, *excludes;
};

#define RULE(field) offsetof(struct rule_keys, field)

static const struct oci_key rule_keys[] = {
	{ "names", RULE(names), 0, false },
	{ "name", RULE(name), TRAIT_NAME, false },
	{ "action", RULE(action), 0, false },
	{ "errnoRet", RULE(errno_ret), 0, false },
	{ "errno", RULE(errno_name), TRAIT_ERRNO_NAMES, false },
	{ "args", RULE(args), 0, false },
	{ "comment", RULE(comment), TRAIT_NAME, true },
	{ "includes", RULE(includes), TRAIT_RESOLVES, false },
	{ "excludes", RULE(excludes), TRAIT_RESOLVES, false },
	{ 0 },
};

/* --------------------------------------------------------------- tests -- */

struct test_keys {
	const struct node *index, *value, *value_two, *op;
};
#define TEST(field) offsetof(struct test_keys, field)

static const struct oci_key test_keys[] = {
	{ "index", TEST(index), 0, false },
	{ "value", TEST(value), 0, false },
	{ "valueTwo", TEST(value_two), 0, false },
	{ "op", TEST(op), 0, false },
	{ 0 },
};

static bool read_compare(struct reading *reading, const struct node *node,
			 enum profile_compare *out)
{
	const char *word, *known;

	if (!node_string(reading, node, "an operator", &word))
		return false;
	for (*out = 0; (known = oci_compare_word(*out)); ++*out)
		if (strcmp(known, word) == 0)
			return true;
	return fail_at(reading->err, CG_E_MEANING, node->place,
		       "no operator is called '%.64s'; they are SCMP_CMP_ and "
		       "NE, LT, LE, EQ, GE, GT or MASKED_EQ",
		       word);
}

static bool read_test(struct reading *reading, const struct node *node,
		      uint64_t most, struct profile_test *out)
{
	struct test_keys keys = { 0 };
	uint64_t index = 0;

	out->place = node->place;
	if (!oci_keys(reading, node, "a condition", test_keys, &keys))
		return false;
	if (!keys.op)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "a condition needs 'op'");
	if (!read_compare(reading, keys.op, &out->compare))
		return false;
	/* Without a number, each runtime takes 0. */
	if ((keys.index &&
	     !node_number(reading, keys.index, "index", UINT32_MAX, &index)) ||
	    (keys.value &&
	     !node_number(reading, keys.value, "value", most, &out->value)) ||
	    (keys.value_two && !node_number(reading, keys.value_two, "valueTwo",
					    most, &out->value_two)))
		return false;
	if (index > 5)
		return fail_at(reading->err, CG_E_MEANING, keys.index->place,
			       "index is at most 5: a call has six arguments");
	out->argument = (uint32_t)index;
	if (keys.value_two && out->value_two &&
	    out->compare != PROFILE_MASKED_EQ &&
	    !reading_find(reading, "condition", keys.value_two->place,
			  "valueTwo means nothing to %s",
			  oci_compare_word(out->compare)))
		return false;
	return true;
}

static bool read_tests(struct reading *reading, const struct node *list,
		       uint64_t most, struct profile_rule *rule)
{
	struct profile_test *tests;

	if (!list)
		return true;
	if (!node_list(reading, list, "args"))
		return false;
	tests = arena_array(reading->arena, struct profile_test, list->count);
	if (!tests)
		return fail_nomem(reading->err);
	for (size_t i = 0; i < list->count; i++)
		if (!read_test(reading, list->items[i], most, &tests[i]))
			return false;
	rule->tests = tests;
	rule->count = list->count;
	return true;
}

/* ---------------------------------------------------------- conditions -- */

struct filter_keys {
	const struct node *caps, *arches, *min_kernel;
};
#define FILTER(field) offsetof(struct filter_keys, field)

static const struct oci_key filter_keys[] = {
	{ "caps", FILTER(caps), 0, false },
	{ "arches", FILTER(arches), 0, false },
	{ "minKernel", FILTER(min_kernel), TRAIT_MIN_KERNEL, false },
	{ 0 },
};

/* How many of the capabilities listed the container has. */
static bool
count_caps(struct reading *reading, const struct node *list, size_t *has)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *name;
		unsigned number;

		if (!node_string(reading, list->items[i], "a capability",
				 &name))
			return false;
		if (!capability_named(name, strlen(name), &number)) {
			if (!reading_warn(reading, list->items[i]->place,
					  "no capability is called '%.64s': no "
					  "container has it",
					  name))
				return false;
		} else if (reading->host->capabilities & BIT(number))
			++*has;
	}
	return true;
}

static bool
has_arch(struct reading *reading, const struct node *list, bool *found)
{
	const struct profile_arch *native =
		profile_arch_of(reading->host->native);
	bool go = host_does(reading->host, TRAIT_ERRNO_NAMES);

	for (size_t i = 0; i < list->count; i++) {
		const char *name;

		if (!node_string(reading, list->items[i], "an architecture",
				 &name))
			return false;
		if (native && strcmp(name, go ? native->go : native->word) == 0)
			*found = true;
	}
	return true;
}

/* "4.8": exactly two numbers, and not 0.0. */
static bool
read_kernel(struct reading *reading, const struct node *node, uint32_t *out)
{
	uint64_t major = 0, minor = 0;
	const char *text, *dot;

	if (!node_string(reading, node, "minKernel", &text))
		return false;
	dot = strchr(text, '.');
	if (!dot || num_read(text, (size_t)(dot - text), &major) != NUM_OK ||
	    num_read(dot + 1, strlen(dot + 1), &minor) != NUM_OK ||
	    major > UINT16_MAX || minor > UINT16_MAX || major + minor == 0)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "'%.64s' is no kernel; write it as 4.8", text);
	*out = CG_KERNEL(major, minor);
	return true;
}

static bool read_filter(struct reading *reading, const struct node *node,
			const char *what, struct filter_keys *keys)
{
	if (!node || (node->kind == NODE_SCALAR && !node->length))
		return true;
	return oci_keys(reading, node, what, filter_keys, keys) &&
	       (!keys->caps || node_list(reading, keys->caps, "caps")) &&
	       (!keys->arches || node_list(reading, keys->arches, "arches"));
}

static bool
is_excluded(struct reading *reading, const struct node *node, bool *out)
{
	struct filter_keys keys = { 0 };
	bool arch = false;
	uint32_t kernel;
	size_t caps = 0;

	if (!read_filter(reading, node, "excludes", &keys) ||
	    (keys.caps && !count_caps(reading, keys.caps, &caps)) ||
	    (keys.arches && !has_arch(reading, keys.arches, &arch)))
		return false;
	*out = caps || arch;
	if (!keys.min_kernel || !keys.min_kernel->length)
		return true;
	if (!read_kernel(reading, keys.min_kernel, &kernel))
		return false;
	*out |= reading->host->kernel >= kernel;
	return true;
}

static bool
is_included(struct reading *reading, const struct node *node, bool *out)
{
	struct filter_keys keys = { 0 };
	bool arch = false;
	uint32_t kernel;
	size_t caps = 0;

	if (!read_filter(reading, node, "includes", &keys) ||
	    (keys.caps && !count_caps(reading, keys.caps, &caps)) ||
	    (keys.arches && !has_arch(reading, keys.arches, &arch)))
		return false;
	*out = (!keys.arches || !keys.arches->count || arch) &&
	       (!keys.caps || caps == keys.caps->count);
	if (!keys.min_kernel || !keys.min_kernel->length)
		return true;
	if (!read_kernel(reading, keys.min_kernel, &kernel))
		return false;
	*out &= reading->host->kernel >= kernel;
	return true;
}

bool oci_applies(struct reading *reading, const struct node *includes,
		 const struct node *excludes, bool *out)
{
	bool excluded = false, included = true;

	if (!is_excluded(reading, excludes, &excluded) ||
	    !is_included(reading, includes, &included))
		return false;
	*out = included && !excluded;
	return true;
}

/* --------------------------------------------------------------- rules -- */

/* One name in place of a list of names, as profiles once were. */
static bool one_name(struct reading *reading, const struct node *name,
		     struct profile_rule *rule)
{
	const struct node **names =
		arena_array(reading->arena, const struct node *, 1);
	const char *text;

	if (!node_string(reading, name, "name", &text))
		return false;
	if (!names)
		return fail_nomem(reading->err);
	names[0] = name;
	rule->names = names;
	rule->name_count = 1;
	return true;
}

static bool read_names(struct reading *reading, const struct node *node,
		       const struct rule_keys *keys, struct profile_rule *rule)
{
	const char *text;

	if (keys->names && !node_list(reading, keys->names, "names"))
		return false;
	if (keys->name &&
	    (keys->name->length || keys->name->kind != NODE_SCALAR)) {
		if (keys->names && keys->names->count)
			return fail_at(reading->err, CG_E_MEANING,
				       keys->name->place,
				       "both 'name' and 'names'; only one of "
				       "them may be there");
		return one_name(reading, keys->name, rule);
	}
	rule->name_count = keys->names ? keys->names->count : 0;
	rule->names = keys->names
			      ? (const struct node *const *)keys->names->items
			      : NULL;
	for (size_t i = 0; i < rule->name_count; i++)
		if (!node_string(reading, rule->names[i], "a call's name",
				 &text))
			return false;
	if (rule->name_count)
		return true;
	if (host_does(reading->host, TRAIT_NEEDS_NAMES))
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "a rule needs 'names', and %s refuses one "
			       "without",
			       reading->host->runtime->about.name);
	return reading_find(reading, "engine-only", node->place,
			    "%s passes over this rule: it has no 'names'",
			    reading->host->runtime->about.name);
}

static bool read_rule(struct reading *reading, const struct node *node,
		      struct profile *profile)
{
	struct profile_rule rule = { .place = node->place };
	struct rule_keys keys = { 0 };
	struct oci_action action;
	bool applies = true;
	const char *text;

	if (!oci_keys(reading, node, "a rule", rule_keys, &keys))
		return false;
	if (!keys.action)
		return fail_at(reading->err, CG_E_MEANING, node->place,
			       "a rule needs 'action'");
	action = (struct oci_action){ keys.action, keys.errno_ret,
				      keys.errno_name, profile->resource };
	if (keys.comment && keys.comment->kind != NODE_SCALAR)
		return node_string(reading, keys.comment, "comment", &text);
	if (!oci_answer(reading, &action, &rule.answer) ||
	    !read_names(reading, node, &keys, &rule) ||
	    !read_tests(reading, keys.args,
			profile->resource ? INT64_MAX : UINT64_MAX, &rule) ||
	    !oci_applies(reading, keys.includes, keys.excludes, &applies))
		return false;
	if (!applies)
		return true;
	profile->rules =
		arena_grow(reading->arena, profile->rules, &profile->rule_room,
			   profile->rule_count + 1, sizeof(*profile->rules));
	if (!profile->rules)
		return fail_nomem(reading->err);
	profile->rules[profile->rule_count++] = rule;
	return true;
}

bool oci_rules(struct reading *reading, const struct node *syscalls,
	       struct profile *out)
{
	if (!node_list(reading, syscalls, "syscalls"))
		return false;
	for (size_t i = 0; i < syscalls->count; i++)
		if (!read_rule(reading, syscalls->items[i], out))
			return false;
	return true;
}
