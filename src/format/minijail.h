/*
 * format/minijail.h - minijail's policy text.
 *
 * Two programs read it, and not alike: minijail0 itself, and the compiler
 * beside it, which has more words and takes "expression; action" otherwise.
 */
#ifndef FORMAT_MINIJAIL_H
#define FORMAT_MINIJAIL_H

#include "format/read.h"

enum minijail_kind {
	MINIJAIL_END, /* of the statement */
	MINIJAIL_WORD,
	MINIJAIL_NUMBER,
	MINIJAIL_PATH,
	MINIJAIL_DIRECTIVE, /* with its @ */
	MINIJAIL_SIGN,      /* one of || && == != <= >= | ~ ( ) { } ... */
};

struct minijail_token {
	enum minijail_kind kind;
	const char *text; /* ends with NUL */
	struct place place;
};

/* The text of one file, cut into statements. */
struct minijail_lexer {
	struct reading *reading;
	const char *next, *end, *line_start;
	const char *name;
	uint32_t line;
	bool whole_comments; /* # may stand at the start of a line only */
};

/*
 * The tokens of the next statement, MINIJAIL_END behind them; `*count` without
 * it, 0 at the end of the file.
 */
bool minijail_statement(struct minijail_lexer *lexer,
			struct minijail_token **out, size_t *count);

/* A statement that is being read. */
struct minijail_tokens {
	struct reading *reading;
	const struct minijail_token *at;
};

bool minijail_is(const struct minijail_tokens *tokens, const char *sign);

/* Take a sign or a word, if it comes next. */
bool minijail_take(struct minijail_tokens *tokens, const char *sign);

/* "X is wanted here", at the next token. */
bool minijail_wants(const struct minijail_tokens *tokens, const char *what);

/* Constants joined by |, each perhaps in parentheses or behind ~. */
bool minijail_value(struct minijail_tokens *tokens, uint64_t *out);

/* One constant: a number or a name. */
bool minijail_constant(struct minijail_tokens *tokens, uint64_t *out);

/* Tests that must all hold; `never`: they cannot. */
struct minijail_clause {
	struct cg_test *tests;
	size_t count, room;
	bool never;
};

/* Whether an expression comes next: it starts with arg0 to arg5. */
bool minijail_is_expression(const struct minijail_tokens *tokens);

/* Write a policy for minijail0, or for the compiler. */
bool minijail_write(struct writing *writing);
bool minijail_compiler_write(struct writing *writing);

/* Clauses joined by ||. */
bool minijail_expression(struct minijail_tokens *tokens,
			 struct minijail_clause **out, size_t *count);

#endif
