/* prove/call_bits.h - a call as the bits that diagrams decide on. */
#ifndef PROVE_CALL_BITS_H
#define PROVE_CALL_BITS_H

#include <callgate/policy.h>

#include "prove/diagram.h"

static inline uint32_t call_word(const struct cg_call *call, unsigned word)
{
	uint64_t pair;

	if (word == WORD_ARCH)
		return call->arch;
	if (word == WORD_NR)
		return call->nr;
	pair = word < WORD_IP ? call->args[(word - WORD_ARGS) / 2] : call->ip;
	return (word - WORD_ARGS) % 2 ? (uint32_t)pair : (uint32_t)(pair >> 32);
}

/* Bit `variable` of a call, 0..BITS-1. */
static inline bool call_bit(const struct cg_call *call, unsigned variable)
{
	return call_word(call, variable / 32) >> (31 - variable % 32) & 1;
}

static inline void
call_set_bit(struct cg_call *call, unsigned variable, bool one)
{
	unsigned word = variable / 32, half = (word - WORD_ARGS) % 2;
	uint64_t bit = (uint64_t)1 << (31 - variable % 32);
	uint64_t *pair;

	if (word == WORD_ARCH || word == WORD_NR) {
		uint32_t *at = word == WORD_ARCH ? &call->arch : &call->nr;

		*at = one ? *at | (uint32_t)bit : *at & ~(uint32_t)bit;
		return;
	}
	pair = word < WORD_IP ? &call->args[(word - WORD_ARGS) / 2] : &call->ip;
	bit <<= half ? 0 : 32;
	*pair = one ? *pair | bit : *pair & ~bit;
}

#endif
