#include "policy/action.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"

enum { ERRNO_MAX = 4095, LONGEST_NAME = 31 };

enum takes { NOTHING, AN_ERRNO, DATA, ALL_BITS };

static const struct row {
	const char *name;
	uint32_t answer;
	enum takes takes;
} actions[] = {
	{ "allow", CG_RET_ALLOW, NOTHING },
	{ "log", CG_RET_LOG, NOTHING },
	{ "errno", CG_RET_ERRNO, AN_ERRNO },
	{ "trap", CG_RET_TRAP, DATA },
	{ "trace", CG_RET_TRACE, DATA },
	{ "kill_thread", CG_RET_KILL_THREAD, NOTHING },
	{ "kill_process", CG_RET_KILL_PROCESS, NOTHING },
	{ "user_notif", CG_RET_USER_NOTIF, NOTHING },
	/* Other names for the same. */
	{ "kill", CG_RET_KILL_PROCESS, NOTHING },
	{ "notify", CG_RET_USER_NOTIF, NOTHING },
	/* All 32 bits, for data that the kernel does not look at. */
	{ "answer", CG_RET_KILL_THREAD, ALL_BITS },
};

enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static const struct row *row_of(uint32_t answer)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (actions[i].answer == (answer & CG_RET_ACTION))
			return &actions[i];
	return NULL;
}

static bool
fail_unknown(const char *name, struct place place, struct cg_error *err)
{
	const struct row *best = NULL;
	unsigned distance = 4;

	for (size_t i = 0; i < ACTIONS; i++) {
		unsigned d = text_near(name, actions[i].name, 3);

		if (d < distance) {
			distance = d;
			best = &actions[i];
		}
	}
	if (best)
		return fail_at(err, CG_E_MEANING, place,
			       "no action is called '%s'; did you mean '%s'?",
			       name, best->name);
	return fail_at(err, CG_E_MEANING, place,
		       "no action is called '%s'; actions are allow, log, "
		       "errno, trap, trace, kill_thread, kill_process and "
		       "user_notif",
		       name);
}

/* Split "errno(EACCES)" into its two words; the second may be missing. */
static bool split(const char *text, char name[LONGEST_NAME + 1],
		  char inside[LONGEST_NAME + 1])
{
	const char *open = strchr(text, '(');
	size_t length = open ? (size_t)(open - text) : strlen(text);
	size_t rest = open ? strlen(open) : 0;

	if (length > LONGEST_NAME || rest > LONGEST_NAME ||
	    (open && (rest < 3 || open[rest - 1] != ')')))
		return false;
	memcpy(name, text, length);
	name[length] = '\0';
	inside[0] = '\0';
	if (open) {
		memcpy(inside, open + 1, rest - 2);
		inside[rest - 2] = '\0';
	}
	return true;
}

static bool set_answer(const char *text, struct place place,
		       struct action *action, struct cg_error *err)
{
	uint64_t number;

	if (num_read(text, strlen(text), &number) != NUM_OK ||
	    number > UINT32_MAX)
		return fail_at(err, CG_E_MEANING, place,
			       "answer takes what the kernel is to get, such "
			       "as answer(0x7fff0000), and not '%.40s'",
			       text);
	if (!row_of((uint32_t)number))
		return fail_at(err, CG_E_MEANING, place,
			       "0x%08x is no answer that the kernel knows",
			       (unsigned)number);
	action->answer = (uint32_t)number;
	return true;
}

bool action_read(struct arena *arena, const char *text, struct place place,
		 struct action *out, struct cg_error *err)
{
	char name[LONGEST_NAME + 1], inside[LONGEST_NAME + 1];
	const struct row *row = NULL;
	struct action action = { .place = place };

	if (!split(text, name, inside))
		return fail_at(err, CG_E_MEANING, place,
			       "'%.40s' is no action; write allow, errno, "
			       "errno(EACCES), trace(7) or the like",
			       text);
	for (size_t i = 0; i < ACTIONS && !row; i++)
		if (text_same_letters(name, actions[i].name))
			row = &actions[i];
	if (!row)
		return fail_unknown(name, place, err);
	action.answer = row->answer;
	action.plain_errno = row->takes == AN_ERRNO && !inside[0];
	if (action.plain_errno &&
	    !action_set_errno(arena, "EPERM", place, &action, err))
		return false;
	action.plain_errno = row->takes == AN_ERRNO && !inside[0];
	if (inside[0] && row->takes == NOTHING)
		return fail_at(err, CG_E_MEANING, place,
			       "action %s takes nothing in brackets",
			       row->name);
	if (row->takes == ALL_BITS && !set_answer(inside, place, &action, err))
		return false;
	if (inside[0] && row->takes == AN_ERRNO &&
	    !action_set_errno(arena, inside, place, &action, err))
		return false;
	if (inside[0] && row->takes == DATA &&
	    !action_set_data(inside, place, &action, err))
		return false;
	*out = action;
	return true;
}

bool action_set_errno(struct arena *arena, const char *text, struct place place,
		      struct action *action, struct cg_error *err)
{
	const struct cg_abi *any = cg_abi_by_name("x86_64");
	uint64_t number;
	const char *close;

	if ((action->answer & CG_RET_ACTION) != CG_RET_ERRNO)
		return fail_at(err, CG_E_MEANING, place,
			       "errno goes with action errno, not with %s",
			       row_of(action->answer)->name);
	action->plain_errno = false;
	if (num_read(text, strlen(text), &number) == NUM_OK) {
		if (number > ERRNO_MAX)
			return fail_at(err, CG_E_MEANING, place,
				       "errno %s is past %d, the kernel's "
				       "largest",
				       text, ERRNO_MAX);
		action->answer = CG_RET_ERRNO | (uint32_t)number;
		action->errno_name = NULL;
		return true;
	}
	if (text[0] == 'E' && cg_constant_value(text, any, &number) &&
	    number <= ERRNO_MAX) {
		action->errno_name = arena_text(arena, text, strlen(text));
		action->answer = CG_RET_ERRNO | (uint32_t)number;
		return action->errno_name ? true : fail_nomem(err);
	}
	close = cg_constant_suggest(text);
	if (close && close[0] != 'E')
		close = NULL;
	return fail_at(err, CG_E_MEANING, place,
		       "no errno is called '%.40s'%s%s%s", text,
		       close ? "; did you mean '"
			     : "; write a name such as EACCES, or 0 to 4095",
		       close ? close : "", close ? "'?" : "");
}

bool action_set_data(const char *text, struct place place,
		     struct action *action, struct cg_error *err)
{
	uint64_t number;

	if (row_of(action->answer)->takes != DATA)
		return fail_at(err, CG_E_MEANING, place,
			       "data goes with trap or trace, not with %s",
			       row_of(action->answer)->name);
	if (num_read(text, strlen(text), &number) != NUM_OK || number > 65535)
		return fail_at(err, CG_E_MEANING, place,
			       "'%.40s' is no data; write 0 to 65535", text);
	action->answer = (action->answer & CG_RET_ACTION) | (uint32_t)number;
	return true;
}

bool action_on(const struct action *action, const struct cg_abi *abi,
	       uint32_t *out, struct cg_error *err)
{
	uint64_t number;

	*out = action->answer;
	if (!action->errno_name)
		return true;
	if (!cg_constant_value(action->errno_name, abi, &number))
		return fail_at(err, CG_E_ARCH, action->place,
			       "errno %s does not exist on %s",
			       action->errno_name, abi->name);
	*out = CG_RET_ERRNO | (uint32_t)number;
	return true;
}
