#include "policy/rule.h"

#include <string.h>

#include "policy/value.h"

struct parse {
	struct arena *arena;
	struct cg_error *err;
	struct scan scan;
	struct condition *conditions;
	size_t count, room;
};

static bool fail_here(struct parse *parse, const char *wanted)
{
	char found[8] = "the end";

	scan_space(&parse->scan);
	if (*parse->scan.at)
		found[0] = '\'', found[1] = *parse->scan.at, found[2] = '\'',
		found[3] = '\0';
	return fail_at(parse->err, CG_E_MEANING, scan_place(&parse->scan),
		       "%s stands where %s is wanted", found, wanted);
}

static bool read_value(struct parse *parse, struct value *out)
{
	return value_read(parse->arena, &parse->scan, true, out, parse->err);
}

static bool read_range(struct parse *parse, struct interval *out)
{
	if (!read_value(parse, &out->first))
		return false;
	out->last = out->first;
	return !scan_take(&parse->scan, "..") || read_value(parse, &out->last);
}

static bool read_set(struct parse *parse, struct condition *condition)
{
	struct interval *intervals = NULL;
	size_t room = 0, count = 0;

	do {
		intervals = arena_grow(parse->arena, intervals, &room,
				       count + 1, sizeof(*intervals));
		if (!intervals)
			return fail_nomem(parse->err);
		if (!read_range(parse, &intervals[count++]))
			return false;
	} while (scan_take(&parse->scan, ","));
	if (!scan_take(&parse->scan, "}"))
		return fail_here(parse, "',' or '}'");
	condition->intervals = intervals;
	condition->interval_count = count;
	return true;
}

static bool is_single(const struct condition *condition, bool in_braces)
{
	const struct interval *only = condition->intervals;

	return !in_braces && only->last.number == only->first.number &&
	       only->last.names == only->first.names;
}

/* An operand after == or != may be a value, a range or a set. */
static bool
read_operand(struct parse *parse, struct condition *condition, bool equal)
{
	struct interval *single;
	bool braces = scan_take(&parse->scan, "{");

	if (braces && !read_set(parse, condition))
		return false;
	if (!braces) {
		single = arena_array(parse->arena, struct interval, 1);
		if (!single)
			return fail_nomem(parse->err);
		if (!read_range(parse, single))
			return false;
		condition->intervals = single;
		condition->interval_count = 1;
	}
	if (is_single(condition, braces) && !condition->masked) {
		condition->value = condition->intervals->first;
		condition->compare = equal ? COMPARE_EQ : COMPARE_NE;
		return true;
	}
	condition->compare = equal ? COMPARE_IN : COMPARE_NOT_IN;
	return true;
}

static bool read_condition(struct parse *parse, unsigned argument)
{
	static const struct {
		const char *sign;
		enum compare compare;
	} signs[] = {
		{ "<=", COMPARE_LE },
		{ ">=", COMPARE_GE },
		{ "<", COMPARE_LT },
		{ ">", COMPARE_GT },
	};
	struct condition condition = { .argument = (uint8_t)argument,
				       .typed = true };

	scan_space(&parse->scan);
	condition.place = scan_place(&parse->scan);
	if (strncmp(parse->scan.at, "&&", 2) != 0 &&
	    scan_take(&parse->scan, "&")) {
		condition.masked = true;
		if (!read_value(parse, &condition.mask))
			return false;
	}
	parse->conditions =
		arena_grow(parse->arena, parse->conditions, &parse->room,
			   parse->count + 1, sizeof(*parse->conditions));
	if (!parse->conditions)
		return fail_nomem(parse->err);
	for (size_t i = 0; !condition.masked && i < 4; i++)
		if (scan_take(&parse->scan, signs[i].sign)) {
			condition.compare = signs[i].compare;
			parse->conditions[parse->count] = condition;
			return read_value(
				parse,
				&parse->conditions[parse->count++].value);
		}
	if (scan_take(&parse->scan, "!=")) {
		if (!read_operand(parse, &condition, false))
			return false;
	} else {
		if (!scan_take(&parse->scan, "==") && condition.masked)
			return fail_here(parse, "== or != behind a mask");
		if (!read_operand(parse, &condition, true))
			return false;
	}
	parse->conditions[parse->count++] = condition;
	return true;
}

static bool read_argument(struct parse *parse, unsigned argument)
{
	struct scan ahead = parse->scan;

	scan_space(&ahead);
	if (*ahead.at == '_' && scan_name(&ahead) == 1) {
		parse->scan.at = ahead.at + 1;
		return true;
	}
	do {
		if (!read_condition(parse, argument))
			return false;
	} while (scan_take(&parse->scan, "&&"));
	return true;
}

static bool read_arguments(struct parse *parse, unsigned *count)
{
	if (scan_take(&parse->scan, ")"))
		return true;
	do {
		if (*count == 6)
			return fail_at(parse->err, CG_E_MEANING,
				       scan_place(&parse->scan),
				       "a system call has at most 6 "
				       "arguments");
		if (!read_argument(parse, (*count)++))
			return false;
	} while (scan_take(&parse->scan, ","));
	if (!scan_take(&parse->scan, ")"))
		return fail_here(parse, "',' or ')'");
	return true;
}

bool rule_read(struct arena *arena, const char *text, struct place place,
	       struct rule *out, struct cg_error *err)
{
	struct parse parse = { .arena = arena,
			       .err = err,
			       .scan = { text, text, place } };
	struct rule rule = { 0 };
	size_t length;

	scan_space(&parse.scan);
	rule.place = scan_place(&parse.scan);
	length = scan_name(&parse.scan);
	if (!length)
		return fail_here(&parse, "the name of a system call");
	rule.name = arena_text(arena, parse.scan.at, length);
	if (!rule.name)
		return fail_nomem(err);
	parse.scan.at += length;
	if (scan_take(&parse.scan, "(") &&
	    !read_arguments(&parse, &rule.arguments))
		return false;
	scan_space(&parse.scan);
	if (*parse.scan.at)
		return fail_here(&parse, "the end of the rule");
	rule.conditions = parse.conditions;
	rule.count = parse.count;
	*out = rule;
	return true;
}
