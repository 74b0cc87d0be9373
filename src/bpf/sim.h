/*
 * bpf/sim.h - run a filter on one call, as the kernel does.
 *
 * Requires, of both, a program that bpf_check accepts. This is one of the three
 * judges, so it knows nothing of policies and is written for plainness.
 */
#ifndef BPF_SIM_H
#define BPF_SIM_H

#include "bpf/insn.h"

/*
 * The answer as the program returns it. A division by zero returns 0, as in
 * the kernel. `*steps`, unless NULL, gets the instructions executed.
 */
uint32_t bpf_sim(const struct cg_insn *insns, size_t count, bool big_endian,
		 const struct cg_call *call, size_t *steps);

/* The same, with the indexes of what is executed: room for `count` of them. */
uint32_t bpf_path(const struct cg_insn *insns, size_t count, bool big_endian,
		  const struct cg_call *call, uint16_t *path, size_t *steps);

/*
 * Whether the kernel's action cache (seccomp_is_const_allow, 5.11+) would
 * answer `nr` under `arch`: it understands loads of nr and arch, constant
 * jumps, AND by a constant and a return of exactly ALLOW, nothing else.
 */
bool bpf_cached(const struct cg_insn *insns, size_t count, uint32_t arch,
		uint32_t nr);

#endif
