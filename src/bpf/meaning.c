#include "bpf/meaning.h"
#include "bpf/answer.h"
#include "bpf/opcode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <callgate/arch.h>

enum { NAME_MAX_SHOWN = 128, ANSWER_SIZE = 64 };

/* "nr", "args[1].low"; nothing for an offset that no word has. */
static void word_name(uint32_t offset, bool big_endian, char *out, size_t size)
{
	const bool high = (offset % 8 == 4) != big_endian;
	const char *half = high ? "high" : "low";

	if (offset == DATA_NR)
		snprintf(out, size, "nr");
	else if (offset == DATA_ARCH)
		snprintf(out, size, "arch");
	else if (offset < DATA_ARGS)
		snprintf(out, size, "ip.%s", half);
	else
		snprintf(out, size, "args[%" PRIu32 "].%s",
			 (offset - DATA_ARGS) / 8, half);
}

/*
 * The call that `nr` is on every ABI that is still possible; NULL if they
 * disagree, or if the way here has not settled the ABI.
 */
static const struct cg_syscall *
call_here(const struct flow *flow, const struct facts *facts, uint32_t nr,
	  const struct cg_abi **abi)
{
	const struct cg_syscall *call = NULL;

	if (!flow_settled(facts))
		return NULL;
	for (size_t i = 0; i < flow->archs; i++) {
		const struct cg_syscall *other;

		if (!(facts->archs & (uint32_t)1 << i))
			continue;
		*abi = cg_abi_of_call(flow->arch[i], nr);
		other = *abi ? cg_syscall_at(*abi, nr) : NULL;
		if (!other || (call && other != call))
			return NULL;
		call = other;
	}
	return call;
}

/* Which ABIs the way here has left, where that is fewer than at the start. */
static void branch_print(const struct flow *flow, const struct facts *facts,
			 struct buf *out)
{
	const char *between = "";

	if (flow->archs == 0 || facts->archs == UINT32_MAX)
		return;
	for (size_t i = 0; i < flow->archs; i++) {
		const struct cg_abi *abi = cg_abi_of_call(flow->arch[i], 0);

		if (!(facts->archs & (uint32_t)1 << i))
			continue;
		if (abi)
			buf_printf(out, "%s%s", between, abi->name);
		else
			buf_printf(out, "%s0x%" PRIx32, between, flow->arch[i]);
		between = "|";
	}
	if (!flow_settled(facts))
		buf_printf(out, "%sother", between);
	buf_puts(out, ": ");
}

/* A number as the call that it is; one of x32 says so. */
static void call_print(const struct flow *flow, const struct facts *facts,
		       uint32_t nr, struct buf *out)
{
	const struct cg_abi *abi = NULL;
	const struct cg_syscall *call = call_here(flow, facts, nr, &abi);

	if (!call)
		buf_printf(out, "%" PRIu32, nr);
	else if (abi->nr_first > 0)
		buf_printf(out, "%s %s", abi->name, call->name);
	else
		buf_puts(out, call->name);
}

/* The argument behind the word that A holds, where the call is known. */
static bool argument_here(const struct flow *flow, const struct facts *facts,
			  const struct cg_abi **abi, struct cg_argument *out)
{
	const struct cg_syscall *call = NULL;
	struct cg_argument arguments[6];
	size_t count = 0, i;

	if (!facts->word || facts->offset < DATA_ARGS ||
	    facts->nr_first != facts->nr_last)
		return false;
	call = call_here(flow, facts, facts->nr_first, abi);
	i = (facts->offset - DATA_ARGS) / 8;
	if (!call || !cg_syscall_arguments(call, *abi, arguments, &count) ||
	    i >= count)
		return false;
	*out = arguments[i];
	return true;
}

/*
 * A constant that an argument is compared with. It has a name only where the
 * word is all that the kernel looks at.
 */
static void value_print(const struct flow *flow, const struct facts *facts,
			uint32_t k, struct buf *out)
{
	const bool low = (facts->offset % 8 == 0) != flow->big_endian;
	const struct cg_abi *abi = NULL;
	struct cg_argument argument;
	char text[NAME_MAX_SHOWN];

	if (low && argument_here(flow, facts, &abi, &argument) &&
	    argument.bits == 32 && !argument.is_pointer) {
		cg_argument_print(&argument, abi, k, text, sizeof(text));
		buf_puts(out, text);
		return;
	}
	buf_printf(out, "0x%" PRIx32, k);
}

static void constant_print(const struct flow *flow, const struct facts *facts,
			   uint32_t k, struct buf *out)
{
	const struct cg_abi *abi;

	if (facts->mask != UINT32_MAX) {
		buf_printf(out, "0x%" PRIx32, k);
	} else if (facts->offset == DATA_NR) {
		call_print(flow, facts, k, out);
	} else if (facts->offset == DATA_ARCH) {
		abi = cg_abi_of_call(k, 0);
		if (abi)
			buf_puts(out, abi->name);
		else
			buf_printf(out, "0x%" PRIx32, k);
	} else {
		value_print(flow, facts, k, out);
	}
}

/* "args[0].low", "(nr & 0xff)", and whose argument it is. */
static void
held_print(const struct flow *flow, const struct facts *facts, struct buf *out)
{
	const struct cg_abi *abi = NULL;
	struct cg_argument argument;
	char word[32];

	word_name(facts->offset, flow->big_endian, word, sizeof(word));
	if (facts->mask == UINT32_MAX)
		buf_puts(out, word);
	else
		buf_printf(out, "(%s & 0x%" PRIx32 ")", word, facts->mask);
	if (argument_here(flow, facts, &abi, &argument) && argument.name[0])
		buf_printf(out, " (%s)", argument.name);
}

static const char *comparison(uint16_t code)
{
	switch (code) {
	case JEQ_K:
		return "==";
	case JGT_K:
		return ">";
	case JGE_K:
		return ">=";
	default:
		return "&";
	}
}

static void compare_print(const struct flow *flow, const struct facts *facts,
			  const struct cg_insn *insn, struct buf *out)
{
	held_print(flow, facts, out);
	buf_printf(out, " %s ", comparison(insn->code));
	if (insn->code == JSET_K)
		buf_printf(out, "0x%" PRIx32, insn->k);
	else
		constant_print(flow, facts, insn->k, out);
}

/*
 * An errno is named if it has one name on all ABIs that can come here and that
 * the program knows.
 */
static void return_print(const struct flow *flow, const struct facts *facts,
			 uint32_t answer, struct buf *out)
{
	const struct cg_abi *abi = NULL;
	char text[ANSWER_SIZE], other[ANSWER_SIZE];

	answer_print(answer, NULL, text, sizeof(text));
	for (size_t i = 0; i < flow->archs; i++) {
		const struct cg_abi *next = cg_abi_of_call(flow->arch[i], 0);

		if (!next || !(facts->archs & (uint32_t)1 << i))
			continue;
		answer_print(answer, next, other, sizeof(other));
		if (abi && strcmp(text, other) != 0) {
			answer_print(answer, NULL, text, sizeof(text));
			break;
		}
		memcpy(text, other, sizeof(text));
		abi = next;
	}
	buf_puts(out, text);
}

void meaning_print(const struct flow *flow, size_t at, struct buf *out)
{
	const struct cg_insn *insn = &flow->insns[at];
	const struct opcode *opcode = opcode_find(insn->code);
	struct facts facts = flow->facts[at];

	if (!opcode) {
		buf_puts(out, "no instruction of seccomp");
	} else if (!facts.reached) {
		buf_puts(out, "nothing leads here");
	} else if (insn->code == LD_ABS && insn->k < DATA_SIZE) {
		facts.word = true;
		facts.offset = (uint8_t)insn->k;
		facts.mask = UINT32_MAX;
		branch_print(flow, &facts, out);
		held_print(flow, &facts, out);
	} else if (opcode->branch && opcode->operand == OPERAND_IMM &&
		   facts.word) {
		branch_print(flow, &facts, out);
		compare_print(flow, &facts, insn, out);
	} else if (insn->code == RET_K) {
		branch_print(flow, &facts, out);
		return_print(flow, &facts, insn->k, out);
	}
}
