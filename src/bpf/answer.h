/* bpf/answer.h - what a filter answers, in words. */
#ifndef BPF_ANSWER_H
#define BPF_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include <callgate/arch.h>

/*
 * Write an answer as cg_answer_print promises: "allow", "errno(EPERM)",
 * "trap(3)"; a number where the action or the errno has no name. With `abi`
 * NULL an errno has its name if it is the same on every ABI. Cuts at `size`,
 * always ends with NUL; `size` above 0.
 */
void answer_print(uint32_t answer, const struct cg_abi *abi, char *out,
		  size_t size);

/*
 * The name of an answer's action, whatever its data: "kill_process"; NULL for
 * one that no kernel knows.
 */
const char *answer_action(uint32_t answer);

/*
 * The name of an errno on `abi`, or, if that is NULL, the name that it has on
 * every ABI; NULL if there is none.
 */
const char *answer_errno(uint32_t number, const struct cg_abi *abi);

/*
 * What the kernel makes of the answers of two filters in force at once
 * (seccomp_run_filters): the stricter one, as numbers with a sign go; of two
 * that are equally strict the newer filter's.
 */
uint32_t answer_join(uint32_t newer, uint32_t older);

/*
 * The answer that lets more through, or less; of one action with other data
 * that with the smaller data, either way. It does not matter which is first.
 */
uint32_t answer_looser(uint32_t a, uint32_t b);
uint32_t answer_stricter(uint32_t a, uint32_t b);

#endif
