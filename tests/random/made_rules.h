/* random/made_rules.h - made-up policies in numbers. */
#ifndef RANDOM_MADE_RULES_H
#define RANDOM_MADE_RULES_H

#include <callgate/rules.h>

enum { RULES_MAX = 60, TESTS_MAX = 4 };

struct made_rules {
	struct cg_rules rules;
	struct cg_default defaults[4];
	struct cg_rule rule[RULES_MAX];
	struct cg_test tests[RULES_MAX][TESTS_MAX];
};

/* Make the rules of a seed; what they point to lies in `made` itself. */
void made_rules_init(struct made_rules *made, uint64_t seed);

#endif
