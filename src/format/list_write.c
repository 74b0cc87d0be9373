#include "format/list_write.h"

#include <stdio.h>
#include <string.h>

enum { PAST_X32 = 0x7fffffff };

/* Once for each call. */
static bool
lose(struct writing *writing, struct listed *listed, const char *why)
{
	if (listed->told)
		return true;
	listed->told = true;
	return writing_lossy(writing, "%s %s: %s for all", listed->call->name,
			     why, answer_words(writing, listed->answer));
}

/* Whether the format has conditions on a call without being told. */
static bool
is_own(const struct cg_syscall *call, const struct cg_abi *abi, unsigned flags)
{
	return (flags & LIST_DOORS && view_is_door(abi, call)) ||
	       (flags & LIST_PERSONALITY &&
		strcmp(call->name, "personality") == 0);
}

/* A call on one more ABI. */
static bool
merge(struct writing *writing, const struct view_abi *abi,
      const struct view_call *call, unsigned flags, struct listed *listed)
{
	bool first = !listed->there, plain;
	uint32_t answer;

	listed->call = call->call;
	listed->there = true;
	plain = view_is_plain(call, &answer);
	if (!plain && is_own(call->call, abi->abi, flags)) {
		answer = call->rest;
		plain = true;
	}
	if (!plain)
		answer = view_strictest(call);
	if (!first && answer == listed->answer && plain)
		return true;
	if (first || answer_severer(answer, listed->answer))
		listed->answer = answer;
	if (first && plain)
		return true;
	return lose(writing, listed,
		    plain ? "differs between ABIs"
			  : "depends on its arguments");
}

/* Numbers that have no name cannot stand in a list. */
static bool check_unnamed(struct writing *writing, const struct view_abi *abi,
			  unsigned flags)
{
	bool past_x32 = flags & LIST_PAST_X32;

	if (abi->odd && !(past_x32 && abi->odd_nr > PAST_X32) &&
	    !writing_lossy(writing,
			   "number %u of %s has no name: %s in place of %s",
			   abi->odd_nr, abi->abi->name,
			   answer_words(writing, abi->others),
			   answer_words(writing, abi->odd_answer)))
		return false;
	for (size_t i = 0; i < abi->count; i++) {
		const struct view_call *call = &abi->calls[i];
		uint32_t answer;

		if (call->call || flags & LIST_NUMBERS ||
		    (past_x32 && call->nr > PAST_X32) ||
		    (view_is_plain(call, &answer) && answer == abi->others))
			continue;
		if (!writing_lossy(writing,
				   "number %u of %s has no name: %s for it",
				   call->nr, abi->abi->name,
				   answer_words(writing, abi->others)))
			return false;
	}
	return true;
}

bool list_answers(struct writing *writing, const struct view *view,
		  uint32_t abis, unsigned flags, struct listed **out,
		  size_t *count)
{
	struct listed *list;
	size_t all = 0;

	while (cg_syscall_get(all))
		all++;
	list = arena_array(writing->arena, struct listed, all);
	if (!list)
		return fail_nomem(writing->err);
	for (size_t n = 0; n < view->count; n++) {
		const struct view_abi *abi = &view->abis[n];

		if (!(abis & 1u << n))
			continue;
		if (!check_unnamed(writing, abi, flags))
			return false;
		for (size_t i = 0; i < abi->count; i++) {
			const struct cg_syscall *call = abi->calls[i].call;

			if (call && !merge(writing, abi, &abi->calls[i], flags,
					   &list[call->index]))
				return false;
		}
	}
	*out = list;
	*count = all;
	return true;
}

uint32_t list_usual(const struct listed *list, size_t count,
		    bool (*want)(uint32_t answer), uint32_t otherwise)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++) {
		size_t same = 0;

		if (!list[i].there || !want(list[i].answer))
			continue;
		for (size_t n = i; n < count; n++)
			same += list[n].there &&
				list[n].answer == list[i].answer;
		if (same > most) {
			most = same;
			otherwise = list[i].answer;
		}
	}
	return otherwise;
}

const char *errno_word(struct writing *writing, uint32_t answer)
{
	uint32_t number = answer & CG_RET_DATA;
	const char *name = cg_errno_name(number, writing->host->native);
	char text[16];

	if (name)
		return name;
	snprintf(text, sizeof(text), "%u", number);
	name = arena_text(writing->arena, text, strlen(text));
	return name ? name : "0";
}

bool list_attempts(struct writing *writing, const char *subject,
		   bool (*attempt)(struct writing *writing, bool closed))
{
	if (attempt(writing, false))
		return true;
	if (!writing->options->nearest || writing->err->status != CG_E_MEANING)
		return false;
	*writing->err = (struct cg_error){ .status = CG_OK };
	buf_free(&writing->out);
	writing->notes.count = 0;
	return writing_note(writing,
			    "%s cannot name all that is refused: what it does "
			    "not name is refused, too",
			    subject) &&
	       attempt(writing, true);
}
