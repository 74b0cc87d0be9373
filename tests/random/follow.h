/* random/follow.h - what a diagram answers to one call, bit by bit. */
#ifndef RANDOM_FOLLOW_H
#define RANDOM_FOLLOW_H

#include <callgate/policy.h>

#include "prove/diagram.h"

static inline uint32_t follow_word(const struct cg_call *call, unsigned word)
{
	const unsigned half = word - WORD_ARGS;

	if (word == WORD_ARCH)
		return call->arch;
	if (word == WORD_NR)
		return call->nr;
	if (word >= WORD_IP)
		return (uint32_t)(word == WORD_IP ? call->ip >> 32 : call->ip);
	return (uint32_t)(call->args[half / 2] >> (half % 2 ? 0 : 32));
}

static inline uint32_t
follow(const struct diagrams *all, dd at, const struct cg_call *call)
{
	unsigned variable;

	while ((variable = diagram_variable(all, at)) < BITS) {
		uint32_t word = follow_word(call, variable / 32);

		at = word >> (31 - variable % 32) & 1 ? diagram_one(all, at)
						      : diagram_zero(all, at);
	}
	return diagram_leaf(all, at);
}

#endif
