#include "profile/known.h"

#include "profile/x86.h"

static const uint8_t argument_registers[KNOWN_ARGUMENTS] = {
	X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9,
};

static uint64_t cut(uint64_t number, unsigned size)
{
	return size >= 8 ? number : number & ((UINT64_C(1) << (8 * size)) - 1);
}

static int64_t extended(uint64_t number, unsigned size)
{
	const unsigned shift = 64 - 8 * size;

	return (int64_t)(number << shift) >> shift;
}

/* ------------------------------------------------------------ registers -- */

static void forget(struct known *known, uint8_t name)
{
	if (name >= KNOWN_REGISTERS)
		return;
	known->kinds[name] = KNOWN_NOTHING;
	known->numbers[name] = 0;
	known->from[name] = 0;
}

static void forget_flags(struct known *known)
{
	known->flags = (struct compared){ 0 };
	known->flags_from = 0;
}

static void set(struct known *known, uint8_t name, enum known_kind kind,
		uint64_t number, uint8_t from)
{
	if (name >= KNOWN_REGISTERS)
		return;
	known->kinds[name] = (uint8_t)kind;
	known->numbers[name] = kind == KNOWN_NUMBER ? number : 0;
	known->from[name] = from;
}

struct known known_at_entry(const struct handed *handed)
{
	struct known known = { 0 };

	known.kinds[X86_RSP] = KNOWN_STACK;
	for (unsigned i = 0; i < KNOWN_ARGUMENTS; i++)
		set(&known, argument_registers[i],
		    (enum known_kind)handed->kinds[i], handed->numbers[i],
		    (uint8_t)(1 << i));
	return known;
}

/* Of an address a callee learns no more than that it is one. */
struct handed known_handed(const struct world *world, const struct known *known,
			   uint8_t wanted)
{
	struct handed handed = { 0 };

	for (unsigned i = 0; i < KNOWN_ARGUMENTS; i++) {
		const uint8_t name = argument_registers[i];
		const uint64_t number = known->numbers[name];

		if (!(wanted >> i & 1) || known->kinds[name] == KNOWN_NOTHING)
			continue;
		handed.kinds[i] = KNOWN_PLACE;
		if (known->kinds[name] == KNOWN_NUMBER &&
		    !world_at(world, number)) {
			handed.kinds[i] = KNOWN_NUMBER;
			handed.numbers[i] = number;
		}
	}
	return handed;
}

bool handed_covers(const struct handed *general, const struct handed *special)
{
	for (unsigned i = 0; i < KNOWN_ARGUMENTS; i++)
		if (general->kinds[i] != KNOWN_NOTHING &&
		    (general->kinds[i] != special->kinds[i] ||
		     general->numbers[i] != special->numbers[i]))
			return false;
	return true;
}

/* --------------------------------------------------------------- values -- */

struct value {
	uint64_t number;
	uint8_t kind, from;
};

/* A word that no code can write, and the loader does not. */
static struct value
constant(const struct loaded *in, uint64_t address, unsigned size)
{
	const struct image *image = &in->image;
	const uint64_t own = address - image->base;
	const struct segment *segment = image_segment(image, own);
	const struct bytes bytes = image_bytes(image, own, size);
	struct value value = { 0 };
	size_t at;

	if (!segment || segment->write || !bytes.size || size > 8)
		return value;
	at = image_reloc_from(image, own < 7 ? 0 : own - 7);
	if (at < image->reloc_count && image->relocs[at].where < own + size)
		return value;
	value.kind = KNOWN_NUMBER;
	value.number = bytes_number(bytes, 0, size);
	return value;
}

static bool number_in(const struct known *known, uint8_t name, uint64_t *out)
{
	if (name >= KNOWN_REGISTERS || known->kinds[name] != KNOWN_NUMBER)
		return false;
	*out = known->numbers[name];
	return true;
}

static bool address_of(const struct known *known, const struct memory *memory,
		       uint64_t *out)
{
	uint64_t base = 0, index = 0;

	if (memory->thread || memory->narrowed || !memory->used)
		return false;
	if (memory->base != REGISTER_NONE && memory->base != REGISTER_PC &&
	    !number_in(known, memory->base, &base))
		return false;
	if (memory->index != REGISTER_NONE &&
	    !number_in(known, memory->index, &index))
		return false;
	*out = base + index * memory->scale + (uint64_t)memory->offset;
	return true;
}

/* What an operand of `size` bytes holds. */
static struct value
read_operand(const struct known *known, const struct loaded *in,
	     const struct step *step, const struct operand *operand,
	     unsigned size)
{
	struct value value = { 0 };
	uint64_t address;

	switch (operand->kind) {
	case OPERAND_REGISTER:
		if (operand->name >= KNOWN_REGISTERS)
			break;
		value.from = known->from[operand->name];
		if (size == 1 && step->high)
			break;
		value.kind = known->kinds[operand->name];
		value.number = cut(known->numbers[operand->name], size);
		if (value.kind != KNOWN_NUMBER && size < 8)
			value.kind = KNOWN_NOTHING;
		break;
	case OPERAND_NUMBER:
		value.kind = KNOWN_NUMBER;
		value.number = cut((uint64_t)step->number, size);
		break;
	case OPERAND_MEMORY:
		if (address_of(known, &step->memory, &address))
			value = constant(in, address, size);
		break;
	default:
		break;
	}
	return value;
}

static void
write_operand(struct known *known, const struct step *step, struct value value)
{
	if (step->to.kind != OPERAND_REGISTER)
		return;
	/* Of a part of a register the rest stays: not followed. */
	if (step->size < 4 || value.kind == KNOWN_NOTHING ||
	    (value.kind != KNOWN_NUMBER && step->size < 8)) {
		forget(known, step->to.name);
		if (step->to.name < KNOWN_REGISTERS)
			known->from[step->to.name] = value.from;
		return;
	}
	set(known, step->to.name, (enum known_kind)value.kind,
	    cut(value.number, step->size), value.from);
}

/* ------------------------------------------------------------ arithmetic -- */

/* Nothing is mapped below it, and no frame is as large. */
enum { ADDRESS_LEAST = 1 << 30 };

static bool
fold(enum op op, uint64_t a, uint64_t b, unsigned size, uint64_t *out)
{
	const unsigned by = (unsigned)(b & (size == 8 ? 63 : 31));

	switch (op) {
	case OP_ADD:
		*out = a + b;
		return true;
	case OP_SUB:
		*out = a - b;
		return true;
	case OP_AND:
		*out = a & b;
		return true;
	case OP_OR:
		*out = a | b;
		return true;
	case OP_XOR:
		*out = a ^ b;
		return true;
	case OP_LEFT:
		*out = a << by;
		return size >= 4;
	case OP_RIGHT:
		*out = cut(a, size) >> by;
		return size >= 4;
	case OP_SIGNED_RIGHT:
		*out = (uint64_t)(extended(a, size) >> by);
		return size >= 4;
	default:
		return false;
	}
}

static bool same_registers(const struct step *step)
{
	return step->to.kind == OPERAND_REGISTER &&
	       step->from.kind == OPERAND_REGISTER &&
	       step->to.name == step->from.name && !step->high;
}

/* Whether an address stays one, and not 0: by a little more, or less. */
static bool stays_address(enum op op, uint64_t by)
{
	const int64_t number = (int64_t)by;

	switch (op) {
	case OP_ADD:
	case OP_SUB:
		return number > -ADDRESS_LEAST && number < ADDRESS_LEAST;
	case OP_AND: /* aligns it */
		return number < 0 && number > -ADDRESS_LEAST;
	case OP_OR:
		return true;
	default:
		return false;
	}
}

/* A shift by nothing leaves the flags. */
static bool sets_flags(const struct step *step, uint64_t by)
{
	const bool shifts = step->op == OP_LEFT || step->op == OP_RIGHT ||
			    step->op == OP_SIGNED_RIGHT;

	return !shifts || (by & (step->size == 8 ? 63 : 31)) != 0;
}

static void flags_of(struct known *known, const struct step *step,
		     struct value result, uint64_t by)
{
	const bool bits =
		step->op == OP_AND || step->op == OP_OR || step->op == OP_XOR;
	const uint64_t number = cut(result.number, step->size);

	known->flags = (struct compared){ 0 };
	known->flags_from = result.from;
	if (result.kind == KNOWN_NUMBER && sets_flags(step, by))
		known->flags = (struct compared){
			.kind = bits ? COMPARED_BITS : COMPARED_RESULT,
			.size = step->size,
			.left = number,
			.right = number,
		};
}

static void do_arithmetic(struct known *known, const struct loaded *in,
			  const struct step *step)
{
	const struct value a =
		read_operand(known, in, step, &step->to, step->size);
	const struct value b =
		read_operand(known, in, step, &step->from, step->size);
	struct value out = { .from = a.from | b.from };

	if (same_registers(step) && (step->op == OP_XOR || step->op == OP_SUB))
		out = (struct value){ .kind = KNOWN_NUMBER };
	else if (a.kind == KNOWN_NUMBER && b.kind == KNOWN_NUMBER &&
		 fold((enum op)step->op, a.number, b.number, step->size,
		      &out.number))
		out.kind = KNOWN_NUMBER;
	else if (a.kind == KNOWN_STACK && b.kind == KNOWN_NUMBER &&
		 stays_address((enum op)step->op, b.number))
		out.kind = KNOWN_STACK;
	flags_of(known, step, out, b.number);
	write_operand(known, step, out);
}

static void
do_move(struct known *known, const struct loaded *in, const struct step *step)
{
	const unsigned size = step->narrow ? step->narrow : step->size;
	struct value value = read_operand(known, in, step, &step->from, size);

	if (step->sign && value.kind == KNOWN_NUMBER && size < 8)
		value.number = (uint64_t)extended(value.number, size);
	write_operand(known, step, value);
}

static void do_address(struct known *known, const struct step *step)
{
	const struct memory *memory = &step->memory;
	struct value value = { 0 };

	if (address_of(known, memory, &value.number))
		value.kind = KNOWN_NUMBER;
	else if (!memory->thread && !memory->narrowed &&
		 memory->base < KNOWN_REGISTERS &&
		 known->kinds[memory->base] == KNOWN_STACK &&
		 memory->index == REGISTER_NONE &&
		 stays_address(OP_ADD, (uint64_t)memory->offset))
		value.kind = KNOWN_STACK;
	if (memory->base < KNOWN_REGISTERS)
		value.from = known->from[memory->base];
	if (memory->index < KNOWN_REGISTERS)
		value.from |= known->from[memory->index];
	write_operand(known, step, value);
}

static void
do_choose(struct known *known, const struct loaded *in, const struct step *step)
{
	const struct value a =
		read_operand(known, in, step, &step->to, step->size);
	const struct value b =
		read_operand(known, in, step, &step->from, step->size);
	const enum verdict verdict = known_branch(known, step);
	struct value out = { .from = a.from | b.from };

	if (verdict != VERDICT_MAYBE)
		out = verdict == VERDICT_ALWAYS ? b : a;
	else if (a.kind == b.kind && a.number == b.number)
		out.kind = a.kind, out.number = a.number;
	out.from |= known->flags_from;
	write_operand(known, step, out);
}

/* ----------------------------------------------------------------- flags -- */

/*
 * The kernel starts a program that has an interpreter at the program's entry,
 * and tells the interpreter so: it never finds its own there. (It would if it
 * were the program, and then it is not in this list as an interpreter.)
 */
static bool is_own_entry(const struct loaded *in, struct value a,
			 struct value b, const struct step *step)
{
	const uint64_t entry = in->image.base + in->image.entry;

	return in->is_loader && step->op == OP_COMPARE && step->size == 8 &&
	       ((step->to.kind == OPERAND_MEMORY && b.kind == KNOWN_NUMBER &&
		 b.number == entry) ||
		(step->from.kind == OPERAND_MEMORY && a.kind == KNOWN_NUMBER &&
		 a.number == entry));
}

static void do_compare(struct known *known, const struct loaded *in,
		       const struct step *step)
{
	const struct value a =
		read_operand(known, in, step, &step->to, step->size);
	const struct value b =
		read_operand(known, in, step, &step->from, step->size);
	const bool test = step->op == OP_TEST;

	known->flags = (struct compared){ 0 };
	known->flags_from = a.from | b.from;
	if (a.kind == KNOWN_NUMBER && b.kind == KNOWN_NUMBER)
		known->flags = (struct compared){
			.kind = test ? COMPARED_BITS : COMPARED_NUMBERS,
			.size = step->size,
			.left = a.number,
			.right = b.number,
		};
	else if ((test && a.kind >= KNOWN_PLACE && same_registers(step)) ||
		 (!test && a.kind >= KNOWN_PLACE && b.kind == KNOWN_NUMBER &&
		  b.number == 0) ||
		 is_own_entry(in, a, b, step))
		known->flags.kind = COMPARED_DIFFER;
}

/* Less, or less or equal, of numbers with and without sign. */
static bool is_true(const struct compared *flags, unsigned condition)
{
	const bool bits = flags->kind != COMPARED_NUMBERS;
	const uint64_t both = flags->left & flags->right;
	const int64_t a = extended(flags->left, flags->size);
	const int64_t b = extended(flags->right, flags->size);
	const bool zero = bits ? both == 0 : flags->left == flags->right;
	const bool below = !bits && flags->left < flags->right;
	const bool less = bits ? extended(both, flags->size) < 0 : a < b;

	switch (condition & 14) {
	case 2:
		return below;
	case 4:
		return zero;
	case 6:
		return below || zero;
	case 8:
		return bits ? less
			    : extended(cut(flags->left - flags->right,
					   flags->size),
				       flags->size) < 0;
	case 12:
		return less;
	default:
		return less || zero;
	}
}

enum verdict known_branch(const struct known *known, const struct step *step)
{
	const struct compared *flags = &known->flags;
	const unsigned condition = step->condition;
	const bool on_equal = (condition & 14) == 4;
	const bool on_sign = (condition & 14) == 8;
	bool taken;

	/* Overflow and parity are nobody's; nor is what loops count. */
	if (flags->kind == COMPARED_NOTHING || condition > 15 ||
	    (condition & 14) == 0 || (condition & 14) == 10 ||
	    (flags->kind == COMPARED_DIFFER && !on_equal) ||
	    (flags->kind == COMPARED_RESULT && !on_equal && !on_sign))
		return VERDICT_MAYBE;
	taken = flags->kind == COMPARED_DIFFER ? false
					       : is_true(flags, condition);
	if (condition & 1)
		taken = !taken;
	return taken ? VERDICT_ALWAYS : VERDICT_NEVER;
}

uint8_t known_decides(const struct known *known, const struct step *step)
{
	const struct memory *memory = &step->memory;
	uint8_t decides = 0;

	if (step->flow == FLOW_BRANCH || step->op == OP_CHOOSE)
		decides |= known->flags_from;
	/* The index of a table. */
	if (memory->used && memory->index < KNOWN_REGISTERS &&
	    step->op != OP_ADDRESS)
		decides |= known->from[memory->index];
	return decides;
}

/* ----------------------------------------------------------------- steps -- */

static bool keeps_flags(const struct step *step)
{
	switch (step->op) {
	case OP_MOVE:
	case OP_ADDRESS:
	case OP_CHOOSE:
	case OP_CONDITION:
	case OP_PUSH:
	case OP_COMPARE: /* set anew */
	case OP_TEST:
		return true;
	case OP_POP:
		return step->to.kind == OPERAND_REGISTER;
	default:
		return step_is_arithmetic(step) || /* set anew, too */
		       step->flow == FLOW_BRANCH || step->flow == FLOW_JUMP;
	}
}

static void forget_operands(struct known *known, const struct step *step)
{
	if (step->to.kind == OPERAND_REGISTER && step->op != OP_PUSH)
		forget(known, step->to.name);
	if (step->op == OP_EXCHANGE && step->from.kind == OPERAND_REGISTER)
		forget(known, step->from.name);
	if (step->op == OP_LEAVE)
		forget(known, X86_RBP);
}

void known_step(struct known *known, const struct loaded *in,
		const struct step *step)
{
	switch (step->op) {
	case OP_MOVE:
		do_move(known, in, step);
		break;
	case OP_ADDRESS:
		do_address(known, step);
		break;
	case OP_CHOOSE:
		do_choose(known, in, step);
		break;
	case OP_COMPARE:
	case OP_TEST:
		do_compare(known, in, step);
		break;
	default:
		if (step_is_arithmetic(step))
			do_arithmetic(known, in, step);
		else
			forget_operands(known, step);
		break;
	}
	for (uint32_t left = step->writes & ((1u << KNOWN_REGISTERS) - 1); left;
	     left &= left - 1)
		forget(known, (uint8_t)__builtin_ctz(left));
	/* Whoever handles a trap may have changed what it likes. */
	if (step->flow == FLOW_STOP)
		*known = (struct known){ 0 };
	/* It always is the address of something. */
	set(known, X86_RSP, KNOWN_STACK, 0, 0);
	if (!keeps_flags(step))
		forget_flags(known);
}

void known_call(struct known *known, uint32_t kept)
{
	for (unsigned i = 0; i < KNOWN_REGISTERS; i++)
		if (i != X86_RSP && !(kept >> i & 1))
			forget(known, (uint8_t)i);
	forget_flags(known);
}

static bool same_flags(const struct compared *a, const struct compared *b)
{
	return a->kind == b->kind && a->size == b->size && a->left == b->left &&
	       a->right == b->right;
}

bool known_join(struct known *into, const struct known *from)
{
	bool changed = false;

	if (memcmp(into->numbers, from->numbers, sizeof(into->numbers)) == 0 &&
	    memcmp(into->kinds, from->kinds, sizeof(into->kinds)) == 0 &&
	    memcmp(into->from, from->from, sizeof(into->from)) == 0 &&
	    into->flags_from == from->flags_from &&
	    same_flags(&into->flags, &from->flags))
		return false;
	for (unsigned i = 0; i < KNOWN_REGISTERS; i++) {
		const uint8_t made = into->from[i] | from->from[i];
		const bool same = into->kinds[i] == from->kinds[i] &&
				  into->numbers[i] == from->numbers[i];

		changed |= made != into->from[i];
		changed |= !same && into->kinds[i] != KNOWN_NOTHING;
		into->kinds[i] = same ? into->kinds[i] : KNOWN_NOTHING;
		into->numbers[i] = same ? into->numbers[i] : 0;
		into->from[i] = made;
	}
	changed |= (from->flags_from & ~into->flags_from) != 0;
	into->flags_from |= from->flags_from;
	if (!same_flags(&into->flags, &from->flags)) {
		changed |= into->flags.kind != COMPARED_NOTHING;
		into->flags = (struct compared){ 0 };
	}
	return changed;
}

bool known_target(const struct known *known, const struct loaded *in,
		  const struct step *step, uint64_t *out)
{
	const struct value value = read_operand(known, in, step, &step->to, 8);

	*out = value.number;
	return value.kind == KNOWN_NUMBER;
}
