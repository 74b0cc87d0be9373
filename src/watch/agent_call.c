/* The call of a container's process, which waits for us. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/task.h"
#include "watch/agent_inside.h"
#include "watch/pointed.h"

enum { PEEK = 256 /* bytes of what an argument points to */ };

static const char *keep(struct violation *violation, const char *text)
{
	return arena_text(&violation->arena, text, strlen(text));
}

/* Who calls; it waits for us, so /proc still has it. */
static void put_caller(struct violation *violation, int32_t thread)
{
	struct cg_violation *out = &violation->about;
	char path[64], text[4096];
	struct task task;
	ssize_t length;

	if (thread <= 0 || !task_read(thread, &task))
		return;
	out->thread = (uint32_t)thread;
	out->pid = (uint32_t)task.pid;
	/* Not by whose its folder is: that is root's, where nobody may look. */
	out->uid = task.uid;
	out->gid = task.gid;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)thread);
	length = file_peek(-1, path, text, sizeof(text));
	if (length > 0) {
		/* A newline of its own may be in it, too. */
		text[length - (text[length - 1] == '\n')] = '\0';
		out->name = keep(violation, text);
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)thread);
	length = readlink(path, text, sizeof(text) - 1);
	if (length > 0) {
		text[length] = '\0';
		out->executable = keep(violation, text);
	}
}

static void
put_memory(const struct container *container, struct violation *violation)
{
	const struct cg_notification *call = &container->call;
	struct pointed pointed;

	pointed_find(violation, &pointed);
	for (size_t i = 0; i < pointed.count; i++) {
		unsigned char bytes[PEEK];
		size_t length = pointed_length(&pointed, i), got = 0;

		if (length > sizeof(bytes))
			length = sizeof(bytes);
		if (length && cg_notify_read(container->listener, call,
					     call->call.args[i], bytes, length,
					     &got, NULL) == CG_OK)
			pointed_put(&pointed, i, bytes, got);
	}
}

/* It may have died while it was asked about: another has its number now. */
static void forget_caller(struct cg_violation *violation)
{
	violation->pid = violation->thread = CG_UNSET;
	violation->uid = violation->gid = CG_UNSET;
	violation->name = violation->executable = NULL;
}

struct violation *
agent_violation(const struct agent *agent, const struct container *container)
{
	const struct cg_call *call = &container->call.call;
	struct violation *violation = violation_new();
	struct cg_violation *out;
	struct timespec now;

	if (!violation)
		return NULL;
	out = &violation->about;
	clock_gettime(CLOCK_REALTIME, &now);
	out->time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	out->sources = CG_SOURCE_AGENT;
	out->arch = call->arch;
	out->nr = call->nr;
	out->ip = call->ip;
	out->has_ip = out->has_args = out->has_verdict = true;
	memcpy(out->args, call->args, sizeof(out->args));
	out->verdict = CG_RET_USER_NOTIF;
	out->signal = 0;
	out->error = (uint32_t)agent->number;
	out->continued = agent->number == 0;
	put_caller(violation, container->call.thread);
	if (!cg_notify_waits(container->listener, container->call.id))
		forget_caller(out);
	out->container = keep(violation, container->id);
	put_memory(container, violation);
	return violation;
}
