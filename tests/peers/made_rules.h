/* peers/made_rules.h - rules by the hundred, the same ones for the same seed.
 */
#ifndef PEERS_MADE_RULES_H
#define PEERS_MADE_RULES_H

#include "rules.h"

/* What a set of made-up rules is like. */
struct recipe {
	const char *abis[RULES_ABIS];
	uint32_t otherwise, foreign;
	uint32_t answers[4]; /* each call takes one of these; 0s at the end */
	size_t plain;        /* calls without a condition; 0 fits all */
	size_t conditional;  /* calls with conditions, several rules each */
	int level;
};

/*
 * Fill `rules` by a recipe. False if there are not as many calls that both
 * libraries know by the same numbers.
 */
bool made_rules(struct rules *rules, const struct recipe *recipe,
		uint64_t seed);

/* A recipe by its seed. */
void made_recipe(struct recipe *recipe, uint64_t seed);

#endif
