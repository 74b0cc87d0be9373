#include "profile/flow.h"

#include <stdlib.h>

#include "profile/bits.h"
#include "profile/x86.h"

enum {
	CODE_MAX = 400000, /* bytes of a function that is followed */
	ROUNDS_MAX = 60,   /* visits of a block, on average */

	/* Bytes that are taken while one function is followed. */
	FOLLOWED_MOST = 1 << 29,
};

/* -------------------------------------------------------------- blocks -- */

struct block {
	uint64_t start;
	struct state *state; /* before it; NULL: not come to yet */
};

struct following {
	struct flows *flows;
	struct arena arena; /* what goes back when this is done */
	struct region *region;
	const struct loaded *in;
	uint64_t *leaders;
	size_t leader_count, leader_room;
	uint64_t *steps; /* where instructions begin */
	size_t step_count, step_room;
	struct block *blocks;
	size_t block_count;
	uint64_t *queue; /* bits: blocks to go through */
	size_t queued;
	struct tables tables;
	uint64_t *places; /* where tables lead inside */
	size_t place_count, place_room;
	struct course *out;
	size_t point_room, visits;
	bool full; /* more than may be taken for one function */
	bool nomem;
	uint32_t result;
};

static bool push_number(struct following *following, uint64_t **array,
			size_t *count, size_t *room, uint64_t value)
{
	uint64_t *grown = arena_grow(&following->arena, *array, room,
				     *count + 1, sizeof(*grown));

	if (!grown) {
		following->full = true;
		return false;
	}
	*array = grown;
	grown[(*count)++] = value;
	return true;
}

static bool add_leader(struct following *following, uint64_t address)
{
	return push_number(following, &following->leaders,
			   &following->leader_count, &following->leader_room,
			   address);
}

static bool collect(void *context, uint64_t at, const struct step *step)
{
	struct following *following = context;

	tables_note(&following->tables, following->in, step);
	if (step->direct && step->flow != FLOW_CALL &&
	    code_holds(&following->region->code, step->target) &&
	    !add_leader(following, step->target))
		return false;
	if ((step->flow == FLOW_JUMP || step->flow == FLOW_BRANCH ||
	     step->flow == FLOW_RETURN || step->flow == FLOW_STOP ||
	     step->flow == FLOW_CALL) &&
	    !add_leader(following, at + step->length))
		return false;
	return push_number(following, &following->steps, &following->step_count,
			   &following->step_room, at);
}

static bool collect_place(void *context, uint64_t target, bool likely)
{
	struct following *following = context;

	/* Parts of a function may lie elsewhere; the table goes on. */
	if (!code_holds(&following->region->code, target))
		return likely && reach_is_code(following->flows->reach, target);
	return add_leader(following, target) &&
	       push_number(following, &following->places,
			   &following->place_count, &following->place_room,
			   target);
}

static int by_number(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left;
	const uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static size_t once(uint64_t *array, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(array, count, sizeof(*array), by_number);
	for (size_t i = 0; i < count; i++)
		if (!kept || array[i] != array[kept - 1])
			array[kept++] = array[i];
	return kept;
}

static bool make_blocks(struct following *following, const uint64_t *entries,
			size_t entry_count)
{
	for (size_t i = 0; i < entry_count; i++)
		if (!add_leader(following, entries[i]))
			return false;
	for (size_t i = 0; i < following->region->code.count; i++)
		if (!add_leader(following,
				following->region->code.spans[i].start))
			return false;
	if (!code_each(&following->arena, &following->region->code, collect,
		       following))
		return false;
	if (following->tables.jumps)
		tables_each(&following->tables, following->in, collect_place,
			    following);
	for (uint32_t e = following->region->first_entry;
	     following->tables.jumps && e != NOTHING;
	     e = following->flows->reach->functions[e].next_entry) {
		const struct function *label =
			&following->flows->reach->functions[e];

		/* A label whose address is somewhere, inside of the code. */
		if (label->taken &&
		    label->entry != following->region->code.spans[0].start)
			collect_place(following, label->entry, true);
	}
	if (following->full)
		return false;
	following->leader_count =
		once(following->leaders, following->leader_count);
	following->place_count =
		once(following->places, following->place_count);
	following->blocks = arena_array(&following->arena, struct block,
					following->leader_count + 1);
	following->queue = arena_array(&following->arena, uint64_t,
				       following->leader_count / 64 + 1);
	if (!following->blocks || !following->queue)
		return false;
	following->block_count = following->leader_count;
	for (size_t i = 0; i < following->leader_count; i++)
		following->blocks[i].start = following->leaders[i];
	return true;
}

static struct block *
block_at(const struct following *following, uint64_t address)
{
	size_t low = 0, high = following->block_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (following->blocks[middle].start < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < following->block_count &&
			       following->blocks[low].start == address
		       ? &following->blocks[low]
		       : NULL;
}

/* ---------------------------------------------------------------- joins -- */

static const struct stack_slot *
slot_of(const struct state *state, int32_t offset, unsigned size)
{
	for (unsigned i = 0; i < state->slot_count; i++)
		if (state->slots[i].offset == offset &&
		    state->slots[i].size == size)
			return &state->slots[i];
	return NULL;
}

static void lose_in(struct following *following, struct state *state,
		    uint32_t a, uint32_t b, uint32_t joined)
{
	const struct values *values = &following->flows->values;

	if (joined == VALUE_ANY &&
	    (values_has_stack(values, a) || values_has_stack(values, b)))
		state->escaped = true;
}

/* Slots that only one side has: unknown, and above the frame said to be so. */
static void join_slots(struct following *following, struct state *into,
		       const struct state *from)
{
	struct values *values = &following->flows->values;
	struct stack_slot kept[STACK_SLOTS];
	unsigned count = 0;

	for (unsigned i = 0; i < into->slot_count; i++) {
		struct stack_slot slot = into->slots[i];
		uint32_t before = slot.value;
		uint32_t other = state_slot(following->flows, from, slot.offset,
					    slot.size);

		slot.value = values_join(values, before, other);
		lose_in(following, into, before, other, slot.value);
		if (slot.value != VALUE_ANY || slot.offset + slot.size > 0)
			kept[count++] = slot;
	}
	for (unsigned i = 0; i < from->slot_count; i++) {
		struct stack_slot slot = from->slots[i];
		uint32_t other;

		if (slot_of(into, slot.offset, slot.size))
			continue;
		if (values_has_stack(values, slot.value))
			into->escaped = true;
		if (slot.offset + slot.size <= 0)
			continue;
		other = state_slot(following->flows, into, slot.offset,
				   slot.size);
		slot.value = values_join(values, slot.value, other);
		if (count == STACK_SLOTS)
			into->lost_arguments = true;
		else
			kept[count++] = slot;
	}
	into->slot_count = (uint8_t)count;
	memcpy(into->slots, kept, count * sizeof(*kept));
}

/* True if `into` has become another. */
static bool
join(struct following *following, struct state *into, const struct state *from)
{
	struct values *values = &following->flows->values;
	struct state before = *into;

	for (unsigned i = 0; i < REGISTER_MAX; i++) {
		uint32_t a = into->registers[i], b = from->registers[i];

		into->registers[i] = values_join(values, a, b);
		lose_in(following, into, a, b, into->registers[i]);
	}
	join_slots(following, into, from);
	into->escaped |= from->escaped;
	into->touched |= from->touched;
	into->lost_arguments |= from->lost_arguments;
	return memcmp(&before, into, offsetof(struct state, slots)) != 0 ||
	       memcmp(before.slots, into->slots,
		      into->slot_count * sizeof(*into->slots)) != 0;
}

static void enqueue(struct following *following, const struct block *block)
{
	following->queued +=
		bits_add(following->queue, (size_t)(block - following->blocks));
}

static void flow_to(struct following *following, uint64_t address,
		    const struct state *state)
{
	struct block *block = block_at(following, address);

	if (!block)
		return;
	if (!block->state) {
		block->state = arena_array(&following->arena, struct state, 1);
		if (!block->state) {
			following->full = true;
			return;
		}
		*block->state = *state;
		enqueue(following, block);
	} else if (join(following, block->state, state)) {
		enqueue(following, block);
	}
}

/* --------------------------------------------------------------- points -- */

static bool is_point(const struct following *following, const struct step *step)
{
	if (step->trap || step->flow == FLOW_CALL)
		return true;
	if (step->flow == FLOW_JUMP || step->flow == FLOW_BRANCH)
		return !step->direct ||
		       !code_holds(&following->region->code, step->target);
	return step->memory.used && step->memory.write &&
	       (step->memory.base == REGISTER_PC ||
		(step->memory.base == REGISTER_NONE &&
		 step->memory.index == REGISTER_NONE) ||
		following->in->image.machine == MACHINE_AARCH64);
}

static void
save_point(struct following *following, uint64_t at, const struct state *state)
{
	struct course *out = following->out;
	const size_t size = offsetof(struct state, slots) +
			    state->slot_count * sizeof(*state->slots);
	struct point *points = arena_grow(following->flows->arena, out->points,
					  &following->point_room,
					  out->count + 1, sizeof(*points));
	/* Of most there are few slots, and of points there are many. */
	struct state *copy = arena_alloc(following->flows->arena, 1, size);

	if (!points || !copy) {
		following->nomem = true;
		return;
	}
	memcpy(copy, state, size);
	out->points = points;
	points[out->count++] = (struct point){ at, copy };
}

/* ------------------------------------------------------------- following -- */

static unsigned
pops_of(struct flows *flows, const struct loaded *in, uint64_t callee)
{
	struct loaded *there = world_at(flows->reach->world, callee);
	struct arena own = { .budget = 1 << 24, .pool = flows->arena->pool };
	struct step step;
	struct code code;
	unsigned pops = 0;

	if (!callee || !there || in->image.machine != MACHINE_I386)
		return 0;
	if (code_find(&own, flows->reach->memo, there, callee, &code))
		for (size_t i = 0; i < code.count; i++)
			for (uint64_t at = code.spans[i].start;
			     at < code.spans[i].end; at += step.length) {
				code_step(there, at, &step);
				if (!step.length)
					break;
				if (step.flow == FLOW_RETURN && step.pops)
					pops = step.pops;
			}
	arena_free(&own);
	return pops;
}

/* i386: a callee that nobody knows may have taken its argument off. */
static bool stack_is_unsure(const struct following *following, uint64_t next,
			    uint64_t callee)
{
	struct step step;

	if (following->in->image.machine != MACHINE_I386 || callee)
		return false;
	code_step(following->in, next, &step);
	return step.length && step.op == OP_SUB &&
	       step.to.kind == OPERAND_REGISTER && step.to.name == X86_RSP;
}

/* i386: a function that does nothing but tell its caller where that is. */
static bool tells_place(const struct loaded *in, uint64_t callee, uint8_t *out)
{
	struct step step;

	if (!callee || in->image.machine != MACHINE_I386)
		return false;
	code_step(in, callee, &step);
	if (step.op != OP_MOVE || step.size != 4 || step.narrow ||
	    step.to.kind != OPERAND_REGISTER || step.to.name == X86_RSP ||
	    step.from.kind != OPERAND_MEMORY || step.memory.offset ||
	    step.memory.base != X86_RSP || step.memory.thread ||
	    step.memory.index != REGISTER_NONE)
		return false;
	*out = step.to.name;
	code_step(in, callee + step.length, &step);
	return step.length && step.flow == FLOW_RETURN && !step.pops;
}

static bool follow_call(struct following *following, uint64_t at,
			const struct step *step, struct state *state)
{
	struct flows *flows = following->flows;
	const uint64_t next = at + step->length;
	uint64_t callee = flow_callee(flows, following->in, step);
	uint8_t name;

	/* `call next; pop` only asks for its own address. */
	if (step->direct && step->target == next) {
		const struct step push = {
			.op = OP_PUSH,
			.size = following->in->image.word,
			.to = { OPERAND_NUMBER, 0 },
			.number = (int64_t)next,
			.left = REGISTER_NONE,
			.post = REGISTER_NONE,
		};

		state_step(flows, state, following->in, at, &push);
		return true;
	}
	if (world_at(flows->reach->world, callee) == following->in &&
	    tells_place(following->in, callee, &name)) {
		state->registers[name] = values_number(&flows->values, next);
		return true;
	}
	if (callee && !flow_returns(flows, callee, 0))
		return false;
	state_call(flows, state, following->in, at, callee,
		   pops_of(flows, following->in, callee));
	if (stack_is_unsure(following, next, callee)) {
		state->escaped = true;
		state->slot_count = 0;
		state->lost_arguments = true;
		state->registers[X86_RSP] = VALUE_ANY;
	}
	return true;
}

static void follow_out(struct following *following, const struct step *step,
		       const struct state *state)
{
	if (step->direct)
		flow_to(following, step->target, state);
	else if (step->flow == FLOW_JUMP)
		for (size_t i = 0; i < following->place_count; i++)
			flow_to(following, following->places[i], state);
}

static void
follow_block(struct following *following, struct block *block, bool save)
{
	const uint8_t result =
		convention_of(following->in->image.machine)->result;
	struct flows *flows = following->flows;
	struct memo *memo = flows->reach->memo;
	struct state state = *block->state;
	uint64_t at = block->start;
	struct step step;

	do {
		code_recall(memo, following->in, at, &step);
		if (!step.length)
			return;
		if (save && is_point(following, &step))
			save_point(following, at, &state);
		if (step.flow == FLOW_RETURN)
			following->result =
				values_join(&flows->values, following->result,
					    state.registers[result]);
		if (step.trap)
			state_trap(flows, &state, following->in);
		if (step.flow == FLOW_CALL) {
			if (!follow_call(following, at, &step, &state))
				return;
		} else if (step.flow == FLOW_JUMP || step.flow == FLOW_BRANCH) {
			state_step(flows, &state, following->in, at, &step);
			follow_out(following, &step, &state);
		} else {
			state_step(flows, &state, following->in, at, &step);
		}
		if (step.flow == FLOW_JUMP || step.flow == FLOW_RETURN ||
		    step.flow == FLOW_STOP)
			return;
		at += step.length;
	} while (!block_at(following, at) &&
		 code_holds(&following->region->code, at));
	/* Behind the end of the code: what is known there, for who goes on. */
	if (save && !code_holds(&following->region->code, at))
		save_point(following, at, &state);
	flow_to(following, at, &state);
}

static void settle(struct following *following)
{
	size_t index = 0;

	while (following->queued && !following->full) {
		index = bits_take(following->queue, following->block_count,
				  index);
		following->queued--;
		if (++following->visits >
		    ROUNDS_MAX * (following->block_count + 16)) {
			following->out->gave_up = true;
			return;
		}
		follow_block(following, &following->blocks[index], false);
	}
}

static int by_place(const void *left, const void *right)
{
	const struct point *a = left, *b = right;

	return (a->at > b->at) - (a->at < b->at);
}

static void finish(struct following *following)
{
	following->result = VALUE_NONE;
	for (size_t i = 0; i < following->block_count; i++)
		if (following->blocks[i].state)
			follow_block(following, &following->blocks[i], true);
	if (following->out->count)
		qsort(following->out->points, following->out->count,
		      sizeof(*following->out->points), by_place);
	following->out->result = following->result;
}

static uint64_t size_of(const struct code *code)
{
	uint64_t size = 0;

	for (size_t i = 0; i < code->count; i++)
		size += code->spans[i].end - code->spans[i].start;
	return size;
}

/* An exception leads to places that no instruction names. */
static bool has_landing_pads(const struct following *following)
{
	const struct image *image = &following->in->image;
	const struct frame *frame = image_frame(
		image, following->region->code.spans[0].start - image->base);

	return frame && frame->personality;
}

/* Code that no way leads to may be come to with anything in the registers. */
static void settle_others(struct following *following)
{
	const struct state state = {
		.reached = true,
		.escaped = true,
		.touched = true,
		.lost_arguments = true,
	};

	for (size_t i = 0; i < following->block_count; i++)
		if (!following->blocks[i].state && !following->full)
			flow_to(following, following->blocks[i].start, &state);
	settle(following);
}

static struct course *
follow(struct flows *flows, uint32_t region, const uint64_t *entries,
       size_t count, const struct state *state)
{
	struct following following = {
		.flows = flows,
		.arena = { .budget = FOLLOWED_MOST,
			   .pool = flows->arena->pool },
		.region = &flows->reach->regions[region],
	};
	struct course *out = arena_array(flows->arena, struct course, 1);

	if (!out)
		return NULL;
	following.out = out;
	following.in = following.region->code.in;
	following.region->code.memo = flows->reach->memo;
	if (size_of(&following.region->code) > CODE_MAX) {
		out->gave_up = true;
		return out;
	}
	if (!make_blocks(&following, entries, count))
		following.full = true;
	for (size_t i = 0; i < count && !following.full; i++)
		flow_to(&following, entries[i], state);
	settle(&following);
	if (!count || has_landing_pads(&following))
		settle_others(&following);
	out->gave_up |= following.full;
	if (!out->gave_up)
		finish(&following);
	arena_free(&following.arena);
	if (following.nomem || flows->values.nomem)
		flows->nomem = true;
	return flows->nomem ? NULL : out;
}

/* ------------------------------------------------------------ questions -- */

bool flows_init(struct flows *flows, struct arena *arena, struct reach *reach)
{
	*flows = (struct flows){ .arena = arena, .reach = reach };
	flows->through = arena_array(arena, struct through, 1);
	return flows->through && values_init(&flows->values, arena);
}

static bool room_for(struct flows *flows, struct course ***array, size_t *room,
		     size_t index)
{
	struct course **grown = arena_grow(flows->arena, *array, room,
					   index + 1, sizeof(*grown));

	if (!grown) {
		flows->nomem = true;
		return false;
	}
	*array = grown;
	return true;
}

/* What registers hold where a function is entered. */
static struct state state_at_entry(struct flows *flows, uint32_t region)
{
	const struct loaded *in = flows->reach->regions[region].code.in;
	const struct convention *convention = convention_of(in->image.machine);
	struct state state = { .reached = true };

	for (unsigned i = 0; i < REGISTER_MAX; i++)
		state.registers[i] = values_one(
			&flows->values,
			(struct item){
				.kind = i == convention->stack ? ITEM_STACK
							       : ITEM_ENTRY,
				.name = i == convention->stack ? 0
							       : (uint8_t)i });
	return state;
}

/* From all labels of a region; made again once there are more. */
static const struct course *flow_of_labels(struct flows *flows, uint32_t region)
{
	const struct reach *reach = flows->reach;
	const uint32_t labels = reach->regions[region].labels;
	struct arena own = { .budget = FOLLOWED_MOST,
			     .pool = flows->arena->pool };
	struct state state;
	uint64_t *entries;
	size_t count = 0;

	if (!room_for(flows, &flows->joint, &flows->joint_room, region))
		return NULL;
	if (flows->joint[region] && flows->joint[region]->labels == labels)
		return flows->joint[region];
	entries = arena_array(&own, uint64_t, labels);
	for (uint32_t e = reach->regions[region].first_entry;
	     entries && e != NOTHING; e = reach->functions[e].next_entry)
		if (reach->functions[e].cause.how == HOW_TABLE)
			entries[count++] = reach->functions[e].entry;
	flows->nomem |= !entries;
	state = state_at_entry(flows, region);
	flows->joint[region] =
		entries ? follow(flows, region, entries, count, &state) : NULL;
	if (flows->joint[region])
		flows->joint[region]->labels = labels;
	arena_free(&own);
	return flows->joint[region];
}

const struct course *flow_of(struct flows *flows, uint32_t function)
{
	const struct function *about = &flows->reach->functions[function];
	struct state state;

	if (about->cause.how == HOW_TABLE)
		return flow_of_labels(flows, about->region);
	if (!room_for(flows, &flows->known, &flows->known_room, function))
		return NULL;
	if (flows->known[function])
		return flows->known[function];
	state = state_at_entry(flows, about->region);
	flows->known[function] =
		follow(flows, about->region, &about->entry, 1, &state);
	return flows->known[function];
}

const struct course *flow_loose(struct flows *flows, uint32_t region)
{
	if (!room_for(flows, &flows->loose, &flows->loose_room, region))
		return NULL;
	if (!flows->loose[region])
		flows->loose[region] = follow(flows, region, NULL, 0, NULL);
	return flows->loose[region];
}

const struct state *flow_at(const struct course *course, uint64_t at)
{
	size_t low = 0, high = course->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (course->points[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < course->count && course->points[low].at == at
		       ? course->points[low].state
		       : NULL;
}
