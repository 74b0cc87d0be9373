/* Units for systemd. */
#include <string.h>

#include "format/dialect.h"
#include "format/list_write.h"
#include "format/profile.h"
#include "format/systemd.h"

enum { LINE = 76 };

/* What is written, once all answers are known. */
struct unit {
	struct writing *writing;
	struct view view;
	uint32_t covered; /* which ABIs of the view the lists are for */
	struct listed *list;
	size_t count;
	uint32_t others; /* the default */
	uint32_t usual;  /* what SystemCallErrorNumber= says */
};

static bool is_refusal(uint32_t answer)
{
	uint32_t action = answer & CG_RET_ACTION;

	return action == CG_RET_KILL_PROCESS || action == CG_RET_ERRNO;
}

/* Units know five answers: others become the nearest of these. */
static uint32_t nearest(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_ERRNO:
		return (answer & CG_RET_DATA) < SYSTEMD_LAST_ERRNO
			       ? answer
			       : CG_RET_ERRNO | 1;
	case CG_RET_ALLOW:
	case CG_RET_LOG:
	case CG_RET_KILL_PROCESS:
		return answer;
	default:
		return CG_RET_KILL_PROCESS;
	}
}

static bool fit_answers(struct unit *unit)
{
	struct writing *writing = unit->writing;
	uint32_t fitting = nearest(unit->others);

	if (fitting != unit->others &&
	    !writing_lossy(writing,
			   "a unit cannot say %s, here for calls that are not "
			   "named: %s",
			   answer_words(writing, unit->others),
			   answer_words(writing, fitting)))
		return false;
	unit->others = fitting;
	for (size_t i = 0; i < unit->count; i++) {
		struct listed *listed = &unit->list[i];

		fitting = listed->there ? nearest(listed->answer)
					: listed->answer;
		if (fitting != listed->answer &&
		    !writing_lossy(writing, "a unit cannot say %s for %s: %s",
				   answer_words(writing, listed->answer),
				   listed->call->name,
				   answer_words(writing, fitting)))
			return false;
		listed->answer = fitting;
	}
	return true;
}

/* An ABI that may make no calls at all is killed, and nothing else. */
static bool shut_out(struct unit *unit, size_t i)
{
	const struct view_abi *abi = &unit->view.abis[i];

	unit->covered &= ~(1u << i);
	return (view_is_constant(abi) && abi->others == CG_RET_KILL_THREAD) ||
	       writing_lossy(unit->writing,
			     "a unit shuts %s out with kill_thread for all "
			     "calls",
			     abi->abi->name);
}

/* Other architectures are shut out where one of the kernel's own is. */
static bool shut_foreign(struct unit *unit)
{
	struct writing *writing = unit->writing;
	uint32_t foreign = unit->view.foreign;
	size_t last = unit->view.count - 1;

	if (unit->covered == (2u << last) - 1 && last && !shut_out(unit, last))
		return false;
	if (foreign != CG_RET_KILL_THREAD &&
	    !writing_lossy(writing,
			   "a unit shuts other architectures out with "
			   "kill_thread, not with %s",
			   answer_words(writing, foreign)))
		return false;
	buf_puts(&writing->out, "SystemCallArchitectures=native");
	for (size_t i = 1; i <= last; i++)
		if (unit->covered & 1u << i)
			buf_printf(&writing->out, " %s",
				   systemd_abi_name(unit->view.abis[i].abi));
	buf_puts(&writing->out, "\n");
	return true;
}

/* Which ABIs may make calls at all: others are what the unit shuts out. */
static bool find_covered(struct unit *unit)
{
	bool shut = unit->view.foreign != CG_RET_ALLOW;

	unit->covered = (2u << (unit->view.count - 1)) - 1;
	for (size_t i = 1; shut && i < unit->view.count; i++) {
		const struct view_abi *abi = &unit->view.abis[i];

		if (view_is_constant(abi) && !answer_permits(abi->others) &&
		    !shut_out(unit, i))
			return false;
	}
	return !shut || shut_foreign(unit);
}

/* Names that the host's libseccomp does not know count as not named. */
static bool drop_unknown(struct unit *unit)
{
	struct writing *writing = unit->writing;

	for (size_t i = 0; i < unit->count; i++) {
		struct listed *listed = &unit->list[i];

		if (!listed->there ||
		    profile_knows(writing->host, listed->call))
			continue;
		listed->there = false;
		if (listed->answer != unit->others &&
		    !writing_lossy(writing,
				   "the host's libseccomp does not know %s: %s",
				   listed->call->name,
				   answer_words(writing, unit->others)))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ the lines -- */

/* Words of one key, over as many lines as they need. */
struct words {
	struct buf *out;
	const char *key; /* with "=" and perhaps "~" */
	size_t column;
};

static void add_word(struct words *words, const char *name, const char *error)
{
	size_t length = strlen(name) + (error ? strlen(error) + 1 : 0);

	if (!words->column || words->column + length + 1 > LINE) {
		buf_printf(words->out, "%s%s", words->column ? "\n" : "",
			   words->key);
		words->column = strlen(words->key);
	} else {
		buf_puts(words->out, " ");
		words->column++;
	}
	buf_puts(words->out, name);
	if (error)
		buf_printf(words->out, ":%s", error);
	words->column += length;
}

static void end_words(struct words *words)
{
	if (words->column)
		buf_puts(words->out, "\n");
}

/* Behind a name: nothing where the unit's errno is meant. */
static const char *suffix(const struct unit *unit, uint32_t answer)
{
	if (answer == unit->usual)
		return NULL;
	return (answer & CG_RET_ACTION) == CG_RET_ERRNO
		       ? errno_word(unit->writing, answer)
		       : "kill";
}

static bool mark_usual(void *context, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	bool *always = context;

	if (call && strcmp(call->name, name) == 0)
		always[call->index] = true;
	return true;
}

/* The calls that systemd allows without being asked. */
static bool find_always(const struct unit *unit, bool **out)
{
	const struct dialect_group *group = dialect_find(
		&dialect_systemd, "@default", unit->writing->host->release);

	*out = arena_array(unit->writing->arena, bool, unit->count);
	if (!*out)
		return fail_nomem(unit->writing->err);
	return dialect_each(&dialect_systemd, group,
			    unit->writing->host->release, mark_usual, *out);
}

/* What is allowed; then what is refused otherwise than all the rest. */
static bool write_allowed(struct unit *unit)
{
	struct words allow = { .out = &unit->writing->out,
			       .key = "SystemCallFilter=" };
	struct words refuse = { .out = &unit->writing->out,
				.key = "SystemCallFilter=~" };
	bool *always;

	if (!find_always(unit, &always))
		return false;
	for (size_t i = 0; i < unit->count; i++)
		if (unit->list[i].there && !is_refusal(unit->list[i].answer) &&
		    !always[i])
			add_word(&allow, unit->list[i].call->name, NULL);
	if (!allow.column)
		add_word(&allow, "@default", NULL);
	end_words(&allow);
	for (size_t i = 0; i < unit->count; i++) {
		const struct listed *listed = &unit->list[i];

		if (listed->there && is_refusal(listed->answer) &&
		    (listed->answer != unit->others || always[i]))
			add_word(&refuse, listed->call->name,
				 suffix(unit, listed->answer));
	}
	end_words(&refuse);
	return true;
}

static void write_refused(struct unit *unit)
{
	struct words words = { .out = &unit->writing->out,
			       .key = "SystemCallFilter=~" };

	for (size_t i = 0; i < unit->count; i++)
		if (unit->list[i].there && is_refusal(unit->list[i].answer))
			add_word(&words, unit->list[i].call->name,
				 suffix(unit, unit->list[i].answer));
	end_words(&words);
}

/* What is logged: those calls, or all but the others. */
static void write_logged(struct unit *unit)
{
	bool most = unit->others == CG_RET_LOG;
	struct words words = { .out = &unit->writing->out,
			       .key = most ? "SystemCallLog=~"
					   : "SystemCallLog=" };

	for (size_t i = 0; i < unit->count; i++)
		if (unit->list[i].there &&
		    unit->list[i].answer == (most ? CG_RET_ALLOW : CG_RET_LOG))
			add_word(&words, unit->list[i].call->name, NULL);
	end_words(&words);
}

static bool write_lists(struct unit *unit)
{
	struct writing *writing = unit->writing;
	bool allows = is_refusal(unit->others);

	unit->usual = allows ? unit->others
			     : list_usual(unit->list, unit->count, is_refusal,
					  CG_RET_KILL_PROCESS);
	/* It takes no errno 0. */
	if (unit->usual == CG_RET_ERRNO && !allows)
		unit->usual = CG_RET_KILL_PROCESS;
	if (unit->usual == CG_RET_ERRNO &&
	    !writing_lossy(writing, "a unit cannot say errno(0) for calls that "
				    "are not named: errno(EPERM)"))
		return false;
	if (unit->usual == CG_RET_ERRNO)
		unit->usual = unit->others = CG_RET_ERRNO | 1;
	if (unit->usual != CG_RET_KILL_PROCESS)
		buf_printf(&writing->out, "SystemCallErrorNumber=%s\n",
			   errno_word(writing, unit->usual));
	if (allows && !write_allowed(unit))
		return false;
	if (!allows)
		write_refused(unit);
	write_logged(unit);
	return true;
}

static bool attempt(struct writing *writing, bool closed)
{
	struct unit unit = { .writing = writing };

	if (!systemd_abi_name(writing->host->native))
		return fail(writing->err, CG_E_ARCH,
			    "systemd has no filters on %s",
			    writing->host->native->name);
	buf_puts(&writing->out, "# A drop-in: NAME.service.d/callgate.conf\n"
				"[Service]\n");
	if (!view_make(writing, &unit.view) || !find_covered(&unit) ||
	    !list_answers(writing, &unit.view, unit.covered,
			  LIST_PAST_X32 | (closed ? 0 : LIST_DOORS), &unit.list,
			  &unit.count))
		return false;
	unit.others = unit.view.abis[0].others;
	if (closed && answer_permits(unit.others))
		unit.others = list_usual(unit.list, unit.count, is_refusal,
					 CG_RET_ERRNO | 1);
	return fit_answers(&unit) && drop_unknown(&unit) &&
	       write_lists(&unit) &&
	       writing_check(writing, &format_systemd, "a unit");
}

bool systemd_write(struct writing *writing)
{
	return list_attempts(writing, "a unit", attempt);
}
