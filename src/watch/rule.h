/*
 * watch/rule.h - the part of a filter that decided, as one line. Pure.
 */
#ifndef WATCH_RULE_H
#define WATCH_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bpf/insn.h"

enum { RULE_MAX = 400 /* bytes of a line; a longer one is left out */ };

/*
 * For which calls of this arch and number the filter gives `answer`:
 * "errno(EPERM) to socket(family == AF_ALG)"; "default kill: no rule is for
 * bpf" where numbers without a name get the same answer. Nothing is written
 * where that takes more memory than there is for it, or cannot be said so.
 * Requires a program that bpf_check accepts.
 */
void rule_write(const struct cg_insn *insns, size_t count, uint32_t arch,
		uint32_t nr, uint32_t answer, struct buf *out);

#endif
