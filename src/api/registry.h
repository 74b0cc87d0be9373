/* api/registry.h - what a registry holds, for the files that work on it. */
#ifndef API_REGISTRY_H
#define API_REGISTRY_H

#include <callgate/prove.h>
#include <callgate/registry.h>

#include "base/fail.h"
#include "policy/model.h"

struct part {
	char *who;
	struct cg_policy *policy;
	bool whole; /* its settings count: it did not come as names */
};

struct parts {
	struct part *at;
	size_t count, room;
};

struct cg_registry {
	struct part one;          /* of cg_registry_add(); policy NULL: none */
	struct parts needs;       /* in the order of registration */
	struct parts refused;     /* groups alone */
	struct cg_policy *change; /* the user's; NULL: none */
	struct cg_policy *joined; /* NULL: to be made anew */
};

enum { PARTS_MAX = 4096 };

/* What was joined is out of date. */
void registry_changed(struct cg_registry *registry);

/*
 * Whether `wide` lets everything through that `narrow` does; if not, `*found`
 * has a call. Fails as cg_compare.
 */
bool registry_covers(const struct cg_policy *wide,
		     const struct cg_policy *narrow, bool *out,
		     struct cg_witness *found, struct cg_error *err);

#endif
