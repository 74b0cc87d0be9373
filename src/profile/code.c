#include "profile/code.h"

#include <stdlib.h>

#include "profile/a64.h"
#include "profile/x86.h"

enum { ENTRIES_MAX = 65536 };

void code_step(const struct loaded *in, uint64_t address, struct step *out)
{
	const struct image *image = &in->image;
	const struct bytes bytes = image_rest(image, address - image->base);

	if (image->machine == MACHINE_AARCH64)
		a64_step(bytes, address, out);
	else
		x86_step(bytes, address, image->word == 8, out);
}

bool code_holds(const struct code *code, uint64_t address)
{
	size_t low = 0, high = code->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->spans[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < code->count && code->spans[low].start <= address;
}

/* ------------------------------------------------------------- bounds -- */

/* An entry of the linkage table: nothing but a jump through a word. */
static bool is_stub(const struct loaded *in, uint64_t entry, uint64_t *end)
{
	struct step step;
	uint64_t at = entry;

	if (in->image.machine == MACHINE_AARCH64)
		return false;
	for (int i = 0; i < 2; i++) {
		code_step(in, at, &step);
		if (!step.length)
			return false;
		at += step.length;
		if (step.flow == FLOW_JUMP && !step.direct &&
		    step.to.kind == OPERAND_MEMORY && !step.memory.thread) {
			*end = at;
			return step.memory.base == REGISTER_PC ||
			       step.memory.base == REGISTER_NONE ||
			       step.memory.base == X86_RBX;
		}
		/* endbr64 and its like */
		if (step.flow != FLOW_ON || step.op != OP_OTHER ||
		    step.writes || step.memory.used || step.trap)
			return false;
	}
	return false;
}

static bool
one_span(struct arena *arena, uint64_t start, uint64_t end, struct code *code)
{
	code->spans = arena_array(arena, struct span, 1);
	if (!code->spans)
		return false;
	code->spans[0] = (struct span){ start, end };
	code->count = 1;
	code->bounded = true;
	return true;
}

/* The bytes around an address that no table tells anything about. */
static struct span gap_around(const struct loaded *in, uint64_t address)
{
	const struct image *image = &in->image;
	const uint64_t own = address - image->base;
	const struct segment *segment = image_segment(image, own);
	const struct section *section = image_section(image, own);
	struct span gap = { segment->start, segment->start + segment->stored };
	size_t low = 0, high = image->frame_count;

	if (section)
		gap = (struct span){ section->start, section->end };
	if (gap.end > segment->start + segment->stored)
		gap.end = segment->start + segment->stored;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->frames[middle].start <= own)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && image->frames[low - 1].end > gap.start)
		gap.start = image->frames[low - 1].end;
	if (low < image->frame_count && image->frames[low].start < gap.end)
		gap.end = image->frames[low].start;
	gap.start += image->base;
	gap.end += image->base;
	return gap;
}

/* ------------------------------------------------- by looking around -- */

struct walk {
	struct arena *arena;
	struct loaded *in;
	struct span gap;
	unsigned char *seen; /* bits: an instruction was read here */
	uint64_t *todo;
	size_t count, room;
	struct tables tables;
	bool nomem, unreadable;
};

static bool walk_seen(const struct walk *walk, uint64_t address)
{
	const uint64_t at = address - walk->gap.start;

	return walk->seen[at / 8] >> at % 8 & 1;
}

static bool walk_add(void *context, uint64_t address, bool likely)
{
	struct walk *walk = context;
	uint64_t *todo;

	(void)likely;
	if (address < walk->gap.start || address >= walk->gap.end)
		return false;
	if (walk_seen(walk, address))
		return true;
	todo = arena_grow(walk->arena, walk->todo, &walk->room, walk->count + 1,
			  sizeof(*todo));
	if (!todo) {
		walk->nomem = true;
		return false;
	}
	walk->todo = todo;
	todo[walk->count++] = address;
	return true;
}

/* From an address on, until the flow goes elsewhere. */
static void walk_on(struct walk *walk, uint64_t address)
{
	struct step step;

	while (address < walk->gap.end && !walk_seen(walk, address)) {
		const uint64_t at = address - walk->gap.start;

		/* What cannot be read was seen, too, or it would come again. */
		walk->seen[at / 8] |= (unsigned char)(1 << at % 8);
		code_step(walk->in, address, &step);
		if (!step.length || address + step.length > walk->gap.end) {
			walk->unreadable = true;
			return;
		}
		tables_note(&walk->tables, walk->in, &step);
		if (step.direct && step.flow != FLOW_CALL)
			walk_add(walk, step.target, true);
		if (step.flow == FLOW_JUMP || step.flow == FLOW_RETURN ||
		    step.flow == FLOW_STOP)
			return;
		address += step.length;
	}
}

static void walk_all(struct walk *walk, uint64_t entry)
{
	walk_add(walk, entry, true);
	while (walk->count && !walk->nomem) {
		while (walk->count && !walk->nomem)
			walk_on(walk, walk->todo[--walk->count]);
		if (walk->tables.jumps)
			tables_each(&walk->tables, walk->in, walk_add, walk);
	}
}

/* Runs of instructions, one behind the other. */
static size_t walk_spans(const struct walk *walk, struct span *out)
{
	struct span run = { 0, 0 };
	size_t count = 0;
	struct step step;

	for (uint64_t at = walk->gap.start; at < walk->gap.end; at++) {
		if (!walk_seen(walk, at))
			continue;
		code_step(walk->in, at, &step);
		if (!step.length)
			continue;
		if (!run.end || at > run.end) {
			if (run.end && out)
				out[count] = run;
			count += run.end != 0;
			run.start = at;
		}
		if (at + step.length > run.end)
			run.end = at + step.length;
	}
	if (run.end && out)
		out[count] = run;
	return count + (run.end != 0);
}

static bool look_around(struct arena *arena, uint64_t entry, struct code *code)
{
	struct walk walk = { .arena = arena, .in = code->in };

	walk.gap = gap_around(code->in, entry);
	walk.seen = arena_alloc(
		arena, (size_t)((walk.gap.end - walk.gap.start) / 8 + 1), 1);
	if (!walk.seen)
		return false;
	walk_all(&walk, entry);
	if (walk.nomem)
		return false;
	code->count = walk_spans(&walk, NULL);
	code->spans = arena_array(arena, struct span, code->count + 1);
	if (!code->spans)
		return false;
	walk_spans(&walk, code->spans);
	code->unreadable = walk.unreadable;
	return true;
}

bool code_find(struct arena *arena, struct loaded *in, uint64_t entry,
	       struct code *out)
{
	const struct frame *frame =
		image_frame(&in->image, entry - in->image.base);
	uint64_t end;

	*out = (struct code){ .in = in };
	/* An image may have holes; there is no code in them. */
	if (!image_segment(&in->image, entry - in->image.base))
		return true;
	if (is_stub(in, entry, &end))
		return one_span(arena, entry, end, out);
	if (frame)
		return one_span(arena, frame->start + in->image.base,
				frame->end + in->image.base, out);
	return look_around(arena, entry, out);
}

/* ------------------------------------------------------- instructions -- */

struct each {
	struct code *code;
	unsigned char *starts; /* bits over all spans, one behind the other */
	uint64_t *inside;      /* targets that may lie inside of one */
	size_t count, room;
	struct arena *arena;
	code_visit *visit;
	void *context;
};

static bool each_mark(struct each *each, uint64_t address)
{
	uint64_t at = 0;

	for (size_t i = 0; i < each->code->count; i++) {
		const struct span *span = &each->code->spans[i];

		if (address >= span->start && address < span->end) {
			unsigned char *byte;

			at += address - span->start;
			byte = &each->starts[at / 8];
			if (*byte >> at % 8 & 1)
				return false;
			*byte |= (unsigned char)(1 << at % 8);
			return true;
		}
		at += span->end - span->start;
	}
	return false;
}

static bool each_target(struct each *each, uint64_t address)
{
	uint64_t *grown = arena_grow(each->arena, each->inside, &each->room,
				     each->count + 1, sizeof(*grown));

	if (!grown)
		return false;
	each->inside = grown;
	grown[each->count++] = address;
	return true;
}

static bool each_from(struct each *each, uint64_t address, uint64_t end)
{
	struct step step;

	while (address < end && each_mark(each, address)) {
		code_step(each->code->in, address, &step);
		if (!step.length) {
			each->code->unreadable = true;
			address++;
			continue;
		}
		if (step.direct && step.flow != FLOW_CALL &&
		    code_holds(each->code, step.target) &&
		    !each_target(each, step.target))
			return false;
		if (!each->visit(each->context, address, &step))
			return false;
		address += step.length;
	}
	return true;
}

bool code_each(struct arena *arena, struct code *code, code_visit *visit,
	       void *context)
{
	/* What is only wanted here goes back at once. */
	struct arena own = { .budget = arena->budget };
	struct each each = {
		.code = code, .arena = &own, .visit = visit, .context = context
	};
	uint64_t length = 0;
	bool ok;

	for (size_t i = 0; i < code->count; i++)
		length += code->spans[i].end - code->spans[i].start;
	each.starts = arena_alloc(&own, (size_t)(length / 8 + 1), 1);
	ok = each.starts != NULL;
	for (size_t i = 0; ok && i < code->count; i++)
		ok = each_from(&each, code->spans[i].start, code->spans[i].end);
	for (size_t i = 0; ok && i < each.count; i++)
		for (size_t k = 0; ok && k < code->count; k++)
			if (each.inside[i] >= code->spans[k].start &&
			    each.inside[i] < code->spans[k].end)
				ok = each_from(&each, each.inside[i],
					       code->spans[k].end);
	arena_free(&own);
	return ok;
}

/* ------------------------------------------------------------- tables -- */

static void note_table(struct tables *tables, uint64_t address)
{
	for (size_t i = 0; i < tables->count; i++)
		if (tables->at[i] == address)
			return;
	if (tables->count == sizeof(tables->at) / sizeof(*tables->at)) {
		tables->too_many = true;
		return;
	}
	tables->at[tables->count++] = address;
}

static void note_bound(struct tables *tables, const struct step *step)
{
	uint64_t most = 0;

	if ((step->op == OP_COMPARE || step->op == OP_AND) &&
	    step->from.kind == OPERAND_NUMBER && step->number >= 0 &&
	    step->number < ENTRIES_MAX)
		most = (uint64_t)step->number + 1;
	if (step->op == OP_MOVE && step->narrow == 1 && !step->sign)
		most = 256;
	if (most > tables->most)
		tables->most = most;
}

void tables_note(struct tables *tables, const struct loaded *in,
		 const struct step *step)
{
	const struct memory *memory = &step->memory;
	const struct segment *segment;

	note_bound(tables, step);
	if (step->flow == FLOW_JUMP && !step->direct)
		tables->jumps = true;
	if (!memory->used || memory->thread ||
	    (memory->base != REGISTER_PC &&
	     (in->image.movable || memory->offset <= 0)))
		return;
	segment = image_segment(&in->image,
				(uint64_t)memory->offset - in->image.base);
	if (segment && (!segment->write || memory->index != REGISTER_NONE))
		note_table(tables, (uint64_t)memory->offset);
}

static void
each_entry(const struct tables *tables, const struct loaded *in, uint64_t table,
	   bool absolute, tables_accept *accept, void *context)
{
	const struct image *image = &in->image;
	const struct bytes bytes = image_rest(image, table - image->base);
	const unsigned size = absolute ? image->word : 4;
	const uint64_t most = tables->most ? tables->most : ENTRIES_MAX;

	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		uint64_t target;

		if (!bytes_has(bytes, i * size, size))
			return;
		target = absolute ? bytes_number(bytes, i * size, size)
				  : table + (uint64_t)bytes_signed(bytes, i * 4,
								   4);
		if (!accept(context, target, i < most))
			return;
	}
}

void tables_each(const struct tables *tables, const struct loaded *in,
		 tables_accept *accept, void *context)
{
	for (size_t i = 0; i < tables->count; i++) {
		each_entry(tables, in, tables->at[i], false, accept, context);
		if (!in->image.movable)
			each_entry(tables, in, tables->at[i], true, accept,
				   context);
	}
}
