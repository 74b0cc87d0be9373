/* bpf/meaning.h - what an instruction means, for a person. */
#ifndef BPF_MEANING_H
#define BPF_MEANING_H

#include "base/buf.h"
#include "bpf/flow.h"

/*
 * Add what instruction `at` means: "x86_64: nr == openat". Nothing where there
 * is nothing to say.
 */
void meaning_print(const struct flow *flow, size_t at, struct buf *out);

#endif
