/*
 * policy/rule.h - one-line rules: socket({AF_UNIX, AF_INET}, &SOCK_CLOEXEC !=
 *0)
 *
 *	rule      = name "(" [argument {"," argument}] ")" | name
 *	argument  = "_" | condition {"&&" condition}
 *	condition = ["&" value] [compare] operand
 *	compare   = "==" "!=" "<" "<=" ">" ">="
 *	operand   = range | "{" range {"," range} "}"
 *	range     = value [".." value]
 *	value     = (number | CONSTANT) {"|" (number | CONSTANT)}
 */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "policy/model.h"

/* A rule whose name is not looked up yet. */
struct rule {
	const char *name; /* in the arena */
	struct place place;
	const struct condition *conditions;
	size_t count;
	unsigned arguments; /* how many were written */
};

/*
 * Read one rule; `place` is where its first character stands.
 * Fails with CG_E_MEANING and the place of what is wrong, CG_E_NOMEM.
 */
bool rule_read(struct arena *arena, const char *text, struct place place,
	       struct rule *out, struct cg_error *err);

#endif
