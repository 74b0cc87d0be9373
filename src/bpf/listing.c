#include "bpf/disasm.h"
#include "bpf/meaning.h"
#include "bpf/opcode.h"

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

void disasm_listing(const struct cg_insn *insns, size_t count, bool big_endian,
		    struct buf *out)
{
	struct arena arena = { .budget = MEMORY };
	struct flow flow;

	assert(count <= CG_PROGRAM_MAX);
	if (!flow_run(&arena, insns, count, big_endian, &flow))
		out->failed = true;
	for (size_t at = 0; at < count && !out->failed; at++) {
		struct buf left = { 0 }, meaning = { 0 };

		insn_print(&insns[at], at, &left);
		meaning_print(&flow, at, &meaning);
		out->failed |= left.failed | meaning.failed;
		if (meaning.length > 0)
			buf_printf(out, "%-*s; %s\n", COLUMN, left.text,
				   meaning.text);
		else if (left.length > 0)
			buf_printf(out, "%s\n", left.text);
		buf_free(&left);
		buf_free(&meaning);
	}
	arena_free(&arena);
}
