/* Profiles for firejail. */
#include <string.h>

#include "format/firejail.h"
#include "format/list_write.h"

/* A number without a name: a list of it alone is not empty, and does nothing.*/
#define NOTHING "$65535"

struct profile {
	struct writing *writing;
	struct view view;
	const struct view_abi *native, *twin, *x32; /* NULL: there is none */
	bool keep;             /* a list of what is allowed */
	bool block;            /* no other architecture */
	uint32_t error_action; /* what most refused calls get */
	struct reading known;  /* for questions about firejail's tables */
};

/* Answers that a list can give: the error action, an errno, a kill. */
static bool has_errno_name(const struct profile *profile, uint32_t answer)
{
	return cg_errno_name(answer & CG_RET_DATA, profile->native->abi) !=
	       NULL;
}

static bool is_kind(uint32_t answer, uint32_t action)
{
	return (answer & CG_RET_ACTION) == action;
}

static bool is_refused(uint32_t answer)
{
	return !is_kind(answer, CG_RET_ALLOW);
}

/* Whether an answer may be everybody's: errno with a name, kill, log. */
static bool can_be_action(const struct profile *profile, uint32_t answer)
{
	return answer == CG_RET_KILL_THREAD || answer == CG_RET_LOG ||
	       (is_kind(answer, CG_RET_ERRNO) &&
		has_errno_name(profile, answer));
}

/* The nearest answer that an item can have. */
static uint32_t fit(const struct profile *profile, uint32_t answer)
{
	if (answer == CG_RET_ALLOW || answer == profile->error_action ||
	    answer == CG_RET_KILL_THREAD ||
	    (is_kind(answer, CG_RET_ERRNO) && has_errno_name(profile, answer)))
		return answer;
	if (is_kind(answer, CG_RET_KILL_PROCESS))
		return CG_RET_KILL_THREAD;
	return profile->error_action == CG_RET_LOG ? CG_RET_KILL_THREAD
						   : profile->error_action;
}

static bool is_kept(const char *name)
{
	return strcmp(name, "execve") == 0 || strcmp(name, "execveat") == 0 ||
	       strcmp(name, "prctl") == 0;
}

/* ------------------------------------------------------------ the list -- */

struct items {
	struct profile *profile;
	const struct view_abi *abi;
	struct buf text;
};

/* A name that firejail knows, or the number: which it drops without errno. */
static void add_item(struct items *items, const struct listed *listed,
		     uint32_t nr, const char *error)
{
	struct profile *profile = items->profile;
	uint32_t known;
	bool named = firejail_number(&profile->known, listed->call->name,
				     items->abi->abi, &known);

	buf_puts(&items->text, items->text.length ? "," : "");
	if (named)
		buf_puts(&items->text, listed->call->name);
	else
		buf_printf(&items->text, "$%u", nr);
	if (!named && !error && is_refused(listed->answer))
		error = is_kind(profile->error_action, CG_RET_ERRNO)
				? errno_word(profile->writing,
					     profile->error_action)
				: "kill";
	if (error)
		buf_printf(&items->text, ":%s", error);
}

static const char *error_of(const struct profile *profile, uint32_t answer)
{
	if (answer == profile->error_action || answer == CG_RET_ALLOW)
		return NULL;
	return is_kind(answer, CG_RET_ERRNO)
		       ? errno_word(profile->writing, answer)
		       : "kill";
}

/* What firejail itself needs to start the program takes no errno. */
static bool add_kept(struct items *items, struct listed *listed, uint32_t nr)
{
	struct profile *profile = items->profile;
	uint32_t usual = profile->error_action;

	if (!is_refused(listed->answer))
		return true;
	if (profile->keep)
		return fail(profile->writing->err, CG_E_MEANING,
			    "firejail cannot refuse %s beside a list of what "
			    "is allowed: it needs that itself",
			    listed->call->name);
	if (listed->answer != usual &&
	    !writing_lossy(profile->writing, "%s gets the error action: %s",
			   listed->call->name,
			   answer_words(profile->writing, usual)))
		return false;
	add_item(items, listed, nr, NULL);
	return true;
}

static bool add_call(struct items *items, struct listed *listed)
{
	struct profile *profile = items->profile;
	uint32_t answer = fit(profile, listed->answer), nr;

	if (!cg_syscall_number(listed->call, items->abi->abi, &nr))
		return true;
	if (is_kept(listed->call->name))
		return add_kept(items, listed, nr);
	if (answer != listed->answer &&
	    !writing_lossy(
		    profile->writing, "firejail cannot say %s for %s: %s",
		    answer_words(profile->writing, listed->answer),
		    listed->call->name, answer_words(profile->writing, answer)))
		return false;
	listed->answer = answer;
	if (profile->keep ? answer != profile->error_action
			  : answer != CG_RET_ALLOW)
		add_item(items, listed, nr, error_of(profile, answer));
	return true;
}

/* Numbers without a name. */
static bool add_numbers(struct items *items)
{
	struct profile *profile = items->profile;
	struct writing *writing = profile->writing;

	for (size_t i = 0; i < items->abi->count; i++) {
		const struct view_call *call = &items->abi->calls[i];
		uint32_t answer, fitting;

		if (call->call || call->nr > INT32_MAX)
			continue;
		if (!view_is_plain(call, &answer))
			answer = view_strictest(call);
		fitting = fit(profile, answer);
		if ((fitting != answer || !view_is_plain(call, &answer)) &&
		    !writing_lossy(writing, "number %u gets %s", call->nr,
				   answer_words(writing, fitting)))
			return false;
		if (fitting == items->abi->others)
			continue;
		buf_printf(&items->text, "%s$%u%s%s",
			   items->text.length ? "," : "", call->nr,
			   is_refused(fitting) ? ":" : "",
			   !is_refused(fitting) ? ""
			   : is_kind(fitting, CG_RET_ERRNO)
				   ? errno_word(writing, fitting)
				   : "kill");
	}
	return true;
}

/* One line: the calls of one ABI that are not answered as all others. */
static bool
write_list(struct profile *profile, const struct view_abi *abi, const char *key)
{
	struct items items = { .profile = profile, .abi = abi };
	uint32_t which = 1u << (abi - profile->view.abis);
	struct listed *list;
	size_t count;
	bool ok;

	ok = list_answers(profile->writing, &profile->view, which,
			  LIST_PAST_X32 | LIST_NUMBERS |
				  (profile->block ? LIST_PERSONALITY : 0),
			  &list, &count);
	for (size_t i = 0; ok && i < count; i++)
		ok = !list[i].there || add_call(&items, &list[i]);
	ok = ok && add_numbers(&items);
	if (ok && items.text.failed)
		ok = fail_nomem(profile->writing->err);
	if (ok)
		buf_printf(&profile->writing->out, "%s %s\n", key,
			   items.text.length ? items.text.text : NOTHING);
	buf_free(&items.text);
	return ok;
}

/* ---------------------------------------------------- the error action -- */

static bool choose_keep_action(struct profile *profile)
{
	uint32_t others = profile->native->others;

	profile->error_action = others;
	if (can_be_action(profile, others) && others != CG_RET_LOG)
		return true;
	profile->error_action = CG_RET_KILL_THREAD;
	return writing_lossy(profile->writing,
			     "firejail cannot say %s for calls that are not "
			     "named: kill_thread",
			     answer_words(profile->writing, others));
}

/* What most refused calls of the ABI get, as far as it can be everybody's. */
static void choose_drop_action(struct profile *profile)
{
	const struct view_abi *abi = profile->native;
	uint32_t best = FIREJAIL_USUAL;
	size_t most = 0;

	/* x32 gets it, whatever else does. */
	if (profile->x32 && is_refused(profile->x32->others) &&
	    view_is_constant(profile->x32) &&
	    can_be_action(profile, profile->x32->others)) {
		profile->error_action = profile->x32->others;
		return;
	}

	for (size_t i = 0; i < abi->count; i++) {
		uint32_t answer = view_strictest(&abi->calls[i]);
		size_t same = 0;

		if (!is_refused(answer) || !can_be_action(profile, answer))
			continue;
		for (size_t n = i; n < abi->count; n++)
			same += view_strictest(&abi->calls[n]) == answer;
		if (same > most) {
			most = same;
			best = answer;
		}
	}
	profile->error_action = best;
}

static void write_action(struct profile *profile)
{
	uint32_t action = profile->error_action;

	if (action == FIREJAIL_USUAL)
		return;
	buf_printf(&profile->writing->out, "seccomp-error-action %s\n",
		   action == CG_RET_LOG ? "log"
		   : action == CG_RET_KILL_THREAD
			   ? "kill"
			   : errno_word(profile->writing, action));
}

/* ------------------------------------------------- other architectures -- */

/* x32 is refused by every list, with the error action. */
static bool fit_x32(struct profile *profile)
{
	uint32_t action = profile->error_action;

	if (!profile->x32 ||
	    (profile->x32->others == action && view_is_constant(profile->x32)))
		return true;
	return writing_lossy(profile->writing,
			     "firejail refuses all calls of x32: %s",
			     answer_words(profile->writing, action));
}

/*
 * Other architectures are open, or all of them are refused; on x86_64 the
 * 32-bit one may have a list of what is refused instead.
 */
static bool fit_others(struct profile *profile)
{
	struct writing *writing = profile->writing;
	const struct view_abi *twin = profile->twin;
	bool open = !twin ||
		    (view_is_constant(twin) && twin->others == CG_RET_ALLOW);
	bool listable = twin && !profile->keep &&
			twin->others == CG_RET_ALLOW &&
			strcmp(profile->native->abi->name, "x86_64") == 0;

	profile->block =
		profile->view.foreign != CG_RET_ALLOW || (!open && !listable);
	if (!profile->block)
		return true;
	if (twin &&
	    !(view_is_constant(twin) && twin->others == FIREJAIL_USUAL) &&
	    !writing_lossy(writing,
			   "firejail refuses all calls of %s with errno(EPERM)",
			   twin->abi->name))
		return false;
	if (profile->view.foreign != FIREJAIL_USUAL &&
	    !writing_lossy(writing,
			   "firejail refuses other architectures with "
			   "errno(EPERM), not with %s",
			   answer_words(writing, profile->view.foreign)))
		return false;
	return writing_note(writing, "firejail refuses personality, too, but "
				     "for the usual one");
}

static void find_abis(struct profile *profile)
{
	profile->native = &profile->view.abis[0];
	for (size_t i = 1; i < profile->view.count; i++) {
		const struct view_abi *abi = &profile->view.abis[i];

		if (abi->abi->audit_arch == profile->native->abi->audit_arch)
			profile->x32 = abi;
		else
			profile->twin = abi;
	}
}

static bool write_lists(struct profile *profile)
{
	bool twin = profile->twin && !profile->block &&
		    !view_is_constant(profile->twin);

	if (!write_list(profile, profile->native,
			profile->keep ? "seccomp.keep" : "seccomp.drop"))
		return false;
	return !twin || write_list(profile, profile->twin, "seccomp.32.drop");
}

bool firejail_write(struct writing *writing)
{
	struct profile profile = { .writing = writing };
	struct reading *known = &profile.known;

	known->host = writing->host;
	buf_puts(&writing->out, "# firejail --profile=FILE PROGRAM\n");
	if (!view_make(writing, &profile.view))
		return false;
	find_abis(&profile);
	profile.keep = !answer_permits(profile.native->others);
	if (profile.keep && !choose_keep_action(&profile))
		return false;
	if (!profile.keep)
		choose_drop_action(&profile);
	if (!fit_x32(&profile) || !fit_others(&profile))
		return false;
	write_action(&profile);
	if (profile.block)
		buf_puts(&writing->out, "seccomp.block-secondary\n");
	return write_lists(&profile) &&
	       writing_check(writing, &format_firejail, "a profile");
}
