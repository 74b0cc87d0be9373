/*
 * Any bytes as a program: the first one's lowest bit is the byte order, the
 * others are the instructions.
 */
#include <string.h>

#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf/disasm.h"
#include "bpf/image.h"
#include "bpf/sim.h"
#include "fuzz.h"

enum { TEXT_MEMORY = 1 << 22 };

struct program {
	const struct cg_insn *insns;
	size_t count;
	bool big_endian;
};

static bool same(const struct cg_insn *a, const struct cg_insn *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].code != b[i].code || a[i].jt != b[i].jt ||
		    a[i].jf != b[i].jf || a[i].k != b[i].k)
			return false;
	return true;
}

static void bytes_return(const struct program *program, const uint8_t *bytes)
{
	const size_t size = program->count * INSN_SIZE;
	uint8_t *written = malloc(size ? size : 1);

	must(written != NULL, "there is memory");
	image_write(program->insns, program->count, program->big_endian,
		    written);
	must(memcmp(written, bytes, size) == 0,
	     "an image is written as it was read");
	free(written);
}

static void text_returns(const struct program *program)
{
	struct arena arena = { .budget = TEXT_MEMORY };
	struct buf text = { 0 };
	struct cg_error err;
	struct cg_insn *insns;
	size_t count;

	disasm_assembly(program->insns, program->count, &text);
	must(!text.failed, "there is memory");
	must(asm_read(&arena, text.text, text.length, &insns, &count, &err),
	     "assembly text can be read");
	must(count == program->count && same(insns, program->insns, count),
	     "assembly text is read as it was written");
	arena_free(&arena);
	buf_free(&text);
}

static void listing_prints(const struct program *program)
{
	struct buf out = { 0 };
	size_t lines = 0;

	disasm_listing(program->insns, program->count, program->big_endian,
		       &out);
	must(!out.failed, "there is memory");
	for (size_t i = 0; i < out.length; i++)
		lines += out.text[i] == '\n';
	must(lines == program->count, "a listing is a line an instruction");
	buf_free(&out);
}

/* Calls made of the constants of the program, so that they hit something. */
static void answers(const struct program *program)
{
	for (size_t i = 0; i < program->count && i < 64; i++) {
		const uint32_t k = program->insns[i].k;
		struct cg_call call = { .nr = k, .arch = ~k, .ip = k };
		uint32_t answer;
		size_t steps;

		for (size_t arg = 0; arg < 6; arg++)
			call.args[arg] = (uint64_t)k << (8 * arg) | arg;
		if (i % 2)
			call.arch = program->insns[i / 2].k;
		answer = bpf_sim(program->insns, program->count,
				 program->big_endian, &call, &steps);
		must(steps >= 1 && steps <= program->count,
		     "each instruction is executed once at most");
		if (bpf_cached(program->insns, program->count, call.arch,
			       call.nr))
			must(answer == CG_RET_ALLOW,
			     "what the cache allows is allowed");
	}
}

static void length_bounded(const struct program *program)
{
	const size_t length =
		bpf_converted_length(program->insns, program->count);

	must(length > 3 + program->count - 1 &&
		     length <= 3 + 5 * program->count,
	     "conversion makes 1 to 5 of each instruction");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cg_insn insns[CG_PROGRAM_MAX + 1];
	struct program program = { .insns = insns };
	struct cg_error err = { .status = CG_OK };

	if (size < 1)
		return 0;
	program.big_endian = data[0] & 1;
	program.count = (size - 1) / INSN_SIZE;
	if (program.count > CG_PROGRAM_MAX)
		program.count = CG_PROGRAM_MAX + 1;
	image_read(data + 1, program.count, program.big_endian, insns);
	bytes_return(&program, data + 1);
	if (program.count <= CG_PROGRAM_MAX) {
		text_returns(&program);
		listing_prints(&program);
	}
	if (!bpf_check(insns, program.count, &err)) {
		must(err.status == CG_E_PROGRAM && err.message[0],
		     "a refusal says why");
		return 0;
	}
	must(program.count >= 1 && program.count <= CG_PROGRAM_MAX,
	     "what is accepted is of a length that the kernel takes");
	answers(&program);
	length_bounded(&program);
	return 0;
}
