#include "trace/stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "sys/file.h"
#include "trace/symbols.h"

enum { MAPS_MAX = 4 << 20 };

struct stack_reader {
	bool opened;
	const char *no_symbols; /* once opened */
};

struct stack_reader *stack_new(void)
{
	return calloc(1, sizeof(struct stack_reader));
}

void stack_free(struct stack_reader *reader)
{
	if (reader && reader->opened && !reader->no_symbols)
		symbols_close();
	free(reader);
}

/* A line of /proc/PID/maps: "start-end rwxp offset device inode   path". */
static void place_frames(struct cg_refusal *refusal, const char *line)
{
	uint64_t start, end, offset;
	int path = 0;

	/* The kernel wrote these numbers. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %n",
		   &start, &end, &offset, &path) != 3 ||
	    path == 0)
		return;
	for (size_t i = 0; i < refusal->frame_count; i++) {
		struct cg_frame *frame = &refusal->frames[i];

		if (frame->address < start || frame->address >= end)
			continue;
		frame->offset = frame->address - start + offset;
		snprintf(frame->module, sizeof(frame->module), "%s",
			 line + path);
	}
}

/* The text of /proc/PID/maps, to be freed; NULL if it cannot be read. */
static char *read_maps(const struct cg_refusal *refusal)
{
	struct cg_error unwanted;
	char path[64], *text = NULL;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)refusal->pid);
	return file_read(path, MAPS_MAX, &text, &length, &unwanted) ? text
								    : NULL;
}

static void find_modules(struct cg_refusal *refusal, char *maps)
{
	char *line;

	while ((line = strsep(&maps, "\n")) != NULL)
		place_frames(refusal, line);
}

static void
open_symbols(struct stack_reader *reader, struct cg_refusal *refusal)
{
	refusal->no_symbols = "out of memory";
	if (!reader)
		return;
	if (!reader->opened) {
		reader->opened = true;
		reader->no_symbols = symbols_open();
	}
	refusal->no_symbols = reader->no_symbols;
}

void stack_read(struct stack_reader *reader, struct cg_refusal *refusal)
{
	char *maps = read_maps(refusal);

	refusal->frame_count = 0;
	open_symbols(reader, refusal);
	if (!refusal->no_symbols && maps)
		symbols_walk(refusal, maps);
	if (refusal->frame_count == 0) {
		if (!refusal->no_symbols)
			refusal->no_symbols = "the stack cannot be walked";
		refusal->frame_count = 1;
		refusal->frames[0] =
			(struct cg_frame){ .address = refusal->call.ip };
	}
	find_modules(refusal, maps);
	free(maps);
}

void stack_name(struct stack_reader *reader, struct cg_refusal *refusal)
{
	char *maps = read_maps(refusal);

	open_symbols(reader, refusal);
	if (!refusal->no_symbols && maps)
		symbols_name(refusal, maps);
	find_modules(refusal, maps);
	free(maps);
}
