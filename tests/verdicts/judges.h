/*
 * verdicts/judges.h - one policy before its judges: read literally, compiled
 * and run, and proved.
 */
#ifndef VERDICTS_JUDGES_H
#define VERDICTS_JUDGES_H

#include <callgate/prove.h>

#include <stdio.h>
#include <string.h>

/* A policy with its program; `err` says what failed. */
struct judges {
	struct cg_policy *policy;
	struct cg_program *program;
	struct cg_error err;
};

static inline void judges_done(struct judges *judges)
{
	cg_program_free(judges->program);
	cg_policy_free(judges->policy);
	judges->program = NULL;
	judges->policy = NULL;
}

/* Compile what was read, and prove it once more. */
static inline bool judges_compile(struct judges *judges, enum cg_form form)
{
	struct cg_compile_options options = { .form = form };

	return cg_compile(judges->policy, &options, &judges->program,
			  &judges->err) == CG_OK &&
	       cg_prove(judges->policy, judges->program, 0, NULL,
			&judges->err) == CG_OK;
}

static inline bool judges_open(struct judges *judges, const char *path,
			       const struct cg_abi *native)
{
	const struct cg_policy_options options = { .native = native };

	*judges = (struct judges){ 0 };
	return cg_policy_open(path, &options, &judges->policy, &judges->err) ==
		       CG_OK &&
	       judges_compile(judges, CG_FORM_BEST);
}

static inline bool
judges_read(struct judges *judges, const char *text, enum cg_form form)
{
	*judges = (struct judges){ 0 };
	return cg_policy_parse(text, strlen(text), "text", NULL,
			       &judges->policy, &judges->err) == CG_OK &&
	       judges_compile(judges, form);
}

/* Whether they agree, and on what. */
static inline bool judges_ask(const struct judges *judges,
			      const struct cg_call *call, uint32_t *answer)
{
	*answer = cg_policy_decide(judges->policy, call);
	return cg_program_decide(judges->program, call, NULL) == *answer;
}

#endif
