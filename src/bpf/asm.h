/* bpf/asm.h - read assembly text as disasm_assembly() writes it. */
#ifndef BPF_ASM_H
#define BPF_ASM_H

#include "base/arena.h"
#include "base/fail.h"
#include "bpf/insn.h"

/*
 * Instructions go to `*out`, in the arena. At most CG_PROGRAM_MAX of them.
 * Fails with CG_E_SYNTAX and line and column, CG_E_TOOLONG, CG_E_NOMEM. What
 * it reads need not pass bpf_check: that is asked separately.
 */
bool asm_read(struct arena *arena, const char *text, size_t length,
	      struct cg_insn **out, size_t *count, struct cg_error *err);

#endif
