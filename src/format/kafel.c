/* kafel's policies, as far as they are lists of calls. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "format/kafel.h"

enum { DEFINES_MAX = 256, POLICIES_MAX = 256, DEPTH_MAX = 16 };

/* kafel goes by the kernel's names of functions. */
static const struct {
	const char *kafel, *name;
} renamed[] = {
	{ "newuname", "uname" },
	{ "newstat", "stat" },
	{ "newfstat", "fstat" },
	{ "newlstat", "lstat" },
};

const char *kafel_name(const char *call)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (strcmp(renamed[i].name, call) == 0)
			return renamed[i].kafel;
	return call;
}

enum kind { END, WORD, NUMBER, STRING, SIGN };

struct token {
	enum kind kind;
	const char *text;
	struct place place;
};

/* A rule of a named policy; or all of another policy's, if `used`. */
struct row {
	uint32_t nr, answer;
	const struct policy *used;
	struct place place;
};

struct policy {
	const char *name;
	struct row *rows;
	size_t count, room;
};

struct define {
	const char *name;
	uint64_t value;
};

struct kafel {
	struct reading *reading;
	const char *next, *end, *line_start;
	const char *source;
	uint32_t line;
	struct token token; /* the next one */
	struct define *defines;
	size_t define_count, define_room;
	struct policy *policies[POLICIES_MAX];
	size_t policy_count;
	struct policy top; /* what stands outside of any, and what is used */
	bool has_default;
	uint32_t default_answer;
};

/* -------------------------------------------------------------- tokens -- */

static struct place place_of(const struct kafel *kafel, const char *at)
{
	return (struct place){ kafel->source, kafel->line,
			       (uint32_t)(at - kafel->line_start) + 1 };
}

static bool refuse(const struct kafel *kafel, const char *what)
{
	return fail_at(kafel->reading->err, CG_E_SYNTAX, kafel->token.place,
		       "%s", what);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static void step(struct kafel *kafel)
{
	if (*kafel->next++ == '\n') {
		kafel->line++;
		kafel->line_start = kafel->next;
	}
}

static bool starts(const struct kafel *kafel, const char *what)
{
	size_t length = strlen(what);

	return (size_t)(kafel->end - kafel->next) >= length &&
	       memcmp(kafel->next, what, length) == 0;
}

static bool skip_comment(struct kafel *kafel)
{
	struct place place = place_of(kafel, kafel->next);

	if (starts(kafel, "//")) {
		while (kafel->next < kafel->end && *kafel->next != '\n')
			step(kafel);
		return true;
	}
	step(kafel);
	step(kafel);
	while (kafel->next < kafel->end && !starts(kafel, "*/"))
		step(kafel);
	if (kafel->next == kafel->end)
		return fail_at(kafel->reading->err, CG_E_SYNTAX, place,
			       "this comment has no end");
	step(kafel);
	step(kafel);
	return true;
}

static bool skip_blank(struct kafel *kafel)
{
	while (kafel->next < kafel->end) {
		if (starts(kafel, "//") || starts(kafel, "/*")) {
			if (!skip_comment(kafel))
				return false;
		} else if (*kafel->next && strchr(" \t\r\n", *kafel->next)) {
			step(kafel);
		} else {
			break;
		}
	}
	return true;
}

/* Read the next token into `kafel->token`. */
static bool advance(struct kafel *kafel)
{
	const char *start;
	bool digit;

	if (!skip_blank(kafel))
		return false;
	start = kafel->next;
	kafel->token = (struct token){ .kind = END,
				       .text = "",
				       .place = place_of(kafel, start) };
	if (start == kafel->end)
		return true;
	digit = *start >= '0' && *start <= '9';
	if (is_word_byte(*start)) {
		kafel->token.kind = digit ? NUMBER : WORD;
		while (kafel->next < kafel->end && is_word_byte(*kafel->next))
			kafel->next++;
	} else if (*start && strchr("{}()[],#=<>!&|\"", *start)) {
		kafel->token.kind = SIGN;
		kafel->next++;
	} else {
		return refuse(kafel, "this character has no meaning here");
	}
	kafel->token.text = arena_text(kafel->reading->arena, start,
				       (size_t)(kafel->next - start));
	return kafel->token.text ? true : fail_nomem(kafel->reading->err);
}

static bool is(const struct kafel *kafel, const char *text)
{
	return kafel->token.kind != END && strcmp(kafel->token.text, text) == 0;
}

/* Words of the language: their case does not matter. */
static bool is_key(const struct kafel *kafel, const char *word)
{
	return kafel->token.kind == WORD &&
	       text_same_letters(kafel->token.text, word);
}

static bool want(struct kafel *kafel, const char *sign, const char *what)
{
	return is(kafel, sign) ? advance(kafel) : refuse(kafel, what);
}

/* A number, or a name that was defined. */
static bool take_number(struct kafel *kafel, uint64_t most, uint64_t *out)
{
	const char *text = kafel->token.text;
	bool found = false;

	if (kafel->token.kind == NUMBER)
		found = num_read(text, strlen(text), out) == NUM_OK;
	for (size_t i = 0; kafel->token.kind == WORD && i < kafel->define_count;
	     i++)
		if (strcmp(kafel->defines[i].name, text) == 0) {
			*out = kafel->defines[i].value;
			found = true;
		}
	if (!found)
		return refuse(kafel, "a number, or a name that was defined, is "
				     "wanted here");
	if (*out > most)
		return refuse(kafel, "this number is too large here");
	return advance(kafel);
}

/* ------------------------------------------------------------- actions -- */

static const struct {
	const char *name;
	uint32_t answer;
	uint32_t data; /* how large its data may be; 0: it takes none */
} actions[] = {
	{ "ALLOW", CG_RET_ALLOW, 0 },
	{ "LOG", CG_RET_LOG, 0 },
	{ "KILL", CG_RET_KILL_THREAD, 0 },
	{ "KILL_THREAD", CG_RET_KILL_THREAD, 0 },
	{ "DENY", CG_RET_KILL_THREAD, 0 },
	{ "KILL_PROCESS", CG_RET_KILL_PROCESS, 0 },
	{ "USER_NOTIF", CG_RET_USER_NOTIF, 0 },
	{ "ERRNO", CG_RET_ERRNO, 4095 },
	{ "TRAP", CG_RET_TRAP, CG_RET_DATA },
	{ "TRACE", CG_RET_TRACE, CG_RET_DATA },
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static size_t find_action(const struct kafel *kafel)
{
	size_t i = 0;

	while (i < ACTIONS && !is_key(kafel, actions[i].name))
		i++;
	return i;
}

static bool take_action(struct kafel *kafel, uint32_t *out)
{
	size_t found = find_action(kafel);
	uint64_t data;

	if (found == ACTIONS)
		return refuse(kafel, "an action such as ALLOW, KILL or "
				     "ERRNO(1) is wanted here");
	*out = actions[found].answer;
	if (!advance(kafel))
		return false;
	if (!actions[found].data)
		return true;
	if (!want(kafel, "(", "'(' and a number are wanted here") ||
	    !take_number(kafel, actions[found].data, &data) ||
	    !want(kafel, ")", "')' is wanted here"))
		return false;
	*out |= (uint32_t)data;
	return true;
}

/* --------------------------------------------------------------- lists -- */

static bool add_row(struct kafel *kafel, struct policy *policy, struct row row)
{
	policy->rows =
		arena_grow(kafel->reading->arena, policy->rows, &policy->room,
			   policy->count + 1, sizeof(*policy->rows));
	if (!policy->rows)
		return fail_nomem(kafel->reading->err);
	policy->rows[policy->count++] = row;
	return true;
}

static bool take_call_name(struct kafel *kafel, uint32_t *nr)
{
	const struct cg_abi *native = kafel->reading->host->native;
	const char *name = kafel->token.text, *close;
	const struct cg_syscall *call;

	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (strcmp(renamed[i].kafel, name) == 0)
			name = renamed[i].name;
	call = cg_syscall_by_name(name);
	if (call && cg_syscall_number(call, native, nr))
		return advance(kafel);
	close = call ? NULL : cg_syscall_suggest(name);
	return fail_at(kafel->reading->err, CG_E_MEANING, kafel->token.place,
		       "%s has no call '%.64s'%s%s%s", native->name, name,
		       close ? "; did you mean '" : "", close ? close : "",
		       close ? "'?" : "");
}

/* "SYSCALL[123]" */
static bool take_call_number(struct kafel *kafel, uint32_t *nr)
{
	uint64_t number;

	if (!advance(kafel) ||
	    !want(kafel, "[", "'[' and a number are wanted here") ||
	    !take_number(kafel, UINT32_MAX, &number) ||
	    !want(kafel, "]", "']' is wanted here"))
		return false;
	*nr = (uint32_t)number;
	return true;
}

static bool
take_call(struct kafel *kafel, struct policy *policy, uint32_t answer)
{
	struct row row = { .answer = answer, .place = kafel->token.place };

	if (kafel->token.kind != WORD)
		return refuse(kafel, "the name of a call is wanted here");
	if (!(is_key(kafel, "SYSCALL") ? take_call_number(kafel, &row.nr)
				       : take_call_name(kafel, &row.nr)))
		return false;
	if (is(kafel, "(") || is(kafel, "{"))
		return fail_at(kafel->reading->err, CG_E_UNSUPPORTED,
			       kafel->token.place,
			       "kafel's conditions are not read here, only "
			       "lists of calls");
	if (is_key(kafel, "ON"))
		return fail_at(kafel->reading->err, CG_E_UNSUPPORTED,
			       kafel->token.place,
			       "kafel's ON is not read here");
	return add_row(kafel, policy, row);
}

/* "ACTION { call, call }" */
static bool take_block(struct kafel *kafel, struct policy *policy)
{
	uint32_t answer;

	if (!take_action(kafel, &answer) ||
	    !want(kafel, "{", "'{' and calls are wanted here"))
		return false;
	while (!is(kafel, "}")) {
		if (!take_call(kafel, policy, answer))
			return false;
		if (!is(kafel, ",") && !is(kafel, "}"))
			return refuse(kafel, "',' or '}' is wanted here");
		if (is(kafel, ",") && !advance(kafel))
			return false;
	}
	return advance(kafel);
}

static const struct policy *
find_policy(const struct kafel *kafel, const char *name)
{
	for (size_t i = 0; i < kafel->policy_count; i++)
		if (strcmp(kafel->policies[i]->name, name) == 0)
			return kafel->policies[i];
	return NULL;
}

/* "USE name, name": only what is complete can be used, so nothing loops. */
static bool take_use(struct kafel *kafel, struct policy *policy)
{
	do {
		struct row row = { 0 };

		if (!advance(kafel))
			return false;
		row.place = kafel->token.place;
		row.used = kafel->token.kind == WORD
				   ? find_policy(kafel, kafel->token.text)
				   : NULL;
		if (!row.used)
			return fail_at(kafel->reading->err, CG_E_MEANING,
				       row.place,
				       "no policy '%.64s' stands above",
				       kafel->token.text);
		/* An empty one adds nothing, however often it is used. */
		if ((row.used->count && !add_row(kafel, policy, row)) ||
		    !advance(kafel))
			return false;
	} while (is(kafel, ","));
	return true;
}

/* "POLICY name { ... }" */
static bool take_policy(struct kafel *kafel)
{
	struct policy *policy =
		arena_array(kafel->reading->arena, struct policy, 1);

	if (!policy)
		return fail_nomem(kafel->reading->err);
	if (!advance(kafel))
		return false;
	if (kafel->token.kind != WORD)
		return refuse(kafel, "the name of a policy is wanted here");
	if (find_policy(kafel, kafel->token.text))
		return refuse(kafel, "a policy of this name stands above");
	if (kafel->policy_count == POLICIES_MAX)
		return refuse(kafel, "there are too many policies");
	policy->name = kafel->token.text;
	if (!advance(kafel) || !want(kafel, "{", "'{' is wanted here"))
		return false;
	while (!is(kafel, "}")) {
		if (!(is_key(kafel, "USE") ? take_use(kafel, policy)
					   : take_block(kafel, policy)))
			return false;
		if (is(kafel, ",") && !advance(kafel))
			return false;
	}
	kafel->policies[kafel->policy_count++] = policy;
	return advance(kafel);
}

/* "#define NAME number" */
static bool take_define(struct kafel *kafel)
{
	struct define define = { 0 };

	if (!advance(kafel))
		return false;
	if (is_key(kafel, "include"))
		return fail_at(kafel->reading->err, CG_E_UNSUPPORTED,
			       kafel->token.place,
			       "kafel's #include is not read here");
	if (!is(kafel, "define"))
		return refuse(kafel, "define is wanted here");
	if (!advance(kafel))
		return false;
	if (kafel->token.kind != WORD)
		return refuse(kafel, "a name is wanted here");
	if (kafel->define_count == DEFINES_MAX)
		return refuse(kafel, "there are too many definitions");
	define.name = kafel->token.text;
	if (!advance(kafel) || !take_number(kafel, UINT64_MAX, &define.value))
		return false;
	kafel->defines = arena_grow(kafel->reading->arena, kafel->defines,
				    &kafel->define_room,
				    kafel->define_count + 1, sizeof(define));
	if (!kafel->defines)
		return fail_nomem(kafel->reading->err);
	kafel->defines[kafel->define_count++] = define;
	return true;
}

/* "DEFAULT ACTION" */
static bool take_default(struct kafel *kafel)
{
	if (kafel->has_default)
		return refuse(kafel, "there is a default already");
	kafel->has_default = true;
	return advance(kafel) && take_action(kafel, &kafel->default_answer);
}

static bool take_statement(struct kafel *kafel)
{
	if (is(kafel, "#"))
		return take_define(kafel);
	if (is_key(kafel, "POLICY"))
		return take_policy(kafel);
	if (is_key(kafel, "USE"))
		return take_use(kafel, &kafel->top);
	if (is_key(kafel, "DEFAULT"))
		return take_default(kafel);
	if (find_action(kafel) < ACTIONS)
		return take_block(kafel, &kafel->top);
	return refuse(kafel, "POLICY, USE, DEFAULT, #define or an action is "
			     "wanted here");
}

/* ---------------------------------------------------------- the format -- */

static bool
give(struct kafel *kafel, const struct policy *policy, unsigned depth)
{
	struct reading *reading = kafel->reading;

	if (depth > DEPTH_MAX)
		return fail(reading->err, CG_E_MEANING,
			    "policies use each other more than %d deep",
			    DEPTH_MAX);
	for (size_t i = 0; i < policy->count; i++) {
		const struct row *row = &policy->rows[i];
		struct cg_rule rule = {
			.abi = cg_abi_of_call(reading->host->native->audit_arch,
					      row->nr),
			.first = row->nr,
			.last = row->nr,
			.answer = row->answer,
			.line = row->place.line,
			.column = row->place.column,
		};

		if (row->used ? !give(kafel, row->used, depth + 1)
			      : !reading_rule(reading, &rule))
			return false;
	}
	return true;
}

static bool give_defaults(struct kafel *kafel)
{
	struct reading *reading = kafel->reading;
	const struct cg_abi *native = reading->host->native, *guest;

	reading->foreign = CG_RET_KILL_THREAD;
	if (!reading_default(reading, native, kafel->default_answer))
		return false;
	for (size_t i = 0; (guest = cg_abi_at(i)); i++)
		if (guest != native &&
		    guest->audit_arch == native->audit_arch && guest->native &&
		    strcmp(guest->native, native->name) == 0 &&
		    !reading_default(reading, guest, kafel->default_answer))
			return false;
	return true;
}

static bool kafel_read(struct reading *reading)
{
	struct kafel kafel = { .reading = reading,
			       .default_answer = CG_RET_KILL_THREAD };

	for (size_t i = 0; i < reading->source_count; i++) {
		kafel.next = kafel.line_start = reading->sources[i].text;
		kafel.end = kafel.next + reading->sources[i].length;
		kafel.source = reading->sources[i].name;
		kafel.line = 1;
		if (!advance(&kafel))
			return false;
		while (kafel.token.kind != END)
			if (!take_statement(&kafel))
				return false;
	}
	return give_defaults(&kafel) && give(&kafel, &kafel.top, 0);
}

static int kafel_sniff(const struct cg_source *source)
{
	if (source_begins(source, "POLICY ") ||
	    source_holds(source, "\nPOLICY ") ||
	    source_holds(source, "ALLOW {"))
		return 80;
	return source_begins(source, "USE ") ? 30 : 0;
}

const struct format format_kafel = {
	.about = {
		.name = "kafel",
		.aliases = "nsjail",
		.about = "kafel's policies, as far as they are lists",
		.runtime = "kafel",
		.reads = true,
		.writes = true,
	},
	.sniff = kafel_sniff,
	.read = kafel_read,
	.write = kafel_write,
};
