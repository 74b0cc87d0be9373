/* Any text as assembly: what can be read is the same when read again. */
#include <string.h>

#include "bpf/asm.h"
#include "bpf/disasm.h"
#include "fuzz.h"

enum { MEMORY = 1 << 24 };

static void reads_again(const struct cg_insn *insns, size_t count)
{
	struct arena arena = { .budget = MEMORY };
	struct buf text = { 0 };
	struct cg_insn *again;
	struct cg_error err;
	size_t length;

	disasm_assembly(insns, count, &text);
	must(!text.failed, "there is memory");
	must(asm_read(&arena, text.text ? text.text : "", text.length, &again,
		      &length, &err),
	     "what was read can be written and read");
	must(length == count, "and has as many instructions");
	for (size_t i = 0; i < count; i++)
		must(insns[i].code == again[i].code &&
			     insns[i].jt == again[i].jt &&
			     insns[i].jf == again[i].jf &&
			     insns[i].k == again[i].k,
		     "and the same ones");
	arena_free(&arena);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *insns;
	size_t count;

	if (asm_read(&arena, (const char *)data, size, &insns, &count, &err)) {
		must(count <= CG_PROGRAM_MAX, "the kernel's limit holds");
		reads_again(insns, count);
	} else {
		must(err.status != CG_OK && err.message[0] &&
			     (err.status == CG_E_NOMEM ||
			      (err.line > 0 && err.column > 0)),
		     "a refusal says why and where");
	}
	arena_free(&arena);
	return 0;
}
