/* format/template_parse.h - a template as a tree. */
#ifndef FORMAT_TEMPLATE_PARSE_H
#define FORMAT_TEMPLATE_PARSE_H

#include "format/template.h"

enum template_function {
	CALL_NONE, /* an operand alone */
	CALL_PRINTF,
	CALL_LEN,
	CALL_EQ,
	CALL_NE,
	CALL_LT,
	CALL_LE,
	CALL_GT,
	CALL_GE,
	CALL_AND,
	CALL_OR,
	CALL_NOT,
};

enum template_start { FROM_DOT, FROM_ROOT, FROM_VARIABLE, FROM_VALUE };

/* "$x.Names", ".", "\"text\"", "12". */
struct template_operand {
	enum template_start start;
	const char *variable;
	struct template_value value;
	const char *const *path; /* fields, one inside the other */
	size_t path_count;
	struct place place;
};

/* A function and its operands; what comes from a pipe is one more, the last. */
struct template_command {
	enum template_function function;
	struct template_operand *operands;
	size_t count;
	struct place place;
};

struct template_pipe {
	const char *variables[2]; /* := what; NULL: none */
	struct template_command *commands;
	size_t count;
	struct place place;
};

enum template_kind {
	NODE_OF_TEXT,
	NODE_OF_PIPE, /* written, or put into a variable */
	NODE_OF_RANGE,
	NODE_OF_IF,
	NODE_OF_WITH,
};

struct template_node {
	enum template_kind kind;
	const char *text;
	size_t length;
	struct template_pipe pipe;
	struct template_list {
		struct template_node *nodes;
		size_t count, room;
	} inside, otherwise;
};

/* Fails as template_fill() does. */
bool template_parse(struct arena *arena, const char *text, size_t length,
		    struct template_list *out, struct cg_error *err);

#endif
