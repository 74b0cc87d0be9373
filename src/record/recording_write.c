#include "record/recording.h"

#include <inttypes.h>
#include <string.h>

static void
write_tags(const struct tags *tags, const char *key, struct buf *out)
{
	buf_printf(out, ",\n \"%s\": [", key);
	for (size_t i = 0; i < tags->count; i++) {
		buf_puts(out, i ? ", " : "");
		buf_json(out, tags->at[i].text);
	}
	buf_puts(out, "]");
}

static void write_lost(const struct tags *tags, struct buf *out)
{
	buf_puts(out, ",\n \"lost\": {");
	for (size_t i = 0; i < tags->count; i++) {
		buf_puts(out, i ? ", " : "");
		buf_json(out, tags->at[i].text);
		buf_printf(out, ": %" PRIu64, tags->at[i].count);
	}
	buf_puts(out, "}");
}

static void write_number(const char *key, uint64_t number, struct buf *out)
{
	if (number)
		buf_printf(out, ", \"%s\": %" PRIu64, key, number);
}

static void write_errors(const struct recorded *call, struct buf *out)
{
	if (!call->failures.count)
		return;
	buf_puts(out, ", \"errors\": {");
	for (size_t i = 0; i < call->failures.count; i++) {
		const struct cg_recorded_error *error = &call->failures.at[i];
		const char *name = cg_errno_name(error->number, call->abi);

		buf_puts(out, i ? ", " : "");
		if (name)
			buf_printf(out, "\"%s\": %" PRIu64, name, error->count);
		else
			buf_printf(out, "\"%" PRIu32 "\": %" PRIu64,
				   error->number, error->count);
	}
	buf_puts(out, "}");
}

static void write_values(const struct recorded *call, struct buf *out)
{
	bool any = false;

	for (unsigned arg = 0; arg < 6; arg++) {
		const struct arguments *values = &call->arguments[arg];

		if (!values->count && !values->other)
			continue;
		buf_puts(out, any ? ", " : ", \"arguments\": [");
		any = true;
		buf_printf(out, "{\"argument\": %u, \"values\": {", arg);
		for (size_t i = 0; i < values->count; i++)
			buf_printf(out, "%s\"%" PRIu64 "\": %" PRIu64,
				   i ? ", " : "", values->at[i].value,
				   values->at[i].count);
		buf_puts(out, "}");
		write_number("other", values->other, out);
		buf_puts(out, "}");
	}
	if (any)
		buf_puts(out, "]");
}

static void write_stack(const struct recorded *call, struct buf *out)
{
	const char *stack = call->stack;
	char line[RECORDING_STACK_MAX + 1];

	if (!stack)
		return;
	write_number("stack-at", call->stack_at, out);
	buf_puts(out, ", \"stack\": [");
	for (const char *at = stack; *at;) {
		size_t length = strcspn(at, "\n");
		size_t kept = length < sizeof(line) ? length : sizeof(line) - 1;

		memcpy(line, at, kept);
		line[kept] = '\0';
		buf_puts(out, at == stack ? "" : ", ");
		buf_json(out, line);
		at += length + (at[length] == '\n');
	}
	buf_puts(out, "]");
}

static void write_call(const struct recorded *call, struct buf *out)
{
	const struct cg_syscall *known = cg_syscall_at(call->abi, call->nr);

	buf_puts(out, "  {\"abi\": ");
	buf_json(out, call->abi->name);
	if (known) {
		buf_puts(out, ", \"name\": ");
		buf_json(out, known->name);
	}
	buf_printf(out, ", \"nr\": %" PRIu32, call->nr);
	if (call->phase != CG_PHASE_ALL)
		buf_printf(out, ", \"phase\": \"%s\"",
			   recording_phase_name(call->phase));
	buf_printf(out, ", \"count\": %" PRIu64, call->count);
	write_number("time", call->time, out);
	write_number("first", call->first, out);
	write_number("last", call->last, out);
	write_errors(call, out);
	write_values(call, out);
	write_stack(call, out);
	buf_puts(out, "}");
}

void recording_write(const struct cg_recording *recording, struct buf *out)
{
	buf_printf(out, "{\"callgate-recording\": %d,\n \"runs\": %" PRIu64,
		   RECORDING_VERSION, recording->runs);
	write_tags(&recording->tags[LABEL_PROGRAM], "programs", out);
	write_tags(&recording->tags[LABEL_KERNEL], "kernels", out);
	write_tags(&recording->tags[LABEL_BACKEND], "backends", out);
	write_tags(&recording->tags[LABEL_GAP], "gaps", out);
	write_lost(&recording->tags[LABEL_LOST], out);
	buf_puts(out, ",\n \"calls\": [");
	for (size_t i = 0; i < recording->count; i++) {
		buf_puts(out, i ? ",\n" : "\n");
		write_call(recording->calls[i], out);
	}
	buf_puts(out, "\n ]}\n");
}
