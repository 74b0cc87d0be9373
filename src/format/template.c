#include "format/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/template_parse.h"

enum { OUTPUT_MAX = 16 << 20, STEPS_MAX = 1 << 22, VARIABLES_MAX = 64 };

/* A variable; the newest of a name counts. */
struct variable {
	const char *name;
	struct template_value value;
};

struct filling {
	struct arena *arena;
	struct cg_error *err;
	struct buf *out;
	const struct template_value *root;
	struct variable variables[VARIABLES_MAX];
	size_t variable_count;
	size_t steps;
};

static bool
refuse(struct filling *filling, struct place place, const char *what)
{
	return fail_at(filling->err, CG_E_MEANING, place, "%s", what);
}

/* ------------------------------------------------------------ operands -- */

static bool get_field(struct filling *filling, struct place place,
		      const char *name, struct template_value *value)
{
	if (value->kind != VALUE_OBJECT)
		return fail_at(filling->err, CG_E_MEANING, place,
			       "this has no field '%.64s'", name);
	for (size_t i = 0; i < value->count; i++)
		if (strcmp(value->fields[i].name, name) == 0) {
			*value = value->fields[i].value;
			return true;
		}
	return fail_at(filling->err, CG_E_MEANING, place,
		       "there is no '%.64s' here", name);
}

static bool
get_operand(struct filling *filling, const struct template_operand *operand,
	    const struct template_value *dot, struct template_value *out)
{
	size_t i = filling->variable_count;

	switch (operand->start) {
	case FROM_DOT:
		*out = *dot;
		break;
	case FROM_ROOT:
		*out = *filling->root;
		break;
	case FROM_VALUE:
		*out = operand->value;
		break;
	case FROM_VARIABLE:
		while (i && strcmp(filling->variables[i - 1].name,
				   operand->variable) != 0)
			i--;
		if (!i)
			return fail_at(filling->err, CG_E_MEANING,
				       operand->place,
				       "there is no variable $%.64s",
				       operand->variable);
		*out = filling->variables[i - 1].value;
		break;
	}
	for (size_t n = 0; n < operand->path_count; n++)
		if (!get_field(filling, operand->place, operand->path[n], out))
			return false;
	return true;
}

/* ----------------------------------------------------------- functions -- */

/* What counts as true: all but 0, "" and empty lists. */
static bool is_true(const struct template_value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		return value->text[0] != '\0';
	case VALUE_NUMBER:
		return value->number != 0;
	case VALUE_LIST:
		return value->count != 0;
	case VALUE_OBJECT:
		return true;
	default:
		return false;
	}
}

/* Below 0, 0, above 0; two of one kind. */
static bool compare(struct filling *filling, struct place place,
		    const struct template_value *a,
		    const struct template_value *b, int *out)
{
	if (a->kind == VALUE_TEXT && b->kind == VALUE_TEXT) {
		*out = strcmp(a->text, b->text);
		return true;
	}
	if (a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER) {
		*out = (a->number > b->number) - (a->number < b->number);
		return true;
	}
	return refuse(filling, place,
		      "only two texts, or two numbers, can be "
		      "compared");
}

/* A text as Go quotes it. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_add(out, text, 1);
	}
	buf_puts(out, "\"");
}

static bool add_value(struct filling *filling, struct place place,
		      const struct template_value *value, struct buf *out)
{
	if (value->kind == VALUE_TEXT)
		buf_puts(out, value->text);
	else if (value->kind == VALUE_NUMBER)
		buf_printf(out, "%" PRIu64, value->number);
	else
		return refuse(filling, place,
			      "a list cannot be written: use range");
	return true;
}

/* One verb of printf. */
static bool add_verb(struct filling *filling, struct place place, char verb,
		     const struct template_value *value, struct buf *out)
{
	bool text = value->kind == VALUE_TEXT;

	if (verb == 'v')
		return add_value(filling, place, value, out);
	if (verb == 's' && text)
		buf_puts(out, value->text);
	else if (verb == 'q' && text)
		add_quoted(out, value->text);
	else if (verb == 'd' && value->kind == VALUE_NUMBER)
		buf_printf(out, "%" PRIu64, value->number);
	else if (verb == 'x' && value->kind == VALUE_NUMBER)
		buf_printf(out, "%" PRIx64, value->number);
	else if (verb == '#' && value->kind == VALUE_NUMBER)
		buf_printf(out, "0x%" PRIx64, value->number);
	else
		return refuse(filling, place,
			      "printf has %s and %q for texts, %d, %x and %#x "
			      "for numbers, %v for both");
	return true;
}

static bool call_printf(struct filling *filling, struct place place,
			const struct template_value *values, size_t count,
			struct template_value *out)
{
	struct buf text = { 0 };
	size_t used = 1;
	bool ok = count && values[0].kind == VALUE_TEXT;

	for (const char *at = ok ? values[0].text : ""; ok && *at; at++) {
		if (*at != '%') {
			buf_add(&text, at, 1);
			continue;
		}
		at++;
		if (*at == '%') {
			buf_puts(&text, "%");
			continue;
		}
		ok = *at && used < count &&
		     add_verb(filling, place, *at, &values[used++], &text);
		if (ok && *at == '#')
			ok = *++at == 'x';
		if (!ok && filling->err->status == CG_OK)
			break;
	}
	if (ok && used == count)
		*out = template_text(arena_text(filling->arena,
						text.length ? text.text : "",
						text.length));
	if (text.failed || (ok && used == count && !out->text)) {
		buf_free(&text);
		return fail_nomem(filling->err);
	}
	buf_free(&text);
	if (ok && used == count)
		return true;
	if (filling->err->status != CG_OK)
		return false;
	return refuse(filling, place,
		      "printf wants a format, and a value for each of its "
		      "verbs");
}

static bool call_compare(struct filling *filling, struct place place,
			 enum template_function function,
			 const struct template_value *values, size_t count,
			 struct template_value *out)
{
	bool equal = function == CALL_EQ, holds = false;
	int order;

	if (count < 2 || (count > 2 && !equal))
		return refuse(filling, place, "two values are wanted here");
	for (size_t i = 1; i < count; i++) {
		if (!compare(filling, place, &values[0], &values[i], &order))
			return false;
		holds |= function == CALL_EQ   ? order == 0
			 : function == CALL_NE ? order != 0
			 : function == CALL_LT ? order < 0
			 : function == CALL_LE ? order <= 0
			 : function == CALL_GT ? order > 0
					       : order >= 0;
	}
	*out = template_number(holds);
	return true;
}

/* The first that decides, as in Go. */
static bool
call_logic(struct filling *filling, struct place place,
	   enum template_function function, const struct template_value *values,
	   size_t count, struct template_value *out)
{
	size_t i = 0;

	if (!count)
		return refuse(filling, place, "a value is wanted here");
	while (i + 1 < count && is_true(&values[i]) == (function == CALL_AND))
		i++;
	*out = values[i];
	return true;
}

static bool
call(struct filling *filling, const struct template_command *command,
     const struct template_value *values, size_t count,
     struct template_value *out)
{
	struct place place = command->place;

	switch (command->function) {
	case CALL_NONE:
		if (count != 1)
			return refuse(filling, place,
				      "a value takes nothing from a pipe");
		*out = values[0];
		return true;
	case CALL_PRINTF:
		return call_printf(filling, place, values, count, out);
	case CALL_LEN:
		if (count != 1 || (values[0].kind != VALUE_LIST &&
				   values[0].kind != VALUE_TEXT))
			return refuse(filling, place,
				      "len wants one list or text");
		*out = template_number(values[0].kind == VALUE_LIST
					       ? values[0].count
					       : strlen(values[0].text));
		return true;
	case CALL_NOT:
		if (count != 1)
			return refuse(filling, place, "not wants one value");
		*out = template_number(!is_true(&values[0]));
		return true;
	case CALL_AND:
	case CALL_OR:
		return call_logic(filling, place, command->function, values,
				  count, out);
	default:
		return call_compare(filling, place, command->function, values,
				    count, out);
	}
}

enum { VALUES_MAX = 17 };

static bool
run_pipe(struct filling *filling, const struct template_pipe *pipe,
	 const struct template_value *dot, struct template_value *out)
{
	struct template_value values[VALUES_MAX], result = { 0 };

	for (size_t i = 0; i < pipe->count; i++) {
		const struct template_command *command = &pipe->commands[i];
		size_t count = command->count;

		for (size_t n = 0; n < count; n++)
			if (!get_operand(filling, &command->operands[n], dot,
					 &values[n]))
				return false;
		if (i)
			values[count++] = result;
		if (!call(filling, command, values, count, &result))
			return false;
	}
	*out = result;
	return true;
}

/* --------------------------------------------------------------- nodes -- */

static bool run_list(struct filling *filling, const struct template_list *list,
		     const struct template_value *dot);

static bool set_variable(struct filling *filling, struct place place,
			 const char *name, struct template_value value)
{
	if (filling->variable_count == VARIABLES_MAX)
		return refuse(filling, place, "there are too many variables");
	filling->variables[filling->variable_count++] =
		(struct variable){ name, value };
	return true;
}

static bool
run_range(struct filling *filling, const struct template_node *node,
	  const struct template_value *list, const struct template_value *dot)
{
	const char *const *names = node->pipe.variables;
	size_t variables = filling->variable_count;

	if (list->kind != VALUE_LIST)
		return refuse(filling, node->pipe.place, "range wants a list");
	if (!list->count)
		return run_list(filling, &node->otherwise, dot);
	for (size_t i = 0; i < list->count; i++) {
		const struct template_value *item = &list->items[i];

		if ((names[1] && !set_variable(filling, node->pipe.place,
					       names[0], template_number(i))) ||
		    (names[0] &&
		     !set_variable(filling, node->pipe.place,
				   names[1] ? names[1] : names[0], *item)) ||
		    !run_list(filling, &node->inside, item))
			return false;
		filling->variable_count = variables;
	}
	return true;
}

/* {{if}} and {{with}}: the latter makes "." what it asks. */
static bool
run_condition(struct filling *filling, const struct template_node *node,
	      const struct template_value *value,
	      const struct template_value *dot)
{
	size_t variables = filling->variable_count;
	const char *name = node->pipe.variables[0];
	bool ok;

	if (name && !set_variable(filling, node->pipe.place, name, *value))
		return false;
	ok = is_true(value) ? run_list(filling, &node->inside,
				       node->kind == NODE_OF_WITH ? value : dot)
			    : run_list(filling, &node->otherwise, dot);
	filling->variable_count = variables;
	return ok;
}

static bool run_node(struct filling *filling, const struct template_node *node,
		     const struct template_value *dot)
{
	struct template_value value;

	if (++filling->steps > STEPS_MAX || filling->out->length > OUTPUT_MAX)
		return refuse(filling, node->pipe.place,
			      "the template writes too much");
	if (node->kind == NODE_OF_TEXT) {
		buf_add(filling->out, node->text, node->length);
		return true;
	}
	if (!run_pipe(filling, &node->pipe, dot, &value))
		return false;
	if (node->kind == NODE_OF_RANGE)
		return run_range(filling, node, &value, dot);
	if (node->kind != NODE_OF_PIPE)
		return run_condition(filling, node, &value, dot);
	if (node->pipe.variables[0])
		return set_variable(filling, node->pipe.place,
				    node->pipe.variables[0], value);
	return add_value(filling, node->pipe.place, &value, filling->out);
}

static bool run_list(struct filling *filling, const struct template_list *list,
		     const struct template_value *dot)
{
	size_t variables = filling->variable_count;

	for (size_t i = 0; i < list->count; i++)
		if (!run_node(filling, &list->nodes[i], dot))
			return false;
	/* A variable lives to the end of its block. */
	filling->variable_count = variables;
	return true;
}

bool template_fill(struct arena *arena, const char *text, size_t length,
		   const struct template_value *root, struct buf *out,
		   struct cg_error *err)
{
	struct filling filling = {
		.arena = arena,
		.err = err,
		.out = out,
		.root = root,
	};
	struct template_list list;

	err->status = CG_OK;
	return template_parse(arena, text, length, &list, err) &&
	       run_list(&filling, &list, root);
}
