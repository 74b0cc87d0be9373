/* What one instruction does to what is known. */
#include "profile/flow.h"

#include "profile/x86.h"

static const struct convention conventions[] = {
	[MACHINE_X86_64] = {
		.number = X86_RAX, .result = X86_RAX,
		.second_result = X86_RDX, .stack = X86_RSP,
		.frame = X86_RBP,
		.arguments = { X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8,
			       X86_R9 },
		.argument_count = 6, .word = 8, .pushes = true,
		.kept = 1u << X86_RBX | 1u << X86_RBP | 1u << X86_R12 |
			1u << X86_R13 | 1u << X86_R14 | 1u << X86_R15,
	},
	[MACHINE_I386] = {
		.number = X86_RAX, .result = X86_RAX,
		.second_result = X86_RDX, .stack = X86_RSP,
		.frame = X86_RBP, .word = 4, .pushes = true,
		.kept = 1u << X86_RBX | 1u << X86_RBP | 1u << X86_RSI |
			1u << X86_RDI,
	},
	[MACHINE_AARCH64] = {
		.number = 8, .result = 0, .second_result = 1, .stack = 31, .frame = 29,
		.arguments = { 0, 1, 2, 3, 4, 5, 6, 7 },
		.argument_count = 8, .word = 8,
		.kept = 0x3ff80000, /* x19 to x29 */
	},
};

const struct convention *convention_of(enum machine machine)
{
	return &conventions[machine];
}

/* ------------------------------------------------------------- the stack -- */

static void forget_stack(struct state *state)
{
	state->slot_count = 0;
	state->lost_arguments = true;
}

/* A value that may hold an address on the stack is lost sight of. */
static void lose(struct flows *flows, struct state *state, uint32_t value)
{
	if (values_has_stack(&flows->values, value))
		state->escaped = true;
}

static void set_register(struct flows *flows, struct state *state, uint8_t name,
			 uint32_t value)
{
	(void)flows;
	if (name < REGISTER_MAX)
		state->registers[name] = value;
}

static bool
overlap(const struct stack_slot *slot, int32_t offset, unsigned size)
{
	return slot->offset < offset + (int64_t)size &&
	       offset < slot->offset + (int64_t)slot->size;
}

uint32_t state_slot(struct flows *flows, const struct state *state,
		    int32_t offset, unsigned size)
{
	if (flows->registers_only)
		return VALUE_ANY;
	for (unsigned i = 0; i < state->slot_count; i++) {
		const struct stack_slot *slot = &state->slots[i];

		if (!overlap(slot, offset, size))
			continue;
		/* The low part of a number is its own slot's. */
		if (slot->offset == offset && slot->size >= size)
			return slot->value;
		return VALUE_ANY;
	}
	if (offset < 0 || state->lost_arguments)
		return VALUE_ANY;
	return values_one(&flows->values,
			  (struct item){ .kind = ITEM_ARGUMENT,
					 .offset = offset,
					 .size = (uint8_t)size });
}

static void write_slot(struct flows *flows, struct state *state, int32_t offset,
		       unsigned size, uint32_t value)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < state->slot_count; i++)
		if (!overlap(&state->slots[i], offset, size))
			state->slots[kept++] = state->slots[i];
	state->slot_count = (uint8_t)kept;
	lose(flows, state, value);
	/* What is unknown need not be kept, but above the frame. */
	if (value == VALUE_ANY && offset + (int64_t)size <= 0)
		return;
	if (kept == STACK_SLOTS) {
		forget_stack(state);
		return;
	}
	state->slots[state->slot_count++] =
		(struct stack_slot){ offset, value, (uint8_t)size };
}

/* ----------------------------------------------------------- addresses -- */

/* base + index * scale + offset as a set. */
static uint32_t address_of(struct flows *flows, const struct state *state,
			   const struct memory *memory)
{
	struct items base = { .count = 1 }, sum = { .count = 0 };
	struct items index = { .count = 1 };

	if (memory->thread)
		return VALUE_ANY;
	if (memory->base == REGISTER_PC || memory->base == REGISTER_NONE)
		base.at[0] = (struct item){ .kind = ITEM_NUMBER };
	else if (!values_items(&flows->values, state->registers[memory->base],
			       &base))
		return VALUE_ANY;
	if (memory->index == REGISTER_NONE)
		index.at[0] = (struct item){ .kind = ITEM_NUMBER };
	else if (!values_items(&flows->values, state->registers[memory->index],
			       &index))
		return VALUE_ANY;
	for (unsigned i = 0; i < base.count; i++)
		for (unsigned k = 0; k < index.count; k++) {
			struct item item = base.at[i];
			uint64_t by = index.at[k].number * memory->scale +
				      (uint64_t)memory->offset;

			if (index.at[k].kind != ITEM_NUMBER)
				return VALUE_ANY;
			if (item.kind == ITEM_NUMBER)
				item.number += by;
			else if (item.kind == ITEM_STACK ||
				 item.kind == ITEM_ENTRY ||
				 item.kind == ITEM_VARIABLE)
				item.offset += (int32_t)by;
			else
				return VALUE_ANY;
			if (!items_add(&sum, item))
				return VALUE_ANY;
		}
	return values_of(&flows->values, &sum);
}

/* Whether an address that is not known may still be one on the stack. */
static bool from_stack(const struct flows *flows, const struct state *state,
		       const struct memory *memory)
{
	return (memory->base < REGISTER_MAX &&
		values_has_stack(&flows->values,
				 state->registers[memory->base])) ||
	       (memory->index < REGISTER_MAX &&
		values_has_stack(&flows->values,
				 state->registers[memory->index]));
}

/* Numbers in data that nobody may write. */
static bool is_constant(const struct loaded *in, uint64_t address)
{
	const uint64_t own = address - in->image.base;
	const struct segment *segment = image_segment(&in->image, own);
	const struct section *section = image_section(&in->image, own);

	if (!segment)
		return false;
	return !segment->write ||
	       (section && strncmp(section->name, ".data.rel.ro", 12) == 0);
}

/* The linker's own words: written once, by the loader. */
static bool is_linkage(const struct loaded *in, uint64_t address)
{
	const struct section *section =
		image_section(&in->image, address - in->image.base);

	return section && (strncmp(section->name, ".got", 4) == 0 ||
			   strncmp(section->name, ".data.rel.ro", 12) == 0);
}

uint32_t flow_memory(struct flows *flows, uint64_t address, unsigned size)
{
	struct loaded *in = world_at(flows->reach->world, address);
	struct bytes bytes;
	uint64_t target;

	if (!in || !size || size > 8)
		return VALUE_ANY;
	if (size == in->image.word && is_linkage(in, address) &&
	    reach_targets(flows->reach, address, &target, 1))
		return values_number(&flows->values, target);
	bytes = image_bytes(&in->image, address - in->image.base, size);
	if (is_constant(in, address) && bytes.size) {
		size_t at =
			image_reloc_from(&in->image, address - in->image.base);

		if (at < in->image.reloc_count &&
		    in->image.relocs[at].where <
			    address - in->image.base + size)
			return VALUE_ANY;
		return values_number(&flows->values,
				     bytes_number(bytes, 0, size));
	}
	return values_one(&flows->values,
			  (struct item){ .kind = ITEM_VARIABLE,
					 .number = address,
					 .size = (uint8_t)size });
}

static uint32_t load_item(struct flows *flows, const struct state *state,
			  struct item item, unsigned size)
{
	switch (item.kind) {
	case ITEM_NUMBER:
		return flow_memory(flows, item.number, size);
	case ITEM_STACK:
		return state_slot(flows, state, item.offset, size);
	case ITEM_ENTRY:
		item.kind = ITEM_POINTEE;
		item.stale = state->touched;
		break;
	case ITEM_VARIABLE:
		item.kind = ITEM_FIELD;
		break;
	default:
		return VALUE_ANY;
	}
	item.size = (uint8_t)size;
	return values_one(&flows->values, item);
}

static uint32_t load(struct flows *flows, const struct state *state,
		     const struct memory *memory, unsigned size)
{
	uint32_t address = address_of(flows, state, memory);
	uint32_t value = VALUE_NONE;
	struct items items;

	if (!values_items(&flows->values, address, &items))
		return VALUE_ANY;
	for (unsigned i = 0; i < items.count; i++)
		value = values_join(&flows->values, value,
				    load_item(flows, state, items.at[i], size));
	return value;
}

static void store(struct flows *flows, struct state *state,
		  const struct memory *memory, unsigned size, uint32_t value)
{
	uint32_t address = address_of(flows, state, memory);
	struct items items;

	if (!memory->thread && values_items(&flows->values, address, &items) &&
	    items.count == 1 && items.at[0].kind == ITEM_STACK &&
	    !memory->long_) {
		write_slot(flows, state, items.at[0].offset, size, value);
		return;
	}
	lose(flows, state, value);
	if (values_has_stack(&flows->values, address) ||
	    (address == VALUE_ANY && from_stack(flows, state, memory))) {
		forget_stack(state);
		return;
	}
	state->touched = true;
	/* A number is the address of a variable, and not of the stack. */
	if (state->escaped && (address == VALUE_ANY || !items.count ||
			       items.at[items.count - 1].kind != ITEM_NUMBER))
		forget_stack(state);
}

/* ----------------------------------------------------------- arithmetic -- */

static uint64_t cut(uint64_t number, unsigned size)
{
	return size >= 8 ? number : number & ((UINT64_C(1) << (8 * size)) - 1);
}

static bool
fold(enum op op, uint64_t a, uint64_t b, unsigned size, uint64_t *out)
{
	const unsigned bits = 8 * size;

	switch (op) {
	case OP_ADD:
		*out = a + b;
		break;
	case OP_SUB:
		*out = a - b;
		break;
	case OP_AND:
		*out = a & b;
		break;
	case OP_OR:
		*out = a | b;
		break;
	case OP_XOR:
		*out = a ^ b;
		break;
	case OP_LEFT:
		*out = a << (b & (bits - 1));
		break;
	case OP_RIGHT:
		*out = cut(a, size) >> (b & (bits - 1));
		break;
	default:
		return false;
	}
	*out = cut(*out, size);
	return true;
}

/* Two possibilities in, one out; false if that is not known. */
static bool fold_items(enum op op, struct item a, struct item b, unsigned size,
		       struct item *out)
{
	const bool distance =
		(op == OP_ADD || op == OP_SUB) && b.kind == ITEM_NUMBER;

	*out = a;
	if (a.kind == ITEM_NUMBER && b.kind == ITEM_NUMBER)
		return fold(op, a.number, b.number, size, &out->number);
	if (distance && (a.kind == ITEM_STACK || a.kind == ITEM_ENTRY)) {
		out->offset +=
			(int32_t)(op == OP_ADD ? b.number : 0 - b.number);
		return true;
	}
	if (op == OP_ADD && a.kind == ITEM_NUMBER &&
	    (b.kind == ITEM_STACK || b.kind == ITEM_ENTRY)) {
		*out = b;
		out->offset += (int32_t)a.number;
		return true;
	}
	/* Adding nothing, or all bits kept. */
	return (b.kind == ITEM_NUMBER && b.number == 0 &&
		(op == OP_OR || op == OP_XOR || op == OP_LEFT ||
		 op == OP_RIGHT || distance)) ||
	       (op == OP_AND && b.kind == ITEM_NUMBER &&
		cut(b.number, 4) == 0xffffffff);
}

static uint32_t combine(struct flows *flows, enum op op, uint32_t left,
			uint32_t right, unsigned size)
{
	struct items a, b, out = { .count = 0 };
	struct item item;

	if (!values_items(&flows->values, left, &a) ||
	    !values_items(&flows->values, right, &b))
		return VALUE_ANY;
	for (unsigned i = 0; i < a.count; i++)
		for (unsigned k = 0; k < b.count; k++)
			if (!fold_items(op, a.at[i], b.at[k], size, &item) ||
			    !items_add(&out, item))
				return VALUE_ANY;
	return values_of(&flows->values, &out);
}

/* A value as it is after a move of `size` bytes. */
static uint32_t narrowed(struct flows *flows, uint32_t value, unsigned size,
			 bool sign, unsigned to)
{
	struct items items, out = { .count = 0 };

	if (!values_items(&flows->values, value, &items))
		return VALUE_ANY;
	for (unsigned i = 0; i < items.count; i++) {
		struct item item = items.at[i];

		if (item.kind == ITEM_LOW && size == 1)
			item.kind = ITEM_NUMBER;
		if (item.kind == ITEM_NUMBER) {
			item.number = cut(item.number, size);
			if (sign && size < 8 &&
			    item.number >> (8 * size - 1) & 1)
				item.number |= ~UINT64_C(0) << (8 * size - 1);
			item.number = cut(item.number, to);
		} else if (size < 4 || item.kind == ITEM_STACK) {
			return VALUE_ANY;
		}
		if (!items_add(&out, item))
			return VALUE_ANY;
	}
	return values_of(&flows->values, &out);
}

/* ------------------------------------------------------------- operands -- */

static uint32_t read_operand(struct flows *flows, const struct state *state,
			     const struct step *step,
			     const struct operand *operand, unsigned size)
{
	/* Of ah and its like the place is not followed. */
	if (step->high)
		return VALUE_ANY;
	switch (operand->kind) {
	case OPERAND_REGISTER:
		return operand->name < REGISTER_MAX
			       ? state->registers[operand->name]
			       : values_number(&flows->values, 0);
	case OPERAND_NUMBER:
		return values_number(&flows->values,
				     cut((uint64_t)step->number, size));
	case OPERAND_MEMORY:
		return load(flows, state, &step->memory, size);
	default:
		return VALUE_ANY;
	}
}

static void
write_operand(struct flows *flows, struct state *state, const struct step *step,
	      const struct operand *operand, uint32_t value, unsigned word)
{
	if (operand->kind == OPERAND_MEMORY) {
		store(flows, state, &step->memory, step->size, value);
	} else if (operand->kind == OPERAND_REGISTER) {
		/* Of a part of a register the rest stays: not followed. */
		if (step->size < 4) {
			lose(flows, state, value);
			value = VALUE_ANY;
		} else if (step->size < word) {
			uint32_t before = value;

			value = narrowed(flows, value, step->size, false,
					 step->size);
			if (value == VALUE_ANY)
				lose(flows, state, before);
		}
		set_register(flows, state, operand->name, value);
	}
}

/* ----------------------------------------------------------------- steps -- */

static void do_move(struct flows *flows, struct state *state,
		    const struct step *step, unsigned word)
{
	const unsigned from = step->narrow ? step->narrow : step->size;
	uint32_t value = read_operand(flows, state, step, &step->from, from);

	if (step->narrow) {
		uint32_t before = value;

		value = narrowed(flows, value, from, step->sign, step->size);
		if (value == VALUE_ANY)
			lose(flows, state, before);
	}
	write_operand(flows, state, step, &step->to, value, word);
}

static void do_address(struct flows *flows, struct state *state,
		       const struct step *step, unsigned word)
{
	uint32_t value = address_of(flows, state, &step->memory);

	if (value == VALUE_ANY && from_stack(flows, state, &step->memory))
		state->escaped = true;
	write_operand(flows, state, step, &step->to, value, word);
}

static bool same_operand(const struct step *step)
{
	return step->to.kind == OPERAND_REGISTER &&
	       step->from.kind == OPERAND_REGISTER &&
	       step->to.name == step->from.name && step->left == REGISTER_NONE;
}

static void do_arithmetic(struct flows *flows, struct state *state,
			  const struct step *step, unsigned word)
{
	const struct operand left = { OPERAND_REGISTER, step->left };
	uint32_t a, b, value;

	if (same_operand(step) && (step->op == OP_XOR || step->op == OP_SUB)) {
		write_operand(flows, state, step, &step->to,
			      values_number(&flows->values, 0), word);
		return;
	}
	a = read_operand(flows, state, step,
			 step->left != REGISTER_NONE ? &left : &step->to,
			 step->size);
	b = read_operand(flows, state, step, &step->from, step->size);
	value = combine(flows, (enum op)step->op, a, b, step->size);
	if (value == VALUE_ANY) {
		lose(flows, state, a);
		lose(flows, state, b);
	}
	write_operand(flows, state, step, &step->to, value, word);
}

static void do_choose(struct flows *flows, struct state *state,
		      const struct step *step, unsigned word)
{
	uint32_t a = read_operand(flows, state, step, &step->to, step->size);
	uint32_t b = read_operand(flows, state, step, &step->from, step->size);
	uint32_t value = values_join(&flows->values, a, b);

	if (value == VALUE_ANY) {
		lose(flows, state, a);
		lose(flows, state, b);
	}
	write_operand(flows, state, step, &step->to, value, word);
}

static void do_exchange(struct flows *flows, struct state *state,
			const struct step *step, unsigned word)
{
	uint32_t a = read_operand(flows, state, step, &step->to, step->size);
	uint32_t b = read_operand(flows, state, step, &step->from, step->size);

	write_operand(flows, state, step, &step->to, b, word);
	write_operand(flows, state, step, &step->from, a, word);
}

static void
do_condition(struct flows *flows, struct state *state, const struct step *step)
{
	struct items items, both = { .count = 0 };

	if (step->to.kind != OPERAND_REGISTER) {
		write_operand(flows, state, step, &step->to, VALUE_ANY, 8);
		return;
	}
	both.at[0].kind = both.at[1].kind = ITEM_LOW;
	both.at[1].number = 1;
	both.count = 2;
	/* The rest of the register is 0, if it was made so just before. */
	if (values_items(&flows->values, state->registers[step->to.name],
			 &items) &&
	    items.count == 1 && items.at[0].kind == ITEM_NUMBER &&
	    items.at[0].number < 256)
		both.at[0].kind = both.at[1].kind = ITEM_NUMBER;
	else
		lose(flows, state, state->registers[step->to.name]);
	set_register(flows, state, step->to.name,
		     values_of(&flows->values, &both));
}

/* A register less itself and the carry: nothing, or all bits. */
static void do_borrow(struct flows *flows, struct state *state,
		      const struct step *step, unsigned word)
{
	struct items both = { .count = 2 };
	uint32_t value = VALUE_ANY;

	both.at[0].kind = both.at[1].kind = ITEM_NUMBER;
	both.at[1].number = cut(~UINT64_C(0), step->size);
	if (same_operand(step))
		value = values_of(&flows->values, &both);
	else
		lose(flows, state,
		     read_operand(flows, state, step, &step->to, step->size));
	write_operand(flows, state, step, &step->to, value, word);
}

static bool stack_offset(struct flows *flows, const struct state *state,
			 uint8_t name, int32_t *out)
{
	struct items items;

	if (!values_items(&flows->values, state->registers[name], &items) ||
	    items.count != 1 || items.at[0].kind != ITEM_STACK)
		return false;
	*out = items.at[0].offset;
	return true;
}

static void set_stack(struct flows *flows, struct state *state, uint8_t name,
		      int32_t offset)
{
	state->registers[name] =
		values_one(&flows->values, (struct item){ .kind = ITEM_STACK,
							  .offset = offset });
}

static void do_push(struct flows *flows, struct state *state,
		    const struct step *step, const struct convention *about)
{
	uint32_t value =
		read_operand(flows, state, step, &step->to, about->word);
	int32_t offset;

	if (!stack_offset(flows, state, about->stack, &offset)) {
		lose(flows, state, value);
		forget_stack(state);
		return;
	}
	set_stack(flows, state, about->stack, offset - about->word);
	write_slot(flows, state, offset - about->word, about->word, value);
}

static void do_pop(struct flows *flows, struct state *state,
		   const struct step *step, const struct convention *about)
{
	uint32_t value = VALUE_ANY;
	int32_t offset;

	if (stack_offset(flows, state, about->stack, &offset)) {
		value = state_slot(flows, state, offset, about->word);
		set_stack(flows, state, about->stack, offset + about->word);
	}
	write_operand(flows, state, step, &step->to, value, about->word);
}

static void do_leave(struct flows *flows, struct state *state,
		     const struct convention *about)
{
	int32_t offset;

	state->registers[about->stack] = state->registers[about->frame];
	if (!stack_offset(flows, state, about->stack, &offset)) {
		state->registers[about->frame] = VALUE_ANY;
		return;
	}
	state->registers[about->frame] =
		state_slot(flows, state, offset, about->word);
	set_stack(flows, state, about->stack, offset + about->word);
}

/* aarch64: 16 bits of a register are set, the rest stays. */
static void
do_keep(struct flows *flows, struct state *state, const struct step *step)
{
	const unsigned shift = step->narrow;
	struct items items;
	uint32_t value = VALUE_ANY;

	if (values_items(&flows->values, state->registers[step->to.name],
			 &items) &&
	    items.count == 1 && items.at[0].kind == ITEM_NUMBER)
		value = values_number(&flows->values,
				      (items.at[0].number &
				       ~(UINT64_C(0xffff) << shift)) |
					      (uint64_t)step->number << shift);
	set_register(flows, state, step->to.name, value);
}

/* Registers that an instruction leaves with something unknown. */
static void
do_writes(struct flows *flows, struct state *state, const struct step *step)
{
	for (unsigned i = 0; i < REGISTER_MAX; i++)
		if (step->writes >> i & 1) {
			lose(flows, state, state->registers[i]);
			state->registers[i] = VALUE_ANY;
		}
}

/* An instruction that we do not follow may put its operands anywhere. */
static void
do_other(struct flows *flows, struct state *state, const struct step *step)
{
	for (unsigned i = 0; i < REGISTER_MAX; i++)
		if (step->reads >> i & 1)
			lose(flows, state, state->registers[i]);
	if (step->memory.used && step->memory.write)
		store(flows, state, &step->memory, step->memory.size,
		      VALUE_ANY);
	if (step->hidden_write) {
		forget_stack(state);
		state->touched = true;
	}
}

static void
do_post(struct flows *flows, struct state *state, const struct step *step)
{
	struct memory memory = {
		.base = step->post,
		.index = REGISTER_NONE,
		.offset = step->post_by,
	};

	if (step->post < REGISTER_MAX)
		state->registers[step->post] =
			address_of(flows, state, &memory);
}

void state_step(struct flows *flows, struct state *state,
		const struct loaded *in, uint64_t at, const struct step *step)
{
	const struct convention *about = convention_of(in->image.machine);

	if (step->pair) {
		state_pair(flows, state, in, at, step);
		do_post(flows, state, step);
		return;
	}
	switch (step->op) {
	case OP_MOVE:
		do_move(flows, state, step, about->word);
		break;
	case OP_ADDRESS:
		do_address(flows, state, step, about->word);
		break;
	case OP_CHOOSE:
		do_choose(flows, state, step, about->word);
		break;
	case OP_EXCHANGE:
		do_exchange(flows, state, step, about->word);
		break;
	case OP_CONDITION:
		do_condition(flows, state, step);
		break;
	case OP_BORROW:
		do_borrow(flows, state, step, about->word);
		break;
	case OP_PUSH:
		do_push(flows, state, step, about);
		break;
	case OP_POP:
		do_pop(flows, state, step, about);
		break;
	case OP_LEAVE:
		do_leave(flows, state, about);
		break;
	case OP_KEEP:
		do_keep(flows, state, step);
		break;
	case OP_COMPARE:
	case OP_TEST:
		break;
	default:
		if (step_is_arithmetic(step))
			do_arithmetic(flows, state, step, about->word);
		else
			do_other(flows, state, step);
		break;
	}
	do_writes(flows, state, step);
	do_post(flows, state, step);
}

void state_trap(struct flows *flows, struct state *state,
		const struct loaded *in)
{
	const struct convention *about = convention_of(in->image.machine);

	/* The kernel writes where arguments point to. */
	for (unsigned i = 0; i < REGISTER_MAX; i++)
		if (i != about->stack && i != about->frame)
			lose(flows, state, state->registers[i]);
	if (state->escaped)
		forget_stack(state);
	state->touched = true;
}

void state_call(struct flows *flows, struct state *state,
		const struct loaded *in, uint64_t at, uint64_t callee,
		unsigned pops)
{
	const struct convention *about = convention_of(in->image.machine);
	const uint32_t kept = flow_kept(flows, in, callee);
	int32_t offset;

	for (unsigned i = 0; i < REGISTER_MAX; i++) {
		if (i == about->stack || kept >> i & 1)
			continue;
		lose(flows, state, state->registers[i]);
		state->registers[i] = VALUE_ANY;
	}
	if (state->escaped)
		forget_stack(state);
	state->touched = true;
	if (pops && stack_offset(flows, state, about->stack, &offset))
		set_stack(flows, state, about->stack, offset + (int32_t)pops);
	state->registers[about->result] =
		values_one(&flows->values,
			   (struct item){ .kind = ITEM_RESULT, .number = at });
	if (callee && flow_returns_twice(flows, callee))
		forget_stack(state);
}
