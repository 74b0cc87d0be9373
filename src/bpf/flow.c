#include "bpf/flow.h"
#include "bpf/opcode.h"

enum { CLASS = 0x07, CLASS_LD = 0x00, CLASS_ALU = 0x04 };

#define OTHERS ((uint32_t)1 << FLOW_ARCHS)

bool flow_settled(const struct facts *facts)
{
	return facts->archs != 0 && !(facts->archs & OTHERS);
}

/* The bit of a value of arch; past FLOW_ARCHS of them it is one of others. */
static uint32_t arch_bit(const struct flow *flow, uint32_t arch)
{
	for (size_t i = 0; i < flow->archs; i++)
		if (flow->arch[i] == arch)
			return (uint32_t)1 << i;
	return OTHERS;
}

static bool holds_all_of(const struct facts *facts, uint32_t offset)
{
	return facts->word && facts->offset == offset &&
	       facts->mask == UINT32_MAX;
}

/* Two ways meet: what both know is known. */
static void meet(struct facts *at, const struct facts *from)
{
	if (!at->reached) {
		*at = *from;
		return;
	}
	at->archs |= from->archs;
	if (!from->word || at->offset != from->offset || at->mask != from->mask)
		at->word = false;
	if (from->nr_first < at->nr_first)
		at->nr_first = from->nr_first;
	if (from->nr_last > at->nr_last)
		at->nr_last = from->nr_last;
}

static void go(const struct flow *flow, uint64_t target, struct facts from)
{
	if (target < flow->count && from.archs != 0)
		meet(&flow->facts[target], &from);
}

/* What a comparison of nr with a constant leaves of it on either side. */
static void
narrow(const struct cg_insn *insn, struct facts *yes, struct facts *no)
{
	const uint32_t k = insn->k;

	if (insn->code == JEQ_K && k >= yes->nr_first && k <= yes->nr_last)
		yes->nr_first = yes->nr_last = k;
	if (insn->code == JEQ_K && no->nr_first == k && k < no->nr_last)
		no->nr_first++;
	else if (insn->code == JEQ_K && no->nr_last == k && k > no->nr_first)
		no->nr_last--;
	if (insn->code == JGE_K && k > no->nr_first && k <= no->nr_last) {
		yes->nr_first = k;
		no->nr_last = k - 1;
	}
	if (insn->code == JGT_K && k >= no->nr_first && k < no->nr_last) {
		yes->nr_first = k + 1;
		no->nr_last = k;
	}
}

/* A comparison for equality tells each side something, most others do not. */
static void branch(const struct flow *flow, size_t at, struct facts facts)
{
	const struct cg_insn *insn = &flow->insns[at];
	struct facts yes = facts, no = facts;

	if (insn->code == JEQ_K && holds_all_of(&facts, DATA_ARCH)) {
		const uint32_t bit = arch_bit(flow, insn->k);

		yes.archs &= bit;
		if (bit != OTHERS)
			no.archs &= ~bit;
	}
	if (holds_all_of(&facts, DATA_NR))
		narrow(insn, &yes, &no);
	go(flow, (uint64_t)at + 1 + insn->jt, yes);
	go(flow, (uint64_t)at + 1 + insn->jf, no);
}

/* What an instruction that does not jump does to A. */
static void step(const struct cg_insn *insn, struct facts *facts)
{
	if (insn->code == LD_ABS && insn->k < DATA_SIZE) {
		facts->word = true;
		facts->offset = (uint8_t)insn->k;
		facts->mask = UINT32_MAX;
	} else if (insn->code == AND_K) {
		facts->mask &= insn->k;
	} else if ((insn->code & CLASS) == CLASS_LD ||
		   (insn->code & CLASS) == CLASS_ALU || insn->code == TXA) {
		facts->word = false;
	}
}

static void visit(const struct flow *flow, size_t at)
{
	const struct cg_insn *insn = &flow->insns[at];
	const struct opcode *opcode = opcode_find(insn->code);
	struct facts facts = flow->facts[at];

	if (!opcode || insn->code == RET_K || insn->code == RET_A)
		return;
	if (opcode->branch) {
		branch(flow, at, facts);
	} else if (opcode->operand == OPERAND_LABEL) {
		go(flow, (uint64_t)at + 1 + insn->k, facts);
	} else {
		step(insn, &facts);
		go(flow, (uint64_t)at + 1, facts);
	}
}

/* Jumps go forward, so once through tells all about every way. */
static void follow(struct flow *flow)
{
	for (size_t at = 0; at < flow->count; at++)
		flow->facts[at] = (struct facts){ 0 };
	if (flow->count > 0) {
		flow->facts[0].reached = true;
		flow->facts[0].nr_last = UINT32_MAX;
		flow->facts[0].archs = UINT32_MAX;
	}
	for (size_t at = 0; at < flow->count; at++)
		if (flow->facts[at].reached)
			visit(flow, at);
}

/* The constants that are compared while A is known to hold arch. */
static void archs_find(struct flow *flow)
{
	for (size_t at = 0; at < flow->count; at++) {
		const struct cg_insn *insn = &flow->insns[at];
		const struct facts *facts = &flow->facts[at];

		if (insn->code == JEQ_K && facts->reached &&
		    holds_all_of(facts, DATA_ARCH) &&
		    flow->archs < FLOW_ARCHS &&
		    arch_bit(flow, insn->k) == OTHERS)
			flow->arch[flow->archs++] = insn->k;
	}
}

bool flow_run(struct arena *arena, const struct cg_insn *insns, size_t count,
	      bool big_endian, struct flow *out)
{
	*out = (struct flow){
		.insns = insns,
		.count = count,
		.big_endian = big_endian,
		.facts = arena_array(arena, struct facts, count),
	};
	if (!out->facts)
		return false;
	/*
	 * A may hold arch far from where it was loaded, so the first time
	 * through only finds the values, and the second time knows them.
	 */
	follow(out);
	archs_find(out);
	follow(out);
	return true;
}
