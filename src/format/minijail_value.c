/* Constants and expressions of minijail's policies. */
#include <string.h>

#include "base/num.h"
#include "format/minijail.h"

enum { NESTED_MAX = 32, ARGUMENTS = 6 };

bool minijail_is(const struct minijail_tokens *tokens, const char *sign)
{
	return tokens->at->kind != MINIJAIL_END &&
	       tokens->at->kind != MINIJAIL_PATH &&
	       strcmp(tokens->at->text, sign) == 0;
}

bool minijail_take(struct minijail_tokens *tokens, const char *sign)
{
	if (!minijail_is(tokens, sign))
		return false;
	tokens->at++;
	return true;
}

bool minijail_wants(const struct minijail_tokens *tokens, const char *what)
{
	return fail_at(tokens->reading->err, CG_E_SYNTAX, tokens->at->place,
		       "%s is wanted here", what);
}

/* A register's worth of bits. */
static uint64_t word_mask(const struct minijail_tokens *tokens)
{
	return tokens->reading->host->native->bits == 32 ? UINT32_MAX
							 : UINT64_MAX;
}

static bool read_number(struct minijail_tokens *tokens, uint64_t *out)
{
	const char *text = tokens->at->text;
	uint64_t mask = word_mask(tokens), least = mask ^ mask >> 1;
	bool negative = false;
	uint64_t value;

	if (num_read_signed(text, strlen(text), &value, &negative) != NUM_OK)
		return fail_at(tokens->reading->err, CG_E_SYNTAX,
			       tokens->at->place, "'%.64s' is no number", text);
	if (negative ? -value > least : value > mask)
		return fail_at(tokens->reading->err, CG_E_MEANING,
			       tokens->at->place, "'%.64s' does not fit", text);
	*out = value & mask;
	tokens->at++;
	return true;
}

bool minijail_constant(struct minijail_tokens *tokens, uint64_t *out)
{
	const struct cg_abi *native = tokens->reading->host->native;
	const char *name = tokens->at->text, *close;
	uint64_t value;

	if (tokens->at->kind == MINIJAIL_NUMBER)
		return read_number(tokens, out);
	if (tokens->at->kind != MINIJAIL_WORD)
		return minijail_wants(tokens, "a number or a constant");
	if (!cg_constant_value(name, native, &value)) {
		close = cg_constant_suggest(name);
		return fail_at(tokens->reading->err, CG_E_MEANING,
			       tokens->at->place,
			       "no constant is called '%.64s'%s%s%s", name,
			       close ? "; did you mean '" : "",
			       close ? close : "", close ? "'?" : "");
	}
	*out = value & word_mask(tokens);
	tokens->at++;
	return true;
}

static bool
read_value(struct minijail_tokens *tokens, unsigned depth, uint64_t *out);

/* "~X", "(X|Y)", "X". */
static bool
read_term(struct minijail_tokens *tokens, unsigned depth, uint64_t *out)
{
	bool inverted = minijail_take(tokens, "~");

	if (minijail_take(tokens, "(")) {
		if (depth == NESTED_MAX)
			return fail_at(tokens->reading->err, CG_E_SYNTAX,
				       tokens->at->place,
				       "parentheses are nested more than %d "
				       "deep",
				       NESTED_MAX);
		if (!read_value(tokens, depth + 1, out))
			return false;
		if (!minijail_take(tokens, ")"))
			return minijail_wants(tokens, "')'");
	} else if (!minijail_constant(tokens, out)) {
		return false;
	}
	if (inverted)
		*out = ~*out & word_mask(tokens);
	return true;
}

static bool
read_value(struct minijail_tokens *tokens, unsigned depth, uint64_t *out)
{
	uint64_t all = 0, term = 0;

	do {
		if (!read_term(tokens, depth, &term))
			return false;
		all |= term;
	} while (minijail_take(tokens, "|"));
	*out = all;
	return true;
}

bool minijail_value(struct minijail_tokens *tokens, uint64_t *out)
{
	return read_value(tokens, 0, out);
}

/* -------------------------------------------------------- expressions -- */

/* The number of "arg3", or ARGUMENTS. */
static unsigned argument_of(const struct minijail_token *token)
{
	const char *text = token->text;
	uint64_t number;

	if (token->kind != MINIJAIL_WORD || strncmp(text, "arg", 3) != 0 ||
	    text[3] < '0' || text[3] > '9' ||
	    num_read(text + 3, strlen(text + 3), &number) != NUM_OK)
		return ARGUMENTS;
	return number < ARGUMENTS ? (unsigned)number : ARGUMENTS;
}

bool minijail_is_expression(const struct minijail_tokens *tokens)
{
	return tokens->at->kind == MINIJAIL_WORD &&
	       strncmp(tokens->at->text, "arg", 3) == 0;
}

static const struct {
	const char *sign;
	enum cg_operator op;
} operators[] = {
	{ "==", CG_EQ }, { "!=", CG_NE }, { "<", CG_LT },
	{ "<=", CG_LE }, { ">", CG_GT },  { ">=", CG_GE },
};

static bool add_test(struct minijail_tokens *tokens,
		     struct minijail_clause *clause, struct cg_test test)
{
	clause->tests =
		arena_grow(tokens->reading->arena, clause->tests, &clause->room,
			   clause->count + 1, sizeof(*clause->tests));
	if (!clause->tests)
		return fail_nomem(tokens->reading->err);
	clause->tests[clause->count++] = test;
	return true;
}

/* "arg0 & BITS": any of them; "arg0 in BITS": none but them. */
static bool
add_bits(struct minijail_tokens *tokens, struct minijail_clause *clause,
	 unsigned argument, bool any, uint64_t bits)
{
	struct cg_test test = {
		.argument = (uint8_t)argument,
		.op = any ? CG_NE : CG_EQ,
		.mask = any ? bits : ~bits & word_mask(tokens),
	};

	if (test.mask)
		return add_test(tokens, clause, test);
	clause->never |= any;
	return true;
}

static bool
read_atom(struct minijail_tokens *tokens, struct minijail_clause *clause)
{
	struct cg_test test = { .mask = word_mask(tokens) };
	unsigned argument = argument_of(tokens->at);

	if (argument == ARGUMENTS)
		return minijail_wants(tokens, "an argument, arg0 to arg5,");
	tokens->at++;
	test.argument = (uint8_t)argument;
	for (int any = 0; any < 2; any++) {
		uint64_t bits;

		if (minijail_take(tokens, any ? "&" : "in"))
			return minijail_value(tokens, &bits) &&
			       add_bits(tokens, clause, argument, any, bits);
	}
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (minijail_take(tokens, operators[i].sign)) {
			test.op = operators[i].op;
			return minijail_value(tokens, &test.value) &&
			       add_test(tokens, clause, test);
		}
	return minijail_wants(tokens, "an operator such as ==, & or in");
}

bool minijail_expression(struct minijail_tokens *tokens,
			 struct minijail_clause **out, size_t *count)
{
	struct minijail_clause *clauses = NULL;
	size_t room = 0, used = 0;

	do {
		clauses = arena_grow(tokens->reading->arena, clauses, &room,
				     used + 1, sizeof(*clauses));
		if (!clauses)
			return fail_nomem(tokens->reading->err);
		clauses[used] = (struct minijail_clause){ 0 };
		do {
			if (!read_atom(tokens, &clauses[used]))
				return false;
		} while (minijail_take(tokens, "&&"));
		used++;
	} while (minijail_take(tokens, "||"));
	*out = clauses;
	*count = used;
	return true;
}
