#include "watch/witness.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include <callgate/arch.h>

#include "trace/pointee.h"
#include "watch/pointed.h"

enum { MODE_DEAD = 3 };

static const char *const doors[WITNESS_DOORS] = {
	[WITNESS_NATIVE] = "x86_64",
	[WITNESS_COMPAT] = "i386",
	[WITNESS_X32] = "x32",
};

struct cg_call witness_call_of(const struct witness_call *message)
{
	const unsigned door =
		message->door < WITNESS_DOORS ? message->door : WITNESS_NATIVE;
	const struct cg_abi *abi = cg_abi_by_name(doors[door]);
	struct cg_call call = { .nr = message->nr,
				.arch = abi->audit_arch,
				.ip = message->ip };

	memcpy(call.args, message->args, sizeof(call.args));
	return call;
}

/* ------------------------------------------------------------- judging -- */

static bool kills(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_TRAP:
	case CG_RET_ERRNO:
	case CG_RET_USER_NOTIF:
	case CG_RET_TRACE:
	case CG_RET_LOG:
	case CG_RET_ALLOW:
		return false;
	default:
		return true; /* as the kernel takes what it does not know */
	}
}

/*
 * SIGSYS has come, or a thread has gone: that a filter did it is certain. Which
 * one, and with which words, its filters say; without them what is known is the
 * mode, and that a thread of several is killed without a signal.
 */
static void judge_death(const struct witness_call *message,
			const struct chain *chain, struct judgement *out)
{
	const struct cg_call call = witness_call_of(message);
	uint32_t action = CG_RET_TRAP;
	bool fits;

	if (message->kind == WITNESS_DEATH)
		action = CG_RET_KILL_THREAD;
	else if (message->mode == MODE_DEAD)
		action = CG_RET_KILL_PROCESS;
	if (chain)
		chain_judge(chain, &call, out);
	fits = chain &&
	       (action == CG_RET_TRAP ? (out->answer & CG_RET_ACTION) == action
				      : kills(out->answer));
	if (!fits)
		*out = (struct judgement){ .answer = action,
					   .filter = SIZE_MAX };
}

enum witnessed witness_judge(const struct witness_call *message,
			     const struct chain *chain, struct judgement *out)
{
	const struct cg_call call = witness_call_of(message);

	if (message->kind != WITNESS_EXIT) {
		judge_death(message, chain, out);
		return WITNESSED_VIOLATION;
	}
	if (!chain)
		return WITNESSED_UNKNOWN;
	return chain_refused(chain, &call, (uint32_t)-message->result,
			     message->traced, out)
		       ? WITNESSED_VIOLATION
		       : WITNESSED_NOTHING;
}

/* ---------------------------------------------------------- violations -- */

static void
put_call(const struct witness_call *message, const struct judgement *judgement,
	 struct cg_violation *out)
{
	const struct cg_call call = witness_call_of(message);
	const bool dies = kills(judgement->answer);

	out->arch = call.arch;
	out->nr = call.nr;
	out->ip = call.ip;
	out->has_ip = out->has_compat = out->has_args = true;
	out->compat = message->door == WITNESS_COMPAT;
	memcpy(out->args, call.args, sizeof(out->args));
	out->verdict = judgement->answer & CG_RET_ACTION;
	out->has_verdict = true;
	out->signal = dies ? SIGSYS : 0;
	if (message->kind == WITNESS_EXIT)
		out->error = (uint32_t)-message->result;
	out->has_data = judgement->filter != SIZE_MAX ||
			message->kind == WITNESS_SIGNAL;
	out->data = judgement->filter != SIZE_MAX
			    ? judgement->answer & CG_RET_DATA
			    : (uint32_t)message->data & CG_RET_DATA;
}

static void put_process(const struct witness_call *message, int64_t booted,
			struct violation *violation)
{
	struct cg_violation *out = &violation->about;

	out->time = message->time + (uint64_t)booted;
	out->pid = message->process;
	out->thread = message->thread;
	out->parent = message->parent;
	out->uid = message->uid;
	out->gid = message->gid;
	out->login_uid = message->login_uid;
	out->session = message->session;
	violation->start = message->start;
	violation->image = message->image;
	violation->file = message->file;
	violation->device = message->device;
}

static void
put_filter(const struct chain *chain, const struct judgement *judgement,
	   struct violation *violation)
{
	struct cg_violation *out = &violation->about;
	const struct filter *filter;

	violation->logged = kills(judgement->answer);
	if (!chain || judgement->filter >= chain->count)
		return;
	filter = &chain->filters[judgement->filter];
	violation->logged |= filter->log;
	out->filter = arena_text(&violation->arena, filter->hash,
				 strlen(filter->hash));
	out->filter_count = (uint32_t)chain->count;
	out->filter_index = (uint32_t)(chain->count - 1 - judgement->filter);
	out->filter_instruction = judgement->instruction;
	out->filter_logs = filter->log;
}

static void
put_memory(const struct witness_call *message, struct violation *violation)
{
	struct pointed pointed;

	if (!message->peeked[0])
		return;
	pointed_find(violation, &pointed);
	for (size_t i = 0; i < WITNESS_PEEKS && message->peeked[i]; i++)
		pointed_put(&pointed, message->peeked[i] - 1u,
			    message->peeks[i], WITNESS_PEEK);
}

static void
put_stack(const struct witness_call *message, struct violation *violation)
{
	size_t count = message->frames;

	if (count > WITNESS_FRAMES)
		count = WITNESS_FRAMES;
	violation->stack =
		arena_array(&violation->arena, uint64_t, count ? count : 1);
	if (!violation->stack)
		return;
	for (size_t i = 0; i < count; i++)
		violation->stack[i] = message->stack[i];
	violation->stack_count = count;
}

struct violation *
witness_violation(const struct witness_call *message, const struct chain *chain,
		  const struct judgement *judgement, int64_t booted)
{
	struct violation *violation = violation_new();

	if (!violation)
		return NULL;
	violation->about.sources = CG_SOURCE_EBPF;
	put_call(message, judgement, &violation->about);
	put_process(message, booted, violation);
	put_filter(chain, judgement, violation);
	put_memory(message, violation);
	put_stack(message, violation);
	violation->about.name =
		arena_text(&violation->arena, message->name,
			   strnlen(message->name, sizeof(message->name)));
	violation->group =
		arena_text(&violation->arena, message->group,
			   strnlen(message->group, sizeof(message->group)));
	return violation;
}

/* -------------------------------------------------------------- peeks -- */

void witness_peeks(struct witness_config *config)
{
	for (unsigned i = 0; i < WITNESS_DOORS * WITNESS_NUMBERS; i++) {
		const struct cg_abi *abi =
			cg_abi_by_name(doors[i / WITNESS_NUMBERS]);
		const struct cg_syscall *known =
			abi ? cg_syscall_at(abi,
					    abi->nr_base + i % WITNESS_NUMBERS)
			    : NULL;
		struct cg_argument arguments[6];
		size_t count = 0;

		if (!known ||
		    !cg_syscall_arguments(known, abi, arguments, &count))
			continue;
		for (size_t at = 0; at < count; at++)
			if (pointee_kind(known, &arguments[at]) != POINTEE_NONE)
				config->peek[i] |= (unsigned char)(1u << at);
	}
}
