/* Text of minijail's policies, cut into tokens. */
#include <string.h>

#include "format/minijail.h"

enum { TOKENS_MAX = 65536 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static struct place place_of(const struct minijail_lexer *lexer, const char *at)
{
	return (struct place){ lexer->name, lexer->line,
			       (uint32_t)(at - lexer->line_start) + 1 };
}

static bool is_at(const struct minijail_lexer *lexer, size_t more, char c)
{
	return (size_t)(lexer->end - lexer->next) > more &&
	       lexer->next[more] == c;
}

/* The end of the line, without going past it. */
static const char *line_end(const struct minijail_lexer *lexer)
{
	const char *end =
		memchr(lexer->next, '\n', (size_t)(lexer->end - lexer->next));

	return end ? end : lexer->end;
}

static void new_line(struct minijail_lexer *lexer)
{
	lexer->next++;
	lexer->line++;
	lexer->line_start = lexer->next;
}

/* A backslash at the end of a line, blanks before the end or not. */
static bool take_continuation(struct minijail_lexer *lexer)
{
	const char *at = lexer->next + 1;

	if (!is_at(lexer, 0, '\\'))
		return false;
	if (at < lexer->end && *at == '\r')
		at++;
	if (at < lexer->end && *at != '\n')
		return false;
	lexer->next = at;
	if (at < lexer->end)
		new_line(lexer);
	return true;
}

/* How long a word, number, path or sign is that starts here. */
static size_t
token_length(const struct minijail_lexer *lexer, enum minijail_kind *kind)
{
	static const char *const pairs[] = {
		"||", "&&", "==", "!=", "<=", ">="
	};
	const char *at = lexer->next;
	/* No token has the end of a line in it, so nobody looks for that. */
	size_t left = (size_t)(lexer->end - at), length = 1;
	bool dot = *at == '.' && left > 1 && at[1] == '/';
	bool minus = *at == '-' && left > 1 && is_digit(at[1]);

	if (*at == '/' || dot) {
		*kind = MINIJAIL_PATH;
		while (length < left && !is_blank(at[length]) &&
		       at[length] != '\n')
			length++;
	} else if (is_digit(*at) || minus) {
		*kind = MINIJAIL_NUMBER;
		while (length < left &&
		       (is_letter(at[length]) || is_digit(at[length])))
			length++;
	} else if (is_letter(*at) || *at == '@') {
		*kind = *at == '@' ? MINIJAIL_DIRECTIVE : MINIJAIL_WORD;
		while (length < left &&
		       (is_letter(at[length]) || is_digit(at[length]) ||
			at[length] == '-' || at[length] == '@'))
			length++;
	} else if (*at && strchr("|&=<>!~(){}[]:;,", *at)) {
		*kind = MINIJAIL_SIGN;
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
			if (left > 1 && memcmp(pairs[i], at, 2) == 0)
				return 2;
	} else {
		return 0;
	}
	return length;
}

struct tokens {
	struct minijail_token *at;
	size_t count, room;
};

static bool add_token(struct minijail_lexer *lexer, struct tokens *tokens,
		      enum minijail_kind kind, size_t length)
{
	struct reading *reading = lexer->reading;
	struct place place = place_of(lexer, lexer->next);
	char *text = arena_text(reading->arena, lexer->next, length);

	if (tokens->count == TOKENS_MAX)
		return fail_at(reading->err, CG_E_SYNTAX, place,
			       "a statement is too long");
	tokens->at = arena_grow(reading->arena, tokens->at, &tokens->room,
				tokens->count + 1, sizeof(*tokens->at));
	if (!text || !tokens->at)
		return fail_nomem(reading->err);
	tokens->at[tokens->count++] =
		(struct minijail_token){ kind, text, place };
	lexer->next += length;
	return true;
}

/* One token, a comment, or an error. */
static bool take_token(struct minijail_lexer *lexer, struct tokens *tokens)
{
	enum minijail_kind kind = MINIJAIL_END;
	size_t length;

	if (*lexer->next == '#') {
		if (lexer->whole_comments && tokens->count)
			return fail_at(lexer->reading->err, CG_E_SYNTAX,
				       place_of(lexer, lexer->next),
				       "minijail0 has comments at the start of "
				       "a line only");
		lexer->next = line_end(lexer);
		return true;
	}
	length = token_length(lexer, &kind);
	if (!length)
		return fail_at(lexer->reading->err, CG_E_SYNTAX,
			       place_of(lexer, lexer->next),
			       "this character has no meaning here");
	return add_token(lexer, tokens, kind, length);
}

bool minijail_statement(struct minijail_lexer *lexer,
			struct minijail_token **out, size_t *count)
{
	struct tokens tokens = { 0 };

	while (lexer->next < lexer->end) {
		if (*lexer->next == '\n') {
			if (tokens.count)
				break;
			new_line(lexer);
		} else if (is_blank(*lexer->next)) {
			lexer->next++;
		} else if (!take_continuation(lexer) &&
			   !take_token(lexer, &tokens)) {
			return false;
		}
	}
	*count = tokens.count;
	*out = NULL;
	if (tokens.count && !add_token(lexer, &tokens, MINIJAIL_END, 0))
		return false;
	*out = tokens.at;
	return true;
}
