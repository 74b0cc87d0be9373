#include "trace/names.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/line.h"
#include "trace/stack.h"

struct namer {
	struct stack_reader *reader;
	struct cg_refusal scratch; /* what stacks are read into */
};

struct namer *namer_new(void)
{
	struct namer *namer = calloc(1, sizeof(*namer));

	if (namer)
		namer->reader = stack_new();
	return namer;
}

void namer_free(struct namer *namer)
{
	if (namer)
		stack_free(namer->reader);
	free(namer);
}

/* Names come from files: what is not printable ASCII is not kept. */
static void add_clean(struct line *line, const char *text)
{
	for (; *text; text++)
		line_add(line, "%c", *text < ' ' || *text > '~' ? '?' : *text);
}

static void add_frame(struct line *line, const struct cg_frame *frame)
{
	if (line->length)
		line_add(line, "\n");
	if (frame->symbol[0]) {
		add_clean(line, frame->symbol);
		line_add(line, "+0x%" PRIx64, frame->symbol_offset);
	} else {
		line_add(line, "0x%" PRIx64, frame->address);
	}
	if (frame->file[0]) {
		line_add(line, " in ");
		add_clean(line, frame->file);
		line_add(line, ":%u", frame->line);
	} else if (frame->module[0]) {
		line_add(line, " in ");
		add_clean(line, frame->module);
		line_add(line, "+0x%" PRIx64, frame->offset);
	}
}

static bool
write_frames(const struct cg_refusal *refusal, char *out, size_t size)
{
	struct line line = { .out = out, .size = size };

	/* A line that is cut would be no frame: leave room for the longest. */
	for (size_t i = 0; i < refusal->frame_count; i++)
		if (line.length + 512 < size || i == 0)
			add_frame(&line, &refusal->frames[i]);
	return line.length > 0;
}

bool namer_stack(struct namer *namer, pid_t process, const uint64_t *addresses,
		 size_t count, char *out, size_t size)
{
	struct cg_refusal *refusal;

	if (!namer || !count)
		return false;
	refusal = &namer->scratch;
	*refusal = (struct cg_refusal){ .pid = process, .thread = process };
	for (size_t i = 0; i < count && i < CG_FRAMES_MAX; i++)
		refusal->frames[refusal->frame_count++].address = addresses[i];
	stack_name(namer->reader, refusal);
	return write_frames(refusal, out, size);
}

bool namer_stopped(struct namer *namer, pid_t process, pid_t thread,
		   uint64_t ip, char *out, size_t size)
{
	struct cg_refusal *refusal;

	if (!namer)
		return false;
	refusal = &namer->scratch;
	*refusal = (struct cg_refusal){ .pid = process, .thread = thread };
	refusal->call.ip = ip;
	stack_read(namer->reader, refusal);
	return write_frames(refusal, out, size);
}
