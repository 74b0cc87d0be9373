#include "watch/pointed.h"

#include <string.h>

#include "trace/pointee.h"

void pointed_find(struct violation *violation, struct pointed *out)
{
	const struct violation_call is = violation_call(&violation->about);

	*out = (struct pointed){ .violation = violation, .abi = is.abi };
	out->call = is.name ? cg_syscall_by_name(is.name) : NULL;
	if (!out->call || !cg_syscall_arguments(out->call, is.abi,
						out->arguments, &out->count))
		out->count = 0;
}

static enum pointee kind_of(const struct pointed *pointed, size_t at)
{
	return at < pointed->count && pointed->violation->about.args[at]
		       ? pointee_kind(pointed->call, &pointed->arguments[at])
		       : POINTEE_NONE;
}

size_t pointed_length(const struct pointed *pointed, size_t at)
{
	switch (kind_of(pointed, at)) {
	case POINTEE_STRING:
		return SIZE_MAX;
	case POINTEE_ADDRESS:
		/* Of these the next argument has the length. */
		return at + 1 < pointed->count
			       ? (uint32_t)
					 pointed->violation->about.args[at + 1]
			       : 0;
	default:
		return 0;
	}
}

void pointed_put(const struct pointed *pointed, size_t at, const void *bytes,
		 size_t length)
{
	struct violation *violation = pointed->violation;
	const size_t most = pointed_length(pointed, at);
	char text[CG_MEMORY_MAX] = "";

	if (length > most)
		length = most;
	switch (kind_of(pointed, at)) {
	case POINTEE_STRING:
		pointee_string(bytes, length, text);
		break;
	case POINTEE_ADDRESS:
		pointee_address(pointed->abi, bytes, length, length == most,
				text);
		break;
	default:
		return;
	}
	violation->about.memory[at] =
		arena_text(&violation->arena, text, strlen(text));
}
