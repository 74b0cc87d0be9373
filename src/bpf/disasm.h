/* bpf/disasm.h - a program as text. Both add to `out`; ask it at the end. */
#ifndef BPF_DISASM_H
#define BPF_DISASM_H

#include "base/buf.h"
#include "bpf/insn.h"

/*
 * The listing for a person: line number, instruction, absolute jump targets,
 * and what it means: the word loaded ("args[1].low"), the ABI, the call or the
 * answer that a constant stands for. Names of calls are given where the path
 * to the instruction has settled the ABI and A holds nr.
 */
void disasm_listing(const struct cg_insn *insns, size_t count, bool big_endian,
		    struct buf *out);

/*
 * The lines of the listing that are executed for `call`, with what each test
 * comes to. Of a row of tests that fail the first and the last are shown.
 */
void disasm_trace(const struct cg_insn *insns, size_t count, bool big_endian,
		  const struct cg_call *call, struct buf *out);

/* Assembly text: labels for jump targets, no comments; asm_read() reads it. */
void disasm_assembly(const struct cg_insn *insns, size_t count,
		     struct buf *out);

/*
 * What stands behind the name of instruction `at`, which seccomp has: " #0x5",
 * " x, 12, 13". `label` goes before each number of an instruction.
 */
void disasm_operand(const struct cg_insn *insn, size_t at, const char *label,
		    struct buf *out);

/* "ret", "jeq": the name of an opcode; NULL if seccomp has no such. */
const char *disasm_name(uint16_t code);

#endif
