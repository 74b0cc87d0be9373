#include "bpf/disasm.h"
#include "bpf/opcode.h"

#include <assert.h>
#include <inttypes.h>

const char *disasm_name(uint16_t code)
{
	const struct opcode *opcode = opcode_find(code);

	return opcode ? opcode->name : NULL;
}

/*
 * Whether text in words would lose something: an unknown code, a field set
 * that the instruction does not use, a jump out of the program.
 */
static bool needs_numbers(const struct cg_insn *insn, size_t at, size_t count)
{
	const struct opcode *opcode = opcode_find(insn->code);
	const uint64_t next = (uint64_t)at + 1;

	if (!opcode)
		return true;
	if (opcode->branch
		    ? next + insn->jt >= count || next + insn->jf >= count
		    : insn->jt || insn->jf)
		return true;
	switch (opcode->operand) {
	case OPERAND_LABEL:
		return next + insn->k >= count;
	case OPERAND_NONE:
	case OPERAND_LEN:
	case OPERAND_X:
	case OPERAND_A:
		return insn->k != 0;
	default:
		return false;
	}
}

/* Mark where the jumps that are written with labels go. */
static void
targets_find(const struct cg_insn *insns, size_t count, bool *target)
{
	for (size_t at = 0; at < count; at++) {
		const struct cg_insn *insn = &insns[at];
		const struct opcode *opcode = opcode_find(insn->code);

		if (needs_numbers(insn, at, count))
			continue;
		if (opcode->operand == OPERAND_LABEL)
			target[at + 1 + insn->k] = true;
		if (opcode->branch) {
			target[at + 1 + insn->jt] = true;
			target[at + 1 + insn->jf] = true;
		}
	}
}

void disasm_operand(const struct cg_insn *insn, size_t at, const char *label,
		    struct buf *out)
{
	const struct opcode *opcode = opcode_find(insn->code);
	const uint64_t next = (uint64_t)at + 1;

	switch (opcode->operand) {
	case OPERAND_NONE:
		break;
	case OPERAND_DATA:
		buf_printf(out, " [%" PRIu32 "]", insn->k);
		break;
	case OPERAND_IMM:
		buf_printf(out, " #0x%" PRIx32, insn->k);
		break;
	case OPERAND_CELL:
		buf_printf(out, " M[%" PRIu32 "]", insn->k);
		break;
	case OPERAND_LEN:
		buf_puts(out, " #len");
		break;
	case OPERAND_X:
		buf_puts(out, " x");
		break;
	case OPERAND_A:
		buf_puts(out, " a");
		break;
	case OPERAND_LABEL:
		buf_printf(out, " %s%" PRIu64, label, next + insn->k);
		break;
	}
	if (opcode->branch)
		buf_printf(out, ", %s%" PRIu64 ", %s%" PRIu64, label,
			   next + insn->jt, label, next + insn->jf);
}

void disasm_assembly(const struct cg_insn *insns, size_t count, struct buf *out)
{
	bool target[CG_PROGRAM_MAX] = { false };

	assert(count <= CG_PROGRAM_MAX);
	targets_find(insns, count, target);
	for (size_t at = 0; at < count; at++) {
		const struct cg_insn *insn = &insns[at];

		if (target[at])
			buf_printf(out, "L%zu:", at);
		if (needs_numbers(insn, at, count)) {
			buf_printf(out, "\t.insn 0x%x, %u, %u, 0x%" PRIx32 "\n",
				   insn->code, insn->jt, insn->jf, insn->k);
			continue;
		}
		buf_printf(out, "\t%s", disasm_name(insn->code));
		disasm_operand(insn, at, "L", out);
		buf_puts(out, "\n");
	}
}
