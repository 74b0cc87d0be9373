/* One condition of names_with_args, spelled out in keys. */
#include "base/num.h"
#include "base/text.h"
#include "policy/read.h"
#include "policy/value.h"

/* One condition, as its keys come. */
struct spelled {
	struct condition condition;
	bool has_argument, has_operation, has_value, has_mask;
	enum { PLAIN, NEEDS_MASK, NEEDS_LIST } needs;
	bool not_in;
};

static bool read_number_node(struct read *read, const struct node *node,
			     const char *what, struct value *out)
{
	struct scan scan = { .place = node->place };

	if (!node_text(read, node, what, &scan.text))
		return false;
	scan.at = scan.text;
	scan.place.column += node->quoted;
	if (!value_read(read->arena, &scan, false, out, read->err))
		return false;
	scan_space(&scan);
	if (*scan.at)
		return fail_at(read->err, CG_E_MEANING, scan_place(&scan),
			       "'%.40s' stands behind the value", scan.at);
	return true;
}

static bool
key_argument(struct read *read, const struct node *node, void *context)
{
	struct spelled *spelled = context;
	const char *text;
	uint64_t number = 6;

	if (!node_text(read, node, "the argument's number, 0 to 5", &text))
		return false;
	if (num_read(text, node->length, &number) != NUM_OK || number > 5)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "argument '%.40s' is not one of 0 to 5", text);
	if (spelled->has_argument)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "argument and position say the same; "
			       "give one of them");
	spelled->has_argument = true;
	spelled->condition.argument = (uint8_t)number;
	return true;
}

static const struct operation {
	const char *name;
	enum compare compare;
	int needs;
	bool negated;
} operations[] = {
	{ "Equal", COMPARE_EQ, PLAIN, false },
	{ "NotEqual", COMPARE_NE, PLAIN, false },
	{ "GreaterThan", COMPARE_GT, PLAIN, false },
	{ "GreaterOrEqual", COMPARE_GE, PLAIN, false },
	{ "LessThan", COMPARE_LT, PLAIN, false },
	{ "LessOrEqual", COMPARE_LE, PLAIN, false },
	{ "BitsSet", COMPARE_ANY_BITS, PLAIN, false },
	{ "BitsNotSet", COMPARE_NO_BITS, PLAIN, false },
	/* Beyond Elastic's eight. */
	{ "AllBitsSet", COMPARE_ALL_BITS, PLAIN, false },
	{ "MaskedEqual", COMPARE_IN, NEEDS_MASK, false },
	{ "MaskedNotEqual", COMPARE_NOT_IN, NEEDS_MASK, true },
	{ "In", COMPARE_IN, NEEDS_LIST, false },
	{ "NotIn", COMPARE_NOT_IN, NEEDS_LIST, true },
};

static bool
fail_operation(struct read *read, const char *text, struct place place)
{
	const char *best = NULL;
	unsigned distance = 5;

	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		unsigned d = text_near(text, operations[i].name, 4);

		if (d < distance) {
			distance = d;
			best = operations[i].name;
		}
	}
	return fail_at(read->err, CG_E_MEANING, place,
		       "no operation is called '%.40s'%s%s%s", text,
		       best ? "; did you mean '"
			    : "; Equal, NotEqual, LessThan, LessOrEqual, "
			      "GreaterThan, GreaterOrEqual, BitsSet, "
			      "BitsNotSet, AllBitsSet, MaskedEqual, "
			      "MaskedNotEqual, In and NotIn are there",
		       best ? best : "", best ? "'?" : "");
}

static bool
key_operation(struct read *read, const struct node *node, void *context)
{
	struct spelled *spelled = context;
	const char *text;

	if (!node_text(read, node, "an operation such as Equal", &text))
		return false;
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		if (!text_same_letters(text, operations[i].name))
			continue;
		spelled->condition.compare = operations[i].compare;
		spelled->needs = operations[i].needs;
		spelled->has_operation = true;
		return true;
	}
	return fail_operation(read, text, node->place);
}

static bool key_value(struct read *read, const struct node *node, void *context)
{
	struct spelled *spelled = context;

	spelled->has_value = true;
	return read_number_node(read, node, "a value",
				&spelled->condition.value);
}

static bool key_mask(struct read *read, const struct node *node, void *context)
{
	struct spelled *spelled = context;

	spelled->has_mask = spelled->condition.masked = true;
	return read_number_node(read, node, "a mask", &spelled->condition.mask);
}

/* `values: [1, 5, 7..9]`: numbers, constants and ranges. */
static bool
key_values(struct read *read, const struct node *node, void *context)
{
	struct condition *condition = &((struct spelled *)context)->condition;
	struct interval *intervals;

	if (node->kind != NODE_SEQUENCE || !node->count)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "values must be a list of at least one value, "
			       "not %s",
			       doc_describe(node));
	intervals = arena_array(read->arena, struct interval, node->count);
	if (!intervals)
		return fail_nomem(read->err);
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->items[i];
		struct scan scan = { .place = item->place };

		if (!node_text(read, item, "a value", &scan.text))
			return false;
		scan.at = scan.text;
		scan.place.column += item->quoted;
		if (!value_read(read->arena, &scan, false, &intervals[i].first,
				read->err))
			return false;
		intervals[i].last = intervals[i].first;
		if (scan_take(&scan, "..") &&
		    !value_read(read->arena, &scan, false, &intervals[i].last,
				read->err))
			return false;
		scan_space(&scan);
		if (*scan.at)
			return fail_at(read->err, CG_E_MEANING,
				       scan_place(&scan),
				       "'%.40s' stands behind the value",
				       scan.at);
	}
	condition->intervals = intervals;
	condition->interval_count = node->count;
	return true;
}

/* Whether the keys that came are those that the operation needs. */
static bool finish_condition(struct read *read, const struct node *node,
			     struct spelled *spelled)
{
	struct condition *condition = &spelled->condition;
	struct interval *one;

	condition->place = node->place;
	if (!spelled->has_operation)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "this condition has no operation: say Equal, "
			       "BitsSet or another");
	if ((spelled->needs == NEEDS_LIST) != (condition->interval_count != 0))
		return fail_at(read->err, CG_E_MEANING, node->place,
			       spelled->needs == NEEDS_LIST
				       ? "In and NotIn want values: [...]"
				       : "values goes with In and NotIn alone");
	if (spelled->needs == NEEDS_LIST && spelled->has_value)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "In and NotIn take values, not value");
	if (spelled->needs == NEEDS_MASK && !spelled->has_mask)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "a masked comparison wants mask: and value:");
	if (spelled->needs == PLAIN && spelled->has_mask)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "mask goes with MaskedEqual, MaskedNotEqual, "
			       "In and NotIn");
	if (spelled->needs != NEEDS_MASK)
		return true;
	one = arena_array(read->arena, struct interval, 1);
	if (!one)
		return fail_nomem(read->err);
	*one = (struct interval){ condition->value, condition->value };
	condition->intervals = one;
	condition->interval_count = 1;
	return true;
}

bool condition_read(struct read *read, const struct node *node,
		    struct condition *out)
{
	static const struct key keys[] = {
		{ "argument", key_argument },
		{ "position", key_argument },
		{ "operation", key_operation },
		{ "value", key_value },
		{ "mask", key_mask },
		{ "values", key_values },
		{ NULL, NULL },
	};
	struct spelled spelled = { 0 };

	if (node->kind != NODE_MAPPING)
		return fail_at(read->err, CG_E_MEANING, node->place,
			       "a condition must be a mapping with argument, "
			       "operation and value, not %s",
			       doc_describe(node));
	if (!keys_read(read, node, "a condition", keys, &spelled) ||
	    !finish_condition(read, node, &spelled))
		return false;
	*out = spelled.condition;
	return true;
}
