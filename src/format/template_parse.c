#include "format/template_parse.h"

#include <string.h>

#include "base/num.h"

enum { DEPTH_MAX = 32, OPERANDS_MAX = 16, PIPE_MAX = 16, PATH_MAX_FIELDS = 16 };

struct parser {
	struct arena *arena;
	struct cg_error *err;
	const char *start, *next, *end;
	bool trim;   /* blanks at the start of the text that comes */
	bool action; /* the text ended at an action */
	unsigned depth;
	/* The last place that was asked for: the next one is further on. */
	const char *told;
	struct place place;
};

/* How a list ended. */
enum ending { AT_END_OF_TEXT, AT_END, AT_ELSE, AT_ELSE_IF };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static struct place place_at(struct parser *parser, const char *at)
{
	if (!parser->told || at < parser->told) {
		parser->told = parser->start;
		parser->place = (struct place){ "template", 1, 1 };
	}
	for (; parser->told < at; parser->told++) {
		bool ends = *parser->told == '\n';

		parser->place.column = ends ? 1 : parser->place.column + 1;
		parser->place.line += ends;
	}
	return parser->place;
}

static bool wants(struct parser *parser, const char *what)
{
	return fail_at(parser->err, CG_E_SYNTAX, place_at(parser, parser->next),
		       "%s is wanted here", what);
}

static bool starts(const struct parser *parser, const char *what)
{
	size_t length = strlen(what);

	return (size_t)(parser->end - parser->next) >= length &&
	       memcmp(parser->next, what, length) == 0;
}

static void skip_blank(struct parser *parser)
{
	while (parser->next < parser->end && is_blank(*parser->next))
		parser->next++;
}

static bool take(struct parser *parser, const char *what)
{
	if (!starts(parser, what))
		return false;
	parser->next += strlen(what);
	skip_blank(parser);
	return true;
}

/* A word that is not part of a longer one. */
static bool take_word(struct parser *parser, const char *word)
{
	size_t length = strlen(word);

	if (!starts(parser, word) ||
	    ((size_t)(parser->end - parser->next) > length &&
	     is_name(parser->next[length])))
		return false;
	return take(parser, word);
}

/* The end of an action; a dash in front of it trims what follows. */
static bool take_close(struct parser *parser)
{
	if (starts(parser, "-}}")) {
		parser->next += 3;
		parser->trim = true;
		return true;
	}
	if (starts(parser, "}}")) {
		parser->next += 2;
		return true;
	}
	return wants(parser, "'}}'");
}

static bool at_close(const struct parser *parser)
{
	return starts(parser, "}}") || starts(parser, "-}}");
}

/* ------------------------------------------------------------ operands -- */

static const char *take_name(struct parser *parser)
{
	const char *start = parser->next;

	while (parser->next < parser->end && is_name(*parser->next))
		parser->next++;
	return arena_text(parser->arena, start, (size_t)(parser->next - start));
}

/* "\n" and the like, in a text in double quotes. */
static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	default:
		return c == '"' || c == '\\' || c == '\'' ? c : '\0';
	}
}

static bool take_text(struct parser *parser, struct template_value *out)
{
	char quote = *parser->next++;
	const char *start = parser->next;
	struct buf text = { 0 };
	bool ok;

	while (parser->next < parser->end && *parser->next != quote) {
		char c = *parser->next++;

		if (c == '\\' && quote == '"') {
			c = parser->next < parser->end
				    ? unescaped(*parser->next++)
				    : '\0';
			if (!c)
				break;
		}
		buf_add(&text, &c, 1);
	}
	ok = parser->next < parser->end && *parser->next == quote;
	if (ok)
		*out = template_text(arena_text(parser->arena,
						text.length ? text.text : "",
						text.length));
	ok = ok && out->text && !text.failed;
	buf_free(&text);
	if (!ok) {
		parser->next = start;
		return wants(parser, "a text that ends, with \\n, \\t, \\\" or "
				     "\\\\ in it,");
	}
	parser->next++;
	return true;
}

static bool take_number(struct parser *parser, struct template_value *out)
{
	const char *start = parser->next;
	const char *text = take_name(parser);
	uint64_t number;

	if (!text)
		return fail_nomem(parser->err);
	if (num_read(text, strlen(text), &number) != NUM_OK) {
		parser->next = start;
		return wants(parser, "a number");
	}
	*out = template_number(number);
	return true;
}

/* ".A.B" behind an operand's start. */
static bool take_path(struct parser *parser, struct template_operand *operand)
{
	const char *fields[PATH_MAX_FIELDS];
	const char **path;

	while (starts(parser, ".") && parser->next + 1 < parser->end &&
	       is_name(parser->next[1])) {
		parser->next++;
		if (operand->path_count == PATH_MAX_FIELDS)
			return wants(parser, "a shorter path");
		fields[operand->path_count] = take_name(parser);
		if (!fields[operand->path_count++])
			return fail_nomem(parser->err);
	}
	path = arena_array(parser->arena, const char *, operand->path_count);
	if (!path)
		return fail_nomem(parser->err);
	for (size_t i = 0; i < operand->path_count; i++)
		path[i] = fields[i];
	operand->path = path;
	return true;
}

static bool
take_operand(struct parser *parser, struct template_operand *operand)
{
	char c = parser->next < parser->end ? *parser->next : '\0';
	bool path = false, ok = true;

	*operand = (struct template_operand){ .place = place_at(parser,
								parser->next) };
	if (c == '.') {
		parser->next += !(parser->next + 1 < parser->end &&
				  is_name(parser->next[1]));
		path = true;
	} else if (c == '$') {
		parser->next++;
		operand->start = FROM_ROOT;
		if (parser->next < parser->end && is_name(*parser->next)) {
			operand->start = FROM_VARIABLE;
			operand->variable = take_name(parser);
			ok = operand->variable || fail_nomem(parser->err);
		}
		path = true;
	} else {
		operand->start = FROM_VALUE;
		if (c == '"' || c == '`')
			ok = take_text(parser, &operand->value);
		else if (c >= '0' && c <= '9')
			ok = take_number(parser, &operand->value);
		else
			return wants(parser, "a field, a variable, a text or a "
					     "number");
	}
	ok = ok && (!path || take_path(parser, operand));
	skip_blank(parser);
	return ok;
}

/* --------------------------------------------------------------- pipes -- */

static const struct {
	const char *name;
	enum template_function function;
} functions[] = {
	{ "printf", CALL_PRINTF }, { "len", CALL_LEN }, { "eq", CALL_EQ },
	{ "ne", CALL_NE },         { "lt", CALL_LT },   { "le", CALL_LE },
	{ "gt", CALL_GT },         { "ge", CALL_GE },   { "and", CALL_AND },
	{ "or", CALL_OR },         { "not", CALL_NOT },
};

static bool
take_command(struct parser *parser, struct template_command *command)
{
	struct template_operand operands[OPERANDS_MAX];

	*command = (struct template_command){ .place = place_at(parser,
								parser->next) };
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (take_word(parser, functions[i].name)) {
			command->function = functions[i].function;
			break;
		}
	while (!at_close(parser) && !starts(parser, "|")) {
		if (command->count == OPERANDS_MAX ||
		    (command->count && !command->function))
			return wants(parser, "'|' or '}}'");
		if (!take_operand(parser, &operands[command->count++]))
			return false;
	}
	if (!command->count && !command->function)
		return wants(parser, "a value");
	command->operands = arena_array(parser->arena, struct template_operand,
					command->count);
	if (!command->operands)
		return fail_nomem(parser->err);
	memcpy(command->operands, operands,
	       command->count * sizeof(operands[0]));
	return true;
}

/* "$x :=" or, of a range, "$i, $x :=": back to the start if it is none. */
static bool take_variables(struct parser *parser, struct template_pipe *pipe)
{
	const char *start = parser->next, *names[2] = { NULL, NULL };

	for (size_t i = 0; i < 2 && take(parser, "$"); i++) {
		names[i] = take_name(parser);
		if (!names[i])
			return fail_nomem(parser->err);
		skip_blank(parser);
		if (!take(parser, ","))
			break;
	}
	if (!names[0] || !take(parser, ":=")) {
		parser->next = start;
		return true;
	}
	pipe->variables[0] = names[0];
	pipe->variables[1] = names[1];
	return true;
}

static bool take_pipe(struct parser *parser, struct template_pipe *pipe)
{
	struct template_command commands[PIPE_MAX];

	*pipe = (struct template_pipe){ .place = place_at(parser,
							  parser->next) };
	if (!take_variables(parser, pipe))
		return false;
	do {
		if (pipe->count == PIPE_MAX)
			return wants(parser, "a shorter pipe");
		if (!take_command(parser, &commands[pipe->count++]))
			return false;
	} while (take(parser, "|"));
	pipe->commands = arena_array(parser->arena, struct template_command,
				     pipe->count);
	if (!pipe->commands)
		return fail_nomem(parser->err);
	memcpy(pipe->commands, commands, pipe->count * sizeof(commands[0]));
	return take_close(parser);
}

/* --------------------------------------------------------------- nodes -- */

static bool parse_list(struct parser *parser, struct template_list *list,
		       enum ending *ending);

static struct template_node *
add_node(struct parser *parser, struct template_list *list)
{
	list->nodes = arena_grow(parser->arena, list->nodes, &list->room,
				 list->count + 1, sizeof(*list->nodes));
	if (!list->nodes) {
		fail_nomem(parser->err);
		return NULL;
	}
	list->nodes[list->count] = (struct template_node){ 0 };
	return &list->nodes[list->count++];
}

/* A block with what is inside, {{else}} and {{end}}. */
static bool parse_block(struct parser *parser, struct template_node *node)
{
	struct template_node inner = { .kind = NODE_OF_IF };
	struct template_node *added;
	enum ending ending;
	bool ok = true;

	if (++parser->depth > DEPTH_MAX)
		return wants(parser, "less nesting");
	if (!take_pipe(parser, &node->pipe) ||
	    !parse_list(parser, &node->inside, &ending))
		return false;
	if (ending == AT_ELSE)
		ok = parse_list(parser, &node->otherwise, &ending);
	if (ok && ending == AT_ELSE_IF && node->kind == NODE_OF_IF) {
		/* What follows is an {{if}} of its own, with the same end. */
		ok = parse_block(parser, &inner);
		added = ok ? add_node(parser, &node->otherwise) : NULL;
		if (!added)
			return false;
		*added = inner;
		ending = AT_END;
	}
	if (ok && ending != AT_END)
		return wants(parser, "{{end}}");
	parser->depth--;
	return ok;
}

static bool parse_comment(struct parser *parser)
{
	const char *start = parser->next;

	while (parser->next < parser->end && !starts(parser, "*/"))
		parser->next++;
	if (!take(parser, "*/")) {
		parser->next = start;
		return wants(parser, "a comment that ends in */");
	}
	return take_close(parser);
}

/* What stands between {{ and }}; `*ending` if it ends the list. */
static bool parse_action(struct parser *parser, struct template_list *list,
			 enum ending *ending)
{
	static const struct {
		const char *word;
		enum template_kind kind;
	} blocks[] = { { "range", NODE_OF_RANGE },
		       { "if", NODE_OF_IF },
		       { "with", NODE_OF_WITH } };
	struct template_node node = { .kind = NODE_OF_PIPE }, *added;
	bool ok;

	skip_blank(parser);
	if (take(parser, "/*"))
		return parse_comment(parser);
	if (take_word(parser, "end")) {
		*ending = AT_END;
		return take_close(parser);
	}
	if (take_word(parser, "else")) {
		*ending = take_word(parser, "if") ? AT_ELSE_IF : AT_ELSE;
		return *ending == AT_ELSE_IF || take_close(parser);
	}
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (take_word(parser, blocks[i].word)) {
			node.kind = blocks[i].kind;
			break;
		}
	ok = node.kind == NODE_OF_PIPE ? take_pipe(parser, &node.pipe)
				       : parse_block(parser, &node);
	added = ok ? add_node(parser, list) : NULL;
	if (added)
		*added = node;
	return added != NULL;
}

/* Text up to the next action; a dash behind {{ trims its end. */
static bool parse_text(struct parser *parser, struct template_list *list)
{
	const char *start, *end;
	struct template_node *node;
	bool trim;

	if (parser->trim)
		skip_blank(parser);
	parser->trim = false;
	start = parser->next;
	end = memmem(start, (size_t)(parser->end - start), "{{", 2);
	parser->action = end != NULL;
	end = end ? end : parser->end;
	trim = parser->end - end > 3 && end[2] == '-' && is_blank(end[3]);
	parser->next = parser->action ? end + 2 + trim : end;
	while (trim && end > start && is_blank(end[-1]))
		end--;
	if (start == end)
		return true;
	node = add_node(parser, list);
	if (!node)
		return false;
	node->text = start;
	node->length = (size_t)(end - start);
	return true;
}

static bool parse_list(struct parser *parser, struct template_list *list,
		       enum ending *ending)
{
	*ending = AT_END_OF_TEXT;
	while (parser->next < parser->end) {
		if (!parse_text(parser, list))
			return false;
		if (!parser->action)
			return true;
		if (!parse_action(parser, list, ending))
			return false;
		if (*ending != AT_END_OF_TEXT)
			return true;
	}
	return true;
}

bool template_parse(struct arena *arena, const char *text, size_t length,
		    struct template_list *out, struct cg_error *err)
{
	struct parser parser = {
		.arena = arena,
		.err = err,
		.start = text,
		.next = text,
		.end = text + length,
	};
	enum ending ending;

	*out = (struct template_list){ 0 };
	if (!parse_list(&parser, out, &ending))
		return false;
	if (ending != AT_END_OF_TEXT)
		return fail_at(err, CG_E_SYNTAX, place_at(&parser, parser.next),
			       "there is nothing that this ends");
	return true;
}
