/* cli/refusal.h - tell a person why a call was refused, and what to do. */
#ifndef CLI_REFUSAL_H
#define CLI_REFUSAL_H

#include <callgate/run.h>

#include "cli/input.h"

struct refusals;

/* What was told already, so that it is not told again; ends at no memory. */
struct refusals *refusals_new(bool json);
void refusals_free(struct refusals *refusals);

/*
 * On stderr, in one write: the call, the place, the rule and the remedy. What
 * was told before is told again when it has happened 10, 100, ... times; as
 * JSON, each one is.
 */
void refusals_tell(struct refusals *refusals, const struct input *input,
		   const struct cg_refusal *refusal);

#endif
