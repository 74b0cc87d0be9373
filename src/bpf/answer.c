#include "bpf/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <callgate/policy.h>

static const struct action {
	uint32_t answer;
	const char *name;
} actions[] = {
	{ CG_RET_KILL_PROCESS, "kill_process" },
	{ CG_RET_KILL_THREAD, "kill_thread" },
	{ CG_RET_TRAP, "trap" },
	{ CG_RET_ERRNO, "errno" },
	{ CG_RET_USER_NOTIF, "user_notif" },
	{ CG_RET_TRACE, "trace" },
	{ CG_RET_LOG, "log" },
	{ CG_RET_ALLOW, "allow" },
};

const char *answer_action(uint32_t answer)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (actions[i].answer == (answer & CG_RET_ACTION))
			return actions[i].name;
	return NULL;
}

const char *answer_errno(uint32_t number, const struct cg_abi *abi)
{
	const char *name;

	if (abi)
		return cg_errno_name(number, abi);
	if (!cg_abi_at(0))
		return NULL;
	name = cg_errno_name(number, cg_abi_at(0));
	for (size_t i = 1; name && cg_abi_at(i); i++) {
		const char *other = cg_errno_name(number, cg_abi_at(i));

		if (!other || strcmp(other, name) != 0)
			return NULL;
	}
	return name;
}

void answer_print(uint32_t answer, const struct cg_abi *abi, char *out,
		  size_t size)
{
	const uint32_t action = answer & CG_RET_ACTION;
	const uint32_t data = answer & CG_RET_DATA;
	const char *name = answer_action(answer);
	const char *number = NULL;

	if (action == CG_RET_ERRNO)
		number = answer_errno(data, abi);
	if (!name)
		snprintf(out, size, "0x%08" PRIx32, answer);
	else if (number)
		snprintf(out, size, "%s(%s)", name, number);
	else if (data || action == CG_RET_ERRNO)
		snprintf(out, size, "%s(%" PRIu32 ")", name, data);
	else
		snprintf(out, size, "%s", name);
}

uint32_t answer_join(uint32_t newer, uint32_t older)
{
	int32_t a = (int32_t)(newer & CG_RET_ACTION);
	int32_t b = (int32_t)(older & CG_RET_ACTION);

	return b < a ? older : newer;
}

/* What the kernel does not know, it kills for: as strict as can be. */
static int32_t looseness(uint32_t answer)
{
	return answer_action(answer) ? (int32_t)(answer & CG_RET_ACTION)
				     : INT32_MIN;
}

/* Of two that are as strict: one that has a name, and then the smaller. */
static uint32_t of_equals(uint32_t a, uint32_t b)
{
	bool a_known = answer_action(a), b_known = answer_action(b);

	if (a_known != b_known)
		return a_known ? a : b;
	return a < b ? a : b;
}

uint32_t answer_looser(uint32_t a, uint32_t b)
{
	if (looseness(a) != looseness(b))
		return looseness(a) > looseness(b) ? a : b;
	return of_equals(a, b);
}

uint32_t answer_stricter(uint32_t a, uint32_t b)
{
	if (looseness(a) != looseness(b))
		return looseness(a) < looseness(b) ? a : b;
	return of_equals(a, b);
}
