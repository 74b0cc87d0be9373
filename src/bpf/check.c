#include "bpf/check.h"
#include "bpf/opcode.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct checker {
	const struct cg_insn *insns;
	size_t count;
	struct cg_error *err;
};

__attribute__((format(printf, 3, 4))) static bool
refuse(const struct checker *checker, size_t at, const char *format, ...)
{
	const struct opcode *opcode = opcode_find(checker->insns[at].code);
	char why[128];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return fail(checker->err, CG_E_PROGRAM, "instruction %zu (%s): %s", at,
		    opcode ? opcode->name : "?", why);
}

static bool
target_inside(const struct checker *checker, size_t at, uint64_t skip)
{
	uint64_t target = (uint64_t)at + 1 + skip;

	return target < checker->count ||
	       refuse(checker, at, "jumps to %" PRIu64 ", past the end",
		      target);
}

/* Everything that can be said of one instruction without the others. */
static bool check_insn(const struct checker *checker, size_t at)
{
	const struct cg_insn *insn = &checker->insns[at];
	const struct opcode *opcode = opcode_find(insn->code);

	if (!opcode)
		return refuse(checker, at,
			      "seccomp has no instruction with the code 0x%x",
			      insn->code);
	if (insn->k < opcode->k_first || insn->k > opcode->k_last ||
	    (opcode->operand == OPERAND_DATA && insn->k % 4 != 0))
		return refuse(checker, at, "k is %" PRIu32 ", but %s", insn->k,
			      opcode->k_rule);
	if (opcode->operand == OPERAND_LABEL)
		return target_inside(checker, at, insn->k);
	if (opcode->branch)
		return target_inside(checker, at, insn->jt) &&
		       target_inside(checker, at, insn->jf);
	return true;
}

/*
 * Each cell must be written on every path before it is read. This is the
 * kernel's own reckoning (check_load_and_stores), which is stricter than the
 * rule: it also counts the way from a return to the instruction behind it,
 * though nothing goes there.
 */
static bool check_memory(const struct checker *checker)
{
	uint16_t arriving[CG_PROGRAM_MAX]; /* a bit for each cell written */
	uint16_t written = 0;

	for (size_t at = 0; at < checker->count; at++)
		arriving[at] = UINT16_MAX;
	for (size_t at = 0; at < checker->count; at++) {
		const struct cg_insn *insn = &checker->insns[at];
		const struct opcode *opcode = opcode_find(insn->code);

		written &= arriving[at];
		if (insn->code == ST || insn->code == STX) {
			written |= (uint16_t)(1u << insn->k);
		} else if (opcode->operand == OPERAND_CELL) {
			if (!(written & 1u << insn->k))
				return refuse(checker, at,
					      "reads memory cell %" PRIu32
					      ", which some path has not"
					      " written",
					      insn->k);
		} else if (opcode->operand == OPERAND_LABEL) {
			arriving[at + 1 + insn->k] &= written;
			written = UINT16_MAX;
		} else if (opcode->branch) {
			arriving[at + 1 + insn->jt] &= written;
			arriving[at + 1 + insn->jf] &= written;
			written = UINT16_MAX;
		}
	}
	return true;
}

/* Where there are more instructions than check_memory() has room for. */
static bool check_no_memory(const struct checker *checker)
{
	for (size_t at = 0; at < checker->count; at++) {
		const uint16_t code = checker->insns[at].code;

		if (code == ST || code == STX ||
		    opcode_find(code)->operand == OPERAND_CELL)
			return refuse(checker, at,
				      "uses a memory cell in a program that is "
				      "too long for that");
	}
	return true;
}

bool bpf_check_any(const struct cg_insn *insns, size_t count,
		   struct cg_error *err)
{
	const struct checker checker = { insns, count, err };
	uint16_t last;

	if (count == 0)
		return fail(err, CG_E_PROGRAM, "the program is empty");
	for (size_t at = 0; at < count; at++)
		if (!check_insn(&checker, at))
			return false;
	last = insns[count - 1].code;
	if (last != RET_K && last != RET_A)
		return refuse(&checker, count - 1,
			      "the last instruction must be a ret");
	return count > CG_PROGRAM_MAX ? check_no_memory(&checker)
				      : check_memory(&checker);
}

bool bpf_check(const struct cg_insn *insns, size_t count, struct cg_error *err)
{
	if (count == 0 || count > CG_PROGRAM_MAX)
		return fail(err, CG_E_PROGRAM,
			    "the program has %zu instructions, the kernel"
			    " takes 1 to %d",
			    count, CG_PROGRAM_MAX);
	return bpf_check_any(insns, count, err);
}

/*
 * An eBPF jump goes one way and falls through the other, so a classic one that
 * skips both ways needs a second. JSET has no opposite to turn it into.
 * Constants of eBPF are signed: one with bit 31 set needs a register first.
 */
static size_t branch_length(const struct cg_insn *insn)
{
	bool by_constant = opcode_find(insn->code)->operand == OPERAND_IMM;
	bool jset = insn->code == JSET_K || insn->code == JSET_X;
	size_t length = 1;

	if (by_constant && insn->k > INT32_MAX)
		length++;
	if (insn->jf != 0 && (insn->jt != 0 || jset))
		length++;
	return length;
}

size_t bpf_converted_length(const struct cg_insn *insns, size_t count)
{
	size_t length = 3; /* clear A, clear X, keep the context */

	for (size_t at = 0; at < count; at++) {
		const struct opcode *opcode = opcode_find(insns[at].code);

		assert(opcode);
		length += opcode->branch ? branch_length(&insns[at])
					 : opcode->converted;
	}
	return length;
}
