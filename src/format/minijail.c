/* minijail's policy text, as minijail0 or its compiler reads it. */
#include "format/minijail.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 10, INCLUDES_MAX = 256 };

/* What is known of a call already. */
struct call_state {
	bool there, closed; /* an unconditional rule ends it */
	bool allowed;       /* ... and the compiler drops all others */
	bool told;
	uint32_t line;
};

/* Rules of one call, in order; they are handed out at the end. */
struct rule_row {
	uint32_t nr, answer;
	const struct cg_test *tests;
	size_t count;
	struct place place;
	const struct cg_syscall *call;
	bool closes;
};

struct minijail {
	struct reading *reading;
	bool compiler; /* and not minijail0 */
	bool denylist;
	uint32_t kill, default_answer;
	struct call_state *calls; /* by index */
	struct rule_row *rules;
	size_t count, room;
	unsigned includes;
};

/* A file, and how deep it is included. */
struct file {
	struct minijail *policy;
	const char *name;
	unsigned depth;
};

static bool add_rule(struct minijail *policy, const struct cg_syscall *call,
		     const struct minijail_clause *clause, uint32_t answer,
		     struct place place)
{
	struct reading *reading = policy->reading;
	struct rule_row row = { .answer = answer,
				.place = place,
				.call = call,
				.closes = !clause };

	if (clause && clause->never)
		return true;
	if (clause) {
		row.tests = clause->tests;
		row.count = clause->count;
	}
	if (!cg_syscall_number(call, reading->host->native, &row.nr))
		return true;
	policy->rules = arena_grow(reading->arena, policy->rules, &policy->room,
				   policy->count + 1, sizeof(*policy->rules));
	if (!policy->rules)
		return fail_nomem(reading->err);
	policy->rules[policy->count++] = row;
	return true;
}

/* ------------------------------------------------------------- actions -- */

static const struct {
	const char *name;
	uint32_t answer;
} actions[] = {
	{ "allow", CG_RET_ALLOW },
	{ "kill-process", CG_RET_KILL_PROCESS },
	{ "kill-thread", CG_RET_KILL_THREAD },
	{ "trap", CG_RET_TRAP },
	{ "trace", CG_RET_TRACE },
	{ "log", CG_RET_LOG },
	{ "user-notify", CG_RET_USER_NOTIF },
};

static bool action_named(const struct minijail *policy,
			 struct minijail_tokens *tokens, uint32_t *out)
{
	if (minijail_take(tokens, "kill")) {
		*out = policy->kill;
		return true;
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (minijail_take(tokens, actions[i].name)) {
			*out = actions[i].answer;
			return true;
		}
	return false;
}

/* "return ERRNO"; with minijail0 a bare return kills. */
static bool read_return(const struct minijail *policy,
			struct minijail_tokens *tokens, uint32_t *out)
{
	struct place place = tokens->at->place;
	uint64_t value;

	if (tokens->at->kind == MINIJAIL_END && !policy->compiler) {
		*out = policy->kill;
		return true;
	}
	if (!minijail_constant(tokens, &value))
		return false;
	if (value > 4095)
		return fail_at(tokens->reading->err, CG_E_MEANING, place,
			       "an errno is at most 4095");
	*out = CG_RET_ERRNO | (uint32_t)value;
	return true;
}

static bool read_action(const struct minijail *policy,
			struct minijail_tokens *tokens, uint32_t *out)
{
	struct place place = tokens->at->place;

	if (minijail_take(tokens, "return"))
		return read_return(policy, tokens, out);
	if (policy->denylist)
		return fail_at(tokens->reading->err, CG_E_MEANING, place,
			       "with @denylist every action is a return");
	*out = CG_RET_ALLOW;
	if (minijail_take(tokens, "1") ||
	    (policy->compiler && action_named(policy, tokens, out)))
		return true;
	return minijail_wants(tokens, policy->compiler
					      ? "an action such as allow, kill "
						"or return EPERM"
					      : "1, an expression or a return");
}

/* ----------------------------------------------------- calls of a line -- */

/* The calls on the left of a colon. */
struct named {
	const struct cg_syscall **calls;
	size_t count, room;
};

static bool add_named(struct minijail *policy, struct minijail_tokens *tokens,
		      struct named *named)
{
	struct reading *reading = policy->reading;
	const struct cg_abi *native = reading->host->native;
	const char *name = tokens->at->text, *close;
	const struct cg_syscall *call;
	uint32_t nr;

	if (strchr(name, '@'))
		return fail_at(reading->err, CG_E_MEANING, tokens->at->place,
			       "'%.64s' is a group of the tables that the "
			       "compiler was given: name its calls",
			       name);
	call = tokens->at->kind == MINIJAIL_WORD ? cg_syscall_by_name(name)
						 : NULL;
	if (!call || strcmp(call->name, name) != 0 ||
	    !cg_syscall_number(call, native, &nr)) {
		close = cg_syscall_suggest(name);
		return fail_at(reading->err, CG_E_MEANING, tokens->at->place,
			       "%s has no call '%.64s'%s%s%s", native->name,
			       name, !call && close ? "; did you mean '" : "",
			       !call && close ? close : "",
			       !call && close ? "'?" : "");
	}
	named->calls = arena_grow(reading->arena, named->calls, &named->room,
				  named->count + 1, sizeof(*named->calls));
	if (!named->calls)
		return fail_nomem(reading->err);
	named->calls[named->count++] = call;
	tokens->at++;
	return true;
}

/* "[arch=x86,arm;other=word]": whether the call is meant here. */
static bool read_metadata(struct minijail *policy,
			  struct minijail_tokens *tokens, bool *here)
{
	const struct cg_abi *native = policy->reading->host->native;

	do {
		bool arch = minijail_is(tokens, "arch"), found = false;

		if (tokens->at->kind != MINIJAIL_WORD)
			return minijail_wants(tokens, "a key such as arch");
		tokens->at++;
		if (!minijail_take(tokens, "="))
			return minijail_wants(tokens, "'='");
		do {
			if (tokens->at->kind != MINIJAIL_WORD)
				return minijail_wants(tokens, "a word");
			found |= cg_abi_by_name(tokens->at->text) == native;
			tokens->at++;
		} while (minijail_take(tokens, ","));
		*here &= !arch || found;
	} while (minijail_take(tokens, ";"));
	if (!minijail_take(tokens, "]"))
		return minijail_wants(tokens, "']'");
	return true;
}

/* One call, which may be meant for other architectures only. */
static bool read_call(struct minijail *policy, struct minijail_tokens *tokens,
		      struct named *named)
{
	const struct minijail_token *name = tokens->at;
	struct minijail_tokens behind = *tokens;
	bool here = true;

	if (name->kind == MINIJAIL_END || name->kind == MINIJAIL_SIGN)
		return minijail_wants(tokens, "the name of a call");
	behind.at++;
	if (policy->compiler && minijail_take(&behind, "[") &&
	    !read_metadata(policy, &behind, &here))
		return false;
	if (here && !add_named(policy, tokens, named))
		return false;
	*tokens = behind;
	return true;
}

static bool read_calls(struct minijail *policy, struct minijail_tokens *tokens,
		       struct named *named)
{
	if (!policy->compiler || !minijail_take(tokens, "{"))
		return read_call(policy, tokens, named);
	do {
		if (!read_call(policy, tokens, named))
			return false;
	} while (minijail_take(tokens, ","));
	if (!minijail_take(tokens, "}"))
		return minijail_wants(tokens, "'}'");
	return true;
}

/* ------------------------------------------------------------ the lines -- */

/* A rule, or all clauses of one, for each of the calls. */
static bool add_all(struct minijail *policy, const struct named *named,
		    const struct minijail_clause *clauses, size_t count,
		    uint32_t answer, struct place place)
{
	for (size_t i = 0; i < named->count; i++) {
		struct call_state *state =
			&policy->calls[named->calls[i]->index];

		if (state->closed)
			return fail_at(policy->reading->err, CG_E_MEANING,
				       place,
				       "%s has an unconditional action already",
				       named->calls[i]->name);
		state->closed = !clauses;
		state->allowed = !clauses && answer == CG_RET_ALLOW &&
				 policy->compiler && !policy->denylist;
		for (size_t n = 0; n < (clauses ? count : 1); n++)
			if (!add_rule(policy, named->calls[i],
				      clauses ? &clauses[n] : NULL, answer,
				      place))
				return false;
	}
	return true;
}

/* The compiler: expression and action belong together, in a list or alone. */
static bool read_filter(struct minijail *policy, struct minijail_tokens *tokens,
			const struct named *named)
{
	struct place place = tokens->at->place;
	struct minijail_clause *clauses = NULL;
	uint32_t answer = CG_RET_ALLOW;
	size_t count = 0;

	if (minijail_is_expression(tokens)) {
		if (!minijail_expression(tokens, &clauses, &count))
			return false;
		if (minijail_take(tokens, ";") &&
		    !read_action(policy, tokens, &answer))
			return false;
	} else if (!read_action(policy, tokens, &answer)) {
		return false;
	}
	return add_all(policy, named, clauses, count, answer, place);
}

static bool
read_filters(struct minijail *policy, struct minijail_tokens *tokens,
	     const struct named *named)
{
	if (!minijail_take(tokens, "{"))
		return read_filter(policy, tokens, named);
	do {
		if (!read_filter(policy, tokens, named))
			return false;
	} while (minijail_take(tokens, ","));
	if (!minijail_take(tokens, "}"))
		return minijail_wants(tokens, "'}'");
	return true;
}

/* minijail0: allow if the expression holds, else the return or a kill. */
static bool
read_condition(struct minijail *policy, struct minijail_tokens *tokens,
	       const struct named *named)
{
	struct place place = tokens->at->place;
	struct minijail_clause *clauses;
	uint32_t otherwise = policy->kill;
	size_t count;

	if (!minijail_is_expression(tokens))
		return read_action(policy, tokens, &otherwise) &&
		       add_all(policy, named, NULL, 0, otherwise, place);
	if (!minijail_expression(tokens, &clauses, &count))
		return false;
	if (minijail_take(tokens, ";")) {
		if (!minijail_take(tokens, "return"))
			return minijail_wants(tokens, "return");
		if (!read_return(policy, tokens, &otherwise))
			return false;
	}
	return add_all(policy, named, clauses, count, CG_RET_ALLOW, place) &&
	       add_all(policy, named, NULL, 0, otherwise, place);
}

/* minijail0 takes each call once. */
static bool check_once(struct minijail *policy, const struct named *named,
		       struct place place)
{
	for (size_t i = 0; i < named->count; i++) {
		struct call_state *state =
			&policy->calls[named->calls[i]->index];

		if (state->there && !policy->compiler)
			return fail_at(
				policy->reading->err, CG_E_MEANING, place,
				"duplicate: %s stands in line %u already",
				named->calls[i]->name, state->line);
		state->there = true;
		state->line = place.line;
	}
	return true;
}

static bool read_rule(struct minijail *policy, struct minijail_tokens *tokens)
{
	struct place place = tokens->at->place;
	struct named named = { 0 };

	if (!read_calls(policy, tokens, &named))
		return false;
	if (!minijail_take(tokens, ":"))
		return minijail_wants(tokens, "':'");
	return check_once(policy, &named, place) &&
	       (policy->compiler ? read_filters(policy, tokens, &named)
				 : read_condition(policy, tokens, &named));
}

/* --------------------------------------------------------- directives -- */

static bool read_file(struct file *file, const char *text, size_t length);

static bool read_include(struct file *file, struct minijail_tokens *tokens)
{
	struct reading *reading = file->policy->reading;
	const struct host *host = reading->host;
	const struct minijail_token *path = tokens->at;
	struct file inner = { .policy = file->policy,
			      .depth = file->depth + 1 };
	char source[CG_SOURCE_MAX] = "", *text = NULL;
	size_t length;
	bool ok;

	if (path->kind != MINIJAIL_PATH)
		return minijail_wants(tokens,
				      "a path that starts with / or ./");
	tokens->at++;
	if (inner.depth > (file->policy->compiler ? DEPTH_MAX : 1) ||
	    ++file->policy->includes > INCLUDES_MAX)
		return fail_at(reading->err, CG_E_MEANING, path->place,
			       "@include is nested too deep");
	if (!host->finder)
		return fail_at(reading->err, CG_E_MEANING, path->place,
			       "'%.64s' cannot be read here", path->text);
	if (host->finder(host->context, path->text, file->name, &text, &length,
			 source, reading->err) != CG_OK)
		return false;
	inner.name = arena_text(reading->arena, source, strlen(source));
	ok = inner.name ? read_file(&inner, text, length)
			: fail_nomem(reading->err);
	free(text);
	return ok;
}

/* "@default ACTION": nothing that permits. */
static bool
read_default(struct minijail *policy, struct minijail_tokens *tokens)
{
	struct place place = tokens->at->place;
	uint32_t answer;

	if (!action_named(policy, tokens, &answer))
		return minijail_wants(tokens, "an action such as kill or trap");
	if (answer == CG_RET_ALLOW || answer == CG_RET_LOG ||
	    answer == CG_RET_TRACE)
		return fail_at(policy->reading->err, CG_E_MEANING, place,
			       "the default may be kill, kill-process, "
			       "kill-thread, trap or user-notify");
	policy->default_answer = answer;
	return true;
}

static bool read_directive(struct file *file, struct minijail_tokens *tokens)
{
	struct minijail *policy = file->policy;

	if (minijail_take(tokens, "@include"))
		return read_include(file, tokens);
	if (minijail_take(tokens, "@frequency")) {
		/* How often calls are made changes no answer. */
		if (tokens->at->kind != MINIJAIL_PATH)
			return minijail_wants(
				tokens, "a path that starts with / or ./");
		tokens->at++;
		return true;
	}
	if (policy->compiler && minijail_take(tokens, "@default"))
		return read_default(policy, tokens);
	if (policy->compiler && minijail_take(tokens, "@denylist")) {
		policy->denylist = true;
		policy->default_answer = CG_RET_ALLOW;
		return true;
	}
	return minijail_wants(tokens, policy->compiler
					      ? "@include, @frequency, "
						"@default or @denylist"
					      : "@include or @frequency");
}

static bool read_file(struct file *file, const char *text, size_t length)
{
	struct minijail *policy = file->policy;
	struct minijail_lexer lexer = {
		.reading = policy->reading,
		.next = text,
		.end = text + length,
		.line_start = text,
		.name = file->name,
		.line = 1,
		.whole_comments = !policy->compiler,
	};
	struct minijail_token *statement;
	size_t count;

	for (;;) {
		struct minijail_tokens tokens = { policy->reading, NULL };

		if (!minijail_statement(&lexer, &statement, &count))
			return false;
		if (!count)
			return true;
		tokens.at = statement;
		if (!(statement->kind == MINIJAIL_DIRECTIVE
			      ? read_directive(file, &tokens)
			      : read_rule(policy, &tokens)))
			return false;
		if (tokens.at->kind != MINIJAIL_END)
			return minijail_wants(&tokens, "the end of the line");
	}
}

/* ---------------------------------------------------------- the format -- */

/*
 * The compiler takes a call whose last action is allow as allowed, whatever
 * stands before.
 */
static bool
is_dropped(struct minijail *policy, const struct rule_row *row, bool *dropped)
{
	struct call_state *state = &policy->calls[row->call->index];

	*dropped = state->allowed && !row->closes;
	if (!*dropped || state->told)
		return true;
	state->told = true;
	return reading_warn(policy->reading, row->place,
			    "%s ends in allow: minijail's compiler drops what "
			    "stands before",
			    row->call->name);
}

static bool give(struct minijail *policy)
{
	struct reading *reading = policy->reading;
	const struct cg_abi *native = reading->host->native, *guest;

	if (!reading_default(reading, native, policy->default_answer))
		return false;
	/* Numbers of x32 are none that stand here: the default has them. */
	for (size_t i = 0; (guest = cg_abi_at(i)); i++)
		if (guest != native &&
		    guest->audit_arch == native->audit_arch && guest->native &&
		    strcmp(guest->native, native->name) == 0 &&
		    !reading_default(reading, guest, policy->default_answer))
			return false;
	reading->foreign = policy->kill;
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule_row *row = &policy->rules[i];
		struct cg_rule rule = {
			.abi = native,
			.first = row->nr,
			.last = row->nr,
			.answer = row->answer,
			.tests = row->tests,
			.count = row->count,
		};
		bool dropped;

		if (row->place.source == reading->sources[0].name) {
			rule.line = row->place.line;
			rule.column = row->place.column;
		}
		if (!is_dropped(policy, row, &dropped) ||
		    (!dropped && !reading_rule(reading, &rule)))
			return false;
	}
	return true;
}

static bool read_sources(struct reading *reading, bool compiler)
{
	struct minijail policy = {
		.reading = reading,
		.compiler = compiler,
		.kill = compiler ? CG_RET_KILL_THREAD : CG_RET_KILL_PROCESS,
	};
	size_t calls = 0;

	while (cg_syscall_get(calls))
		calls++;
	policy.default_answer = policy.kill;
	policy.calls = arena_array(reading->arena, struct call_state, calls);
	if (!policy.calls)
		return fail_nomem(reading->err);
	for (size_t i = 0; i < reading->source_count; i++) {
		struct file file = { .policy = &policy,
				     .name = reading->sources[i].name };

		if (!read_file(&file, reading->sources[i].text,
			       reading->sources[i].length))
			return false;
	}
	return give(&policy);
}

static bool minijail_read(struct reading *reading)
{
	return read_sources(reading, false);
}

static bool compiler_read(struct reading *reading)
{
	return read_sources(reading, true);
}

/* "read: 1" somewhere, at the start of a line. */
static int minijail_sniff(const struct cg_source *source)
{
	if (source_holds(source, "\n@denylist") ||
	    source_begins(source, "@denylist") ||
	    source_begins(source, "@include ") ||
	    source_begins(source, "@frequency "))
		return 70;
	if (source_begins(source, "{") || source_holds(source, "seccomp:"))
		return 0;
	return source_holds(source, ": 1\n") ? 60
	       : source_holds(source, ": arg") ||
			       source_holds(source, ": return ")
		       ? 40
		       : 0;
}

const struct format format_minijail = {
	.about = {
		.name = "minijail",
		.aliases = "minijail0",
		.about = "minijail0's policy text",
		.runtime = "minijail",
		.reads = true,
		.writes = true,
	},
	.sniff = minijail_sniff,
	.read = minijail_read,
	.write = minijail_write,
};

const struct format format_minijail_compiler = {
	.about = {
		.name = "minijail-compiler",
		.aliases = "",
		.about = "the policy text of minijail's compiler",
		.runtime = "minijail",
		.reads = true,
		.writes = true,
	},
	.read = compiler_read,
	.write = minijail_compiler_write,
};
