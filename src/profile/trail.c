#include "profile/trail.h"

#include "profile/bits.h"
#include "profile/flow.h"
#include "profile/x86.h"

enum {
	SIZE_MAX_FOLLOWED = 1 << 16,
	DEPTH_MAX = 60, /* of callees that are looked at for a caller */
};

/* ------------------------------------------------------------ looking -- */

/* One linear look at a function's code. */
struct look {
	struct reach *reach;
	struct trail *trail;
	uint64_t entry;
	struct arena arena; /* what is only wanted here */
	struct tables tables;
	/* Bits, one a byte of the code; NULL if it is too large to follow. */
	uint64_t *leaders, *doings, *places;
	uint64_t *callees, *pads;
	size_t pad_count, pad_room, callee_count, callee_room;
	uint32_t changed, saved, restored; /* registers */
	bool strange, nomem;
};

#define note(look, array, value)                                    \
	note_one((look), &(look)->array##s, &(look)->array##_count, \
		 &(look)->array##_room, (value))

static bool note_one(struct look *look, uint64_t **array, size_t *count,
		     size_t *room, uint64_t value)
{
	uint64_t *grown = arena_grow(&look->arena, *array, room, *count + 1,
				     sizeof(*grown));

	if (!grown) {
		look->nomem = true;
		return false;
	}
	*array = grown;
	grown[(*count)++] = value;
	return true;
}

/* Words of bits for the bytes of a function, and one that they may end at. */
static size_t bit_words(const struct trail *trail)
{
	const struct span span = trail->code.spans[0];

	return (size_t)((span.end - span.start) / 64 + 1);
}

static void mark(const struct look *look, uint64_t *bits, uint64_t address)
{
	const struct span span = look->trail->code.spans[0];
	const uint64_t offset = address - span.start;

	if (bits && address >= span.start && address < span.end)
		bits[offset / 64] |= UINT64_C(1) << offset % 64;
}

/* No more than a filler between other instructions. */
static bool does_nothing(const struct step *step)
{
	return step->flow == FLOW_STOP ||
	       (step->flow == FLOW_ON && step->op == OP_OTHER && !step->trap &&
		!step->writes && !step->hidden_write && !step->memory.read &&
		!step->memory.write && step->to.kind == OPERAND_NONE);
}

static uint32_t changes(const struct step *step)
{
	uint32_t mask = step->writes;

	if (step->to.kind == OPERAND_REGISTER && step->op != OP_COMPARE &&
	    step->op != OP_TEST && step->op != OP_PUSH)
		mask |= 1u << step->to.name;
	if (step->op == OP_EXCHANGE && step->from.kind == OPERAND_REGISTER)
		mask |= 1u << step->from.name;
	if (step->op == OP_LEAVE)
		mask |= 1u << X86_RBP;
	return mask;
}

/* A register that is put on the stack, to be given back. */
static uint32_t saves(const struct step *step)
{
	if (step->op == OP_PUSH && step->to.kind == OPERAND_REGISTER)
		return 1u << step->to.name;
	if (step->op == OP_MOVE && step->size == 8 &&
	    step->to.kind == OPERAND_MEMORY &&
	    step->from.kind == OPERAND_REGISTER &&
	    (step->memory.base == X86_RSP || step->memory.base == X86_RBP))
		return 1u << step->from.name;
	return 0;
}

/* A register that is taken back from the stack. */
static uint32_t restores(const struct step *step)
{
	if (step->op == OP_LEAVE)
		return 1u << X86_RBP;
	if (step->to.kind == OPERAND_REGISTER &&
	    (step->op == OP_POP ||
	     (step->op == OP_MOVE && step->size == 8 && !step->narrow &&
	      step->from.kind == OPERAND_MEMORY &&
	      (step->memory.base == X86_RSP || step->memory.base == X86_RBP))))
		return 1u << step->to.name;
	return 0;
}

static bool look_at(void *context, uint64_t at, const struct step *step)
{
	struct look *look = context;
	const struct code *code = &look->trail->code;

	tables_note(&look->tables, code->in, step);
	look->changed |= changes(step);
	look->saved |= saves(step);
	look->restored |= restores(step);
	if (!does_nothing(step))
		mark(look, look->doings, at);
	/* A jump may count from there. */
	look->strange |= step->op == OP_ADDRESS &&
			 step->memory.base == REGISTER_PC &&
			 code_holds(code, (uint64_t)step->memory.offset);
	if (step->direct && code_holds(code, step->target)) {
		/* Its code calls into itself: for its address, or worse. */
		look->strange |=
			step->flow == FLOW_CALL && step->target != look->entry;
		mark(look, look->leaders, step->target);
	} else if (step->direct && step->flow != FLOW_ON &&
		   !note(look, callee, step->target)) {
		return false;
	}
	if (step->flow == FLOW_JUMP || step->flow == FLOW_BRANCH ||
	    step->flow == FLOW_RETURN || step->flow == FLOW_STOP)
		mark(look, look->leaders, at + step->length);
	return true;
}

static bool look_at_place(void *context, uint64_t target, bool likely)
{
	struct look *look = context;
	const struct code *code = &look->trail->code;

	/* Parts of a function may lie elsewhere; the table goes on. */
	if (!code_holds(code, target))
		return likely && reach_is_code(look->reach, target);
	mark(look, look->leaders, target);
	mark(look, look->places, target);
	return true;
}

/* The marks of an array as distances from the start of the code. */
static uint32_t *
offsets_of(struct look *look, const uint64_t *bits, size_t *out_count)
{
	const size_t words = bit_words(look->trail);
	size_t count = 0;
	uint32_t *out;

	for (size_t i = 0; i < words; i++)
		count += (size_t)__builtin_popcountll(bits[i]);
	out = arena_array(look->reach->arena, uint32_t, count + 1);
	if (!out) {
		look->nomem = true;
		return NULL;
	}
	*out_count = count;
	count = 0;
	for (size_t i = 0; i < words; i++)
		for (uint64_t left = bits[i]; left; left &= left - 1)
			out[count++] = (uint32_t)(i * 64) +
				       (uint32_t)__builtin_ctzll(left);
	return out;
}

/* ------------------------------------------------------------ walking -- */

struct walk {
	struct reach *reach;
	const struct trail *trail;
	struct known *states;
	unsigned char *come_to; /* by leader */
	uint64_t *queue;        /* bits: leaders to go on from */
	size_t queued;
	bool all_ways;
	uint8_t decides;
	trail_visit *visit;
	void *context;
};

static bool find_leader(const struct trail *trail, uint64_t at, size_t *out)
{
	const uint64_t offset = at - trail->code.spans[0].start;
	size_t low = 0, high = trail->leader_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trail->leaders[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	*out = low;
	return low < trail->leader_count && trail->leaders[low] == offset;
}

/* Whether a run that began at a leader has come to another. */
static bool is_leader(const struct trail *trail, uint64_t at, size_t *index)
{
	const uint64_t offset = at - trail->code.spans[0].start;

	/* Instructions may lie inside of others, and leaders, too. */
	while (*index + 1 < trail->leader_count &&
	       trail->leaders[*index + 1] < offset)
		++*index;
	return *index + 1 < trail->leader_count &&
	       trail->leaders[*index + 1] == offset;
}

static void go_to(struct walk *walk, uint64_t at, const struct known *known)
{
	size_t index;

	if (!code_holds(&walk->trail->code, at) ||
	    !find_leader(walk->trail, at, &index))
		return;
	if (!walk->come_to[index]) {
		walk->states[index] = *known;
		walk->come_to[index] = 1;
	} else if (!known_join(&walk->states[index], known)) {
		return;
	}
	walk->queued += bits_add(walk->queue, index);
}

/* What a callee decides by arguments that are the caller's own. */
static void note_decisions(struct walk *walk, const struct trail *callee,
			   const struct known *known)
{
	static const uint8_t names[KNOWN_ARGUMENTS] = {
		X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9,
	};

	for (unsigned i = 0; callee && i < KNOWN_ARGUMENTS; i++)
		if (callee->decides >> i & 1)
			walk->decides |= known->from[names[i]];
}

/* False if the call never comes back. */
static bool
go_over_call(struct walk *walk, const struct step *step, struct known *known)
{
	struct reach *reach = walk->reach;
	const struct loaded *in = walk->trail->code.in;
	const uint64_t callee = flow_callee(reach->flows, in, step);
	const struct trail *about = callee ? trail_of(reach, callee) : NULL;
	uint32_t kept = convention_of(in->image.machine)->kept;

	if (callee && !walk->all_ways && !flow_returns(reach->flows, callee, 0))
		return false;
	if (walk->all_ways)
		note_decisions(walk, about, known);
	/* Inside of an image there may be conventions of its own. */
	if (callee && world_at(reach->world, callee) == in)
		kept = about ? kept & about->kept : 0;
	known_call(known, kept);
	return true;
}

static void go_by_jump(struct walk *walk, const struct step *step,
		       const struct known *known)
{
	const struct trail *trail = walk->trail;
	const struct loaded *in = trail->code.in;
	const uint64_t callee = flow_callee(walk->reach->flows, in, step);
	uint64_t target;

	if (step->direct && code_holds(&trail->code, step->target)) {
		go_to(walk, step->target, known);
	} else if (callee) {
		if (walk->all_ways)
			note_decisions(walk, trail_of(walk->reach, callee),
				       known);
	} else if (!walk->all_ways && known_target(known, in, step, &target)) {
		go_to(walk, target, known);
	} else {
		for (size_t i = 0; i < trail->place_count; i++)
			go_to(walk,
			      trail->code.spans[0].start + trail->places[i],
			      known);
	}
}

/* From a leader to where the flow goes elsewhere, or comes to another. */
static void go_on(struct walk *walk, size_t index)
{
	const struct trail *trail = walk->trail;
	const struct loaded *in = trail->code.in;
	struct known known = walk->states[index];
	uint64_t at = trail->code.spans[0].start + trail->leaders[index];
	enum verdict verdict;
	struct step step;

	for (;;) {
		code_recall(walk->reach->memo, in, at, &step);
		if (!step.length)
			return;
		verdict = step.flow == FLOW_BRANCH && !walk->all_ways
				  ? known_branch(&known, &step)
				  : VERDICT_MAYBE;
		if (walk->visit && verdict != VERDICT_NEVER)
			walk->visit(walk->context, at, &step, &known);
		if (walk->all_ways)
			walk->decides |= known_decides(&known, &step);
		/* int3 goes on when whoever handles it comes back. */
		if (step.flow == FLOW_RETURN ||
		    (step.flow == FLOW_STOP && step.length > 1))
			return;
		if (step.flow == FLOW_JUMP) {
			go_by_jump(walk, &step, &known);
			return;
		}
		if (step.flow == FLOW_CALL) {
			if (!go_over_call(walk, &step, &known))
				return;
		} else {
			known_step(&known, in, &step);
		}
		if (step.flow == FLOW_BRANCH && verdict != VERDICT_NEVER)
			go_to(walk, step.target, &known);
		if (verdict == VERDICT_ALWAYS)
			return;
		at += step.length;
		if (!code_holds(&trail->code, at))
			return;
		if (is_leader(trail, at, &index)) {
			go_to(walk, at, &known);
			return;
		}
	}
}

/* The room of a walk; one that is made on the way of another has its own. */
struct walk_room {
	struct known *states;
	unsigned char *come_to;
	uint64_t *queue;
	size_t count;
};

static bool room_for(struct arena *arena, struct walk_room *room, size_t count)
{
	if (count <= room->count)
		return true;
	count += count / 2 + 64;
	arena_release(arena, room->states, room->count * sizeof(*room->states));
	*room = (struct walk_room){
		.states = arena_array(arena, struct known, count),
		.come_to = arena_array(arena, unsigned char, count),
		.queue = arena_array(arena, uint64_t, count / 64 + 1),
	};
	if (!room->states || !room->come_to || !room->queue)
		return false;
	room->count = count;
	return true;
}

static bool walk_init(struct walk *walk)
{
	const size_t count = walk->trail->leader_count + 1;
	struct reach *reach = walk->reach;
	struct walk_room *room;

	if (!reach->walk_rooms)
		reach->walk_rooms = arena_array(reach->arena, struct walk_room,
						DEPTH_MAX + 2);
	if (!reach->walk_rooms)
		return false;
	room = &reach->walk_rooms[reach->trail_depth];
	if (!room_for(reach->arena, room, count))
		return false;
	walk->states = room->states;
	walk->come_to = room->come_to;
	walk->queue = room->queue;
	memset(walk->come_to, 0, count);
	return true;
}

static void
walk_from(struct walk *walk, uint64_t entry, const struct handed *handed)
{
	const struct known known = known_at_entry(handed);

	size_t index = 0;

	go_to(walk, entry, &known);
	while (walk->queued) {
		index = bits_take(walk->queue, walk->trail->leader_count,
				  index);
		walk->queued--;
		go_on(walk, index);
	}
}

static void walk_tell(struct walk *walk, trail_visit *visit, void *context)
{
	walk->visit = visit;
	walk->context = context;
	for (size_t i = 0; i < walk->trail->leader_count; i++)
		if (walk->come_to[i])
			go_on(walk, i);
}

bool trail_walk(struct reach *reach, const struct trail *trail, uint64_t entry,
		const struct handed *handed, trail_visit *visit, void *context)
{
	struct walk walk = { .reach = reach, .trail = trail };
	const bool ok = walk_init(&walk);

	if (ok) {
		walk_from(&walk, entry, handed);
		walk_tell(&walk, visit, context);
	}
	return ok;
}

/* ------------------------------------------------------------- summing -- */

struct covered {
	uint64_t start;
	uint64_t *bits;
};

static void cover(void *context, uint64_t at, const struct step *step,
		  const struct known *known)
{
	struct covered *covered = context;
	const uint64_t offset = at - covered->start;

	(void)step;
	(void)known;
	covered->bits[offset / 64] |= UINT64_C(1) << offset % 64;
}

/* Whether the ways that we see lead to all instructions that do anything. */
static bool sees_all(struct look *look, uint64_t entry)
{
	static const struct handed nothing;
	const struct span span = look->trail->code.spans[0];
	struct walk walk = {
		.reach = look->reach,
		.trail = look->trail,
		.all_ways = true,
		.visit = cover,
	};
	struct covered covered = {
		.start = span.start,
		.bits = arena_array(&look->arena, uint64_t,
				    bit_words(look->trail)),
	};
	bool all = covered.bits && walk_init(&walk);

	look->nomem |= !all;
	if (all) {
		walk.context = &covered;
		walk_from(&walk, entry, &nothing);
		for (size_t i = 0; i < look->pad_count; i++)
			walk_from(&walk, look->pads[i], &nothing);
	}
	for (size_t i = 0; all && i < bit_words(look->trail); i++)
		all = !(look->doings[i] & ~covered.bits[i]);
	look->trail->decides = walk.decides;
	return all;
}

bool trail_counts(const struct reach *reach, const struct trail *trail)
{
	return trail && trail->followed && !(trail->pads && reach->unwinding);
}

static bool look_at_pad(void *context, uint64_t own)
{
	struct look *look = context;
	const struct code *code = &look->trail->code;
	const uint64_t pad = own + code->in->image.base;

	look->trail->pads = true;
	mark(look, look->leaders, pad);
	return !code_holds(code, pad) || note(look, pad, pad);
}

/* What it changes and does not give back, and what those do that it calls. */
static uint32_t keeps(struct look *look)
{
	const uint32_t given = look->saved & look->restored;
	uint32_t kept = ~(look->changed & ~given);
	const struct loaded *in = look->trail->code.in;

	for (size_t i = 0; i < look->callee_count; i++) {
		const uint64_t callee =
			flow_through(look->reach->flows, look->callees[i]);
		const struct trail *about = NULL;
		struct span span;

		if (world_at(look->reach->world, callee) != in)
			continue;
		/* It is the same wherever the callee is entered. */
		if (code_known(look->reach->memo, in, callee, &span))
			about = trail_of(look->reach, span.start);
		kept &= (about ? about->kept : 0) | given;
	}
	return kept;
}

static bool can_follow(const struct look *look, uint64_t entry)
{
	const struct trail *trail = look->trail;
	const struct code *code = &trail->code;
	const struct span span = code->spans[0];

	return !look->strange &&
	       !(look->tables.jumps && look->tables.too_many) &&
	       !code->unreadable && entry >= span.start &&
	       span.end - span.start <= SIZE_MAX_FOLLOWED;
}

static bool find_pads(struct look *look)
{
	const struct code *code = &look->trail->code;
	const struct image *image = &code->in->image;
	const struct frame *frame =
		image_frame(image, code->spans[0].start - image->base);

	if (!frame || !frame->personality)
		return true;
	look->trail->pads = true;
	return image_pads(image, frame, look_at_pad, look);
}

/* What is too large to be followed needs no marks. */
static bool make_bits(struct look *look)
{
	const size_t words = bit_words(look->trail);
	uint64_t *bits;

	if (words > SIZE_MAX_FOLLOWED / 64 + 1)
		return true;
	bits = arena_array(&look->arena, uint64_t, 3 * words);
	if (!bits)
		return false;
	look->leaders = bits;
	look->doings = bits + words;
	look->places = bits + 2 * words;
	return true;
}

static void look_into(struct look *look, uint64_t entry)
{
	struct trail *trail = look->trail;

	if (!make_bits(look) ||
	    !code_each(&look->arena, &trail->code, look_at, look)) {
		look->nomem = true;
		return;
	}
	mark(look, look->leaders, entry);
	trail->kept = keeps(look);
	if (!can_follow(look, entry) || !find_pads(look))
		return;
	if (look->tables.jumps) {
		trail->jumps = true;
		tables_each(&look->tables, trail->code.in, look_at_place, look);
		trail->places =
			offsets_of(look, look->places, &trail->place_count);
	}
	trail->leaders = offsets_of(look, look->leaders, &trail->leader_count);
	trail->followed = !look->nomem && sees_all(look, entry);
}

static struct trail *new_trail(struct reach *reach, uint64_t entry)
{
	struct trail *trail = arena_array(reach->arena, struct trail, 1);
	struct trail **grown =
		arena_grow(reach->arena, reach->trails, &reach->trail_room,
			   reach->trail_count + 1, sizeof(*grown));
	bool there;

	if (!trail || !grown ||
	    !map_add(reach->arena, &reach->trail_by_entry, entry,
		     (uint32_t)reach->trail_count, &there)) {
		reach->nomem = true;
		return NULL;
	}
	reach->trails = grown;
	grown[reach->trail_count++] = NULL;
	return trail;
}

/* One that nobody has asked for yet. */
static const struct trail *
first_look(struct reach *reach, struct loaded *in, uint64_t entry)
{
	struct look look = { .reach = reach, .entry = entry };
	const size_t index = reach->trail_count;
	struct span span;

	look.trail = new_trail(reach, entry);
	look.arena.budget = (size_t)1 << 28;
	look.arena.pool = reach->arena->pool;
	if (!look.trail)
		return NULL;
	look.trail->code = (struct code){ .in = in, .memo = reach->memo };
	/* Of what no table bounds nothing is known. */
	reach->trail_depth++;
	if (code_known(reach->memo, in, entry, &span)) {
		if (code_one(reach->arena, span, &look.trail->code))
			look_into(&look, entry);
		else
			reach->nomem = true;
	}
	reach->trail_depth--;
	reach->nomem |= look.nomem;
	arena_free(&look.arena);
	reach->trails[index] = look.trail;
	return look.trail;
}

const struct trail *trail_of(struct reach *reach, uint64_t entry)
{
	const uint32_t *there = map_get(&reach->trail_by_entry, entry);
	struct loaded *in;

	/* One that is being looked at, further down: not known now. */
	if (there)
		return reach->trails[*there];
	in = world_at(reach->world, entry);
	if (!in || in->image.machine != MACHINE_X86_64 || in->image.go ||
	    !reach_is_code(reach, entry) || reach->trail_depth > DEPTH_MAX)
		return NULL;
	return first_look(reach, in, entry);
}
