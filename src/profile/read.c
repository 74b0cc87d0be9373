#include "profile/read.h"

#include "profile/clones.h"
#include "profile/object.h"
#include "profile/pages.h"
#include "profile/uses.h"
#include "profile/x86.h"

enum { RETURNS = 4, DISTANCES_MAX = 1 << 16, OUTSIDE = 1 << 20 };

/* An address, and the instruction that forms it. */
struct named_place {
	uint64_t address, at;
};

struct reading {
	const struct reach *reach;
	struct loaded *in;
	struct code *code;
	struct arena *arena;
	struct remarks *remarks;
	uint64_t from; /* the instruction that is read */
	struct tables tables;
	uint32_t got_registers;    /* i386: that hold the GOT's address */
	bool got_kept;             /* i386: one of them lies on the stack */
	uint64_t returns[RETURNS]; /* i386: of the last calls */
	unsigned next_return;
	struct named_place *places; /* that are named, and nobody may write */
	size_t place_count, place_room;
	bool distances;   /* some words are added to something */
	struct map steps; /* where they begin, if no table bounds the code */
};

static void note(struct reading *reading, enum remark_kind kind, uint64_t at,
		 uint64_t value, enum how how, unsigned size, bool upward)
{
	remarks_add(reading->arena, reading->remarks,
		    (struct remark){
			    .value = value,
			    .at = at,
			    .from = reading->from,
			    .kind = (uint8_t)kind,
			    .how = (uint8_t)how,
			    .size = (uint8_t)size,
			    .upward = upward,
		    });
}

/* ------------------------------------------------------------ flow out -- */

static void
note_target(struct reading *reading, uint64_t at, const struct step *step)
{
	const struct code *code = reading->code;
	const bool call = step->flow == FLOW_CALL;

	if (!call && code_holds(code, step->target))
		return;
	note(reading, REMARK_EDGE, at, step->target, call ? HOW_CALL : HOW_JUMP,
	     0, false);
}

/* A call or jump through a word whose address is known. */
static void note_through(struct reading *reading, uint64_t at, uint64_t word,
			 const struct step *step)
{
	note(reading, REMARK_THROUGH, at, word,
	     step->flow == FLOW_CALL ? HOW_CALL : HOW_JUMP, 0, false);
}

/* ----------------------------------------------------------- mentions -- */

static bool only_compares(const struct step *step)
{
	return step->op == OP_COMPARE || step->op == OP_TEST;
}

static void note_uses(struct reading *reading, const struct uses *uses);

/* An address in a register, from the instruction after `at` on. */
static bool is_used_up(struct reading *reading, uint64_t at, uint64_t address,
		       const struct step *step)
{
	struct uses uses;

	if (step->to.kind != OPERAND_REGISTER ||
	    step->size != reading->in->image.word || step->narrow ||
	    reading->reach->all_data ||
	    !uses_find(reading->reach, reading->code, at + step->length,
		       step->to.name, address, &uses))
		return false;
	note(reading, REMARK_TEXT, at, address, HOW_ADDRESS, 0, false);
	note_uses(reading, &uses);
	return true;
}

/*
 * The first word of a library's data holds its own address: the handle that
 * says whose a function is. What is found there is that address, or came there
 * from elsewhere.
 */
static bool note_handle(struct reading *reading, uint64_t at, uint64_t word,
			const struct step *step)
{
	const struct image *image = &reading->in->image;
	const uint64_t own = word - image->base;
	const size_t index = image_reloc_from(image, own);

	return step->op == OP_MOVE && index < image->reloc_count &&
	       image->relocs[index].where == own &&
	       image->relocs[index].kind == RELOC_BASE &&
	       image->relocs[index].addend == own &&
	       is_used_up(reading, at, word, step);
}

/* Whether an address in a register is only gone up from. */
static bool
goes_up(const struct reading *reading, uint64_t at, const struct step *step)
{
	return step->to.kind == OPERAND_REGISTER &&
	       step->size == reading->in->image.word &&
	       uses_go_up(reading->reach, reading->code, at + step->length,
			  step->to.name);
}

/* A word of the linker's, into a register. */
static bool note_linkage(struct reading *reading, uint64_t at, uint64_t word,
			 const struct step *step)
{
	const struct reach *reach = reading->reach;
	struct loaded *in = world_at(reach->world, word);
	const struct section *section =
		in ? image_section(&in->image, word - in->image.base) : NULL;
	uint64_t target;

	return step->op == OP_MOVE && section &&
	       strncmp(section->name, ".got", 4) == 0 &&
	       reach_targets(reach, word, &target, 1) &&
	       !reach_is_code(reach, target) &&
	       is_used_up(reading, at, target, step);
}

/* An address that an instruction uses or forms. */
static void note_address(struct reading *reading, uint64_t at, uint64_t address,
			 bool exact, const struct step *step)
{
	const struct memory *memory = &step->memory;

	if (exact && step->op == OP_ADDRESS && !reading->reach->all_data &&
	    !reach_is_code(reading->reach, address) &&
	    (is_used_up(reading, at, address, step) ||
	     clones_none(reading->code, at)))
		return;
	if (!exact || step->op == OP_ADDRESS) {
		note(reading, REMARK_ADDRESS, at, address, HOW_ADDRESS, 0,
		     exact && goes_up(reading, at, step));
		return;
	}
	/*
	 * A word read by its address. One that is only written, or only
	 * compared, gives nobody a pointer.
	 */
	if (memory->write)
		note(reading, REMARK_STORE, at, address, HOW_ADDRESS, 0, false);
	if (!memory->read || only_compares(step))
		return;
	if (step->flow == FLOW_CALL || step->flow == FLOW_JUMP) {
		note_through(reading, at, address, step);
		/* What is not known to be a function is still read. */
		note(reading, REMARK_WORDS, at, address,
		     step->flow == FLOW_CALL ? HOW_CALL : HOW_JUMP,
		     reading->in->image.word, false);
		return;
	}
	if (note_linkage(reading, at, address, step) ||
	    note_handle(reading, at, address, step))
		return;
	note(reading, REMARK_WORDS, at, address, HOW_ADDRESS,
	     memory->size && !memory->long_ ? memory->size : 64, false);
}

static void note_uses(struct reading *reading, const struct uses *uses)
{
	for (unsigned i = 0; i < uses->count; i++) {
		const struct use *use = &uses->at[i];
		const struct step step = { .flow = use->flow };

		/* Whoever asks what a variable may hold wants to know. */
		if (use->write)
			note(reading, REMARK_STORE, use->at, use->address,
			     HOW_ADDRESS, 0, false);
		if (!use->read)
			continue;
		if (use->flow == FLOW_CALL || use->flow == FLOW_JUMP)
			note_through(reading, use->at, use->address, &step);
		note(reading, REMARK_WORDS, use->at, use->address,
		     use->flow == FLOW_CALL ? HOW_CALL : HOW_ADDRESS, use->size,
		     false);
	}
}

/* A table that a program which does not move names by its address. */
static void
note_absolute(struct reading *reading, uint64_t at, const struct step *step)
{
	const struct memory *memory = &step->memory;
	const bool exact =
		memory->base == REGISTER_NONE && memory->index == REGISTER_NONE;
	const struct image *image = &reading->in->image;
	uint64_t address = (uint64_t)memory->offset;

	if (image->word == 4)
		address &= 0xffffffff;
	if (address + OUTSIDE < image->low || address >= image->high + OUTSIDE)
		return;
	/*
	 * With an index that does not count from 0, the address may be that of
	 * anything, far from the table that is meant, even outside of it all:
	 * then any data of the program's may be.
	 */
	if (!exact && !image->go && !reading->reach->all_data &&
	    (memory->size == image->word || step->op == OP_ADDRESS))
		note(reading, REMARK_DATA, at,
		     address < image->low || address >= image->high
			     ? image->entry
			     : address,
		     HOW_ADDRESS, 0, false);
	if (is_near(image, address))
		note_address(reading, at, address, exact, step);
}

/* ---------------------------------------------------------------- i386 -- */

/* `call next; pop %ebx; add $distance, %ebx`, or with a thunk. */
static void note_got_register(struct reading *reading, const struct step *step)
{
	const uint64_t got = reading->in->image.base + reading->in->image.got;

	if (step->op != OP_ADD || step->to.kind != OPERAND_REGISTER ||
	    step->from.kind != OPERAND_NUMBER)
		return;
	for (unsigned i = 0; i < RETURNS; i++)
		if (reading->returns[i] &&
		    ((reading->returns[i] + (uint64_t)step->number) &
		     0xffffffff) == got)
			reading->got_registers |= 1u << step->to.name;
}

static bool holds_got(const struct reading *reading, struct operand operand)
{
	return operand.kind == OPERAND_REGISTER &&
	       reading->got_registers >> operand.name & 1;
}

/* Copies of it, also by way of the stack, where gcc keeps it meanwhile. */
static void note_got_copy(struct reading *reading, const struct step *step)
{
	const bool move = step->op == OP_MOVE;

	if ((move && step->to.kind == OPERAND_MEMORY &&
	     holds_got(reading, step->from)) ||
	    (step->op == OP_PUSH && holds_got(reading, step->from)))
		reading->got_kept = true;
	if (step->to.kind != OPERAND_REGISTER || step->size != 4)
		return;
	if ((move && holds_got(reading, step->from)) ||
	    (reading->got_kept && (step->op == OP_POP ||
				   (move && step->from.kind == OPERAND_MEMORY &&
				    (step->memory.base == X86_RSP ||
				     step->memory.base == X86_RBP)))))
		reading->got_registers |= 1u << step->to.name;
}

static void
note_narrow(struct reading *reading, uint64_t at, const struct step *step)
{
	const struct memory *memory = &step->memory;
	const uint32_t holders =
		reading->got_registers ? reading->got_registers : 0xffcf;
	bool base, index;
	uint64_t address;

	if (step->flow == FLOW_CALL) {
		reading->returns[reading->next_return++ % RETURNS] =
			at + step->length;
	}
	note_got_register(reading, step);
	note_got_copy(reading, step);
	if (!memory->used || memory->thread || !reading->in->image.got)
		return;
	base = memory->base < 16 && holders >> memory->base & 1;
	index = memory->index < 16 && holders >> memory->index & 1 &&
		memory->scale == 1;
	if (!base && !index)
		return;
	address = (reading->in->image.base + reading->in->image.got +
		   (uint64_t)memory->offset) &
		  0xffffffff;
	if (world_at(reading->reach->world, address) != reading->in)
		return;
	note_address(reading, at, address,
		     base && memory->index == REGISTER_NONE, step);
}

/* An address where a table of distances may be. */
static void note_place(struct reading *reading, uint64_t at, uint64_t address)
{
	const struct image *image = &reading->in->image;
	const struct segment *segment =
		image_segment(image, address - image->base);
	struct named_place *grown;

	/* Some linkers put all that nobody should write, or all, in one. */
	if (!segment || (segment->write && !segment->execute))
		return;
	grown = arena_grow(reading->arena, reading->places,
			   &reading->place_room, reading->place_count + 1,
			   sizeof(*grown));
	if (!grown) {
		reading->remarks->nomem = true;
		return;
	}
	reading->places = grown;
	grown[reading->place_count++] = (struct named_place){ address, at };
}

/* ------------------------------------------------------------- aarch64 -- */

enum { PAGE = 4096 };

/* Where nothing tells functions, any instruction may be the first of one. */
static void note_code_page(struct reading *reading, uint64_t page)
{
	const struct image *image = &reading->in->image;

	for (uint64_t at = page; at < page + PAGE; at += 4) {
		const struct frame *frame =
			image_frame(image, at - image->base);

		if (!frame || frame->start + image->base == at)
			note(reading, REMARK_ADDRESS, at, at, HOW_ADDRESS, 0,
			     false);
	}
}

/* All that lies in a page may be meant: words, and texts where one begins. */
static void note_page(struct reading *reading, uint64_t page)
{
	const struct image *image = &reading->in->image;
	const uint64_t own = page - image->base;
	const struct segment *segment;
	uint8_t before = 0;

	if (reach_is_code(reading->reach, page) ||
	    reach_is_code(reading->reach, page + PAGE - 1))
		note_code_page(reading, page);
	for (uint64_t i = 0; i < PAGE; i++) {
		segment = image_segment(image, own + i);
		if (segment && !segment->execute && (i % 8 == 0 || !before))
			note(reading, REMARK_ADDRESS, reading->from, page + i,
			     HOW_ADDRESS, 0, false);
		before = bytes_u8(image_rest(image, own + i), 0);
	}
}

static void note_half(void *context, uint64_t at, const struct step *step,
		      uint64_t address, bool exact)
{
	struct reading *reading = context;
	const bool own = code_holds(reading->code, at);

	if (world_at(reading->reach->world, address) != reading->in &&
	    !is_near(&reading->in->image, address - reading->in->image.base))
		return;
	reading->from = own ? at : 0;
	if (!step)
		note_page(reading, address);
	else if (step->memory.used)
		note_address(reading, at, address, exact, step);
	else {
		note(reading, REMARK_ADDRESS, at, address, HOW_ADDRESS, 0,
		     false);
		note_place(reading, at, address);
	}
}

/* ----------------------------------------------------------- one step -- */

/*
 * The three calls that the kernel offers at fixed addresses, from before there
 * was a vdso, and makes itself.
 */
static bool is_old_page(uint64_t number)
{
	return number == 0xffffffffff600000 || number == 0xffffffffff600400 ||
	       number == 0xffffffffff600800;
}

/* x86_64: what is more than 2 GiB away is named by its distance to the GOT. */
enum { LENGTH_FAR = 10 };

static void note_far(struct reading *reading, uint64_t at, uint64_t distance)
{
	const struct image *image = &reading->in->image;

	if (is_near(image, image->got + distance))
		note(reading, REMARK_ADDRESS, at,
		     image->base + image->got + distance, HOW_ADDRESS, 0,
		     false);
}

static void
note_number(struct reading *reading, uint64_t at, const struct step *step)
{
	const struct image *image = &reading->in->image;
	const uint64_t number = image->word == 8
					? (uint64_t)step->number
					: (uint64_t)step->number & 0xffffffff;

	if (image->machine == MACHINE_X86_64 && is_old_page(number))
		note(reading, REMARK_SITE, at, 0, HOW_CALL,
		     TRAP_OLD_PAGE + (unsigned)(number >> 10 & 3), false);
	if (image->got && step->length == LENGTH_FAR && !step->memory.used)
		note_far(reading, at, number);
	if (!step->wide_number || image->movable || only_compares(step) ||
	    !is_near(image, number))
		return;
	note(reading, REMARK_ADDRESS, at, number, HOW_ADDRESS, 0, false);
}

/* What compilers and linkers put between functions. */
static bool is_filler(const struct reading *reading, uint64_t at)
{
	struct step step;

	code_step(reading->in, at, &step);
	return !step.length || step.flow == FLOW_STOP ||
	       !bytes_u8(image_rest(&reading->in->image,
				    at - reading->in->image.base),
			 0) ||
	       (step.flow == FLOW_ON && step.op == OP_OTHER && !step.trap &&
		!step.writes);
}

/*
 * Hand-written functions leave their bounds: the flow goes on behind them. It
 * does behind a call, too, if that comes back, which is seen later.
 */
static void
note_end(struct reading *reading, uint64_t at, const struct step *step)
{
	const struct code *code = reading->code;
	const uint64_t next = at + step->length;

	if ((step->flow == FLOW_ON || step->flow == FLOW_BRANCH) &&
	    !code_holds(code, next))
		note(reading, REMARK_EDGE, next, next, HOW_JUMP, 0, false);
	if (step->flow == FLOW_CALL && code->bounded &&
	    !code_holds(code, next) && !is_filler(reading, next))
		note(reading, REMARK_EDGE, next, next, HOW_JUMP,
		     REMARK_AFTER_CALL, false);
}

/* ----------------------------------------------------------- distances -- */

/* A call or address of what is in tables of distances is of these two. */
static void
note_parts(struct reading *reading, uint64_t at, const struct step *step)
{
	const struct memory *memory = &step->memory;

	if (!memory->used || memory->thread)
		return;
	if (step->op == OP_MOVE && step->narrow == 4 && step->sign &&
	    memory->base < REGISTER_MAX)
		reading->distances = true;
	if (memory->base == REGISTER_PC && step->op == OP_ADDRESS &&
	    !step->page)
		note_place(reading, at, (uint64_t)memory->offset);
}

/*
 * Whether an address is one of the function's own instructions, and come to:
 * code that no table bounds was looked for by distances from a table's start.
 */
static bool
is_own_step(const struct reading *reading, uint64_t address, bool each)
{
	if (!code_holds(reading->code, address))
		return false;
	return reading->code->bounded ||
	       (!each && map_get(&reading->steps, address));
}

/* What a distance, `each` from its own place, leads to; false if it is none. */
static bool note_distance(struct reading *reading, uint64_t target, bool each)
{
	const struct loaded *in = reading->in;
	const struct image *image = &in->image;
	const uint64_t own = target - image->base;
	const struct segment *segment = image_segment(image, own);
	const struct frame *frame;

	if (!segment)
		return false;
	if (is_own_step(reading, target, each))
		return true;
	if (reach_is_code(reading->reach, target)) {
		frame = image_frame(image, own);
		if (frame ? frame->start != own : is_filler(reading, target))
			return false;
		note(reading, REMARK_ADDRESS, reading->from, target,
		     HOW_ADDRESS, 0, false);
	} else if (segment->write) {
		note(reading, REMARK_ADDRESS, reading->from, target,
		     HOW_ADDRESS, 0, false);
	} else if (!bytes_u8(image_rest(image, own - 1), 0)) {
		note(reading, REMARK_TEXT, reading->from, target, HOW_ADDRESS,
		     0, false);
	}
	return true;
}

/*
 * Words of 32 bits that say how far away something is: from where they begin,
 * or each from itself. Nothing marks them, so whatever may be such a table in a
 * function that adds such words to anything is taken for one, as far as it
 * makes sense.
 */
static void read_places(struct reading *reading)
{
	const struct image *image = &reading->in->image;

	for (size_t i = 0; i < reading->place_count; i++) {
		const uint64_t table = reading->places[i].address;
		const struct bytes bytes =
			image_rest(image, table - image->base);

		reading->from = reading->places[i].at;
		for (unsigned each = 0; each < 2; each++)
			for (uint64_t at = 0;
			     at < DISTANCES_MAX && bytes_has(bytes, at, 4) &&
			     note_distance(reading,
					   table + (each ? at : 0) +
						   (uint64_t)bytes_signed(
							   bytes, at, 4),
					   each);
			     at += 4)
				;
	}
}

struct begins {
	struct arena *arena;
	struct map *steps;
};

static bool note_begin(void *context, uint64_t at, const struct step *step)
{
	const struct begins *begins = context;
	bool there;

	(void)step;
	return map_add(begins->arena, begins->steps, at, 0, &there);
}

/* Few functions have such tables: only there it is gone through once more.
   False without memory. */
static bool read_distances(struct reading *reading, struct code *code)
{
	struct arena own = { .budget = reading->arena->budget,
			     .pool = reading->arena->pool };
	struct begins begins = { &own, &reading->steps };
	bool ok = true;

	if (!reading->distances || !reading->place_count)
		return true;
	if (!code->bounded)
		ok = code_each(&own, code, note_begin, &begins);
	if (ok)
		read_places(reading);
	arena_free(&own);
	return ok;
}

static bool read_step(void *context, uint64_t at, const struct step *step)
{
	struct reading *reading = context;
	const struct image *image = &reading->in->image;
	const struct memory *memory = &step->memory;

	reading->from = at;
	if (step->trap)
		note(reading, REMARK_SITE, at, 0, HOW_CALL, step->trap, false);
	if (step->direct)
		note_target(reading, at, step);
	else if (step->flow == FLOW_CALL || step->flow == FLOW_JUMP)
		note(reading, REMARK_INDIRECT, at, 0, HOW_CALL, 0,
		     step->flow == FLOW_JUMP);
	tables_note(&reading->tables, reading->in, step);
	note_parts(reading, at, step);
	if (image->word == 4)
		note_narrow(reading, at, step);
	if (memory->used && !memory->thread) {
		/* A page is half of an address: pages.h has the other. */
		if (memory->base == REGISTER_PC && !step->page)
			note_address(reading, at, (uint64_t)memory->offset,
				     true, step);
		else if (!image->movable && image->machine != MACHINE_AARCH64)
			note_absolute(reading, at, step);
	}
	note_number(reading, at, step);
	note_end(reading, at, step);
	return !reading->remarks->nomem;
}

/* Whether a table's target outside of its function may be a part of it. */
static bool is_fragment(const struct loaded *in, uint64_t address)
{
	const struct frame *frame =
		image_frame(&in->image, address - in->image.base);
	const struct section *section =
		image_section(&in->image, address - in->image.base);
	const struct symbol *symbol;

	/* What the linker makes is no part of anything. */
	if (!frame || (section && strncmp(section->name, ".plt", 4) == 0))
		return false;
	symbol = loaded_function(in, frame->start + in->image.base);
	return !symbol || symbol->value != frame->start ||
	       strstr(symbol->name, ".cold") || strstr(symbol->name, ".part");
}

static bool note_entry(void *context, uint64_t target, bool likely)
{
	struct reading *reading = context;

	if (code_holds(reading->code, target))
		return true;
	if (!likely || !is_fragment(reading->in, target))
		return false;
	note(reading, REMARK_FUNCTION, target, target, HOW_TABLE, 0, false);
	return true;
}

static void read_unwinding(struct reading *reading)
{
	const struct image *image = &reading->in->image;
	const struct code *code = reading->code;
	const struct frame *frame =
		image_frame(image, code->spans[0].start - image->base);

	if (!frame || !code->bounded)
		return;
	if (frame->personality)
		note(reading, REMARK_PERSONALITY, 0,
		     image->base + frame->personality, HOW_UNWIND,
		     frame->indirect ? image->word : 0, false);
	if (frame->landing)
		note(reading, REMARK_FUNCTION, 0, image->base + frame->landing,
		     HOW_UNWIND, 0, false);
}

/* The code of a region; what is not known yet is looked for. */
static bool
code_of(const struct region *region, uint64_t entry, struct arena *arena,
	struct memo *memo, struct remarks *out, struct code *code)
{
	*code = region->code;
	code->memo = memo;
	if (!region->unknown)
		return true;
	if (!code_look(arena, entry, code))
		return false;
	out->code = *code;
	out->code.memo = NULL;
	return true;
}

void read_function(const struct reach *reach, struct arena *arena,
		   struct memo *memo, uint32_t function, struct remarks *out)
{
	const struct function *about = &reach->functions[function];
	struct reach asked = *reach; /* tells us what it was asked */
	struct code code;
	struct reading reading = {
		.reach = &asked,
		.in = reach->regions[about->region].code.in,
		.code = &code,
		.arena = arena,
		.remarks = out,
	};

	asked.foreign = &out->foreign;
	asked.memo = memo;
	if (!code_of(&reach->regions[about->region], about->entry, arena, memo,
		     out, &code)) {
		out->nomem = true;
		return;
	}
	if (!code.count)
		return;
	if (!code_each(arena, &code, read_step, &reading) ||
	    (reading.in->image.machine == MACHINE_AARCH64 &&
	     !pages_each(arena, &code, note_half, &reading)))
		out->nomem = true;
	out->unreadable = code.unreadable;
	reading.from = 0;
	if (reading.tables.jumps)
		tables_each(&reading.tables, reading.in, note_entry, &reading);
	if (!reading.in->image.go && !read_distances(&reading, &code))
		out->nomem = true;
	read_unwinding(&reading);
}
