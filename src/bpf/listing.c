#include "bpf/disasm.h"
#include "bpf/meaning.h"
#include "bpf/opcode.h"
#include "bpf/sim.h"

#include <assert.h>
#include <inttypes.h>

enum {
	COLUMN = 38, /* where the meaning begins */
	MEMORY = CG_PROGRAM_MAX * sizeof(struct facts) + 1024,
};

static void insn_print(const struct cg_insn *insn, size_t at, struct buf *out)
{
	const struct opcode *opcode = opcode_find(insn->code);

	buf_printf(out, "%4zu  ", at);
	if (opcode) {
		buf_printf(out, "%-4s", opcode->name);
		disasm_operand(insn, at, "", out);
	} else {
		buf_printf(out, ".insn 0x%x, %u, %u, 0x%" PRIx32, insn->code,
			   insn->jt, insn->jf, insn->k);
	}
}

/* One line: the instruction, its meaning, and `more` behind that. */
static void line_print(const struct flow *flow, size_t at, const char *more,
		       struct buf *out)
{
	struct buf left = { 0 }, meaning = { 0 };

	insn_print(&flow->insns[at], at, &left);
	meaning_print(flow, at, &meaning);
	out->failed |= left.failed | meaning.failed;
	if (meaning.length > 0)
		buf_printf(out, "%-*s; %s%s\n", COLUMN, left.text, meaning.text,
			   more);
	else if (left.length > 0 && *more)
		buf_printf(out, "%-*s; %s\n", COLUMN, left.text, more + 2);
	else if (left.length > 0)
		buf_printf(out, "%s\n", left.text);
	buf_free(&left);
	buf_free(&meaning);
}

void disasm_listing(const struct cg_insn *insns, size_t count, bool big_endian,
		    struct buf *out)
{
	struct arena arena = { .budget = MEMORY };
	struct flow flow;

	assert(count <= CG_PROGRAM_MAX);
	if (!flow_run(&arena, insns, count, big_endian, &flow))
		out->failed = true;
	for (size_t at = 0; at < count && !out->failed; at++)
		line_print(&flow, at, "", out);
	arena_free(&arena);
}

/* ------------------------------------------------- the way of one call -- */

struct way {
	struct flow flow;
	const uint16_t *path;
	size_t steps;
};

static bool is_test(const struct way *way, size_t i)
{
	const struct opcode *opcode =
		opcode_find(way->flow.insns[way->path[i]].code);

	return opcode && opcode->branch && i + 1 < way->steps;
}

static bool holds(const struct way *way, size_t i)
{
	const struct cg_insn *insn = &way->flow.insns[way->path[i]];

	return insn->jt != insn->jf &&
	       way->path[i + 1] == way->path[i] + 1 + insn->jt;
}

/* How many tests from `i` on fail, one behind the other. */
static size_t failing(const struct way *way, size_t i)
{
	size_t n = 0;

	while (is_test(way, i + n) && !holds(way, i + n))
		n++;
	return n;
}

/* What is known of this call is known on its whole way. */
static void pin(struct flow *flow, const struct cg_call *call)
{
	for (size_t at = 0; at < flow->count; at++) {
		struct facts *facts = &flow->facts[at];

		facts->nr_first = facts->nr_last = call->nr;
		for (size_t i = 0; i < flow->archs; i++)
			if (flow->arch[i] == call->arch && flow_settled(facts))
				facts->archs = (uint32_t)1 << i;
	}
}

static void way_print(const struct way *way, struct buf *out)
{
	enum { SHORT = 6 }; /* a row of tests no longer than this is shown */

	for (size_t i = 0; i < way->steps && !out->failed; i++) {
		size_t row = failing(way, i);
		const char *more = !is_test(way, i) ? ""
				   : holds(way, i)  ? ": yes"
						    : ": no";

		line_print(&way->flow, way->path[i], more, out);
		if (row <= SHORT)
			continue;
		buf_printf(out,
			   "      ... %zu more tests, none of which holds\n",
			   row - 2);
		i += row - 2;
		line_print(&way->flow, way->path[i + 1], ": no", out);
		i++;
	}
}

void disasm_trace(const struct cg_insn *insns, size_t count, bool big_endian,
		  const struct cg_call *call, struct buf *out)
{
	struct arena arena = { .budget = MEMORY + CG_PROGRAM_MAX * 4 };
	uint16_t *path = arena_array(&arena, uint16_t, count);
	struct way way = { .path = path };

	if (path && flow_run(&arena, insns, count, big_endian, &way.flow)) {
		bpf_path(insns, count, big_endian, call, path, &way.steps);
		pin(&way.flow, call);
		way_print(&way, out);
	} else {
		out->failed = true;
	}
	arena_free(&arena);
}
