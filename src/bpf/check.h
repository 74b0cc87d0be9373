/* bpf/check.h - what the kernel accepts as a seccomp filter. */
#ifndef BPF_CHECK_H
#define BPF_CHECK_H

#include "base/fail.h"
#include "bpf/insn.h"

/*
 * Whether the kernel would load this program (bpf_check_classic and
 * seccomp_check_filter in net/core/filter.c and kernel/seccomp.c): length,
 * opcodes, offsets, jumps, scratch memory written before it is read on every
 * path, constant divisors and shifts, a return at the end.
 *
 * Fails with CG_E_PROGRAM: "instruction 7 (jeq): jumps to 300, past the end".
 */
bool bpf_check(const struct cg_insn *insns, size_t count, struct cg_error *err);

/*
 * The same for a program that need not fit the kernel: any length from 1 on.
 * One that is longer than the kernel takes has no use for scratch memory.
 */
bool bpf_check_any(const struct cg_insn *insns, size_t count,
		   struct cg_error *err);

/*
 * Instructions after the kernel's conversion to eBPF (bpf_convert_filter),
 * prologue included: what it counts against 32768 for each process.
 * Requires a program that bpf_check accepts.
 */
size_t bpf_converted_length(const struct cg_insn *insns, size_t count);

#endif
