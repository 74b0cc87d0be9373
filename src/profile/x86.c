#include "profile/x86.h"

enum { LENGTH_MAX = 15 };

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

/* The bytes of one instruction, as far as they have been read. */
struct decode {
	struct bytes code;
	unsigned at;
	bool wide, ended;
	bool operand16, address16or32, repeat, repeat_not, thread, vex, evex;
	uint8_t rex, vvvv, map, opcode;
	bool has_rex;
	uint8_t mod, reg, rm;
	uint8_t size; /* of operands, once the row is known */
	const struct x86_row *row;
	uint64_t address;
};

static uint8_t next(struct decode *decode)
{
	if (decode->at >= decode->code.size) {
		decode->ended = true;
		return 0;
	}
	return decode->code.at[decode->at++];
}

static int64_t next_number(struct decode *decode, unsigned size)
{
	const unsigned char *at = decode->code.at + decode->at;
	uint64_t value = 0;

	if (size > decode->code.size - decode->at) {
		decode->ended = true;
		return 0;
	}
	decode->at += size;
	/* By far the most numbers are of these sizes. */
	if (size == 1)
		return (int8_t)at[0];
	if (size == 4)
		return (int32_t)(at[0] | (uint32_t)at[1] << 8 |
				 (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

/* ---------------------------------------------------------- prefixes -- */

/* Whether `byte` is a prefix that stands before any other. */
static bool take_prefix(struct decode *decode, uint8_t byte)
{
	switch (byte) {
	case 0x66:
		decode->operand16 = true;
		return true;
	case 0x67:
		decode->address16or32 = true;
		return true;
	case 0xf2:
		decode->repeat_not = true;
		return true;
	case 0xf3:
		decode->repeat = true;
		return true;
	case 0x64:
	case 0x65:
		decode->thread = true;
		return true;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0xf0:
		return true;
	default:
		return false;
	}
}

/*
 * Bits of the bytes that are no opcode of the first map by themselves:
 * prefixes, and what leads to other maps. All others are by far the most.
 */
static const uint32_t leading[8] = {
	[0x0f / 32] = 1u << 0x0f,
	[0x26 / 32] = 1u << (0x26 - 32) | 1u << (0x2e - 32) |
		      1u << (0x36 - 32) | 1u << (0x3e - 32),
	[0x62 / 32] = 1u << (0x62 - 96) | 1u << (0x64 - 96) |
		      1u << (0x65 - 96) | 1u << (0x66 - 96) | 1u << (0x67 - 96),
	[0x8f / 32] = 1u << (0x8f - 128),
	[0xc4 / 32] = 1u << (0xc4 - 192) | 1u << (0xc5 - 192),
	[0xf0 / 32] =
		1u << (0xf0 - 224) | 1u << (0xf2 - 224) | 1u << (0xf3 - 224),
};

static bool leads(uint8_t byte)
{
	return leading[byte / 32] >> byte % 32 & 1;
}

static uint8_t read_prefixes(struct decode *decode)
{
	uint8_t byte = next(decode);

	for (;;) {
		if (decode->wide && (byte & 0xf0) == 0x40) {
			decode->rex = byte & 15;
			decode->has_rex = true;
		} else if (leads(byte) && take_prefix(decode, byte)) {
			decode->rex = 0;
			decode->has_rex = false;
		} else {
			return byte;
		}
		byte = next(decode);
		if (decode->ended)
			return 0;
	}
}

static void read_vex(struct decode *decode, uint8_t first)
{
	uint8_t a = next(decode), b, map = 1;

	decode->vex = true;
	decode->rex = (uint8_t)(a & 0x80 ? 0 : REX_R);
	b = a;
	if (first != 0xc5) {
		decode->rex = (uint8_t)((~a >> 5) & 7);
		map = a & (first == 0x62 ? 7 : 31);
		b = next(decode);
		if (b & 0x80)
			decode->rex |= REX_W;
	}
	if (first == 0x62)
		next(decode);
	if (!decode->wide)
		decode->rex &= REX_W;
	decode->evex = first == 0x62;
	decode->vvvv = (uint8_t)((~b >> 3) & (decode->wide ? 15 : 7));
	decode->operand16 = (b & 3) == 1;
	decode->map = map == 5 || map == 6   ? 7
		      : map >= 1 && map <= 3 ? (uint8_t)(3 + map)
					     : 0xff;
	decode->opcode = next(decode);
}

/* AMD's XOP: only its length is known. */
static void read_xop(struct decode *decode)
{
	static const struct x86_row forms[] = {
		{ WRITES_E | WRITES_G | WRITES_V, SHAPE_MODRM | SHAPE_IMM8, 0,
		  0, ACCESS_READ | ACCESS_WRITE },
		{ WRITES_E | WRITES_G | WRITES_V, SHAPE_MODRM, 0, 0,
		  ACCESS_READ | ACCESS_WRITE },
		{ WRITES_E | WRITES_G | WRITES_V, SHAPE_MODRM | SHAPE_IMMZ, 0,
		  0, ACCESS_READ | ACCESS_WRITE },
	};
	uint8_t a = next(decode), b = next(decode);

	decode->rex = (uint8_t)((~a >> 5) & 7);
	decode->vvvv = (uint8_t)((~b >> 3) & 15);
	decode->opcode = next(decode);
	if ((a & 31) >= 8 && (a & 31) <= 10)
		decode->row = &forms[(a & 31) - 8];
}

static uint8_t peek(const struct decode *decode)
{
	return decode->at < decode->code.size ? decode->code.at[decode->at] : 0;
}

static void read_opcode(struct decode *decode, uint8_t byte)
{
	if (!leads(byte)) {
		decode->map = 0;
		decode->opcode = byte;
		return;
	}
	/* In 32-bit code these are VEX only before what looks like mod 3. */
	if ((byte == 0xc4 || byte == 0xc5 || byte == 0x62) &&
	    (decode->wide || peek(decode) >= 0xc0)) {
		read_vex(decode, byte);
		return;
	}
	if (byte == 0x8f && (peek(decode) & 0x38)) {
		read_xop(decode);
		return;
	}
	decode->map = 0;
	if (byte == 0x0f) {
		decode->map = 1;
		byte = next(decode);
		if (byte == 0x38 || byte == 0x3a) {
			decode->map = byte == 0x38 ? 2 : 3;
			byte = next(decode);
		}
	}
	decode->opcode = byte;
}

/* ------------------------------------------------------------- memory -- */

static void read_sib(struct decode *decode, struct memory *memory)
{
	const uint8_t sib = next(decode);
	const uint8_t index =
		(uint8_t)((sib >> 3 & 7) | (decode->rex & REX_X ? 8 : 0));

	memory->base = (uint8_t)((sib & 7) | (decode->rex & REX_B ? 8 : 0));
	memory->scale = (uint8_t)(1 << (sib >> 6));
	/* Register 4 is no index, unless it is a vector's. */
	if (index != X86_RSP)
		memory->index = index;
	if ((sib & 7) == 5 && decode->mod == 0) {
		memory->base = REGISTER_NONE;
		memory->offset = next_number(decode, 4);
	}
}

/* The forms that 16-bit addresses have; we never follow those. */
static void read_memory16(struct decode *decode, struct memory *memory)
{
	memory->thread = true;
	if (decode->mod == 2 || (decode->mod == 0 && decode->rm == 6))
		next_number(decode, 2);
	else if (decode->mod == 1)
		next_number(decode, 1);
}

static void read_memory(struct decode *decode, struct memory *memory)
{
	const uint8_t rm = decode->rm & 7;

	memory->used = true;
	memory->thread = decode->thread;
	memory->narrowed = decode->wide && decode->address16or32;
	memory->base = memory->index = REGISTER_NONE;
	memory->scale = 1;
	if (!decode->wide && decode->address16or32) {
		decode->rm = rm;
		read_memory16(decode, memory);
		return;
	}
	if (rm == 4) {
		read_sib(decode, memory);
	} else if (rm == 5 && decode->mod == 0) {
		memory->offset = next_number(decode, 4);
		if (decode->wide)
			memory->base = REGISTER_PC;
	} else {
		memory->base = decode->rm;
	}
	if (decode->mod == 1)
		memory->offset =
			next_number(decode, 1) * (decode->evex ? 64 : 1);
	else if (decode->mod == 2)
		memory->offset = next_number(decode, 4);
	/* The exact scale of an EVEX byte is not worth its table. */
	if (decode->evex && decode->mod == 1)
		memory->thread = true;
}

static void read_modrm(struct decode *decode, struct step *out)
{
	const uint8_t byte = next(decode);
	const struct x86_row *row = decode->row;

	decode->mod = byte >> 6;
	decode->reg =
		(uint8_t)((byte >> 3 & 7) | (decode->rex & REX_R ? 8 : 0));
	decode->rm = (uint8_t)((byte & 7) | (decode->rex & REX_B ? 8 : 0));
	if (row->shape & SHAPE_BY_REG)
		decode->row = &x86_groups[row->writes][byte >> 3 & 7];
	if (decode->mod != 3)
		read_memory(decode, &out->memory);
}

/* --------------------------------------------------------- immediates -- */

static unsigned operand_size(const struct decode *decode)
{
	if (decode->row->shape & SHAPE_BYTE)
		return 1;
	if (decode->rex & REX_W)
		return 8;
	if (decode->operand16)
		return 2;
	return decode->wide && decode->row->shape & SHAPE_WIDE ? 8 : 4;
}

static void read_numbers(struct decode *decode, struct step *out)
{
	const unsigned shape = decode->row->shape;
	const unsigned size = decode->size;
	/* A jump's distance keeps its width in 64-bit mode (as Intel does). */
	const unsigned z =
		decode->operand16 && !(decode->wide && shape & SHAPE_RELZ)
			? (decode->rex & REX_W ? 4 : 2)
			: 4;

	if (!(shape &
	      (SHAPE_IMM8 | SHAPE_IMM16 | SHAPE_IMMZ | SHAPE_IMMV | SHAPE_REL8 |
	       SHAPE_RELZ | SHAPE_ADDRESS | SHAPE_FAR | SHAPE_ENTER)))
		return;
	if (shape & SHAPE_ENTER)
		next_number(decode, 3);
	if (shape & SHAPE_IMM8)
		out->number = next_number(decode, 1);
	if (shape & SHAPE_IMM16)
		out->number = next_number(decode, 2);
	if (shape & SHAPE_IMMZ) {
		out->number = next_number(decode, z);
		out->wide_number = z == 4;
	}
	if (shape & SHAPE_IMMV) {
		out->number = next_number(decode, size == 8 ? 8 : z);
		out->wide_number = size >= 4;
	}
	if (shape & SHAPE_REL8)
		out->number = next_number(decode, 1);
	if (shape & SHAPE_RELZ)
		out->number = next_number(decode, z);
	if (shape & SHAPE_FAR)
		next_number(decode, z + 2);
	if (shape & SHAPE_ADDRESS) {
		const bool eight = decode->wide && !decode->address16or32;
		const bool two = !decode->wide && decode->address16or32;

		out->memory = (struct memory){
			.used = true,
			.thread = decode->thread,
			.base = REGISTER_NONE,
			.index = REGISTER_NONE,
			.scale = 1,
		};
		out->memory.offset = next_number(decode, eight ? 8
							 : two ? 2
							       : 4);
	}
}

/* ----------------------------------------------------------- operands -- */

static struct operand
general(const struct decode *decode, uint8_t name, unsigned size)
{
	/* ah, ch, dh and bh are parts of the first four. */
	if (size == 1 && !decode->has_rex && !decode->vex && name >= 4)
		name &= 3;
	return (struct operand){ OPERAND_REGISTER, name };
}

static struct operand operand_e(const struct decode *decode, unsigned size)
{
	if (decode->mod != 3)
		return (struct operand){ OPERAND_MEMORY, 0 };
	return general(decode, decode->rm, size);
}

static struct operand operand_o(const struct decode *decode, unsigned size)
{
	return general(decode,
		       (uint8_t)((decode->opcode & 7) |
				 (decode->rex & REX_B ? 8 : 0)),
		       size);
}

static const struct operand number_operand = { OPERAND_NUMBER, 0 };
static const struct operand rax_operand = { OPERAND_REGISTER, X86_RAX };

static void set_operands(const struct decode *decode, struct step *out)
{
	const unsigned size = decode->size;
	const unsigned from = out->narrow ? out->narrow : size;

	switch (decode->row->form) {
	case FORM_EG:
		out->to = operand_e(decode, size);
		out->from = general(decode, decode->reg, size);
		break;
	case FORM_GE:
	case FORM_GM:
		out->to = general(decode, decode->reg, size);
		out->from = operand_e(decode, from);
		break;
	case FORM_E1:
		out->number = 1;
		/* fall through */
	case FORM_EI:
		out->to = operand_e(decode, size);
		out->from = number_operand;
		break;
	case FORM_AI:
		out->to = rax_operand;
		out->from = number_operand;
		break;
	case FORM_OI:
		out->to = operand_o(decode, size);
		out->from = number_operand;
		break;
	case FORM_OA:
		out->to = operand_o(decode, size);
		out->from = rax_operand;
		break;
	case FORM_AE:
		out->to = rax_operand;
		out->from = (struct operand){ OPERAND_MEMORY, 0 };
		break;
	case FORM_EA:
		out->to = (struct operand){ OPERAND_MEMORY, 0 };
		out->from = rax_operand;
		break;
	case FORM_E:
		out->to = operand_e(decode, size);
		break;
	case FORM_O:
		out->to = operand_o(decode, size);
		break;
	case FORM_I:
		out->to = number_operand;
		break;
	default:
		break;
	}
}

static uint32_t written(const struct decode *decode)
{
	const uint32_t row = decode->row->writes;
	const unsigned size = decode->size;
	uint32_t mask = row & 0xffff;

	if (mask == row)
		return mask;
	if (row & WRITES_E && decode->mod == 3)
		mask |= 1u << general(decode, decode->rm, size).name;
	if (row & WRITES_G)
		mask |= 1u << general(decode, decode->reg, size).name;
	if (row & WRITES_O)
		mask |= 1u << operand_o(decode, size).name;
	if (row & WRITES_V)
		mask |= 1u << decode->vvvv;
	return mask;
}

static void set_memory(const struct decode *decode, struct step *out)
{
	const uint8_t access = decode->row->access;
	const unsigned size = decode->size;

	if (out->memory.used) {
		out->memory.read = access & ACCESS_READ;
		out->memory.write = access & ACCESS_WRITE;
		out->memory.long_ = access & ACCESS_LONG;
		/* What is no general register's may be as long as a vector. */
		out->memory.size = (uint8_t)(decode->row->op ? size : 64);
		if (out->narrow)
			out->memory.size = out->narrow;
		if (out->memory.base == REGISTER_PC)
			out->memory.offset =
				(int64_t)(decode->address + decode->at) +
				out->memory.offset;
	}
	if (access & ACCESS_HIDDEN)
		out->hidden_write = true;
}

/* ---------------------------------------------------------------- ops -- */

static void widen(struct step *out, unsigned from, bool sign)
{
	out->op = OP_MOVE;
	out->narrow = (uint8_t)from;
	out->sign = sign;
}

static void jump_to(const struct decode *decode, struct step *out)
{
	out->direct = true;
	out->target = decode->address + decode->at + (uint64_t)out->number;
	if (!decode->wide)
		out->target &= 0xffffffff;
}

static void set_flow(const struct decode *decode, struct step *out, uint8_t op)
{
	const bool direct = decode->row->shape & (SHAPE_REL8 | SHAPE_RELZ);

	switch (op) {
	case X86_OP_BRANCH:
		out->flow = FLOW_BRANCH;
		/* Loops count, and xbegin does not look at flags. */
		out->condition = decode->opcode >= 0x80 && decode->map == 0
					 ? 0xff
					 : decode->opcode & 15;
		break;
	case X86_OP_JUMP:
		out->flow = FLOW_JUMP;
		break;
	case X86_OP_CALL:
		out->flow = FLOW_CALL;
		break;
	case X86_OP_RETURN:
		out->flow = FLOW_RETURN;
		if (decode->row->shape & SHAPE_IMM16)
			out->pops = (uint16_t)out->number;
		return;
	default:
		out->flow = FLOW_STOP;
		return;
	}
	if (direct)
		jump_to(decode, out);
}

static void set_trap(const struct decode *decode, struct step *out, uint8_t op)
{
	const uint32_t results = 1u << X86_RAX | 1u << X86_RCX | 1u << X86_R11;

	if (op == X86_OP_INTERRUPT && (out->number & 0xff) != 0x80)
		return;
	out->trap = op == X86_OP_INTERRUPT  ? TRAP_INT80
		    : op == X86_OP_SYSENTER ? TRAP_SYSENTER
					    : TRAP_SYSCALL;
	out->writes =
		decode->wide && op == X86_OP_SYSCALL ? results : 1u << X86_RAX;
}

static void set_op(const struct decode *decode, struct step *out)
{
	const uint8_t op = decode->row->op;

	if (op < X86_OP_INCREMENT) {
		out->op = op;
		if (op == OP_CHOOSE || op == OP_CONDITION)
			out->condition = decode->opcode & 15;
		return;
	}
	switch (op) {
	case X86_OP_INCREMENT:
	case X86_OP_DECREMENT:
		out->op = op == X86_OP_INCREMENT ? OP_ADD : OP_SUB;
		out->from = number_operand;
		out->number = 1;
		break;
	case X86_OP_EXTEND1:
	case X86_OP_EXTEND2:
		widen(out, op == X86_OP_EXTEND1 ? 1 : 2, true);
		break;
	case X86_OP_EXTEND4:
		if (decode->wide && decode->rex & REX_W)
			widen(out, 4, true);
		else if (decode->wide)
			out->op = OP_MOVE;
		else
			out->op = OP_OTHER;
		break;
	case X86_OP_ZERO1:
	case X86_OP_ZERO2:
		widen(out, op == X86_OP_ZERO1 ? 1 : 2, false);
		break;
	case X86_OP_BORROW:
		out->op = OP_BORROW;
		break;
	case X86_OP_EXTEND:
		if (decode->operand16 && !(decode->rex & REX_W)) {
			out->writes = 1u << X86_RAX;
			break;
		}
		widen(out, decode->rex & REX_W ? 4 : 2, true);
		out->to = out->from = rax_operand;
		break;
	case X86_OP_INTERRUPT:
	case X86_OP_SYSCALL:
	case X86_OP_SYSENTER:
		set_trap(decode, out, op);
		break;
	default:
		set_flow(decode, out, op);
		break;
	}
}

/* i386 programs enter the kernel through a pointer of their thread's. */
static bool calls_kernel(const struct decode *decode, const struct step *out)
{
	return !decode->wide && out->flow == FLOW_CALL && !out->direct &&
	       out->memory.used && out->memory.thread &&
	       out->memory.base == REGISTER_NONE &&
	       out->memory.index == REGISTER_NONE && out->memory.offset == 16;
}

/*
 * rdssp is a nop on machines without shadow stacks, xchg of rax with itself is
 * one on all.
 */
static bool is_nothing(const struct decode *decode)
{
	return decode->map == 0 && decode->opcode == 0x90 &&
	       !(decode->rex & REX_B);
}

/* The registers that ModRM names, whatever kind of register they are. */
static uint32_t used(const struct decode *decode)
{
	uint32_t mask = 1u << decode->opcode % 8;

	if (decode->rex & REX_B)
		mask <<= 8;
	if (!(decode->row->shape & SHAPE_MODRM))
		return mask;
	mask = 1u << decode->reg;
	if (decode->mod == 3)
		mask |= 1u << decode->rm;
	if (decode->vex)
		mask |= 1u << decode->vvvv;
	return mask;
}

/* Whether an operand of a byte may be the second byte of a register. */
static bool is_high(const struct decode *decode, const struct step *out)
{
	if (decode->has_rex || decode->vex ||
	    (decode->size != 1 && out->narrow != 1))
		return false;
	if (!(decode->row->shape & SHAPE_MODRM))
		return (decode->opcode & 4) != 0;
	return decode->reg >= 4 || (decode->mod == 3 && decode->rm >= 4);
}

static void fill(struct decode *decode, struct step *out)
{
	out->size = decode->size;
	out->writes = written(decode);
	out->left = out->post = out->second = REGISTER_NONE;
	if (is_nothing(decode))
		return;
	set_op(decode, out);
	if (out->op == OP_OTHER && out->flow == FLOW_ON && !out->trap)
		out->reads = used(decode);
	set_operands(decode, out);
	out->high = is_high(decode, out);
	if (decode->row->op == X86_OP_INCREMENT ||
	    decode->row->op == X86_OP_DECREMENT)
		out->from = number_operand;
	if (decode->row->op == X86_OP_EXTEND4 && !decode->wide) {
		/* arpl, of which nobody has heard since. */
		out->writes = 0xff;
		out->to = out->from = (struct operand){ 0 };
	}
	set_memory(decode, out);
	if (calls_kernel(decode, out)) {
		out->flow = FLOW_ON;
		out->trap = TRAP_SYSENTER;
		out->writes = 1u << X86_RAX;
		out->to = (struct operand){ 0 };
	}
}

void x86_step(struct bytes code, uint64_t address, bool wide, struct step *out)
{
	/* Copies of nothing: they cost a third of what zeroing does. */
	static const struct decode fresh;
	static const struct step none;
	struct decode decode = fresh;

	decode.code = code;
	decode.wide = wide;
	decode.address = address;
	/* What is longer ends like what is cut off. */
	if (decode.code.size > LENGTH_MAX)
		decode.code.size = LENGTH_MAX;
	*out = none;
	read_opcode(&decode, read_prefixes(&decode));
	if (decode.ended || decode.map == 0xff)
		return;
	if (!decode.row)
		decode.row = &x86_rows[decode.map][decode.opcode];
	if (decode.row->shape & SHAPE_MODRM)
		read_modrm(&decode, out);
	if (decode.row->shape & SHAPE_BAD ||
	    (wide && decode.row->shape & SHAPE_NARROW_ONLY))
		return;
	decode.size = (uint8_t)operand_size(&decode);
	/* VEX's own immediates do not depend on the prefix it implies. */
	read_numbers(&decode, out);
	if (decode.ended)
		return;
	fill(&decode, out);
	out->length = (uint8_t)decode.at;
}
