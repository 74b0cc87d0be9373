#include "profile/code.h"

#include <stdlib.h>

#include "profile/a64.h"
#include "profile/map.h"
#include "profile/x86.h"

enum { ENTRIES_MAX = 65536 };

static bool
is_relocated(const struct image *image, uint64_t address, unsigned length)
{
	const uint64_t own = address - image->base;
	const size_t at = image_reloc_from(image, own);

	return at < image->reloc_count &&
	       image->relocs[at].where < own + length;
}

/* The loader changes the instruction: what it leads to counts in any case. */
static void forget_numbers(struct step *step)
{
	if (step->flow == FLOW_ON && step->op != OP_PUSH) {
		step->op = OP_OTHER;
		if (step->to.kind == OPERAND_REGISTER)
			step->writes |= 1u << step->to.name;
	}
	step->direct = false;
	step->to.kind = step->from.kind = OPERAND_NONE;
	step->hidden_write |= step->memory.used && step->memory.write;
	step->memory = (struct memory){ .base = REGISTER_NONE,
					.index = REGISTER_NONE };
}

void code_step(const struct loaded *in, uint64_t address, struct step *out)
{
	const struct image *image = &in->image;
	const struct bytes bytes = image_rest(image, address - image->base);

	if (image->machine == MACHINE_AARCH64)
		a64_step(bytes, address, out);
	else
		x86_step(bytes, address, image->word == 8, out);
	if (image->code_relocs && is_relocated(image, address, out->length))
		forget_numbers(out);
}

struct memo_slot {
	uint64_t address; /* 0: none */
	struct step step;
};

bool memo_init(struct memo *memo, struct arena *arena, unsigned bits)
{
	const size_t count = (size_t)1 << bits;

	memo->mask = count - 1;
	memo->arena = arena;
	memo->slots = arena_array(arena, struct memo_slot, count);
	return memo->slots != NULL;
}

void code_recall(struct memo *memo, const struct loaded *in, uint64_t address,
		 struct step *out)
{
	struct memo_slot *slot;

	if (!memo) {
		code_step(in, address, out);
		return;
	}
	slot = &memo->slots[(address ^ address >> 9) & memo->mask];
	if (slot->address != address || !address) {
		code_step(in, address, &slot->step);
		slot->address = address;
	}
	*out = slot->step;
}

void code_read(const struct code *code, uint64_t address, struct step *out)
{
	code_recall(code->memo, code->in, address, out);
}

/* The span around an address, or `count`. */
static size_t span_of(const struct code *code, uint64_t address)
{
	size_t low = 0, high = code->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->spans[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < code->count && code->spans[low].start <= address
		       ? low
		       : code->count;
}

bool code_holds(const struct code *code, uint64_t address)
{
	if (code->count == 1)
		return address >= code->spans[0].start &&
		       address < code->spans[0].end;
	return span_of(code, address) < code->count;
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

bool code_one(struct arena *arena, struct span span, struct code *code)
{
	code->spans = arena_array(arena, struct span, 1);
	if (!code->spans)
		return false;
	code->spans[0] = span;
	code->count = 1;
	code->bounded = true;
	return true;
}

struct span code_gap(const struct loaded *in, uint64_t address)
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
	if (low > 0 && image->frames[low - 1].end > own)
		gap = (struct span){ image->frames[low - 1].start,
				     image->frames[low - 1].end };
	else if (low > 0 && image->frames[low - 1].end > gap.start)
		gap.start = image->frames[low - 1].end;
	if (low < image->frame_count && image->frames[low].start < gap.end)
		gap.end = image->frames[low].start;
	gap.start += image->base;
	gap.end += image->base;
	return gap;
}

/* ------------------------------------------------- by looking around -- */

enum { SEEN_WORDS = 8, SEEN_PAGE = 64 * SEEN_WORDS, AHEAD = 16 };

struct walk {
	struct arena own; /* what goes back when this is done */
	struct code *code;
	struct loaded *in;
	struct span gap;
	struct map pages;             /* of `seen`, by address */
	uint64_t (*seen)[SEEN_WORDS]; /* bits: an instruction was read here */
	size_t page_count, page_room;
	uint64_t last; /* the page that was asked for last, and its bits */
	uint32_t last_page;
	struct span *runs; /* of instructions, one behind the other */
	size_t run_count, run_room;
	uint64_t *todo;
	size_t count, room;
	struct tables tables;
	bool nomem, unreadable;
};

/* The bits of an address's page; NULL without memory. */
static uint64_t *walk_page(struct walk *walk, uint64_t address)
{
	const uint64_t page = address / SEEN_PAGE + 1;
	uint64_t(*grown)[SEEN_WORDS];
	bool there = true;

	if (walk->last == page)
		return walk->seen[walk->last_page];
	if (!map_add(&walk->own, &walk->pages, page, (uint32_t)walk->page_count,
		     &there))
		return NULL;
	if (!there) {
		grown = arena_grow(&walk->own, walk->seen, &walk->page_room,
				   walk->page_count + 1, sizeof(*grown));
		if (!grown)
			return NULL;
		walk->seen = grown;
		walk->page_count++;
	}
	walk->last = page;
	walk->last_page = *map_get(&walk->pages, page);
	return walk->seen[walk->last_page];
}

/* True if an address is met for the first time; so that it is met, mark it. */
static bool walk_is_new(struct walk *walk, uint64_t address, bool mark)
{
	const uint64_t at = address % SEEN_PAGE;
	uint64_t *page = walk_page(walk, address), *word;

	if (!page) {
		walk->nomem = true;
		return false;
	}
	word = &page[at / 64];
	if (*word >> at % 64 & 1)
		return false;
	if (mark)
		*word |= UINT64_C(1) << at % 64;
	return true;
}

static bool walk_add(void *context, uint64_t address, bool likely)
{
	struct walk *walk = context;
	uint64_t *todo;

	(void)likely;
	if (address < walk->gap.start || address >= walk->gap.end)
		return false;
	if (!walk_is_new(walk, address, false))
		return !walk->nomem;
	todo = arena_grow(&walk->own, walk->todo, &walk->room, walk->count + 1,
			  sizeof(*todo));
	if (!todo) {
		walk->nomem = true;
		return false;
	}
	walk->todo = todo;
	todo[walk->count++] = address;
	return true;
}

static void walk_run(struct walk *walk, uint64_t start, uint64_t end)
{
	struct span *grown;

	if (start == end)
		return;
	grown = arena_grow(&walk->own, walk->runs, &walk->run_room,
			   walk->run_count + 1, sizeof(*grown));
	if (!grown) {
		walk->nomem = true;
		return;
	}
	walk->runs = grown;
	grown[walk->run_count++] = (struct span){ start, end };
}

/*
 * A jump to another function: linkers fill the space between functions with
 * int3, and no compiler puts one before what is jumped to inside of one. Were
 * it wrong, the function would be in two parts, with a jump between them.
 */
static bool leaves(const struct walk *walk, const struct step *step)
{
	const struct image *image = &walk->in->image;

	return step->flow == FLOW_JUMP && image->machine != MACHINE_AARCH64 &&
	       bytes_u8(image_rest(image, step->target - 1 - image->base), 0) ==
		       0xcc;
}

/* From an address on, until the flow goes elsewhere. The end of it all. */
static uint64_t walk_on(struct walk *walk, uint64_t address)
{
	struct step step;

	/* What cannot be read is marked, too, or it would come again. */
	while (address < walk->gap.end && walk_is_new(walk, address, true)) {
		code_read(walk->code, address, &step);
		if (!step.length || address + step.length > walk->gap.end) {
			walk->unreadable = true;
			return address + step.length;
		}
		tables_note(&walk->tables, walk->in, &step);
		if (step.direct && step.flow != FLOW_CALL &&
		    !leaves(walk, &step))
			walk_add(walk, step.target, true);
		address += step.length;
		/* A call just ahead, to change where it comes back to. */
		if (step.direct && step.flow == FLOW_CALL &&
		    step.target - address <= AHEAD)
			walk_add(walk, step.target, true);
		/* Whoever handles int3 may come back behind it. */
		if (step.flow == FLOW_JUMP || step.flow == FLOW_RETURN ||
		    (step.flow == FLOW_STOP && step.length > 1))
			break;
	}
	return address;
}

static void walk_all(struct walk *walk, uint64_t entry)
{
	walk_add(walk, entry, true);
	while (walk->count && !walk->nomem) {
		while (walk->count && !walk->nomem) {
			const uint64_t from = walk->todo[--walk->count];

			walk_run(walk, from, walk_on(walk, from));
		}
		if (walk->tables.jumps)
			tables_each(&walk->tables, walk->in, walk_add, walk);
	}
}

static int by_span(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* Runs that touch become one. */
static size_t join_runs(struct span *runs, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(runs, count, sizeof(*runs), by_span);
	for (size_t i = 0; i < count; i++) {
		if (!kept || runs[i].start > runs[kept - 1].end)
			runs[kept++] = runs[i];
		else if (runs[i].end > runs[kept - 1].end)
			runs[kept - 1].end = runs[i].end;
	}
	return kept;
}

/*
 * Runs that overlap are one span, but not all of one reading: a place that only
 * looked like code must not hide the instructions behind it.
 */
static bool
keep_starts(struct arena *arena, const struct walk *walk, struct code *code)
{
	code->start_count = 0;
	code->starts = arena_array(arena, uint64_t, walk->run_count + 1);
	if (!code->starts)
		return false;
	for (size_t i = 0; i < walk->run_count; i++)
		code->starts[code->start_count++] = walk->runs[i].start;
	return true;
}

bool code_look(struct arena *arena, uint64_t entry, struct code *code)
{
	struct walk walk = {
		.own = { .budget = arena->budget, .pool = arena->pool },
		.code = code,
		.in = code->in,
		.gap = code_gap(code->in, entry),
	};

	walk_all(&walk, entry);
	walk.nomem |= !keep_starts(arena, &walk, code);
	code->count = join_runs(walk.runs, walk.run_count);
	code->spans =
		walk.nomem ? NULL
			   : arena_array(arena, struct span, code->count + 1);
	if (code->spans && code->count)
		memcpy(code->spans, walk.runs,
		       code->count * sizeof(*code->spans));
	code->unreadable = walk.unreadable;
	arena_free(&walk.own);
	return code->spans != NULL;
}

/* Bytes of a function of which it is kept where instructions begin. */
enum { BEGINS_MAX = 1 << 19 };

/* Room for a function's; what there was is forgotten. */
static bool begin_anew(struct memo *memo, uint64_t start)
{
	const uint64_t used = (memo->begun.end - memo->begun.start) / 64 + 1;

	if (!memo->begins)
		memo->begins =
			arena_array(memo->arena, uint64_t, BEGINS_MAX / 64 + 1);
	else
		memset(memo->begins, 0, (size_t)used * sizeof(*memo->begins));
	memo->begun = (struct span){ start, start };
	return memo->begins != NULL;
}

/*
 * Whether an instruction begins there, gone through from `start`. Tables lead
 * to many places of one function: it is gone through once for all of them.
 */
static bool is_step(struct memo *memo, const struct loaded *in, uint64_t start,
		    uint64_t address)
{
	const uint64_t own = address - start;
	struct step step;
	uint64_t at;

	if (!own)
		return true;
	if (memo && (own >= BEGINS_MAX ||
		     ((!memo->begins || memo->begun.start != start) &&
		      !begin_anew(memo, start))))
		memo = NULL;
	for (at = memo ? memo->begun.end : start; at < address;
	     at += step.length ? step.length : 1) {
		code_step(in, at, &step);
		if (memo)
			memo->begins[(at - start) / 64] |= UINT64_C(1)
							   << (at - start) % 64;
	}
	if (memo && at > memo->begun.end)
		memo->begun.end = at;
	if (!memo || at == address)
		return at == address;
	return memo->begins[own / 64] >> own % 64 & 1;
}

bool code_known(struct memo *memo, const struct loaded *in, uint64_t entry,
		struct span *out)
{
	const uint64_t base = in->image.base;
	const struct frame *frame;

	out->start = entry;
	if (is_stub(in, entry, &out->end))
		return true;
	frame = image_frame(&in->image, entry - base);
	/* Inside of an instruction other ones begin, that are looked for. */
	if (!frame || !is_step(memo, in, frame->start + base, entry))
		return false;
	*out = (struct span){ frame->start + base, frame->end + base };
	return true;
}

bool code_is_inside(struct memo *memo, const struct loaded *in,
		    uint64_t address)
{
	const uint64_t base = in->image.base;
	const struct frame *frame = image_frame(&in->image, address - base);

	return frame && !is_step(memo, in, frame->start + base, address);
}

bool code_around(struct arena *arena, struct memo *memo, struct loaded *in,
		 uint64_t entry, struct code *out)
{
	struct span span;

	if (!image_segment(&in->image, entry - in->image.base))
		return false;
	if (!code_known(memo, in, entry, &span))
		span = code_gap(in, entry);
	*out = (struct code){ .in = in, .memo = memo };
	return code_one(arena, span, out);
}

bool code_find(struct arena *arena, struct memo *memo, struct loaded *in,
	       uint64_t entry, struct code *out)
{
	struct span span;

	*out = (struct code){ .in = in, .memo = memo };
	/* An image may have holes; there is no code in them. */
	if (!image_segment(&in->image, entry - in->image.base))
		return true;
	if (code_known(memo, in, entry, &span))
		return code_one(arena, span, out);
	return code_look(arena, entry, out);
}

/* ------------------------------------------------------- instructions -- */

struct each {
	struct code *code;
	unsigned char *starts; /* bits over all spans, one behind the other */
	uint64_t *before;      /* bytes of the spans before each */
	uint64_t *inside;      /* targets that may lie inside of one */
	size_t count, room;
	struct arena *arena;
	code_visit *visit;
	void *context;
};

/* True if an address of span `index` is met for the first time. */
static bool each_mark(struct each *each, size_t index, uint64_t address)
{
	const uint64_t at =
		each->before[index] + address - each->code->spans[index].start;
	unsigned char *byte = &each->starts[at / 8];

	if (*byte >> at % 8 & 1)
		return false;
	*byte |= (unsigned char)(1 << at % 8);
	return true;
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

static bool each_from(struct each *each, size_t index, uint64_t address)
{
	const uint64_t end = each->code->spans[index].end;
	struct step step;

	while (address < end && each_mark(each, index, address)) {
		code_read(each->code, address, &step);
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
	struct arena own = { .budget = arena->budget, .pool = arena->pool };
	struct each each = {
		.code = code, .arena = &own, .visit = visit, .context = context
	};
	uint64_t length = 0;
	bool ok;

	each.before = arena_array(&own, uint64_t, code->count + 1);
	for (size_t i = 0; each.before && i < code->count; i++) {
		each.before[i] = length;
		length += code->spans[i].end - code->spans[i].start;
	}
	each.starts = arena_alloc(&own, (size_t)(length / 8 + 1), 1);
	ok = each.before && each.starts;
	for (size_t i = 0; ok && i < code->count; i++)
		ok = each_from(&each, i, code->spans[i].start);
	for (size_t i = 0; ok && i < code->start_count; i++)
		ok = each_target(&each, code->starts[i]);
	for (size_t i = 0; ok && i < each.count; i++) {
		const size_t index = span_of(code, each.inside[i]);

		ok = index == code->count ||
		     each_from(&each, index, each.inside[i]);
	}
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

/* i386: a table that is named by its distance from the GOT. */
static void note_from_got(struct tables *tables, const struct loaded *in,
			  const struct memory *memory)
{
	const struct image *image = &in->image;
	const uint64_t own =
		(image->got + (uint64_t)memory->offset) & 0xffffffff;
	const struct segment *segment = image_segment(image, own);

	if (segment && (!segment->write || segment->execute))
		note_table(tables, image->base + own);
}

void tables_note(struct tables *tables, const struct loaded *in,
		 const struct step *step)
{
	const struct memory *memory = &step->memory;
	const struct segment *segment;

	note_bound(tables, step);
	if (step->flow == FLOW_JUMP && !step->direct)
		tables->jumps = true;
	if (!memory->used || memory->thread)
		return;
	if (in->image.word == 4 && in->image.got &&
	    memory->base < REGISTER_MAX && memory->index < REGISTER_MAX)
		note_from_got(tables, in, memory);
	if (memory->base != REGISTER_PC &&
	    (in->image.movable || memory->offset <= 0))
		return;
	segment = image_segment(&in->image,
				(uint64_t)memory->offset - in->image.base);
	if (segment && (!segment->write || segment->execute ||
			memory->index != REGISTER_NONE))
		note_table(tables, (uint64_t)memory->offset);
}

/* What the entries count from: the table, the GOT, or nothing. */
static void
each_entry(const struct tables *tables, const struct loaded *in, uint64_t table,
	   uint64_t origin, tables_accept *accept, void *context)
{
	const struct image *image = &in->image;
	const struct bytes bytes = image_rest(image, table - image->base);
	const unsigned size = origin ? 4 : image->word;
	const uint64_t most = tables->most ? tables->most : ENTRIES_MAX;

	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		uint64_t target;

		if (!bytes_has(bytes, i * size, size))
			return;
		target = origin ? origin + (uint64_t)bytes_signed(bytes, i * 4,
								  4)
				: bytes_number(bytes, i * size, size);
		if (image->word == 4)
			target &= 0xffffffff;
		if (!accept(context, target, i < most))
			return;
	}
}

void tables_each(const struct tables *tables, const struct loaded *in,
		 tables_accept *accept, void *context)
{
	const struct image *image = &in->image;

	for (size_t i = 0; i < tables->count; i++) {
		const uint64_t table = tables->at[i];

		each_entry(tables, in, table, table, accept, context);
		if (!image->movable)
			each_entry(tables, in, table, 0, accept, context);
		if (image->word == 4 && image->got)
			each_entry(tables, in, table, image->base + image->got,
				   accept, context);
	}
}
