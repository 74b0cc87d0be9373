/*
 * The decoder of x86 against Zydis: the same length for each instruction of
 * each function, the registers that it changes among those that we say, and
 * memory written only where we say so.
 *
 * Without an argument two libraries of this machine are tried; with one, all
 * ELF files below that folder.
 */
#include <Zydis/Zydis.h>
#include <ftw.h>
#include <string.h>

#include "profile/elf.h"
#include "profile/x86.h"
#include "tap.h"

static struct counts {
	size_t files, instructions, lengths, writes;
} counts;

static int general(ZydisRegister name, bool wide)
{
	const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(
		wide ? ZYDIS_MACHINE_MODE_LONG_64
		     : ZYDIS_MACHINE_MODE_LEGACY_32,
		name);

	if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
		return whole - ZYDIS_REGISTER_RAX;
	if (whole >= ZYDIS_REGISTER_EAX && whole <= ZYDIS_REGISTER_R15D)
		return whole - ZYDIS_REGISTER_EAX;
	return -1;
}

/* What we say that an instruction may change. */
static uint32_t ours(const struct step *step)
{
	uint32_t mask = step->writes;

	if (step->to.kind == OPERAND_REGISTER && step->op != OP_COMPARE &&
	    step->op != OP_TEST && step->op != OP_PUSH)
		mask |= 1u << step->to.name;
	if (step->op == OP_EXCHANGE && step->from.kind == OPERAND_REGISTER)
		mask |= 1u << step->from.name;
	if (step->op == OP_PUSH || step->op == OP_POP || step->op == OP_LEAVE ||
	    step->flow == FLOW_CALL || step->flow == FLOW_RETURN)
		mask |= 1u << X86_RSP;
	if (step->op == OP_LEAVE)
		mask |= 1u << X86_RBP;
	return mask;
}

static bool writes_agree(const ZydisDecodedInstruction *theirs,
			 const ZydisDecodedOperand *operands,
			 const struct step *step, bool wide)
{
	const bool memory = step->memory.write || step->hidden_write ||
			    step->op == OP_PUSH || step->flow == FLOW_CALL ||
			    step->trap;
	uint32_t mask = 0;

	for (unsigned i = 0; i < theirs->operand_count; i++) {
		const ZydisDecodedOperand *one = &operands[i];
		int name;

		if (!(one->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (one->type == ZYDIS_OPERAND_TYPE_MEMORY && !memory)
			return false;
		if (one->type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		name = general(one->reg.value, wide);
		if (name >= 0)
			mask |= 1u << name;
	}
	/* Entering the kernel through the thread's pointer is a call, too. */
	if (step->trap == TRAP_SYSENTER)
		mask &= ~(1u << X86_RSP);
	return !(mask & ~ours(step));
}

static size_t compare(const ZydisDecoder *decoder, struct bytes code,
		      uint64_t address, bool wide)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction theirs;
	struct step step;

	x86_step(code, address, wide, &step);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, code.at, code.size,
						 &theirs, operands)))
		return step.length ? step.length : 1;
	counts.instructions++;
	if (step.length != theirs.length) {
		if (counts.lengths++ < 10)
			tap_note("0x%llx: %u bytes, Zydis says %u: %s",
				 (unsigned long long)address, step.length,
				 theirs.length,
				 ZydisMnemonicGetString(theirs.mnemonic));
	} else if (!writes_agree(&theirs, operands, &step, wide)) {
		if (counts.writes++ < 10)
			tap_note("0x%llx: changes more than we say: %s",
				 (unsigned long long)address,
				 ZydisMnemonicGetString(theirs.mnemonic));
	}
	return theirs.length;
}

static void compare_image(const struct image *image)
{
	const bool wide = image->word == 8;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder,
			 wide ? ZYDIS_MACHINE_MODE_LONG_64
			      : ZYDIS_MACHINE_MODE_LEGACY_32,
			 wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
	for (size_t i = 0; i < image->frame_count; i++) {
		const struct frame *frame = &image->frames[i];
		struct bytes code = image_bytes(image, frame->start,
						frame->end - frame->start);

		for (size_t at = 0; at < code.size;)
			at += compare(&decoder,
				      (struct bytes){ code.at + at,
						      code.size - at },
				      frame->start + at, wide);
	}
}

static int try_file(const char *path, const struct stat *about, int kind,
		    struct FTW *place)
{
	struct arena arena = { .budget = (size_t)1 << 32 };
	unsigned char *bytes;
	struct cg_error err;
	struct image image;
	size_t size;
	FILE *file;

	(void)place;
	if (kind != FTW_F || about->st_size < 64 ||
	    !(file = fopen(path, "rbe")))
		return 0;
	bytes = malloc((size_t)about->st_size);
	size = bytes ? fread(bytes, 1, (size_t)about->st_size, file) : 0;
	fclose(file);
	if (size > 4 && memcmp(bytes, "\177ELF", 4) == 0 &&
	    image_open(&arena, (struct bytes){ bytes, size }, path, &image,
		       &err) &&
	    image.machine != MACHINE_AARCH64) {
		counts.files++;
		compare_image(&image);
	}
	arena_free(&arena);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib64/libc.so.6",
		"/lib32/libc.so.6",
	};
	struct tap tap = { 0 };
	struct stat about;

	if (argc > 1)
		nftw(argv[1], try_file, 32, FTW_PHYS);
	for (size_t i = 0; argc == 1 && i < 3; i++)
		if (stat(usual[i], &about) == 0)
			try_file(usual[i], &about, FTW_F, NULL);
	if (!counts.files) {
		tap_skip(&tap, "the decoder and Zydis",
			 "no library of x86 was found");
		return tap_done(&tap);
	}
	tap_ok(&tap, counts.lengths == 0,
	       "lengths of %zu instructions in %zu files", counts.instructions,
	       counts.files);
	tap_ok(&tap, counts.writes == 0, "what they change");
	return tap_done(&tap);
}
