/* Policy text for minijail0, and for its compiler. */
#include <inttypes.h>
#include <string.h>

#include "format/dnf.h"
#include "format/list_write.h"
#include "format/minijail.h"

struct policy_text {
	struct writing *writing;
	const struct view_abi *abi;
	bool compiler, denylist, closed;
	uint32_t kill; /* what a bare kill means, and other architectures get */
	uint32_t others; /* the default */
};

static bool is_kind(uint32_t answer, uint32_t action)
{
	return (answer & CG_RET_ACTION) == action;
}

/* --------------------------------------------------------- expressions -- */

static void add_atom(struct buf *out, const struct atom *atom)
{
	static const char *const signs[] = {
		"==", "!=", "<=", ">=", "&", "in"
	};

	buf_printf(out, "arg%u %s 0x%" PRIx64, atom->argument, signs[atom->op],
		   atom->value);
}

static void add_expression(struct buf *out, const struct dnf *dnf)
{
	for (size_t i = 0; i < dnf->count; i++) {
		const struct dnf_clause *clause = &dnf->clauses[i];

		buf_puts(out, i ? " || " : "");
		for (size_t n = 0; n < clause->count; n++) {
			buf_puts(out, n ? " && " : "");
			add_atom(out, &clause->atoms[n]);
		}
		/* No expression is true without looking at something. */
		if (!clause->count)
			buf_puts(out, "arg0 >= 0");
	}
}

static bool is_always(const struct dnf *dnf)
{
	return dnf->count == 1 && !dnf->clauses[0].count;
}

/* ------------------------------------------------------------- actions -- */

static void add_action(const struct policy_text *text, uint32_t answer)
{
	struct buf *out = &text->writing->out;

	switch (answer & CG_RET_ACTION) {
	case CG_RET_ALLOW:
		buf_puts(out, text->compiler ? "allow" : "1");
		break;
	case CG_RET_ERRNO:
		buf_printf(out, "return %s", errno_word(text->writing, answer));
		break;
	case CG_RET_KILL_PROCESS:
		buf_puts(out, text->compiler ? "kill-process" : "return");
		break;
	case CG_RET_KILL_THREAD:
		buf_puts(out, "kill-thread");
		break;
	case CG_RET_TRAP:
		buf_puts(out, "trap");
		break;
	case CG_RET_TRACE:
		buf_puts(out, "trace");
		break;
	case CG_RET_LOG:
		buf_puts(out, "log");
		break;
	default:
		buf_puts(out, "user-notify");
	}
}

/* The nearest answer that the text can say. */
static uint32_t fit(const struct policy_text *text, uint32_t answer)
{
	if (is_kind(answer, CG_RET_ERRNO) || answer == CG_RET_ALLOW)
		return answer;
	if (text->denylist)
		return CG_RET_ERRNO | 1;
	if (!text->compiler)
		return CG_RET_KILL_PROCESS;
	if (is_kind(answer, CG_RET_TRAP) || is_kind(answer, CG_RET_TRACE))
		return answer & CG_RET_ACTION;
	return answer;
}

static bool lose(const struct policy_text *text, const struct view_call *call,
		 uint32_t answer)
{
	return writing_lossy(text->writing,
			     "what %s does with its arguments is too much to "
			     "say: %s for all",
			     call->call->name,
			     answer_words(text->writing, answer));
}

/* Of a call's answers, each as it can be said. */
static bool fit_answer(const struct policy_text *text,
		       const struct view_call *call, uint32_t *answer)
{
	uint32_t fitting = fit(text, *answer);
	bool ok = fitting == *answer ||
		  writing_lossy(text->writing,
				"the text cannot say %s for %s: %s",
				answer_words(text->writing, *answer),
				call->call->name,
				answer_words(text->writing, fitting));

	*answer = fitting;
	return ok;
}

/* --------------------------------------------------------------- calls -- */

static uint32_t last_answer(const struct view_call *call)
{
	bool ends = call->count && !call->entries[call->count - 1].count;

	return ends ? call->entries[call->count - 1].answer : call->rest;
}

/* How many entries have tests: they come first. */
static size_t tested(const struct view_call *call)
{
	bool ends = call->count && !call->entries[call->count - 1].count;

	return call->count - ends;
}

/*
 * minijail0: when is the call allowed, and what is the answer otherwise? Sets
 * `*said` if there is one such answer.
 */
static enum dnf_result
allowed_when(const struct policy_text *text, const struct view_call *call,
	     struct dnf *when, uint32_t *otherwise, bool *said)
{
	struct arena *arena = text->writing->arena;
	uint32_t last = fit(text, last_answer(call));
	enum dnf_result ok;

	*said = true;
	*otherwise = last;
	ok = dnf_constant(arena, last == CG_RET_ALLOW, when);
	for (size_t i = tested(call); ok == DNF_OK && i-- > 0;) {
		uint32_t answer = fit(text, call->entries[i].answer);
		struct dnf one;

		ok = dnf_of(arena, &call->entries[i], text->abi->abi->bits,
			    &one);
		if (ok != DNF_OK)
			break;
		if (answer == CG_RET_ALLOW) {
			ok = dnf_or(arena, &one, when, when);
			continue;
		}
		*said &= *otherwise == CG_RET_ALLOW || *otherwise == answer;
		*otherwise = answer;
		ok = dnf_not(arena, &one, text->abi->abi->bits, &one);
		if (ok == DNF_OK)
			ok = dnf_and(arena, &one, when, when);
	}
	return ok;
}

static bool write_plain(struct policy_text *text, const struct view_call *call,
			uint32_t answer)
{
	if (!fit_answer(text, call, &answer))
		return false;
	if (answer == text->others)
		return true;
	buf_printf(&text->writing->out, "%s: ", call->call->name);
	add_action(text, answer);
	buf_puts(&text->writing->out, "\n");
	return true;
}

/* "name: expression; return errno" */
static bool
write_condition(struct policy_text *text, const struct view_call *call)
{
	struct buf *out = &text->writing->out;
	uint32_t strictest = view_strictest(call), otherwise;
	struct dnf when;
	bool said;
	enum dnf_result ok = allowed_when(text, call, &when, &otherwise, &said);

	if (ok == DNF_NO_MEMORY)
		return fail_nomem(text->writing->err);
	if (ok != DNF_OK || !said)
		return lose(text, call, strictest) &&
		       write_plain(text, call, strictest);
	if (!when.count || is_always(&when))
		return write_plain(text, call,
				   when.count ? CG_RET_ALLOW : otherwise);
	buf_printf(out, "%s: ", call->call->name);
	add_expression(out, &when);
	if (otherwise != text->kill) {
		buf_puts(out, "; ");
		add_action(text, otherwise);
	}
	buf_puts(out, "\n");
	return true;
}

/* "name: { expression; action, expression; action, action }" */
static bool
write_decisions(struct policy_text *text, const struct view_call *call)
{
	struct writing *writing = text->writing;
	uint32_t strictest = view_strictest(call), last = last_answer(call);
	struct dnf *when = arena_array(writing->arena, struct dnf, call->count);
	size_t count = tested(call);

	if (!when)
		return fail_nomem(writing->err);
	for (size_t i = 0; i < count; i++) {
		enum dnf_result ok = dnf_of(writing->arena, &call->entries[i],
					    text->abi->abi->bits, &when[i]);

		if (ok == DNF_NO_MEMORY)
			return fail_nomem(writing->err);
		if (ok != DNF_OK)
			return lose(text, call, strictest) &&
			       write_plain(text, call, strictest);
	}
	buf_printf(&writing->out, "%s: { ", call->call->name);
	for (size_t i = 0; i < count; i++) {
		uint32_t answer = call->entries[i].answer;

		if (!fit_answer(text, call, &answer))
			return false;
		if (!when[i].count)
			continue;
		add_expression(&writing->out, &when[i]);
		buf_puts(&writing->out, "; ");
		add_action(text, answer);
		buf_puts(&writing->out, ", ");
	}
	if (!fit_answer(text, call, &last))
		return false;
	/* A list that ends in allow would lose what stands before. */
	if (last == CG_RET_ALLOW)
		buf_puts(&writing->out, "arg0 >= 0; ");
	add_action(text, last);
	buf_puts(&writing->out, " }\n");
	return true;
}

/* With @denylist all that is not said is allowed. */
static bool write_denied(struct policy_text *text, const struct view_call *call)
{
	struct writing *writing = text->writing;
	uint32_t strictest = view_strictest(call);
	struct dnf when, denied;
	uint32_t otherwise;
	bool said;
	enum dnf_result ok = allowed_when(text, call, &when, &otherwise, &said);

	if (ok == DNF_OK)
		ok = dnf_not(writing->arena, &when, text->abi->abi->bits,
			     &denied);
	if (ok == DNF_NO_MEMORY)
		return fail_nomem(writing->err);
	if (ok != DNF_OK || !said)
		return lose(text, call, strictest) &&
		       write_plain(text, call, strictest);
	if (!denied.count || is_always(&denied))
		return write_plain(text, call,
				   denied.count ? otherwise : CG_RET_ALLOW);
	buf_printf(&writing->out, "%s: ", call->call->name);
	add_expression(&writing->out, &denied);
	buf_puts(&writing->out, "; ");
	add_action(text, otherwise);
	buf_puts(&writing->out, "\n");
	return true;
}

static bool write_call(struct policy_text *text, const struct view_call *call)
{
	uint32_t answer;

	if (view_is_plain(call, &answer))
		return write_plain(text, call, answer);
	if (text->denylist)
		return write_denied(text, call);
	return text->compiler ? write_decisions(text, call)
			      : write_condition(text, call);
}

/* --------------------------------------------------------------- whole -- */

/* Whatever the default may be, it does not permit, but with @denylist. */
static bool choose_default(struct policy_text *text)
{
	struct writing *writing = text->writing;
	uint32_t others = text->abi->others;

	text->others = text->kill;
	if (text->compiler &&
	    (others == CG_RET_KILL_PROCESS || others == CG_RET_KILL_THREAD ||
	     others == CG_RET_TRAP || others == CG_RET_USER_NOTIF))
		text->others = others;
	if (text->compiler && others == CG_RET_ALLOW && !text->closed) {
		text->denylist = true;
		text->others = others;
	}
	return text->others == others ||
	       writing_lossy(writing,
			     "the text cannot say %s for calls that are not "
			     "named: %s",
			     answer_words(writing, others),
			     answer_words(writing, text->others));
}

static bool fit_others(struct policy_text *text, const struct view *view)
{
	struct writing *writing = text->writing;

	for (size_t i = 1; i < view->count; i++) {
		const struct view_abi *abi = &view->abis[i];
		bool shares =
			abi->abi->audit_arch == text->abi->abi->audit_arch;
		uint32_t answer = shares ? text->others : text->kill;

		if (!(view_is_constant(abi) && abi->others == answer) &&
		    !writing_lossy(writing,
				   "the text is for %s: %s for all "
				   "calls of %s",
				   text->abi->abi->name,
				   answer_words(writing, answer),
				   abi->abi->name))
			return false;
	}
	return view->foreign == text->kill ||
	       writing_lossy(writing,
			     "the text cannot say %s for other architectures: "
			     "%s",
			     answer_words(writing, view->foreign),
			     answer_words(writing, text->kill));
}

static bool write_text(struct writing *writing, bool compiler, bool closed,
		       const struct format *format)
{
	struct policy_text text = {
		.writing = writing,
		.compiler = compiler,
		.closed = closed,
		.kill = compiler ? CG_RET_KILL_THREAD : CG_RET_KILL_PROCESS,
	};
	struct view view;

	buf_printf(&writing->out, "# for %s, by callgate\n",
		   writing->host->native->name);
	if (!view_make(writing, &view))
		return false;
	text.abi = &view.abis[0];
	if (!choose_default(&text) || !fit_others(&text, &view))
		return false;
	if (text.denylist)
		buf_puts(&writing->out, "@denylist\n");
	else if (text.others != text.kill) {
		buf_puts(&writing->out, "@default ");
		add_action(&text, text.others);
		buf_puts(&writing->out, "\n");
	}
	for (size_t i = 0; i < text.abi->count; i++)
		if (text.abi->calls[i].call &&
		    !write_call(&text, &text.abi->calls[i]))
			return false;
	return writing_check(writing, format, "minijail's text");
}

bool minijail_write(struct writing *writing)
{
	return write_text(writing, false, false, &format_minijail);
}

static bool attempt(struct writing *writing, bool closed)
{
	return write_text(writing, true, closed, &format_minijail_compiler);
}

bool minijail_compiler_write(struct writing *writing)
{
	return list_attempts(writing, "minijail's text", attempt);
}
