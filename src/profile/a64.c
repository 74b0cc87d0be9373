/* aarch64: every instruction has four bytes, and patterns tell what it is. */
#include "profile/a64.h"

enum { SP = 31, ZERO = REGISTER_NONE };

static uint32_t bits(uint32_t word, unsigned low, unsigned count)
{
	return word >> low & ((1u << count) - 1);
}

static int64_t signed_bits(uint32_t word, unsigned low, unsigned count)
{
	return (int64_t)((uint64_t)bits(word, low, count) << (64 - count)) >>
	       (64 - count);
}

/* Register 31 is zero in most places. */
static struct operand general(uint32_t name)
{
	return (struct operand){ OPERAND_REGISTER,
				 name == 31 ? ZERO : (uint8_t)name };
}

static struct operand general_or_sp(uint32_t name)
{
	return (struct operand){ OPERAND_REGISTER, (uint8_t)name };
}

static void set_number(struct step *out, uint64_t number)
{
	out->from = (struct operand){ OPERAND_NUMBER, 0 };
	out->number = (int64_t)number;
}

/* ------------------------------------------------------------ branches -- */

static bool branches(uint32_t word, uint64_t address, struct step *out)
{
	if ((word & 0x7c000000) == 0x14000000) {
		out->flow = word >> 31 ? FLOW_CALL : FLOW_JUMP;
		out->direct = true;
		out->target = address + (uint64_t)signed_bits(word, 0, 26) * 4;
		return true;
	}
	/* b.cond, cbz, cbnz */
	if ((word & 0xff000000) == 0x54000000 ||
	    (word & 0x7e000000) == 0x34000000) {
		out->flow = FLOW_BRANCH;
		out->direct = true;
		out->target = address + (uint64_t)signed_bits(word, 5, 19) * 4;
		return true;
	}
	if ((word & 0x7e000000) == 0x36000000) {
		out->flow = FLOW_BRANCH;
		out->direct = true;
		out->target = address + (uint64_t)signed_bits(word, 5, 14) * 4;
		return true;
	}
	/* br, blr, ret, and their authenticated forms */
	if ((word & 0xfe000000) != 0xd6000000)
		return false;
	switch (bits(word, 21, 4) & 7) {
	case 0:
		out->flow = FLOW_JUMP;
		break;
	case 1:
		out->flow = FLOW_CALL;
		break;
	default:
		out->flow = FLOW_RETURN;
		return true;
	}
	out->to = general(bits(word, 5, 5));
	return true;
}

/* ------------------------------------------------------------- numbers -- */

static bool moves_number(uint32_t word, struct step *out)
{
	const unsigned shift = 16 * bits(word, 21, 2);
	const uint64_t number = (uint64_t)bits(word, 5, 16) << shift;

	if ((word & 0x1f800000) != 0x12800000)
		return false;
	out->to = general(bits(word, 0, 5));
	out->size = word >> 31 ? 8 : 4;
	switch (bits(word, 29, 2)) {
	case 0:
		out->op = OP_MOVE;
		set_number(out, ~number);
		return true;
	case 2:
		out->op = OP_MOVE;
		set_number(out, number);
		return true;
	case 3:
		out->op = OP_KEEP;
		out->narrow = (uint8_t)shift;
		out->number = bits(word, 5, 16);
		return true;
	default:
		return false;
	}
}

static bool forms_address(uint32_t word, uint64_t address, struct step *out)
{
	const int64_t distance =
		signed_bits(word, 5, 19) * 4 + (int64_t)bits(word, 29, 2);

	if ((word & 0x1f000000) != 0x10000000)
		return false;
	out->op = OP_ADDRESS;
	out->size = 8;
	out->page = word >> 31;
	out->to = general(bits(word, 0, 5));
	out->from = (struct operand){ OPERAND_MEMORY, 0 };
	out->memory = (struct memory){
		.used = true,
		.base = REGISTER_PC,
		.index = REGISTER_NONE,
		.scale = 1,
		.offset = word >> 31 ? (int64_t)(address & ~0xfffull) +
					       distance * 4096
				     : (int64_t)address + distance,
	};
	return true;
}

static bool adds_number(uint32_t word, struct step *out)
{
	const uint64_t number = (uint64_t)bits(word, 10, 12)
				<< (bits(word, 22, 1) ? 12 : 0);

	if ((word & 0x1f800000) != 0x11000000)
		return false;
	out->size = word >> 31 ? 8 : 4;
	out->op = bits(word, 30, 1) ? OP_SUB : OP_ADD;
	out->left = (uint8_t)bits(word, 5, 5);
	/* With flags, register 31 as a result is none: a comparison. */
	if (bits(word, 29, 1) && bits(word, 0, 5) == 31) {
		out->op = OP_COMPARE;
		out->to = general_or_sp(out->left);
		out->left = REGISTER_NONE;
	} else {
		out->to = general_or_sp(bits(word, 0, 5));
	}
	set_number(out, number);
	return true;
}

/* The number that a logical instruction packs into 13 bits. */
static bool mask_of(uint32_t word, uint64_t *out)
{
	const uint32_t packed =
		bits(word, 22, 1) << 6 | (~bits(word, 10, 6) & 63);
	unsigned length = 0, size, ones, turn;
	uint64_t element;

	for (unsigned i = 0; i < 7; i++)
		if (packed >> i & 1)
			length = i;
	if (length < 1)
		return false;
	size = 1u << length;
	ones = bits(word, 10, 6) & (size - 1);
	turn = bits(word, 16, 6) & (size - 1);
	if (ones == size - 1)
		return false;
	element = (UINT64_C(1) << (ones + 1)) - 1;
	if (turn)
		element = element >> turn | element << (size - turn);
	if (size < 64)
		element &= (UINT64_C(1) << size) - 1;
	for (unsigned i = size; i < 64; i *= 2)
		element |= element << i;
	*out = element;
	return true;
}

static bool logic_number(uint32_t word, struct step *out)
{
	static const enum op ops[] = { OP_AND, OP_OR, OP_XOR, OP_TEST };
	uint64_t number;

	if ((word & 0x1f800000) != 0x12000000 || !mask_of(word, &number))
		return false;
	out->size = word >> 31 ? 8 : 4;
	if (out->size == 4)
		number &= 0xffffffff;
	out->op = ops[bits(word, 29, 2)];
	out->left = (uint8_t)bits(word, 5, 5);
	out->to = out->op == OP_TEST ? general(31)
				     : general_or_sp(bits(word, 0, 5));
	if (out->left == 31) {
		/* or with zero: how some numbers are moved */
		if (out->op == OP_OR)
			out->op = OP_MOVE;
		else
			out->op = OP_OTHER;
		out->left = REGISTER_NONE;
		if (out->op == OP_OTHER)
			out->writes = 1u << (bits(word, 0, 5) & 31);
	}
	if (out->op == OP_TEST)
		out->left = REGISTER_NONE;
	set_number(out, number);
	return true;
}

/* ----------------------------------------------------------- registers -- */

/* orr, and, eor, add, sub of two registers, unshifted; mov is one of them. */
static bool of_registers(uint32_t word, struct step *out)
{
	const uint32_t to = bits(word, 0, 5), left = bits(word, 5, 5);
	const uint32_t right = bits(word, 16, 5);
	const bool logic = (word & 0x1f000000) == 0x0a000000;
	const bool sum = (word & 0x1f200000) == 0x0b000000;
	static const enum op logics[] = { OP_AND, OP_OR, OP_XOR, OP_AND };

	if ((!logic && !sum) || bits(word, 10, 6) || bits(word, 22, 2) ||
	    (logic && bits(word, 21, 1)))
		return false;
	out->size = word >> 31 ? 8 : 4;
	if (sum && bits(word, 29, 1) && to == 31) {
		out->op = OP_COMPARE;
		out->to = general(left);
		out->from = general(right);
		return true;
	}
	out->to = general(to);
	out->from = general(right);
	if (logic && bits(word, 29, 2) == 1 && left == 31) {
		out->op = OP_MOVE;
		return true;
	}
	if (left == 31)
		return false;
	out->left = (uint8_t)left;
	out->op = logic               ? logics[bits(word, 29, 2)]
		  : bits(word, 30, 1) ? OP_SUB
				      : OP_ADD;
	return true;
}

static bool chooses(uint32_t word, struct step *out)
{
	const uint32_t left = bits(word, 5, 5), right = bits(word, 16, 5);

	if ((word & 0x7fe00c00) != 0x1a800000 || left == 31 || right == 31 ||
	    bits(word, 0, 5) == 31)
		return false;
	/* to = left or right: said as a choice only where to is one of them. */
	if (left != bits(word, 0, 5) && right != bits(word, 0, 5))
		return false;
	out->op = OP_CHOOSE;
	out->size = word >> 31 ? 8 : 4;
	out->to = general(bits(word, 0, 5));
	out->from = general(left == bits(word, 0, 5) ? right : left);
	return true;
}

/* -------------------------------------------------------------- memory -- */

static void set_access(struct step *out, bool load, uint32_t name,
		       unsigned size, bool vector)
{
	out->memory.read = load;
	out->memory.write = !load;
	out->memory.size = (uint8_t)size;
	if (vector) {
		out->memory.size = 64;
		return;
	}
	out->op = OP_MOVE;
	out->size = size < 4 ? 4 : (uint8_t)size;
	out->narrow = size < 4 ? (uint8_t)size : 0;
	if (load) {
		out->to = general(name);
		out->from = (struct operand){ OPERAND_MEMORY, 0 };
	} else {
		out->to = (struct operand){ OPERAND_MEMORY, 0 };
		out->from = general(name);
		out->size = (uint8_t)size;
		out->narrow = 0;
	}
}

static void set_base(struct step *out, uint32_t base, int64_t offset)
{
	out->memory = (struct memory){
		.used = true,
		.base = (uint8_t)base,
		.index = REGISTER_NONE,
		.scale = 1,
		.offset = offset,
	};
}

/* ldr and str with a number: scaled, unscaled, before and after. */
static bool one_by_number(uint32_t word, struct step *out)
{
	const bool vector = bits(word, 26, 1);
	const unsigned log =
		bits(word, 30, 2) | (vector && bits(word, 23, 1) ? 4 : 0);
	const bool scaled = (word & 0x3b000000) == 0x39000000;
	const bool other = (word & 0x3b200000) == 0x38000000;
	const uint32_t kind = bits(word, 22, 2);
	int64_t offset;

	if ((!scaled && !other) || log > 4)
		return false;
	offset = scaled ? (int64_t)bits(word, 10, 12) << log
			: signed_bits(word, 12, 9);
	set_base(out, bits(word, 5, 5), offset);
	if (other && bits(word, 10, 2) == 1)
		out->memory.offset = 0;
	set_access(out, kind != 0, bits(word, 0, 5), 1u << log, vector);
	if (!vector && kind >= 2) {
		/* With its sign; of 8 bytes it is a prefetch. */
		if (log == 3) {
			out->op = OP_OTHER;
			out->memory = (struct memory){ 0 };
			out->to = out->from = (struct operand){ 0 };
			return true;
		}
		out->sign = true;
		out->narrow = (uint8_t)(1u << log);
		out->size = kind == 2 ? 8 : 4;
	}
	if (other && (bits(word, 10, 2) & 1)) {
		out->post = (uint8_t)bits(word, 5, 5);
		out->post_by = offset;
	}
	return true;
}

static bool one_by_register(uint32_t word, struct step *out)
{
	const bool vector = bits(word, 26, 1);
	const unsigned log = bits(word, 30, 2);

	if ((word & 0x3b200c00) != 0x38200800)
		return false;
	set_base(out, bits(word, 5, 5), 0);
	out->memory.index = (uint8_t)bits(word, 16, 5);
	if (out->memory.index == 31)
		out->memory.index = REGISTER_NONE;
	out->memory.scale = bits(word, 12, 1) ? (uint8_t)(1u << log) : 1;
	set_access(out, bits(word, 22, 2) != 0, bits(word, 0, 5), 1u << log,
		   vector);
	if (!vector && bits(word, 22, 2) >= 2) {
		out->sign = true;
		out->narrow = (uint8_t)(1u << log);
		out->size = bits(word, 22, 2) == 2 ? 8 : 4;
	}
	/* An index that is extended from 32 bits is not followed. */
	if (bits(word, 13, 3) != 3)
		out->memory.thread = out->memory.index != REGISTER_NONE;
	return true;
}

/* ldp and stp. */
static bool pairs(uint32_t word, struct step *out)
{
	const bool vector = bits(word, 26, 1);
	const unsigned log =
		vector ? 2 + bits(word, 30, 2) : (word >> 31 ? 3 : 2);
	const bool load = bits(word, 22, 1);
	const uint32_t mode = bits(word, 23, 2);
	int64_t offset;

	if ((word & 0x3a000000) != 0x28000000)
		return false;
	offset = signed_bits(word, 15, 7) * (1 << log);
	set_base(out, bits(word, 5, 5), mode == 1 ? 0 : offset);
	out->memory.read = load;
	out->memory.write = !load;
	out->memory.size = (uint8_t)(2u << log);
	if (!vector) {
		out->first = (uint8_t)bits(word, 0, 5);
		out->second = (uint8_t)bits(word, 10, 5);
		/* Not ldpsw, which widens, nor what stores tags. */
		out->pair = bits(word, 30, 1) == 0;
		out->size = (uint8_t)(1u << log);
	}
	if (!vector && load)
		out->writes = 1u << bits(word, 0, 5) | 1u << bits(word, 10, 5);
	out->writes &= 0x7fffffff;
	if (!vector && !load) {
		out->reads = 1u << bits(word, 0, 5) | 1u << bits(word, 10, 5);
		out->reads &= 0x7fffffff;
	}
	if (mode == 1 || mode == 3) {
		out->post = (uint8_t)bits(word, 5, 5);
		out->post_by = offset;
	}
	return true;
}

static bool by_literal(uint32_t word, uint64_t address, struct step *out)
{
	if ((word & 0x3b000000) != 0x18000000)
		return false;
	set_base(out, REGISTER_PC,
		 (int64_t)address + signed_bits(word, 5, 19) * 4);
	if (bits(word, 26, 1) || bits(word, 30, 2) == 3) {
		out->memory.read = true;
		out->memory.size = 16;
		return true;
	}
	set_access(out, true, bits(word, 0, 5),
		   bits(word, 30, 2) == 0   ? 4
		   : bits(word, 30, 2) == 1 ? 8
					    : 4,
		   false);
	if (bits(word, 30, 2) == 2) {
		out->sign = true;
		out->narrow = 4;
		out->size = 8;
	}
	return true;
}

/* ----------------------------------------------------------------- all -- */

/*
 * Vectors leave general registers alone, but for numbers that are converted,
 * moved, or put into a part of a vector.
 */
static bool only_vectors(uint32_t word)
{
	return bits(word, 25, 3) == 7 && (word & 0x5f20fc00) != 0x1e200000 &&
	       (word & 0x5f200000) != 0x1e000000 &&
	       (word & 0x9fe08400) != 0x0e000400;
}

static void other_memory(uint32_t word, struct step *out)
{
	/* Loads and stores: exclusive, atomic, of structures. */
	set_base(out, bits(word, 5, 5), 0);
	out->memory.read = out->memory.write = true;
	out->memory.long_ = true;
	out->writes |= 1u << bits(word, 16, 5) | 1u << bits(word, 10, 5);
	out->reads |= 1u << bits(word, 10, 5);
	if (bits(word, 26, 1))
		out->writes |= 1u << bits(word, 5, 5);
}

/* What else there is: in doubt all register fields are results. */
static void other(uint32_t word, struct step *out)
{
	const uint32_t group = bits(word, 25, 4);
	const bool registers = (group & 7) == 5;

	/* Hints and barriers. */
	if ((word & 0xfffff01f) == 0xd503201f ||
	    (word & 0xfffff000) == 0xd5033000 || only_vectors(word))
		return;
	out->writes = 1u << bits(word, 0, 5);
	out->reads = 1u << bits(word, 5, 5);
	/* Bits of one register go into another. */
	if ((word & 0x1f800000) != 0x13000000)
		out->reads |= 1u << bits(word, 16, 5);
	if (!registers)
		out->reads |= 1u << bits(word, 0, 5);
	/* Sums of products. */
	if ((word & 0x1f000000) == 0x1b000000)
		out->reads |= 1u << bits(word, 10, 5);
	if ((group & 5) == 4)
		other_memory(word, out);
	out->writes &= 0x7fffffff;
	out->reads &= 0x7fffffff;
	/* Room on the stack that a register tells the size of. */
	if ((word & 0x3fe00000) == 0x0b200000 && bits(word, 0, 5) == 31)
		out->writes |= 1u << 31;
}

static bool traps(uint32_t word, struct step *out)
{
	if ((word & 0xff000000) != 0xd4000000)
		return false;
	if ((word & 0xffe0001f) == 0xd4000001) {
		out->trap = TRAP_SYSCALL;
		out->writes = 1;
	} else if ((word & 0xffe0001f) == 0xd4200000 ||
		   (word & 0xffe0001f) == 0xd4400000) {
		out->flow = FLOW_STOP;
	}
	return true;
}

void a64_step(struct bytes code, uint64_t address, struct step *out)
{
	uint32_t word;

	memset(out, 0, sizeof(*out));
	if (code.size < 4 || address % 4)
		return;
	word = bytes_u32(code, 0);
	out->left = out->post = out->second = REGISTER_NONE;
	out->length = 4;
	/* udf, which nothing that runs is made of */
	if (!(word >> 16)) {
		out->flow = FLOW_STOP;
		return;
	}
	if (branches(word, address, out) || traps(word, out) ||
	    moves_number(word, out) || forms_address(word, address, out) ||
	    adds_number(word, out) || logic_number(word, out) ||
	    of_registers(word, out) || chooses(word, out) ||
	    one_by_number(word, out) || one_by_register(word, out) ||
	    pairs(word, out) || by_literal(word, address, out))
		return;
	other(word, out);
}
